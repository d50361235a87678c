"""The names of refusal codes, read from the table of `docs/protocol/` section 10: peers are told
the number, the table says what it means. It must not know a code by itself."""

from __future__ import annotations

import functools
import re
from pathlib import Path

_PROTOCOL = Path(__file__).resolve().parents[2] / "docs/protocol/README.md"


@functools.cache
def codes() -> dict[int, str]:
    """All codes by their numbers."""
    text = _PROTOCOL.read_text(encoding="utf-8")
    table = text.split("<!-- codes: begin -->")[1].split("<!-- codes: end -->")[0]
    return {int(n): name for n, name in re.findall(r"^\| (\d+) \| `(\w+)`", table, re.MULTILINE)}


def code_name(number: int) -> str:
    """The name of a number, or the number itself where the table has none."""
    return codes().get(number, f"code {number}")
