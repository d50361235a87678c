"""Where the folders are whose words this one uses: the vectors' independent encoding and hashes,
and the suite's people and hosts. Importing it makes them importable; it must do nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

_CONFORMANCE = Path(__file__).resolve().parents[1]
for _folder in ("vectors", "suite"):
    _path = str(_CONFORMANCE / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)
