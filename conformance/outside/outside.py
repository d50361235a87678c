"""Judges the client API of the built node from outside, by clients that share no code with it.

    outside.py [clients] [rfc6455] [frames] [schema] [bots] [push]
               [autobahn]
               [--binary FILE] [--modules DIR] [--long] [--seed N] [--keep]

Each part has a node of its own on loopback, which must be running at its end, with no error and no
panic in its log. Without a name all parts run but `autobahn`, which needs a Python 2.7. The last
line is PASS or FAIL.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Callable

import bots
import clients
import frames
import fuzzer
import push
import rfc6455
import schema
from lone import LoneNode
from process import Failed, Processes

_ROOT = Path(__file__).resolve().parents[2]
_FINDINGS_SHOWN_MAX = 40
_LOG_LINES_SHOWN = 25


class Run:
    """What all parts share, and what they found."""

    def __init__(self, arguments: argparse.Namespace, directory: Path) -> None:
        self.modules: Path = arguments.modules
        self.seed: int = arguments.seed
        self.long: bool = arguments.long
        self.processes = Processes()
        self.findings: list[str] = []
        self._binary: Path = arguments.binary
        self._directory = directory

    def part(self, name: str) -> None:
        """Runs a part against a new node."""
        began = time.monotonic()
        before = len(self.findings)
        try:
            node = LoneNode(self.processes, self._binary, self._directory / name)
            count = _PARTS[name](self, node)
            self.findings += [f"the node of {name}: {what}" for what in node.stop()]
        except Failed as failure:
            count = 0
            self.findings.append(f"{name}: {failure}")
        found = len(self.findings) - before
        verdict = f"{found} findings" if found else "as told"
        took = time.monotonic() - began
        print(f"  {name:<10} {count:>6} cases  {verdict:<14} {took:>7.1f} s", flush=True)

    def check(self, what: str, wrong: str | None) -> int:
        """Notes a check's outcome."""
        if wrong is not None:
            self.findings.append(f"{what}: {wrong}")
        return 1


def _clients(run: Run, node: LoneNode) -> int:
    return sum(run.check(what, wrong) for what, wrong in clients.run(node, run.modules))


def _rfc6455(run: Run, node: LoneNode) -> int:
    count = 0
    for row in rfc6455.run(node):
        wrong = None if row.ok else f"expected {row.expected}, got {row.got}"
        count += run.check(f"RFC 6455 section {row.section}, {row.name}", wrong)
    return count


def _frames(run: Run, node: LoneNode) -> int:
    tried = frames.Run(node)
    run.findings += map(str, tried.findings())
    return tried.cases


def _schema(run: Run, node: LoneNode) -> int:
    outcome = schema.run(node, seed=run.seed, long=run.long)
    run.findings += [f"{what} (seed {run.seed})" for what in outcome.findings]
    return outcome.cases


def _bots(run: Run, node: LoneNode) -> int:
    told = bots.run(node, run.processes, run.modules)
    return sum(run.check(what, wrong) for what, wrong in told)


def _push(run: Run, node: LoneNode) -> int:
    told = push.run(node, run.processes, run.modules)
    return sum(run.check(what, wrong) for what, wrong in told)


def _autobahn(run: Run, node: LoneNode) -> int:
    outcome = fuzzer.run(node, run.modules)
    run.findings += outcome.findings
    print(outcome.table)
    return outcome.cases


_PARTS: dict[str, Callable[[Run, LoneNode], int]] = {
    "clients": _clients, "rfc6455": _rfc6455, "frames": _frames, "schema": _schema, "bots": _bots,
    "push": _push, "autobahn": _autobahn,
}
_USUAL = [name for name in _PARTS if name != "autobahn"]


def main() -> int:
    """Parses the command line, runs, and cleans up."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    directory = Path(tempfile.mkdtemp(prefix="comity-outside-"))
    run = Run(arguments, directory)
    try:
        for name in arguments.parts or _USUAL:
            run.part(name)
    except KeyboardInterrupt:
        run.findings.append("interrupted")
    finally:
        run.processes.close()
    for finding in run.findings[:_FINDINGS_SHOWN_MAX]:
        print(f"  {finding}")
    if len(run.findings) > _FINDINGS_SHOWN_MAX:
        print(f"  and {len(run.findings) - _FINDINGS_SHOWN_MAX} more")
    if arguments.keep or run.findings:
        _show_logs(directory)
        print(f"logs are kept in {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory)
    print("FAIL" if run.findings else "PASS", flush=True)
    return 1 if run.findings else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Judges the client API from outside.")
    parser.add_argument("parts", nargs="*", choices=[*_PARTS, []], metavar="PART")
    parser.add_argument("--binary", type=Path, default=_ROOT / "target/ci/comity")
    parser.add_argument("--modules", type=Path, default=_ROOT / "target/outside")
    parser.add_argument("--long", action="store_true", help="more examples for schemathesis")
    parser.add_argument("--seed", type=int, default=1, help="what schemathesis draws from")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    arguments = parser.parse_args()
    arguments.binary = arguments.binary.resolve()
    arguments.modules = arguments.modules.resolve()
    return arguments


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show_logs(directory: Path) -> None:
    for log in sorted(directory.rglob("*.log")):
        print(f"--- {log.relative_to(directory)}", file=sys.stderr)
        for line in log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]:
            print(line[:400], file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
