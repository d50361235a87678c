"""Cases that clients try inside a host: each has a name and a result, and is one line of output.

`run_inside` starts a file of the suite as a program in a host and yields its results; `report` is
what that program says them with. It must not know what the cases are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

from net import Network
from process import Failed, Processes

Result = dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """What a scenario of cases is given."""

    network: Network
    processes: Processes
    directory: Path
    binary: Path
    say: Callable[[str], None]
    """Says what happens now."""
    short: bool
    seed: int


def run_inside(
    network: Network, host: str, file: str, arguments: list[str], log: Path, timeout_s: float
) -> Iterator[Result]:
    """Runs a file with the cases in a host to its end, and yields each case's result."""
    command = network.inside(host, sys.executable, "-B", file, *arguments)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"the cases did not end within {timeout_s:.0f} s") from None
    log.write_text(done.stderr)
    for line in done.stdout.splitlines():
        yield json.loads(line)
    if done.returncode != 0:
        raise Failed(f"the cases could not be run to their end; see {log.name}")


def report(name: str, expected: str, got: str, ok: bool) -> None:
    """Prints a result."""
    result = {"name": name, "expected": expected, "got": got, "ok": ok}
    print(json.dumps(result, ensure_ascii=False), flush=True)
