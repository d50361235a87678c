"""Lies in what a peer says of the feed, asks for and tells by the way: acknowledgements, cursors,
vectors, heads, wants, history, look-ups, probes, presence, typing and marks
(`docs/protocol/` sections 8.5 to 8.12)."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next one importable
import cbor
import peer as frame
from peer import MALLORY, Session
from histories import Part
from people import event
from stage import (
    DENIED, NO_COUNTER, REFUSED, Lie, Stage,
)
from wire import LINK, Gone

_UNEXPECTED, _LIMITED = "frame_unexpected", "rate_limited"
_HASH = b"\5" * 32
_OURS = [_HASH, 1, _HASH, 9]
_PROBES_MAX = 12
_OPEN_MAX = 1_024
"""Questions of a peer that the node bears at a time."""
_LEASE_FRAMES = 24
"""Frames full of leases that are together more than an organisation may hold."""
_UNHEARD_S = 0.5
"""How long a device is watched that must not hear anything."""

Told = Callable[[Stage], Awaitable[str]]
Act = Callable[[Stage, Session], Awaitable[None]]


def _ends(act: Act) -> Told:
    """Says something on a link that is subscribed both ways; how the node ends it."""
    async def tell(stage: Stage) -> str:
        session = await stage.peer.link()
        await act(stage, session)
        return await session.closed()
    return tell


def _bears(act: Act) -> Told:
    """Says something that the node passes over: the link has to go on answering."""
    async def tell(stage: Stage) -> str:
        session = await stage.peer.link()
        await act(stage, session)
        session.say(frame.LOOKUP, (1 << 64) - 1, "nobody")
        await session.hear(frame.ACCOUNT)
        return "passed over"
    return tell


def _say(number: int, *fields: Any) -> Act:
    async def act(stage: Stage, session: Session) -> None:
        session.say(number, *fields)
    return act


def _say_all(*frames: tuple[Any, ...]) -> Act:
    async def act(stage: Stage, session: Session) -> None:
        for number, *fields in frames:
            session.say(number, *fields)
    return act


async def _fed(stage: Stage) -> tuple[Session, list[bytes]]:
    """A link on which the node fed some batches that are not acknowledged; their cursors."""
    session, person, log = await stage.with_texts("hello")
    stage.forget(session)
    session.is_acking = False
    await session.subscribe()
    await session.show(Part.of(log))
    seen = await person.laptop.sees(event("message", text="hello"))
    cursors: list[bytes] = []
    for text in ("one", "two"):
        await person.laptop.send(seen["channel"], text)
        cursors.append((await session.hear(frame.BATCH))[1][0][2])
    return session, cursors


async def _acknowledges_beyond(stage: Stage) -> str:
    session, cursors = await _fed(stage)
    position = int.from_bytes(cursors[-1][16:], "big") + (1 << 40)
    session.say(frame.ACK, cursors[-1][:16] + position.to_bytes(8, "big"), [])
    return await session.closed()


async def _acknowledges_backwards(stage: Stage) -> str:
    session, cursors = await _fed(stage)
    for cursor in reversed(cursors):
        session.say(frame.ACK, cursor, [])
    return await session.closed()


async def _acknowledges_again(stage: Stage) -> str:
    """The newest cursor a thousand times; that is no breach."""
    session, cursors = await _fed(stage)
    for _ in range(1_000):
        session.say(frame.ACK, cursors[-1], [])
    session.say(frame.LOOKUP, 9_999, "nobody")
    await session.hear(frame.ACCOUNT)
    return "passed over"


async def _excepts_everything(stage: Stage) -> str:
    """An acknowledgement with as many exceptions as there may be, of logs that nobody knows."""
    session, cursors = await _fed(stage)
    exceptions = [[[_HASH, 1, _HASH, n], 1, 107] for n in range(16_384)]
    data = cbor.encode([frame.ACK, [cursors[-1], exceptions]])
    for _ in range(3):
        session.wire.say_bytes(LINK, data)
    session.say(frame.LOOKUP, 9_999, "nobody")
    await session.hear(frame.ACCOUNT)
    return "passed over"


async def _states_more(stage: Stage) -> str:
    """A vector that says that it holds more of the node's logs than the node has written: what is
    written from now on is fed all the same."""
    session, person, log = await stage.with_texts("hello")
    stage.forget(session)
    await session.show(Part.of(log))
    seen = await person.laptop.sees(event("message", text="hello"))
    await person.laptop.send(seen["channel"], "one")
    first = await stage.peer.link()
    await first.subscribe()
    await first.fed_texts(1, log.channel)
    number = next(part[0][3] for part in first.fed if part[0][0] == log.channel)
    session = await stage.peer.link()
    session.say(frame.RESUME)
    await session.hear(frame.RESYNC)
    ours = [log.channel, 1, stage.node.lineage, number]
    session.say(frame.VECTOR, [[ours, (1 << 64) - 1, bytes(16)]], False)
    await person.laptop.send(seen["channel"], "two")
    await session.fed_texts(1, log.channel)
    return "fed all the same"


async def _asks_too_many(stage: Stage) -> str:
    """More questions at once than may be open. Whether the node ends the link or answers all hangs
    on which of the two is faster; it keeps no more of them than it says."""
    session = await stage.peer.link()
    frames = b""
    for number in range(20 * _OPEN_MAX):
        data = cbor.encode([frame.SEEK, [number, [2, [50]]]])
        frames += len(data).to_bytes(4, "big") + data
    session.wire.pour(LINK, frames)
    try:
        for _ in range(20 * _OPEN_MAX):
            await session.hear(frame.OFFER)
    except Gone as gone:
        return "bounded" if gone.code == _LIMITED else gone.code
    return "bounded"


async def _asks_much_history(stage: Stage, session: Session) -> None:
    ask = [_HASH, [[_HASH, n, 1, True] for n in range(512)], 1_024]
    data = cbor.encode([frame.HISTORY, [ask]])
    for _ in range(64):
        session.wire.say_bytes(LINK, data)


async def _wants_too_many(stage: Stage, session: Session) -> None:
    wants = [[[_HASH, 1, _HASH, n], 1] for n in range(16_384)]
    data = cbor.encode([frame.WANT, [wants]])
    for _ in range(8):
        session.wire.say_bytes(LINK, data)


async def _probes_too_often(stage: Stage) -> str:
    """More probes than are answered in a minute; each has an answer, and the rest say why."""
    session = await stage.peer.link()
    answers = []
    for number in range(_PROBES_MAX + 4):
        session.say(frame.PROBE, [number, False])
        answers.append((await session.hear(frame.PROBED))[1][0])
    codes = [answer[5] if len(answer) > 5 else None for answer in answers]
    return "rate_limited" if codes[-1] == 80 and 80 in codes else f"answered {codes}"


async def _has_itself_dialled(stage: Stage) -> str:
    """The node dials what the zone says once a minute, whatever is asked."""
    session = await stage.peer.link()
    answers = []
    for number in range(3):
        session.say(frame.PROBE, [100 + number, True])
        answers.append((await session.hear(frame.PROBED, 30.0))[1][0])
    dialled = sum(bool(answer[4]) for answer in answers)
    return "dialled at most once" if dialled <= 1 else f"dialled {dialled} times"


async def _probes_a_record_of_nobody(stage: Stage, session: Session) -> None:
    session.say(frame.PROBE, [1, False, [(1 << 64) - 1, (1 << 64) - 1]])
    await session.hear(frame.PROBED)


async def _leases_strangers(stage: Stage, session: Session) -> None:
    """The presence of people that it has nothing to do with: all are unknown."""
    _, alice = await session.account("alice")
    session.say(frame.LEASE, [alice, 1, 2, 3])
    entries = (await session.hear(frame.PRESENCE))[1][0]
    if {entry[2] for entry in entries} != {4}:
        raise AssertionError(f"told {entries}")


async def _leases_without_end(stage: Stage, session: Session) -> None:
    """More leases than an organisation may hold."""
    for number in range(_LEASE_FRAMES):
        session.say(frame.LEASE, [number << 32 | n for n in range(1_024)])
        await session.hear(frame.PRESENCE)


def _datagrams(*frames: bytes) -> Act:
    async def act(stage: Stage, session: Session) -> None:
        for data in frames:
            session.wire.datagram(data)
        # They are heard before what is asked on the stream, or not at all.
        await asyncio.sleep(0.05)
    return act


async def _types_for_another(stage: Stage) -> str:
    """Somebody of the node's own types, as the liar says, in his own channel."""
    session, person, log = await stage.with_texts("hello")
    await session.show(Part.of(log))
    await person.laptop.sees(event("message", text="hello"))
    session.wire.datagram(cbor.encode([frame.TYPING, [log.channel, MALLORY + 1, True]]))
    await asyncio.sleep(_UNHEARD_S)
    person.laptop.saw_none({"type": "typing"})
    return "passed over"


