"""schemathesis against the OpenAPI document that a real node serves, with real accounts.

schemathesis draws requests from the document, right ones and wrong ones, and `schema_hooks` judges
the answers with it. What is drawn comes from a seed, which is printed where something is found.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lone import LoneNode

_HERE = Path(__file__).resolve().parent
_LONG_EXAMPLES, _SHORT_EXAMPLES = 300, 15
_S_MAX = 1_800.0
_CHECKS = (
    "answered_as_documented", "no_fault_of_the_node", "refused_when_wrong",
    "content_type_conformance", "response_schema_conformance", "response_headers_conformance",
    "unsupported_method", "allow_header_conformance", "ignored_auth", "use_after_free",
)
_COUNT = re.compile(r"^\s*([\d,]+) generated", re.MULTILINE)
_WIDTH_MAX = 400


@dataclass
class Outcome:
    """What a run of schemathesis found."""

    cases: int = 0
    findings: list[str] = field(default_factory=list)


def run(node: LoneNode, *, seed: int, long: bool) -> Outcome:
    """Runs it to its end."""
    phases = "examples,coverage,fuzzing,stateful" if long else "examples,coverage,fuzzing"
    examples = _LONG_EXAMPLES if long else _SHORT_EXAMPLES
    log = node.directory / "schemathesis.log"
    environment = {
        **os.environ, "PYTHONPATH": str(_HERE), "SCHEMATHESIS_HOOKS": "schema_hooks",
        "COMITY_URL": node.base_url, "COMITY_SEED": str(seed), "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
    }
    command = [
        str(Path(sys.executable).with_name("st")), "run", f"{node.base_url}/v1/openapi.json",
        "--phases", phases, "--max-examples", str(examples), "--seed", str(seed),
        "--checks", ",".join(_CHECKS), "--continue-on-failure", "--no-color",
        "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off",
        "--request-timeout", "20",
    ]
    done = subprocess.run(
        command, env=environment, cwd=node.directory, capture_output=True, text=True,
        timeout=_S_MAX, check=False,
    )
    log.write_text(done.stdout + done.stderr)
    outcome = Outcome()
    if counted := _COUNT.search(done.stdout):
        outcome.cases = int(counted.group(1).replace(",", ""))
    if done.returncode != 0:
        outcome.findings = _findings(done.stdout) or [f"it ended with {done.returncode}; see {log}"]
    if not outcome.cases:
        outcome.findings.append(f"it tried nothing; see {log}")
    return outcome


def _findings(printed: str) -> list[str]:
    """The failures of a run, one line each: the operation, the answer, and how to repeat it."""
    found: list[str] = []
    operation, said = "", []
    for line in printed.splitlines():
        if title := re.match(r"_{3,} (.+?) _{3,}$", line):
            operation = title.group(1)
        elif line.startswith("Reproduce with:"):
            found.append(f"{operation}: {' '.join(said)}"[:_WIDTH_MAX])
            said = []
        elif re.match(r"\d+\. Test Case ID", line):
            said = []
        elif line.strip() and not line.startswith("==="):
            said.append(line.strip())
        else:
            said = said if not line.startswith("===") else []
    return found


if __name__ == "__main__":
    print(json.dumps(_findings(sys.stdin.read())))
