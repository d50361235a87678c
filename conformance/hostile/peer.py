"""A peer that speaks the protocol: it links, subscribes, is subscribed to, answers what it is
asked, and shares channels with a node's users (`docs/protocol/` section 8). It keeps to the rules;
whoever wants to break one does so with the parts that it is made of.

A `Peer` is an organisation with one user, Mallory; a `Session` is one link of it that is up."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import dataclass
from typing import Any

import paths  # noqa: F401  # makes the next one importable
import cbor
import wire as transport
from check import digest, var
from histories import (
    Header, Log, Part, batch, body_of, direct_channel, head_proof, link_channel, now_hybrid,
)
from identity import Identity
from wire import Frame, Gone, Wire

(
    HELLO, RESUME, RESYNC, VECTOR, BATCH, ACK, WANT, NOT_SERVED, LOOKUP, ACCOUNT, GOODBYE, HISTORY,
    BACKFILL, HEADS, SHOW, BRANCH, FORK, SEEK, OFFER, AWAY, NEWS, LEASE, RELEASE, PRESENCE, TYPING,
    MARKS, PROFILE_ASK, PROFILE, PROBE, PROBED, KEYS, SIGNED,
) = range(32)
"""The numbers of the frames."""

VERSION = 1
MALLORY = 7
"""Mallory's account number."""
NAME = "mallory"

_MESSAGE, _REQUEST, _INVITATION, _CONTACT = 1, 2, 3, 7
_LOG_UNKNOWN = 109
_UNKNOWN = 4
"""How an account of ours is."""
_FOR_EVER_S = 3_600.0


@dataclass
class Node:
    """The node that is spoken to, as DNS introduces it."""

    domain: str
    lineage: bytes
    public: bytes
    recovery: bytes
    address: tuple[str, int]


class Peer:
    """An organisation that federates."""

    def __init__(self, identity: Identity, node: Node) -> None:
        self.identity = identity
        self.node = node
        self.run = 0
        self.pasts: set[bytes] = set()
        """Groups whose history a lie tells, where the node asks for it."""
        channel = link_channel(identity.lineage, node.lineage)
        self._link_log = Log(channel, identity.lineage, self.writer())

    @property
    def mallory(self) -> tuple[bytes, int]:
        """Its user."""
        return self.identity.lineage, MALLORY

    def writer(self) -> int:
        """Another writer for a log."""
        return (now_hybrid() >> 16) // 1000 << 32 | random.getrandbits(31) << 1 & 0xFFFFFFFE

    def hello(self, **changes: Any) -> dict[int, Any]:
        """A hello of another run; `changes` make it say something else."""
        self.run = random.getrandbits(63)
        said = {
            "domain": self.identity.domain, "to": self.node.domain,
            "lineage": self.identity.lineage, "run": self.run, "versions": [VERSION], **changes,
        }
        return {number: value for number, value in enumerate(said.values()) if value is not None}

    async def dial(self, kind: Any = transport.QuicConnection, window: int = 1 << 24) -> Wire:
        """A connection on which nothing was said; the node has shown its key."""
        config = transport.configuration(self.identity, window)
        wire = await transport.dial(self.node.address, config, kind)
        if wire.key_shown() != self.node.public:
            raise AssertionError("the node shows another key than its zone introduces")
        return wire

    async def greet(self, **changes: Any) -> Wire:
        """A connection on which hello was said."""
        wire = await self.dial()
        wire.say(HELLO, self.hello(**changes))
        return wire

    async def link(self, kind: Any = transport.QuicConnection, window: int = 1 << 24) -> Session:
        """A link that is up, on which the node awaits batches."""
        wire = await self.dial(kind, window)
        wire.say(HELLO, self.hello())
        session = Session(self, wire)
        await session.begin()
        return session

    def direct(self, other: tuple[bytes, int]) -> Log:
        """A log in the direct channel with an account, without a record."""
        channel = direct_channel(self.mallory, other)
        return Log(channel, self.identity.lineage, self.writer())

    def direct_start(self, other: tuple[bytes, int]) -> dict[int, Any]:
        """What the first event of such a log states."""
        return {1: [list(side) for side in sorted((self.mallory, other))], 3: NAME}

    def link_part(self, header: Header) -> Part:
        """Adds an event to the log in the link channel, of which there are few in an hour; what
        shows it."""
        log = self._link_log
        if log.last == 0:
            header = {**header, 5: self.link_start()}
        log.say(header)
        return Part.of(log, log.last)

    def link_start(self) -> dict[int, Any]:
        """What the first event of a log in the link channel states."""
        return {2: sorted((self.identity.lineage, self.node.lineage))}


