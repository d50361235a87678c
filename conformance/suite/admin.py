"""An organisation's admin: what is typed on the machine of a node, and what is to be seen then.

`Admin` runs the program's commands as a person does and holds what they print against what is
expected, by `Unmet` like the words of `people.py`. It must not look into the node's data.
"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any, Iterable

from client import Json
from node import Node
from people import ABSENT, SEEN_S_MAX, Unmet, expect, fits, until
from process import attempt

_COMMAND_S_MAX = 60.0
_GRADES = ("ok", "look", "bad")
UP = {"up": {}}
"""A link that is up, as `comity peers --json` has it."""


@dataclass(frozen=True)
class Typed:
    """A command that was run to its end."""

    line: str
    succeeded: bool
    printed: str
    complained: str


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found out."""

    whose: str
    findings: list[Json]

    @property
    def worst(self) -> str:
        """The worst of all grades."""
        return max((str(f["grade"]) for f in self.findings), key=_GRADES.index)

    def finding(self, about: str) -> Json:
        """The worst finding about something; an empty one where there is none."""
        found = [finding for finding in self.findings if finding["about"] == about]
        return max(found, key=lambda one: _GRADES.index(one["grade"]), default={})

    def expect(self, about: str, grade: str, *words: str) -> Json:
        """A finding has a grade, and says something, as what was found or what to do."""
        found = self.finding(about)
        expect(f"{self.whose}: {about}", found, {"grade": grade})
        text = f"{found['found']} {found['todo'] or ''}"
        for word in words:
            if word not in text:
                raise Unmet(f"{self.whose}: {about} to say {word!r}", text)
        return found

    def expect_nothing_bad(self) -> None:
        """All is well, or at least works."""
        bad = [finding for finding in self.findings if finding["grade"] == "bad"]
        expect(f"{self.whose}: what is bad", bad, [])


class Admin:
    """The admin of one organisation."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.domain = node.domain

    async def tries(self, *words: str, stdin: str | None = None) -> Typed:
        """Types a command, whatever comes of it."""
        done = await asyncio.to_thread(
            attempt, *self.node.command_line(*words), timeout_s=_COMMAND_S_MAX, stdin=stdin
        )
        line = f"`comity {' '.join(words)}` at {self.domain}"
        return Typed(line, done.returncode == 0, done.stdout, done.stderr)

    async def runs(self, *words: str, stdin: str | None = None) -> str:
        """Types a command that is to be done; what it prints."""
        typed = await self.tries(*words, stdin=stdin)
        if not typed.succeeded:
            raise Unmet(f"{typed.line} to be done", typed.complained or typed.printed)
        return typed.printed

    async def is_told_no(self, reason: str, *words: str, stdin: str | None = None) -> None:
        """Types a command that is refused, for a reason."""
        typed = await self.tries(*words, stdin=stdin)
        if typed.succeeded or reason not in typed.complained:
            wanted = f"{typed.line} to be refused with {reason!r}"
            raise Unmet(wanted, typed.complained or typed.printed)

    async def reads(self, *words: str, says: Iterable[str] = (), never: Iterable[str] = ()) -> str:
        """Types a command again and again until it prints all that it is to say, and nothing of
        what it is not to say. How wide columns are does not matter. The node may just start."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SEEN_S_MAX
        says, never = list(says), list(never)
        while True:
            typed = await self.tries(*words)
            printed = typed.printed
            plain = re.sub(" +", " ", printed)
            lacks = [word for word in says if word not in plain]
            has = [word for word in never if word in plain]
            if typed.succeeded and not lacks and not has:
                return printed
            if loop.time() > deadline:
                wanted = f"{typed.line} to say {lacks}, and not {has}"
                raise Unmet(wanted, printed or typed.complained)

    async def doctor(self, *domain: str) -> Diagnosis:
        """What the doctor says to programs; its exit status has to say the worst too."""
        typed = await self.tries("doctor", *domain, "--json")
        if not typed.printed:
            raise Unmet(f"{typed.line} to say something", typed.complained)
        report = json.loads(typed.printed)
        found = Diagnosis(typed.line, report["findings"])
        expect(f"the worst of {typed.line}", report["worst"], found.worst)
        expect(f"whether {typed.line} succeeds", typed.succeeded, found.worst != "bad")
        return found

    async def peer(self, domain: str) -> Any:
        """How it is between this node and another; `ABSENT` where there is nothing."""
        peers = json.loads(await self.runs("peers", "--json"))
        return next((peer for peer in peers if peer["domain"] == domain), ABSENT)

    async def sees_peer(self, domain: str, wanted: Any, seconds_max: float = SEEN_S_MAX) -> Json:
        """Waits until it is as wanted between this node and another."""
        what = f"how {domain} is at {self.domain}"
        return dict(await until(what, lambda: self.peer(domain), wanted, seconds_max))

    async def is_linked(self, *others: Admin) -> None:
        """Waits until the links with others are up, as both sides see it."""
        await asyncio.gather(
            *(
                one.sees_peer(other.domain, {"link": UP})
                for friend in others
                for one, other in ((self, friend), (friend, self))
            )
        )

    async def loses(self, other: Admin, seconds_max: float = SEEN_S_MAX) -> None:
        """Waits until the link with another is down."""

        async def is_up() -> bool:
            return fits(await self.peer(other.domain), {"link": UP})

        what = f"whether {other.domain} is linked at {self.domain}"
        await until(what, is_up, False, seconds_max)

    async def allows(self, other: Admin, *options: str) -> None:
        """Lets an organisation in."""
        await self.runs("peers", "allow", other.domain, *options)

    async def shares(self, group: str, other: Admin) -> str:
        """Lets a group be shared with an organisation; its id may begin with a hyphen."""
        return await self.runs("peers", "share", "--", other.domain, group)

    async def unshares(self, group: str, other: Admin) -> str:
        """Shares a group with an organisation no longer."""
        return await self.runs("peers", "unshare", "--", other.domain, group)

    def __str__(self) -> str:
        return f"the admin of {self.domain}"


async def allow_each_other(*admins: Admin) -> None:
    """All let each other in, and are linked once there is something to do between them."""
    for admin in admins:
        for other in admins:
            if other is not admin:
                await admin.allows(other)
