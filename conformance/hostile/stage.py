"""Where lies are told: the attacked node, the liar's organisations, people of the node whom nobody
else talks to, and what the node's admin sees. A `Lie` is a row of a table; the stage tells it and
compares what the node answers, and which counter moves, with what the row says.

It must not know what a lie is about."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next two importable
from client import Http
from histories import Log, Part
from identity import Identity
from peer import Node, Peer, Session, say_texts
from people import Person, sign_up
from wire import Gone

LIAR, OTHER = "liar.test", "other.test"
SEEDS = {LIAR: 66, OTHER: 67}
"""The liar's domains, each with the seed of its keys."""

FAULTS, REFUSED, VOID, DENIED, WAITING = "faults", "refused", "void", "denied", "waiting"
"""The columns of `comity status`."""
CROWDED, HANDSHAKE, BAD_HELLO, IDENTITY, SILENT = (
    "crowded", "handshake", "hello", "identity", "silent"
)
"""Kinds of strangers there: nobody is known to have told these lies."""
TROUBLE = "trouble"
"""What `comity peers` says of an organisation; who tells the lie looks for it."""
UNCOUNTED = "nothing"
"""Of a lie that nothing shows to the admin but the log."""
NO_COUNTER = ""
"""Of what is no breach of a rule."""

_COLUMNS = (FAULTS, REFUSED, VOID, DENIED, WAITING)
_STRANGERS = (CROWDED, HANDSHAKE, BAD_HELLO, IDENTITY, SILENT)
_LIE_S_MAX = 150.0
_COUNTED_S_MAX = 8.0
"""A handshake that nobody goes on with has failed after five seconds."""
_LOOK_S = 0.05


@dataclass(frozen=True)
class Lie:
    """A row: what is said, how the node has to answer, and what has to grow for the admin."""

    name: str
    tell: Callable[[Stage], Awaitable[str]]
    answer: str
    counter: str = FAULTS
    of: str = LIAR


