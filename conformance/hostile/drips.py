"""Peers that write, or read, one byte at a time. What they say counts once it is whole, what they
do not take is bounded, and nobody waits for them; who holds on to the node's time or to what it has
to say is put out by name."""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable

import paths  # noqa: F401  # makes the next two importable
import cbor
import peer as frame
from histories import Part, batch
from people import event
from peer import Session
from stage import FAULTS, NO_COUNTER, SILENT, Lie, Stage
from wire import FEED, HISTORY, LINK, Dripping, Gone, Wire

_SLOW, _LIMITED = "peer_too_slow", "rate_limited"
_FRAME_BYTES_MAX = 4 * 1024 * 1024
_FIRST_WINDOW_BYTES = 4_096
"""What the node may send on a stream before it waits for each byte."""
_HELLO_PAUSE_S = 0.2
"""Between two bytes of a hello, which has some eighty: more than the ten seconds that it may
take."""
_UNREAD = 20_000
_ASKS = 200
"""Asks for history, more than the node keeps answers."""
_TEXT_BYTES = 100_000
_ANSWERED_S_MAX = 8.0
"""How long somebody of the node may wait who writes to such a peer."""

Told = Callable[[Stage], Awaitable[str]]


async def _drip(wire: Wire, cls: int, data: bytes, pause_s: float = 0.0) -> None:
    """Sends bytes in a packet each, until the link ends."""
    for at in range(len(data)):
        if wire.ended.done():
            return
        wire.pour(cls, data[at : at + 1])
        await asyncio.sleep(pause_s)


async def _hello(stage: Stage) -> str:
    """A hello that takes longer than one may."""
    wire = await stage.peer.dial()
    hello = cbor.encode([frame.HELLO, [stage.peer.hello()]])
    await _drip(wire, LINK, _framed(hello), _HELLO_PAUSE_S)
    return await wire.closed()


async def _everything(stage: Stage) -> str:
    """A link on which each frame comes byte by byte, in time: it is one as any other."""
    _, person, log = await stage.with_texts("drop by drop")
    stage.end_session()
    wire = await stage.peer.dial()
    await _drip(wire, LINK, _framed(cbor.encode([frame.HELLO, [stage.peer.hello()]])))
    session = Session(stage.peer, wire)
    await session.begin()
    fields = batch(stage.peer.identity, [Part.of(log)], b"1" * 24)
    await _drip(wire, FEED, _framed(cbor.encode([frame.BATCH, [fields]])))
    await person.laptop.sees(event("message", text="drop by drop"))
    await _drip(wire, LINK, _framed(cbor.encode([frame.LOOKUP, [1, "nobody"]])))
    await session.hear(frame.ACCOUNT)
    session.leave()
    return "taken"


async def _half_a_frame(stage: Stage, count: int) -> str:
    """The longest frame is announced in each class but that of questions, and comes byte by byte:
    the node holds what came, and answers what is asked beside it."""
    session = await stage.peer.link()
    length = _FRAME_BYTES_MAX.to_bytes(4, "big")
    for cls in (FEED, HISTORY):
        session.wire.pour(cls, length)
    for _ in range(count):
        session.wire.pour(FEED, b"\x81")
        session.wire.pour(HISTORY, b"\x81")
        await asyncio.sleep(0.001)
    session.say(frame.LOOKUP, 1, "nobody")
    await session.hear(frame.ACCOUNT)
    return "borne"


async def _a_frame_that_is_none(stage: Stage) -> str:
    """What comes byte by byte is no better for it."""
    session = await stage.peer.link()
    await _drip(session.wire, LINK, _framed(b"\x82\x18\x20\x80"))
    return await session.closed()


async def _questions(stage: Stage) -> str:
    """More questions than the node keeps answers for a peer that reads them byte by byte."""
    session = await stage.peer.link(Dripping, _FIRST_WINDOW_BYTES)
    session.wire.pour(LINK, b"".join(
        _framed(cbor.encode([frame.LOOKUP, [number, "a" * 200]])) for number in range(_UNREAD)
    ))
    return await session.wire.closed()


async def _feed(stage: Stage) -> tuple[Session, str]:
    """Somebody writes long texts to Mallory, whose node reads them byte by byte: he is answered all
    the same."""
    session, person, log = await stage.with_texts("hello")
    await session.show(Part.of(log))
    seen = await person.laptop.sees(event("message", text="hello"))
    stage.end_session()
    slow = await stage.peer.link(Dripping, _FIRST_WINDOW_BYTES)
    await slow.subscribe()
    began = asyncio.get_running_loop().time()
    for _ in range(20):
        await person.laptop.send(seen["channel"], "y" * _TEXT_BYTES)
    took_s = asyncio.get_running_loop().time() - began
    told = "borne" if took_s < _ANSWERED_S_MAX else f"its own user waits {took_s:.1f} s"
    return slow, told


async def _feed_for_a_moment(stage: Stage) -> str:
    """The same; an honest link brings all of it afterwards."""
    slow, told = await _feed(stage)
    slow.wire.vanish()
    session = await stage.peer.link()
    await session.subscribe()
    while not any(len(cbor.encode(list(part[2]))) > _TEXT_BYTES for part in session.fed):
        await session.more()
    session.leave()
    return told


async def _feed_to_the_end(stage: Stage) -> str:
    """The same, until the node has waited long enough for an acknowledgement."""
    slow, told = await _feed(stage)
    closed = await slow.wire.closed(100.0)
    return closed if told == "borne" else told


async def _history(stage: Stage) -> str:
    """Asks for more than is read, one answer after the other."""
    session = await stage.peer.link(Dripping, _FIRST_WINDOW_BYTES)
    ask = [b"\5" * 32, [[b"\5" * 32, number, 1, True] for number in range(512)], 1_024]
    data = _framed(cbor.encode([frame.HISTORY, [ask]]))
    session.wire.pour(LINK, data * _ASKS)
    try:
        session.say(frame.LOOKUP, 1, "nobody")
        await session.hear(frame.ACCOUNT)
    except Gone as gone:
        return gone.code
    return "borne"


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _sized(count: int, count_if_long: int) -> Told:
    return lambda stage: _half_a_frame(stage, count_if_long if stage.is_long else count)


_LATE = [Lie("a hello", _hello, _SLOW, SILENT)]

_WRITES = [
    Lie("all it says, in time", _everything, "taken", NO_COUNTER),
    Lie("frames of 4 MiB", _sized(300, 20_000), "borne", NO_COUNTER),
    Lie("a frame of number 32", _a_frame_that_is_none, "frame_malformed"),
]

_READS = [
    Lie("answers, and asks 20,000 questions", _questions, _LIMITED, FAULTS),
    Lie("answers, and asks for 200 histories", _history, _LIMITED, FAULTS),
    Lie("what others write to it", _feed_for_a_moment, "borne", NO_COUNTER),
]

_LONG_READS = [
    Lie("what others write to it, for a minute", _feed_to_the_end, _SLOW, NO_COUNTER),
]

AT_ONCE = {"a byte at a time, it writes": _LATE}
TABLE = {"a byte at a time, it writes": _WRITES, "a byte at a time, it reads": _READS}
LONG_TABLE = {"a byte at a time, it reads": _LONG_READS}