def text_event(**more: Any) -> Header:
    """The header of a message of Mallory's; `start` where it is a log's first."""
    header: Header = {1: MALLORY, 2: _MESSAGE}
    if "start" in more:
        header[5] = more["start"]
    if "after" in more:
        header[3] = more["after"]
    return header


def say_texts(log: Log, texts: list[str], start: dict[int, Any] | None = None, **more: Any) -> None:
    """Appends messages of Mallory's."""
    for text in texts:
        first = {"start": start} if start is not None and log.last == 0 else {}
        log.say(text_event(**first, **more), body_of(text.encode()))


def contact_event(account: int, step: int, label: str, to: str, sender: int = MALLORY) -> Header:
    """A step between an account, Mallory's where none is named, and another that are to be
    contacts."""
    return {1: sender, 2: _CONTACT, 4: cbor.encode([account, step, label, to])}


class Session:
    """A link that is up. It answers what the node asks of an honest peer, keeps what it is fed, and
    hands out what it is waited for."""

    def __init__(self, peer: Peer, wire: Wire) -> None:
        self.peer = peer
        self.wire = wire
        self._run = peer.run
        self.batches: list[tuple[Any, ...]] = []
        self.heard: list[Frame] = []
        self.is_subscribed = False
        self.is_acking = True
        self.is_answering = True
        self.branches: dict[tuple[Any, ...], Log] = {}
        self.served: dict[tuple[Any, ...], Log] = {}
        """Logs that are shown where the node wants them."""
        self._taken = 0
        self._ids = 0
        self._came = asyncio.Event()
        self._gone: Gone | None = None
        self._has_left = False
        self._bye: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read())

    async def begin(self) -> None:
        """Goes through hello and the subscription of the node."""
        hello = (await self.hear(HELLO))[1][0]
        if (hello[0], hello[1], hello[2]) != (
            self.peer.node.domain, self.peer.identity.domain, self.peer.node.lineage
        ):
            raise AssertionError(f"the node says hello as {hello}")
        # Its cursor is of another run, or there is none: it is told to state what it holds.
        await self.hear(RESUME)
        while (await self.hear(VECTOR))[1][1]:
            pass

    def say(self, number: int, *fields: Any) -> None:
        """Sends a frame."""
        self.wire.say(number, *fields)

    async def hear(self, number: int, seconds: float = transport.HEARD_S_MAX) -> Frame:
        """The next frame of a number; what comes before it is passed over. Raises `Gone` where the
        link ends first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            while self._taken < len(self.heard):
                frame = self.heard[self._taken]
                self._taken += 1
                if frame[0] == number:
                    return frame
            if self._gone is not None:
                raise self._gone
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), deadline - loop.time())

    def forget(self) -> None:
        """Passes over what came so far."""
        self._taken = len(self.heard)

    def hear_again(self) -> None:
        """Does not pass over what came so far."""
        self._taken = 0

    async def _read(self) -> None:
        """Answers and keeps what comes, until the link ends."""
        try:
            while True:
                frame = await self.wire.next(_FOR_EVER_S)
                self._answer(frame)
                self.heard.append(frame)
                self._came.set()
        except Gone as gone:
            self._gone = gone
            self._came.set()

    def _answer(self, frame: Frame) -> None:
        number, fields = frame
        if number == BATCH:
            self.batches.append(fields[0])
            if len(fields[0]) > 2 and self.is_acking:
                self.say(ACK, fields[0][2], [])
        elif number == RESUME:
            self.say(RESYNC)
        elif number == GOODBYE and not self._bye.done():
            self._bye.set_result(transport.code_name(fields[0]))
        elif self.is_answering:
            self._answer_question(number, fields)

    def _answer_question(self, number: int, fields: tuple[Any, ...]) -> None:
        if number == LOOKUP:
            self.say(ACCOUNT, fields[0], *([MALLORY] if fields[1] == NAME else []))
        elif number == WANT:
            for log, first in fields[0]:
                self._serve(log, first)
        elif number == HISTORY and fields[0][0] not in self.peer.pasts:
            channel, logs, _ = fields[0]
            self.say(BACKFILL, [channel, [], [asked[:2] for asked in logs], []])
        elif number == SHOW:
            log = self.branches.get(fields[0])
            branch = [] if log is None else [self._branch(log, fields[1])]
            self.say(BRANCH, fields[0], *branch)
        elif number == LEASE:
            self.say(PRESENCE, [[account, 1, _UNKNOWN] for account in fields[0]])
        elif number == PROFILE_ASK:
            self.say(PROFILE, fields[0])
        elif number == SEEK:
            self.say(OFFER, fields[0], [[], False])

    def _serve(self, name: tuple[Any, ...], first: int) -> None:
        log = self.served.get(name)
        if log is None or first > log.last:
            self.say(NOT_SERVED, name, _LOG_UNKNOWN)
        else:
            self.say(BATCH, batch(self.peer.identity, [Part.of(log, first)]))

    def _branch(self, log: Log, down_to: int) -> list[Any]:
        """A log's history from its head down to a record."""
        head = head_proof(self.peer.identity, log, log.last)
        return [log.links(log.last, max(down_to, 1)), head]

    async def subscribe(self) -> None:
        """Subscribes to the node's feed from its beginning."""
        self.is_subscribed = True
        self.say(RESUME)
        await self.hear(RESYNC)
        self.say(VECTOR, [], False)

    async def look_up(self, name: str) -> int | None:
        """The number of an account of the node's."""
        self._ids += 1
        self.say(LOOKUP, self._ids, name)
        fields = (await self.hear(ACCOUNT))[1]
        return fields[1] if len(fields) > 1 else None

    async def account(self, name: str) -> tuple[bytes, int]:
        """An account of the node's."""
        number = await self.look_up(name)
        if number is None:
            raise AssertionError(f"the node has no account {name}")
        return self.peer.node.lineage, number

    async def show(self, *parts: Part, **changes: Any) -> list[str]:
        """Shows parts of logs in one batch; the codes of what was not taken."""
        return await self.show_batch(batch(self.peer.identity, parts, os.urandom(24), **changes))

    async def show_batch(self, fields: list[Any]) -> list[str]:
        """Shows a batch; the codes of what was not taken."""
        self.say(BATCH, fields)
        return await self.acknowledged(fields[2], [part[0] for part in fields[1]])

    async def acknowledged(self, cursor: bytes, logs: list[Any]) -> list[str]:
        """Waits for a cursor's acknowledgement; the codes of its exceptions that bear on some logs.
        What waited before is excepted in each."""
        names = {tuple(log) for log in logs}
        while True:
            acknowledged, exceptions = (await self.hear(ACK))[1]
            if acknowledged == cursor:
                return [
                    transport.code_name(code) for log, _, code in exceptions if log in names
                ]

    async def fed_texts(self, wanted: int, channel: bytes) -> list[str]:
        """Waits until so many texts of a channel were fed; the texts."""
        while len(texts := self._texts(channel)) < wanted:
            await self.hear(BATCH)
        return texts

    @property
    def fed(self) -> list[tuple[Any, ...]]:
        """All ranges that the node fed, in their order."""
        return [part for fields in self.batches for part in fields[1]]

    def records(self, log: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """All records of a log that the node fed, from the first on."""
        found: dict[int, tuple[Any, ...]] = {}
        for part in self.fed:
            if part[0] == log:
                found.update(enumerate(part[2], start=part[1]))
        return [found[seq] for seq in sorted(found)]

    async def more(self) -> None:
        """Waits until the node feeds more."""
        await self.hear(BATCH)

    def _texts(self, channel: bytes) -> list[str]:
        records = [
            record for part in self.fed if part[0][0] == channel for record in part[2]
            if cbor.decode(record[0])[2] == _MESSAGE and isinstance(record[1], tuple)
        ]
        return [record[1][2].decode() for record in records]

    async def closed(self, seconds: float = transport.HEARD_S_MAX) -> str:
        """How the node ends the link: what its goodbye says, or its close where it has none."""
        await asyncio.wait(
            {self._bye, self.wire.ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if self._bye.done():
            return self._bye.result()
        return await self.wire.closed(0)

    def leave(self) -> None:
        """Ends the link in order."""
        self._has_left = True
        self.wire.leave()

    @property
    def is_over(self) -> bool:
        """Whether one end has said that the link ends, or will once it hears of a later one, which
        takes its place."""
        is_latest = self._run == self.peer.run
        return not is_latest or self._has_left or self._bye.done() or self.wire.ended.done()


def lineage_of(domain: str, public: bytes, recovery: bytes) -> bytes:
    """The lineage that a zone introduces."""
    return digest("lnage", var(domain.encode()), public, recovery)