class Stage:
    """One run's surroundings."""

    def __init__(
        self, node: Node, partner: bytes, base_url: str, admin: list[str],
        victims: str = "victim", is_long: bool = False,
    ) -> None:
        self.node = node
        self.partner = partner
        self.peer = Peer(Identity.of(LIAR, SEEDS[LIAR]), node)
        self.other = Peer(Identity.of(OTHER, SEEDS[OTHER]), node)
        self._base_url = base_url
        self._admin = admin
        self._victims = victims
        self.is_long = is_long
        self._people: list[Person] = []
        self._shared: Session | None = None

    async def tell(self, group: str, lie: Lie) -> None:
        """Tells a lie and reports whether the node answered and counted as it has to."""
        began = time.monotonic()
        if lie.counter == WAITING:
            # What waited on an earlier link is not counted on.
            if lie.of == LIAR:
                self._shared = await self.peer.link()
            else:
                await self.other.link()
        before = await self.counted(lie.counter, lie.of)
        try:
            got = await asyncio.wait_for(lie.tell(self), _LIE_S_MAX)
        except Gone as gone:
            got = gone.code
        except (asyncio.TimeoutError, TimeoutError):
            got = "nothing"
        except Exception as error:  # The other lies are told all the same.
            traceback.print_exc()
            got = f"{type(error).__name__}: {error}"
        wanted = got
        if lie.counter in (*_COLUMNS, *_STRANGERS):
            got += f", {lie.counter} " + await self._growth(lie, before)
            wanted = f"{lie.answer}, {lie.counter} grows"
        else:
            wanted = lie.answer
        name = f"{group}: {lie.name}"
        ended = time.monotonic()
        print(f"{ended - began:5.2f} s  {name}: {got}", file=sys.stderr, flush=True)
        line = {
            "name": name, "expected": wanted, "got": got, "ok": wanted == got,
            "began": began, "ended": ended, "is_counted": lie.counter != UNCOUNTED,
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)

    async def _growth(self, lie: Lie, before: int) -> str:
        deadline = time.monotonic() + _COUNTED_S_MAX
        while time.monotonic() < deadline:
            if await self.counted(lie.counter, lie.of) > before:
                return "grows"
            await asyncio.sleep(_LOOK_S)
        return "stays"

    async def tell_counts(self, group: str, lies: list[Lie], before: dict[str, int]) -> None:
        """Reports whether the counters have grown by as much, since a group of lies began, as it
        has lies."""
        told = Counter(lie.counter for lie in lies if lie.of == LIAR or lie.counter in _STRANGERS)
        del told[WAITING]  # It falls again.
        after = await self.counts()
        grown = {name: after.get(name, 0) - before.get(name, 0) for name in after}
        names = [name for name in (*_COLUMNS, *_STRANGERS) if told[name]]
        if not names:
            return
        wanted = [f"{name} by {told[name]} or more" for name in names]
        got = [
            f"{name} by {min(grown.get(name, 0), told[name])}"
            + (" or more" if grown.get(name, 0) >= told[name] else "") for name in names
        ]
        line = {
            "name": f"{group}: counted", "expected": ", ".join(wanted), "got": ", ".join(got),
            "ok": wanted == got, "is_lie": False,
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)

    async def counts(self, of: str = LIAR) -> dict[str, int]:
        """What the admin sees counted of an organisation, and of strangers."""
        status = json.loads(await self.command("status", "--json"))
        peers = {line["domain"]: line for line in status["peers"]}
        strangers = {line["kind"]: line["times"] for line in status["strangers"]}
        columns = {name: peers[of][name] for name in _COLUMNS} if of in peers else {}
        return columns | strangers

    async def counted(self, counter: str, of: str = LIAR) -> int:
        """What one of these counters says."""
        return (await self.counts(of)).get(counter, 0)

    async def command(self, *arguments: str) -> str:
        """What a command of the admin's prints."""
        child = await asyncio.create_subprocess_exec(
            self._admin[0], *arguments, "--config", self._admin[1],
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await child.communicate()
        return printed.decode()

    async def victim(self) -> Person:
        """Somebody of the node whom nobody has written to, with a device that listens."""
        person = await sign_up(self._base_url, f"{self._victims}{len(self._people) + 1}")
        self._people.append(person)
        await person.laptop.connect()
        return person

    async def session(self) -> Session:
        """A link that is up and on which no lie was told: the last one where it is up still."""
        if self._shared is None or self._shared.is_over:
            self._shared = await self.peer.link()
        return self._shared

    async def subscribed(self) -> Session:
        """The same, with the node's feed."""
        session = await self.session()
        if not session.is_subscribed:
            await session.subscribe()
        return session

    def end_session(self) -> None:
        """Ends the link that is up."""
        if self._shared is not None:
            self._shared.leave()
            self._shared = None

    def forget(self, session: Session) -> None:
        """Nothing more is said on a link, which stays up until another one replaces it."""
        if self._shared is session:
            self._shared = None

    async def with_a_log(self) -> tuple[Session, Person, Log, dict[int, Any]]:
        """A link, and a log of Mallory's in the direct channel with somebody new, without a record;
        what its first event has to state."""
        person = await self.victim()
        session = await self.session()
        account = await session.account(person.account.split("@")[0])
        log = self.peer.direct(account)
        return session, person, log, self.peer.direct_start(account)

    async def with_texts(self, *texts: str) -> tuple[Session, Person, Log]:
        """The same with texts in it that were not shown yet."""
        session, person, log, start = await self.with_a_log()
        say_texts(log, list(texts), start)
        return session, person, log

    async def close(self) -> None:
        """Takes leave."""
        if self._shared is not None:
            self._shared.leave()
        for person in self._people:
            await person.laptop.drop()
            await person.laptop.http.close()

    async def await_node(self) -> None:
        """Waits until the node serves."""
        http = Http(self._base_url)
        await http.patiently("GET", "/v1/health")
        await http.close()


async def outcome(session: Session, *parts: Part, **changes: Any) -> str:
    """Shows parts of logs; `taken`, or the codes of what was not, or how the link ends."""
    codes = await session.show(*parts, **changes)
    return ", ".join(sorted(set(codes))) or "taken"
