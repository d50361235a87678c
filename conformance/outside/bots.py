"""The two bots of `docs/client/bots.md`, run exactly as they are printed there.

They begin while the node is away and are invited to groups. People ask them there and alone, say
what is no question, ask while the bot is dead, after the node was restarted and after the bot was
logged out; every question must have one answer, and nothing else may have any. The Python bot runs
under this Python; the TypeScript one is checked and compiled first, by the page's own command.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

from lone import PASSWORD, Account, LoneNode
from process import Child, Processes

PAGE = Path(__file__).resolve().parents[2] / "docs/client/bots.md"
LINES_MAX = 40
"""How many lines the page's title allows, counted as `lines` does."""

_ABSENCE_S = 2.0
_ANSWER_S_MAX = 30.0
_COMPILE_S_MAX = 120.0
_WAIT_S = 0.05
_NOT_COUNTED = ("import ", "from ", "#", "//")


def blocks(page: str) -> dict[str, list[str]]:
    """What the page prints, by language: programs, commands, the file beside a program."""
    found: dict[str, list[str]] = {}
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        found.setdefault(language, []).append(text)
    return found


def programs(page: str) -> dict[str, str]:
    """The two programs, by language."""
    printed = blocks(page)
    return {language: "".join(printed[language]) for language in ("python", "typescript")}


def command(page: str, beginning: str) -> list[str]:
    """The page's one command that begins so, by words."""
    printed = "".join(blocks(page)["sh"]).splitlines()
    [found] = [line for line in printed if line.startswith(beginning)]
    return shlex.split(found)


def lines(program: str) -> int:
    """How many lines a program has, without imports, comments, empty lines and closing braces."""
    return sum(
        1 for line in map(str.strip, program.splitlines())
        if line and line != "}" and not line.startswith(_NOT_COUNTED)
    )


def run(node: LoneNode, processes: Processes, modules: Path) -> Iterator[tuple[str, str | None]]:
    """Runs both; what was tried, and what was wrong with it."""
    page = PAGE.read_text()
    for language, program in programs(page).items():
        count = lines(program)
        long = f"it has {count} lines" if count > LINES_MAX else None
        yield f"the {language} bot has {LINES_MAX} lines at most", long
        prepared = _prepared(language, page, modules)
        if isinstance(prepared, str):
            yield f"the {language} bot compiles", prepared
            continue
        test = _Test(node, processes, language, prepared)
        try:
            for what, wrong in test.story():
                yield f"the {language} bot {what}", wrong
        finally:
            test.end()


