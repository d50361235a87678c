"""Runs a scenario against the built node, and says PASS or FAIL.

    scenario.py two-organisations   [--short] [--binary FILE] [--seed N] [--keep] [--json]
    scenario.py three-organisations [--short] [--binary FILE] [--seed N] [--keep] [--json]
    scenario.py five-organisations  [--short] [--binary FILE] [--seed N] [--keep] [--json]
    scenario.py everyday            [--binary FILE] [--keep] [--json]
    scenario.py bad-input           [--binary FILE] [--keep] [--json]
    scenario.py hostile             [--short] [--binary FILE] [--keep] [--json]

Whatever happens, the processes that were started end and the namespaces go. It must not judge
itself: the checker's findings decide.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import badinput
import checker
import everyday
import figures
import five_organisations
import hostile
from cases import Stage
from evidence import gather
from net import Network
from process import Failed, Processes
from transcript import read
from story import Story
from three_organisations import ThreeOrganisations
from two_organisations import TwoOrganisations

_ROOT = Path(__file__).resolve().parents[2]
_FINDINGS_SHOWN_MAX = 8
_LOG_LINES_SHOWN = 25
_STORIES: dict[str, type[Story]] = {
    "two-organisations": TwoOrganisations,
    "three-organisations": ThreeOrganisations,
}
_CASES = {
    "bad-input": badinput, "everyday": everyday, "five-organisations": five_organisations,
    "hostile": hostile,
}


class Report:
    """What a person, or with `--json` a machine, reads of a run."""

    def __init__(self, scenario: str, as_json: bool) -> None:
        self._as_json = as_json
        self._began = time.monotonic()
        self._result: dict[str, Any] = {"scenario": scenario, "findings": [], "rows": []}

    def say(self, text: str) -> None:
        """What happens now."""
        if not self._as_json:
            print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def row(self, name: str, value: object, unit: str = "") -> None:
        """A figure."""
        self._result["rows"].append({"name": name, "value": value, "unit": unit})

    def finding(self, rule: str, what: str) -> None:
        """Something that is wrong."""
        self._result["findings"].append({"rule": rule, "what": what})

    def finish(self) -> int:
        """Prints the table and the verdict, and returns the exit code."""
        findings = self._result["findings"]
        self._result["passed"] = not findings
        self.row("whole run", round(time.monotonic() - self._began, 1), "s")
        if self._as_json:
            print(json.dumps(self._result, ensure_ascii=False))
        else:
            self._print(findings)
        return 1 if findings else 0

    def _print(self, findings: list[dict[str, str]]) -> None:
        print()
        for row in self._result["rows"]:
            print(f"  {row['name']:<58} {row['value']:>10} {row['unit']}")
        print()
        shown: Counter[str] = Counter()
        for finding in findings:
            shown[finding["rule"]] += 1
            if shown[finding["rule"]] <= _FINDINGS_SHOWN_MAX:
                print(f"  {finding['rule']}: {finding['what']}")
        for rule, count in shown.items():
            if count > _FINDINGS_SHOWN_MAX:
                print(f"  {rule}: and {count - _FINDINGS_SHOWN_MAX} more")
        print("FAIL" if findings else "PASS", flush=True)


def tell_story(
    arguments: argparse.Namespace, directory: Path, processes: Processes, report: Report
) -> None:
    """Runs a story and lets the checker judge it."""
    told = _STORIES[arguments.scenario]
    network = Network(told.hosts())
    story = told(network, processes, directory, arguments.binary, report.say)
    size = told.SHORT if arguments.short else told.LONG
    try:
        network.open()
        story.run(size, arguments.seed)
    finally:
        processes.close()
        network.close()
    report.say("checking")
    seen = gather(read(story.transcripts))
    for name, count in figures.figures(seen).items():
        report.row(name, count)
    for fault in seen.faults:
        report.row(f"{fault['name']}: for", round(fault["healed"] - fault["began"], 1), "s")
        took = figures.convergence_s(seen, fault)
        report.row("    converged after", "never" if took is None else round(took, 2), "s")
    for finding in checker.check(seen):
        report.finding(finding.rule, finding.what)


def try_cases(
    arguments: argparse.Namespace, directory: Path, processes: Processes, report: Report
) -> None:
    """Runs a scenario of cases, each of which judges itself."""
    cases = _CASES[arguments.scenario]
    network = Network(cases.HOSTS)
    try:
        network.open()
        stage = Stage(
            network, processes, directory, arguments.binary, report.say, arguments.short,
            arguments.seed,
        )
        for case in cases.run(stage):
            if "value" in case:
                report.row(case["name"], case["value"], case["unit"])
                continue
            report.row(case["name"], "as told" if case["ok"] else "WRONG")
            if not case["ok"]:
                report.finding(case["name"], f"expected {case['expected']}, got {case['got']}")
    finally:
        processes.close()
        network.close()


def main() -> int:
    """Parses the command line, runs, and cleans up."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    report = Report(arguments.scenario, arguments.json)
    directory = Path(tempfile.mkdtemp(prefix="comity-scenario-"))
    processes = Processes()
    failed = True
    try:
        if not arguments.binary.exists():
            raise Failed(f"there is no {arguments.binary}; build it or name it with --binary")
        run = tell_story if arguments.scenario in _STORIES else try_cases
        run(arguments, directory, processes, report)
    except Failed as failure:
        report.finding("stopped", str(failure))
    except KeyboardInterrupt:
        report.finding("stopped", "interrupted")
    finally:
        processes.close()
    code = report.finish()
    failed = code != 0
    if failed:
        _show_logs(directory)
    if arguments.keep or failed:
        print(f"transcripts and logs are kept in {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory)
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs a scenario against the built node.")
    parser.add_argument("scenario", choices=[*_STORIES, *_CASES])
    parser.add_argument("--binary", type=Path, default=_ROOT / "target/ci/comity")
    parser.add_argument("--short", action="store_true", help="fewer messages, shorter faults")
    parser.add_argument("--seed", type=int, default=2, help="draws texts, channels and senders")
    parser.add_argument("--keep", action="store_true", help="keep transcripts and logs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    arguments.binary = arguments.binary.resolve()
    return arguments


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show_logs(directory: Path) -> None:
    """The last lines of each log, for whoever has only the output, such as a CI's."""
    for log in sorted(directory.rglob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        print(f"--- {log.relative_to(directory)}", file=sys.stderr)
        for line in lines:
            print(line[:400], file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