async def _marks_for_another(stage: Stage, session: Session) -> None:
    session.say(frame.MARKS, [[os.urandom(32), MALLORY, b"\xff" * 16]])


async def _is_online_for_another(stage: Stage, session: Session) -> None:
    """Presence of accounts that nobody leased."""
    session.say(frame.PRESENCE, [[number, 1, 0] for number in range(1_024)])


_ACKS = [
    Lie("of a cursor of nobody", _ends(_say(frame.ACK, bytes(24), [])), "cursor_invalid"),
    Lie("of nothing", _ends(_say(frame.ACK, b"", [])), "cursor_invalid"),
    Lie("of a cursor of 1 MiB", _ends(_say(frame.ACK, bytes(1 << 20), [])), "cursor_invalid"),
    Lie("beyond what was sent", _acknowledges_beyond, "cursor_invalid"),
    Lie("backwards", _acknowledges_backwards, "cursor_invalid"),
    Lie("a thousand times", _acknowledges_again, "passed over", NO_COUNTER),
    Lie("of everything but 16,384 logs", _excepts_everything, "passed over", NO_COUNTER),
]

_FEED = [
    Lie("resumed twice", _ends(_say_all((frame.RESUME,), (frame.RESUME,))), _UNEXPECTED),
    Lie("resumed from a cursor of nobody", _bears(_say(frame.RESUME, bytes(24))), "passed over",
        NO_COUNTER),
    Lie("resumed from a cursor of 1 MiB", _bears(_say(frame.RESUME, bytes(1 << 20))),
        "passed over", NO_COUNTER),
    Lie("a vector of 17 parts", _ends(_say_all(
        (frame.RESUME, bytes(24)), *[(frame.VECTOR, [], True)] * 17)), "too_large"),
    Lie("a vector of more than is written", _states_more, "fed all the same", NO_COUNTER),
    Lie("a vector of 16,384 logs of nobody", _bears(_say_all(
        (frame.RESUME,), (frame.HEADS, [[[_HASH, 1, _HASH, n], 1, bytes(16)]
                                        for n in range(16_384)]))), "passed over", NO_COUNTER),
]

