"""The cases of the Autobahn testsuite against the real node's socket.

The testsuite runs under Python 2.7 alone, so it gets an environment of its own where such a Python
is on the path or named by `COMITY_PYTHON27`; `python27/autobahn_cases.py` runs in there. Its cases
were made for a server that echoes; how they are held to one that answers is told there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lone import LoneNode
from process import Failed

_HERE = Path(__file__).resolve().with_name("python27")
_NAMES = ("python2.7", "python2")
_INSTALL_S_MAX = 900.0
_RUN_S_MAX = 3_600.0
_GOOD = ("OK", "NON-STRICT", "INFORMATIONAL")
_GOOD_CLOSE = ("OK", "INFORMATIONAL")


@dataclass
class Outcome:
    """What the testsuite found."""

    cases: int = 0
    findings: list[str] = field(default_factory=list)
    table: str = ""


def run(node: LoneNode, modules: Path) -> Outcome:
    """Runs all cases that say something about this node."""
    python = _environment(modules)
    report = node.directory / "autobahn.json"
    account = node.sign_up()
    command = [str(python), str(_HERE / "autobahn_cases.py"), f"ws://{node.host}:{node.port}"
               "/v1/socket", account.token, str(report)]
    log = node.directory / "autobahn.log"
    with log.open("w") as sink:
        done = subprocess.run(
            command, stdout=sink, stderr=sink, timeout=_RUN_S_MAX, check=False, cwd=node.directory
        )
    if done.returncode != 0 or not report.exists():
        raise Failed("the testsuite did not run to its end; see its log")
    return _judged(json.loads(report.read_text()))


def _judged(results: dict[str, dict[str, Any]]) -> Outcome:
    outcome = Outcome(cases=len(results))
    groups: dict[str, list[int]] = {}
    for case in sorted(results, key=_order):
        result = results[case]
        good = result["behavior"] in _GOOD and result["behaviorClose"] in _GOOD_CLOSE
        counts = groups.setdefault(".".join(case.split(".")[:2]), [0, 0, 0])
        place = 2 if not good else 0 if result["behavior"] == "OK" else 1
        counts[place] += 1
        if not good:
            what = f"{result['behavior']}, close {result['behaviorClose']}"
            outcome.findings.append(f"Autobahn case {case}: {what}: {result['result']}; "
                                    f"{result['resultClose']}")
    rows = [f"  {name:<8} {ok:>4} {other:>4} {bad:>4}" for name, (ok, other, bad) in groups.items()]
    outcome.table = "\n".join([f"  {'cases':<8} {'ok':>4} {'info':>4} {'fail':>4}", *rows])
    return outcome


def _environment(modules: Path) -> Path:
    """The Python 2.7 that has the testsuite."""
    place = modules / "autobahn"
    python = place / "bin/python"
    wanted = (_HERE / "requirements.txt").read_text()
    stamp = place / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    found = os.environ.get("COMITY_PYTHON27") or next(filter(None, map(_that_runs, _NAMES)), None)
    if found is None:
        raise Failed("there is no Python 2.7 on the path; name one with COMITY_PYTHON27")
    shutil.rmtree(place, ignore_errors=True)
    # Python 2.7 has no venv of its own: the last `virtualenv` for it goes into a folder first.
    tools = modules / "autobahn-tools"
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _install([found, *pip, "--target", str(tools), "virtualenv==20.15.1"])
    _install([found, "-m", "virtualenv", "--quiet", str(place)], PYTHONPATH=str(tools))
    _install([str(python), *pip, "--requirement", str(_HERE / "requirements.txt")])
    stamp.write_text(wanted)
    return python


def _that_runs(name: str) -> str | None:
    """The path of a program that is a Python 2.7; a version manager may only say that it is."""
    path = shutil.which(name)
    if path is None:
        return None
    asked = [path, "-c", "import sys; sys.exit(sys.version_info[:2] != (2, 7))"]
    done = subprocess.run(asked, capture_output=True, check=False)
    return path if done.returncode == 0 else None


def _install(command: list[str], **environment: str) -> None:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=_INSTALL_S_MAX, check=False,
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")


def _order(case: str) -> list[int]:
    return [int(number) for number in case.split(".")]
