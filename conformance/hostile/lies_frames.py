"""Lies in the form of frames and in the use of streams: every field of every frame broken, lengths
that cannot be, encodings that are not the one, streams that nobody may open, end or reset, and
frames that nobody asked for (`docs/protocol/` sections 1.1, 8.2 and 8.4)."""

from __future__ import annotations

from collections import Counter
from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next one importable
import cbor
import peer as frame
from peer import Session
from spoil import frames, spoilt
from stage import FAULTS, NO_COUNTER, Lie, Stage
from wire import FEED, HISTORY, LINK

_MALFORMED, _UNEXPECTED = "frame_malformed", "frame_unexpected"
_FRAME_BYTES_MAX = 4 * 1024 * 1024
_SPOILT_SHORT_MAX = 5
"""How many ways to break a frame are tried in the short form."""
_STREAM_LIMIT, _STREAM_STATE = "transport 0x4", "transport 0x5"
_HASH = b"\5" * 32
_LOOSE = {(27, f"1.1.2.a byte too {which}") for which in ("long", "short")}
"""What is of any length: the image of a profile, which has that of an id in the vectors."""

Told = Callable[[Stage], Awaitable[str]]


def _spoils(number: int) -> Told:
    """Each way to break a frame, each on a link of its own; all have to end alike, and count."""
    async def tell(stage: Stage) -> str:
        ways = [
            (f"{name}, {where}", cbor.encode(value))
            for name, whole in frames()[number] for where, value in spoilt(whole)
            if (number, where) not in _LOOSE
        ]
        if not stage.is_long:
            ways = ways[:: max(1, len(ways) // _SPOILT_SHORT_MAX)]
        before = await stage.counted(FAULTS)
        answers: Counter[str] = Counter()
        for where, data in ways:
            session = await stage.peer.link()
            session.wire.say_bytes(FEED if number == frame.BATCH else LINK, data)
            answer = await session.closed()
            answers[answer if answer == _MALFORMED else f"{answer} to {where}"] += 1
        if set(answers) == {_MALFORMED}:
            grown = await stage.counted(FAULTS) - before
            return _MALFORMED if grown == len(ways) else f"{grown} of {len(ways)} counted"
        return ", ".join(f"{count} × {answer}" for answer, count in answers.items())
    return tell


def _bytes(data: bytes, cls: int = LINK) -> Told:
    """Bytes as a frame."""
    async def tell(stage: Stage) -> str:
        session = await stage.peer.link()
        session.wire.say_bytes(cls, data)
        return await session.closed()
    return tell


def _pours(data: bytes, end: bool = False, cls: int = LINK) -> Told:
    """Bytes on a stream as they are."""
    async def tell(stage: Stage) -> str:
        session = await stage.peer.link()
        session.wire.pour(cls, data, end)
        return await session.closed()
    return tell


def _says(number: int, *fields: Any) -> Told:
    """A frame that nobody asked for."""
    async def tell(stage: Stage) -> str:
        session = await stage.peer.link()
        session.say(number, *fields)
        return await session.closed()
    return tell


def _says_many(number: int, entry: Any, count: int, *rest: Any) -> Told:
    """A frame whose list has so many equal entries; the list is made as bytes, as it is long."""
    data = bytes([0x82, number]) if number < 24 else bytes([0x82, 0x18, number])
    data += bytes([0x80 | 1 + len(rest), 0x99]) + count.to_bytes(2, "big")
    data += cbor.encode(entry) * count + b"".join(map(cbor.encode, rest))
    return _bytes(data)


def _uses(act: Callable[[Session], None]) -> Told:
    """Something with streams."""
    async def tell(stage: Stage) -> str:
        session = await stage.peer.link()
        act(session)
        session.wire.transmit()
        return await session.closed()
    return tell


def _opens_a_class(byte: int) -> Callable[[Session], None]:
    return lambda session: session.wire.put(session.wire.open_stream(), bytes([byte]))


def _opens_too_many(session: Session) -> None:
    quic = session.wire.quic
    quic._remote_max_streams_uni = 1_000
    for _ in range(4):
        quic.send_stream_data(session.wire.open_stream(), b"\1")


def _opens_both_ways(session: Session) -> None:
    quic = session.wire.quic
    quic._remote_max_streams_bidi = 1_000
    quic.send_stream_data(session.wire.open_stream(False), b"\1")


def _resets(session: Session) -> None:
    session.wire.quic.reset_stream(session.wire.stream_of(LINK), 0)


def _stops(session: Session) -> None:
    """Refuses to read what the node says."""
    session.wire.quic.stop_stream(session.wire.first_heard, 0)
    session.say(frame.LOOKUP, 1, "nobody")


async def _a_batch_among_the_answers(stage: Stage) -> str:
    """A batch of the feed on the stream that is always read."""
    session = await stage.peer.link()
    session.wire.say_bytes(LINK, cbor.encode([frame.BATCH, [[[], [], b"1" * 24]]]))
    session.say(frame.LOOKUP, 1, "nobody")
    await session.hear(frame.ACCOUNT)
    return "taken"


async def _a_question_in_the_feed(stage: Stage) -> str:
    """A question on the stream of batches."""
    session = await stage.peer.link()
    session.wire.say_bytes(FEED, cbor.encode([frame.LOOKUP, [1, "nobody"]]))
    await session.hear(frame.ACCOUNT)
    return "taken"


_NAMES = {
    0: "hello", 1: "resume", 2: "resync", 3: "vector", 4: "batch", 5: "ack", 6: "want",
    7: "not served", 8: "look-up", 9: "account", 10: "goodbye", 11: "history", 12: "backfill",
    13: "heads", 14: "show", 15: "branch", 16: "fork", 17: "seek", 18: "offer", 19: "away",
    20: "news", 21: "lease", 22: "release", 23: "presence", 24: "typing", 25: "marks",
    26: "profile ask", 27: "profile", 28: "probe", 29: "probed",
    30: "keys", 31: "signed",
}
_LOG = [_HASH, 1, _HASH, 9]

_ENCODINGS = [
    Lie("no CBOR", _bytes(b"GET / HTTP/1.1\r\n\r\n"), _MALFORMED),
    Lie("a number that is not its shortest form", _bytes(b"\x82\x18\x02\x80"), _MALFORMED),
    Lie("an array without length", _bytes(b"\x9f\x02\x80\xff"), _MALFORMED),
    Lie("a text without length", _bytes(b"\x82\x08\x82\x01\x7f\x61a\xff"), _MALFORMED),
    Lie("a float", _bytes(b"\x82\x08\x82\xf9\x3c\x00\x61a"), _MALFORMED),
    Lie("a tag", _bytes(b"\xc1\x82\x02\x80"), _MALFORMED),
    Lie("a negative number", _bytes(b"\x82\x20\x80"), _MALFORMED),
    Lie("a key twice", _bytes(b"\x82\x00\x81\xa2\x03\x01\x03\x02"), _MALFORMED),
    Lie("keys that descend", _bytes(b"\x82\x00\x81\xa2\x03\x01\x01\x60"), _MALFORMED),
    Lie("undefined", _bytes(b"\x82\x08\x82\xf7\x61a"), _MALFORMED),
    Lie("a text that is not UTF-8", _bytes(b"\x82\x08\x82\x01\x62\xff\xfe"), _MALFORMED),
    Lie("17 arrays in each other", _bytes(b"\x81" * 17 + b"\x80"), _MALFORMED),
    Lie("4 MiB of arrays in each other", _bytes(b"\x81" * _FRAME_BYTES_MAX), _MALFORMED),
    Lie("an array of 2^64 - 1", _bytes(b"\x82\x06\x81\x9b" + b"\xff" * 8), _MALFORMED),
    Lie("bytes of 2^63", _bytes(b"\x82\x01\x81\x5b\x80" + bytes(7)), _MALFORMED),
    Lie("a map of 2^32 pairs", _bytes(b"\x82\x00\x81\xba" + b"\xff" * 4), _MALFORMED),
    Lie("a byte after its end", _bytes(b"\x82\x02\x80\x00"), _MALFORMED),
    Lie("two frames under one length", _bytes(b"\x82\x02\x80\x82\x02\x80"), _MALFORMED),
    Lie("cut off", _bytes(b"\x82\x08\x82\x01\x64abc"), _MALFORMED),
    Lie("no array", _bytes(b"\x02"), _MALFORMED),
    Lie("a frame of number 32", _bytes(b"\x82\x18\x20\x80"), _MALFORMED),
    Lie("a frame of number 2^64 - 1", _bytes(b"\x82\x1b" + b"\xff" * 8 + b"\x80"), _MALFORMED),
]

_LENGTHS = [
    Lie("of nothing", _pours(bytes(4)), _MALFORMED),
    Lie("of 2^32 - 1", _pours(b"\xff" * 4), _MALFORMED),
    Lie("of 4 MiB and a byte", _pours((_FRAME_BYTES_MAX + 1).to_bytes(4, "big")), _MALFORMED),
    Lie("of 2^31 in the feed", _pours(b"\x80" + bytes(3), cls=FEED), _MALFORMED),
    Lie("of 2^31 in history", _pours(b"\x80" + bytes(3), cls=HISTORY), _MALFORMED),
    Lie("half of one, then the end", _pours(b"\0\0", end=True), _UNEXPECTED),
    Lie("a frame that the end cuts off", _pours(b"\0\0\0\x09\x82", end=True), _UNEXPECTED),
]

_STREAMS = [
    Lie("one of class 0", _uses(_opens_a_class(0)), _UNEXPECTED),
    Lie("one of class 4", _uses(_opens_a_class(4)), _UNEXPECTED),
    Lie("one of class 255", _uses(_opens_a_class(255)), _UNEXPECTED),
    Lie("a second one of a class", _uses(_opens_a_class(LINK)), _UNEXPECTED),
    Lie("more than there are classes", _uses(_opens_too_many), _STREAM_LIMIT),
    Lie("one both ways", _uses(_opens_both_ways), _STREAM_LIMIT),
    Lie("one that ends", _pours(b"", end=True), _UNEXPECTED),
    Lie("one that is reset", _uses(_resets), _UNEXPECTED),
    Lie("the node's own is not read on", _uses(_stops), _UNEXPECTED),
    Lie("a batch on the stream of questions", _a_batch_among_the_answers, _UNEXPECTED),
    Lie("a question on the stream of batches", _a_question_in_the_feed, _UNEXPECTED),
]

_UNASKED = [
    Lie("an account", _says(frame.ACCOUNT, 99, 1), _UNEXPECTED),
    Lie("an offer", _says(frame.OFFER, 99, [[], False]), _UNEXPECTED),
    Lie("a profile", _says(frame.PROFILE, 99), _UNEXPECTED),
    Lie("an answer to a probe", _says(frame.PROBED, [99, 1, [1], "x", []]), _UNEXPECTED),
    Lie("a branch", _says(frame.BRANCH, _LOG), _UNEXPECTED, NO_COUNTER),
    Lie("a vector", _says(frame.VECTOR, [], False), _UNEXPECTED),
    Lie("another resync", _says(frame.RESYNC), _UNEXPECTED),
    Lie("typing on a stream", _says(frame.TYPING, _HASH, 1, True), _UNEXPECTED),
    Lie("a goodbye with a code that nobody knows", _says(frame.GOODBYE, 60_000), "internal",
        NO_COUNTER),
    Lie("a fork that is none", _says(frame.FORK, b"\0" * 100), _MALFORMED),
    Lie("a fork of 32,769 bytes", _says(frame.FORK, bytes(32_769)), _MALFORMED),
]

_TOO_LONG = [
    Lie("a name of 257 bytes looked up", _says(frame.LOOKUP, 1, "a" * 257), _MALFORMED),
    Lie("a name of 257 bytes asked to show itself", _says(frame.PROFILE_ASK, 1, "a" * 257, True),
        _MALFORMED),
    Lie("a vector of 16,385", _says_many(frame.VECTOR, [_LOG, 1, b"\1" * 16], 16_385, False),
        _MALFORMED),
    Lie("heads of 16,385", _says_many(frame.HEADS, [_LOG, 1, b"\1" * 16], 16_385), _MALFORMED),
    Lie("news of 16,385", _says_many(frame.NEWS, [_LOG, 1, b"\1" * 16], 16_385), _MALFORMED),
    Lie("wants of 16,385", _says_many(frame.WANT, [_LOG, 1], 16_385), _MALFORMED),
    Lie("away of 16,385", _says_many(frame.AWAY, _HASH, 16_385), _MALFORMED),
    Lie("a lease of 1,025", _says(frame.LEASE, list(range(1_025))), _MALFORMED),
    Lie("a release of 1,025", _says(frame.RELEASE, list(range(1_025))), _MALFORMED),
    Lie("presence of 1,025", _says(frame.PRESENCE, [[1, 1, 0]] * 1_025), _MALFORMED),
    Lie("marks of 1,025", _says(frame.MARKS, [[_HASH, 1]] * 1_025), _MALFORMED),
    Lie("an ask for 1,025 records", _says(frame.HISTORY, [_HASH, [], 1_025]), _MALFORMED),
    Lie("an ask for a page of 51 groups", _says(frame.SEEK, 1, [2, [51]]), _MALFORMED),
    Lie("a status of 101 characters", _says(frame.PRESENCE, [[1, 1, 0, None, "x" * 101]]),
        _MALFORMED),
]

TABLE = {
    "every field of": [Lie(name, _spoils(number), _MALFORMED) for number, name in _NAMES.items()],
    "encoding": _ENCODINGS,
    "a length": _LENGTHS,
    "a stream": _STREAMS,
    "unasked": _UNASKED,
    "too long": _TOO_LONG,
}