_ASKS = [
    Lie("a log of nobody", _bears(_say(frame.WANT, [[_OURS, 1]])), "passed over", DENIED),
    Lie("a log from record 0", _bears(_say(frame.WANT, [[_OURS, 0]])), "passed over", DENIED),
    Lie("a log from record 2^64 - 1", _bears(_say(frame.WANT, [[_OURS, (1 << 64) - 1]])),
        "passed over", DENIED),
    Lie("131,072 logs", _ends(_wants_too_many), "peer_too_slow"),
    Lie("a history of nobody", _bears(_say(frame.HISTORY, [_HASH, [[_HASH, 1, 1, True]], 10])),
        "passed over", DENIED),
    Lie("a history that nobody asked for", _bears(_say(frame.BACKFILL, [_HASH, [], []])),
        "passed over", NO_COUNTER),
    Lie("64 histories at once", _bears(_asks_much_history), "passed over", DENIED),
    Lie("to be shown a log of nobody", _bears(_say(frame.SHOW, _OURS, 1)), "passed over", DENIED),
    Lie("a group of nobody", _bears(_say(frame.SEEK, 1, [1, [_HASH]])), "passed over", DENIED),
    Lie("20,480 pages of groups at once", _asks_too_many, "bounded", NO_COUNTER),
    Lie("20 names that nobody has", _bears(_say_all(
        *[(frame.LOOKUP, n, f"nobody{n}") for n in range(20)])), "passed over", DENIED),
    Lie("a name that is none", _bears(_say(frame.LOOKUP, 1, "\0")), "passed over", DENIED),
    Lie("what nobody shows of himself", _bears(_say(frame.PROFILE_ASK, 1, "nobody", True)),
        "passed over", DENIED),
    Lie("16 probes in a row", _probes_too_often, _LIMITED, NO_COUNTER),
    Lie("to be dialled, again and again", _has_itself_dialled, "dialled at most once", NO_COUNTER),
    Lie("a record of nobody in a probe", _bears(_probes_a_record_of_nobody), "passed over",
        DENIED),
    Lie("how strangers are", _bears(_leases_strangers), "passed over", DENIED),
    Lie("how 24,576 accounts are", _bears(_leases_without_end), "passed over", DENIED),
]

_BY_THE_WAY = [
    Lie("a datagram of noise", _bears(_datagrams(os.urandom(500))), "passed over", REFUSED),
    Lie("an empty datagram", _bears(_datagrams(b"")), "passed over", REFUSED),
    Lie("a datagram of 1,101 bytes", _bears(_datagrams(bytes(1_101))), "passed over", REFUSED),
    Lie("a hello in a datagram", _bears(_datagrams(b"\x82\x02\x80")), "passed over", REFUSED),
    Lie("typing where it is not", _bears(_datagrams(
        cbor.encode([frame.TYPING, [_HASH, MALLORY, True]]))), "passed over", DENIED),
    Lie("typing for somebody else", _types_for_another, "passed over", DENIED),
    Lie("marks where it is not", _bears(_marks_for_another), "passed over", DENIED),
    Lie("presence that nobody asked for", _bears(_is_online_for_another), "passed over",
        DENIED),
]

TABLE = {
    "an acknowledgement": _ACKS, "the feed": _FEED, "asked for": _ASKS, "by the way": _BY_THE_WAY,
}
