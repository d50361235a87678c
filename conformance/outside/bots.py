"""The two bots of `docs/client/bots.md`, run exactly as they are printed there.

People ask them in a group and alone, say what is no question, ask while the bot is dead and while
the node is away; every question must have one answer, and nothing else may have any. The Python
bot runs under this Python, the TypeScript one is checked and compiled by `tsc` first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

from lone import PASSWORD, LoneNode
from process import Child, Processes

PAGE = Path(__file__).resolve().parents[2] / "docs/client/bots.md"
LINES_MAX = 40
"""How many lines the page's title allows, without imports, empty lines and closing braces."""

_ANSWER_S_MAX = 30.0
_COMPILE_S_MAX = 120.0
_WAIT_S = 0.05
_TSC = [
    "--strict", "--target", "es2022", "--module", "nodenext", "--types", "node", "--skipLibCheck",
    "--noUnusedLocals", "false",
]


def programs(page: str) -> dict[str, str]:
    """The two programs, by language."""
    found = re.findall(r"^```(python|typescript)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return dict(found)


def lines(program: str) -> int:
    """How many lines a program has, without imports, empty lines and closing braces."""
    return sum(
        1 for line in program.splitlines()
        if line.strip() and line.strip() != "}" and not line.startswith(("import ", "from "))
    )


def run(node: LoneNode, processes: Processes, modules: Path) -> Iterator[tuple[str, str | None]]:
    """Runs both; what was tried, and what was wrong with it."""
    printed = programs(PAGE.read_text())
    for language in ("python", "typescript"):
        program = printed[language]
        count = lines(program)
        long = f"it has {count} lines" if count > LINES_MAX else None
        yield f"the {language} bot has {LINES_MAX} lines at most", long
        command = _prepared(language, program, modules)
        if isinstance(command, str):
            yield f"the {language} bot compiles", command
            continue
        test = _Test(node, processes, language, command)
        try:
            for what, wrong in test.story():
                yield f"the {language} bot {what}", wrong
        finally:
            test.end()


def _prepared(language: str, program: str, modules: Path) -> list[str] | str:
    """The command that runs a program, or why there is none."""
    folder = modules / "bot"
    folder.mkdir(exist_ok=True)
    if language == "python":
        (folder / "bot.py").write_text(program)
        return [sys.executable, "-B", str(folder / "bot.py")]
    (folder / "bot.ts").write_text(program)
    compiler = modules / "node_modules/.bin/tsc"
    done = subprocess.run(
        [str(compiler), *_TSC, "bot.ts"], cwd=folder, capture_output=True, text=True,
        timeout=_COMPILE_S_MAX, check=False,
    )
    if done.returncode != 0:
        return (done.stdout + done.stderr).strip()
    return ["node", str(folder / "bot.js")]


class _Test:
    """One bot, and the people who ask it."""

    def __init__(
        self, node: LoneNode, processes: Processes, language: str, command: list[str]
    ) -> None:
        self._node = node
        self._processes = processes
        self._command = command
        self._log = node.directory / f"bot-{language}.log"
        self._bot_account = node.sign_up(f"{language}bot")
        self._alice = node.sign_up()
        self._group = self._alice.found_group("Bots", self._bot_account)
        self._direct = self._alice.open_direct(self._bot_account)
        self._asked = {self._group: 0, self._direct: 0}
        self._environment = {
            **os.environ, "COMITY_URL": node.base_url, "COMITY_NAME": self._bot_account.name,
            "COMITY_PASSWORD": PASSWORD, "COMITY_STATE": str(node.directory / f"{language}.json"),
        }
        self._bot: Child | None = None

    def story(self) -> Iterator[tuple[str, str | None]]:
        """What happens to the bot."""
        self._start()
        # A bot without a cursor hears from its welcome on: wait until it answers at all.
        yield "begins to answer", self._first_answer()
        self._ask(self._group, "!time")
        self._ask(self._direct, "what is the !time, please?")
        self._ask(self._group, f"hello @{self._bot_account.name}")
        self._alice.post(self._group, "nobody is asked here")
        yield "answers !time and mentions, and nothing else", self._settled()
        assert self._bot is not None
        self._bot.kill()
        for _ in range(3):
            self._ask(self._group, "!time while you were dead")
        self._start()
        yield "answers what was asked while it was dead", self._settled()
        self._node.restart()
        self._ask(self._direct, "!time after a restart of the node")
        yield "comes back after a restart of the node", self._settled()
        surplus = [
            f"{count} questions have {got} answers" for channel, count in self._asked.items()
            if (got := self._quiet(channel)) != count
        ]
        yield "answers nothing twice", "; ".join(surplus) or None
        running = self._bot.running
        yield "still runs", None if running else "it ended; see its log"

    def end(self) -> None:
        """Ends the bot."""
        if self._bot is not None:
            self._bot.kill()

    def _start(self) -> None:
        self._environment["COMITY_URL"] = self._node.base_url
        self._bot = self._processes.start(
            "a bot", ["env", *_words(self._environment), *self._command], self._log
        )

    def _first_answer(self) -> str | None:
        deadline = time.monotonic() + _ANSWER_S_MAX
        while time.monotonic() < deadline:
            self._alice.post(self._direct, "!time")
            if self._until(lambda: self._answers(self._direct) > 0, 1.0):
                # Some of these were asked before it listened.
                self._asked[self._direct] = self._quiet(self._direct)
                return None
        return "no answer came; see its log"

    def _quiet(self, channel: str) -> int:
        """The count of answers once it no longer grows."""
        last = -1
        while (now := self._answers(channel)) != last:
            last = now
            time.sleep(1.0)
        return now

    def _ask(self, channel: str, text: str) -> None:
        self._asked[channel] += 1
        self._alice.post(channel, text)

    def _settled(self) -> str | None:
        """Waits for as many answers as there were questions; the next check sees any surplus."""
        for channel, count in self._asked.items():
            self._until(lambda: self._answers(channel) >= count, _ANSWER_S_MAX)
            if (got := self._answers(channel)) != count:
                return f"{count} questions have {got} answers"
        return None

    def _answers(self, channel: str) -> int:
        page = self._alice.call("GET", f"/v1/channels/{channel}/messages?limit=200")
        label = self._bot_account.label
        return sum(
            1 for event in page["events"]
            if event["kind"] == "message" and event["sender"] == label
        )

    @staticmethod
    def _until(holds: Callable[[], bool], s_max: float) -> bool:
        deadline = time.monotonic() + s_max
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(_WAIT_S)
        return True


def _words(environment: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environment.items() if name.startswith("COMITY_")]