def _prepared(language: str, page: str, modules: Path) -> list[str] | str:
    """The command that runs a program, or why there is none."""
    folder = modules / "bot"
    folder.mkdir(exist_ok=True)
    program = programs(page)[language]
    if language == "python":
        (folder / "bot.py").write_text(program)
        return [sys.executable, "-B", str(folder / "bot.py")]
    (folder / "bot.ts").write_text(program)
    (folder / "package.json").write_text(blocks(page)["json"][0])
    # What `npm install` would bring: the page names the same packages as our own list.
    installed = folder / "node_modules"
    if not installed.exists():
        installed.symlink_to(modules / "node_modules")
    done = subprocess.run(
        command(page, "npx tsc"), cwd=folder, capture_output=True, text=True,
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
        self._direct = self._alice.open_direct(self._bot_account)
        self._asked = {self._direct: 0}
        self._state = node.directory / f"{language}.json"
        self._bot: Child | None = None

    def story(self) -> Iterator[tuple[str, str | None]]:
        """What happens to the bot."""
        group = self._invites()
        with self._node.away():
            # As people write an address.
            self._start(url=f"{self._node.base_url}/")
            yield "waits for a node that is not there yet", self._stays()
        absent = self._joins(group)
        yield "accepts an invitation from before its first start", absent
        if absent:
            return
        before = self._state.read_text()
        self._ask(group, "!time")
        self._ask(self._direct, "what is the !time, please?")
        self._ask(group, "and you?", self._bot_account)
        yield "answers !time and mentions", self._settled()
        for text in (f"I know @{self._bot_account.name}", "nobody is asked here"):
            self._alice.edit(group, self._alice.post(group, text), "!time, as an afterthought")
        self._ask(group, "!time again")
        yield "answers nothing else", self._settled()
        yield "accepts an invitation while it listens", self._joins(self._invites())
        assert self._bot is not None
        self._bot.kill()
        # As if it had died after each answer, before it could note that.
        self._state.write_text(before)
        for _ in range(3):
            self._ask(group, "!time while you were dead")
        invited = self._invites()
        self._start()
        yield "answers what was asked while it was dead", self._settled()
        yield "accepts an invitation from while it was dead", self._joins(invited)
        self._node.restart()
        self._ask(self._direct, "!time after a restart of the node")
        yield "comes back after a restart of the node", self._settled()
        self._log_out()
        self._ask(group, "!time without a token")
        yield "logs in again", self._settled()
        surplus = [
            f"{count} questions have {got} answers" for channel, count in self._asked.items()
            if (got := self._quiet(channel)) != count
        ]
        yield "answers nothing twice", "; ".join(surplus) or None
        yield "still runs", None if self._bot.running else "it ended; see its log"
        yield "ends with a sentence where its password is wrong", self._gives_up()

    def end(self) -> None:
        """Ends the bot."""
        if self._bot is not None:
            self._bot.kill()

    def _start(self, url: str | None = None) -> None:
        self._bot = self._run(self._log, url or self._node.base_url, PASSWORD, self._state)

    def _run(self, log: Path, url: str, password: str, state: Path) -> Child:
        environment = {
            "COMITY_URL": url, "COMITY_NAME": self._bot_account.name,
            "COMITY_PASSWORD": password, "COMITY_STATE": str(state),
        }
        words = [f"{name}={value}" for name, value in environment.items()]
        return self._processes.start("a bot", ["env", *words, *self._command], log)

    def _stays(self) -> str | None:
        """Whether the bot runs on for a while."""
        assert self._bot is not None
        bot = self._bot
        ended = self._until(lambda: not bot.running, _ABSENCE_S)
        return "it ended; see its log" if ended else None

    def _gives_up(self) -> str | None:
        """Runs the bot once more, with a wrong password; what is wrong with its end."""
        log = self._log.with_suffix(".wrong.log")
        state = self._state.with_suffix(".wrong.json")
        bot = self._run(log, self._node.base_url, f"{PASSWORD}r", state)
        if not self._until(lambda: not bot.running, _ANSWER_S_MAX):
            return "it runs on"
        said = log.read_text().strip()
        is_clear = "password is wrong" in said and "\n" not in said
        return None if is_clear and bot.popen.returncode else f"it ended with {said!r}"

    def _invites(self) -> str:
        """A new group that the bot is invited to."""
        group = self._alice.found_group("Bots")
        self._alice.invite(group, self._bot_account)
        self._asked[group] = 0
        return group

    def _joins(self, group: str) -> str | None:
        """Waits until the bot is in a group."""
        member = {"account": self._bot_account.label, "invited": False}

        def is_in() -> bool:
            members = self._alice.call("GET", f"/v1/channels/{group}")["members"]
            return any(member.items() <= found.items() for found in members)

        return None if self._until(is_in, _ANSWER_S_MAX) else "it did not come; see its log"

    def _log_out(self) -> None:
        """Revokes the bot's device."""
        for device in self._bot_account.call("GET", "/v1/devices")["devices"]:
            if not device["current"]:
                self._bot_account.call("DELETE", f"/v1/devices/{device['id']}")

    def _quiet(self, channel: str) -> int:
        """The count of answers once it no longer grows."""
        last = -1
        while (now := self._answers(channel)) != last:
            last = now
            time.sleep(1.0)
        return now

    def _ask(self, channel: str, text: str, *mentioned: Account) -> None:
        self._asked[channel] += 1
        self._alice.post(channel, text, *mentioned)

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
