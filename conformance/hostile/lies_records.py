"""Lies in what a peer's own logs say: records, chains, heads, checkpoints, and the ranges that show
them (`docs/protocol/` sections 3, 4, 5.1 and 8.4)."""

from __future__ import annotations

import os
from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next three importable
import cbor
import peer as frame
from histories import (
    Header, Log, Part, Record, batch, body_of, direct_channel, empty_body, now_hybrid,
)
from identity import Identity
from peer import MALLORY, say_texts, text_event
from people import Unmet, event
from stage import (
    NO_COUNTER, REFUSED, SEEDS, VOID, WAITING, LIAR, Lie, Stage, outcome,
)

_FORGED_HEAD, _FORGED_CHECKPOINT = "head_forged", "checkpoint_forged"
_MALFORMED = "frame_malformed"
_HOUR_MS = 3_600_000
_TEXT_CHARS_MAX = 100_000
_BODY_BYTES_MAX = 400_000
_BATCH_RECORDS_MAX = 4_096
_WRITERS_PER_HOUR_MAX = 8
_NO = "this must not be read"

Told = Callable[[Stage], Awaitable[str]]


def _shows(change: Callable[[Part], None], **stated: Any) -> Told:
    """Three texts in one range that is changed after it was made."""
    async def tell(stage: Stage) -> str:
        session, _, log = await stage.with_texts("one", "two", "three")
        part = Part.of(log)
        change(part)
        return await outcome(session, part, **stated)
    return tell


def _shows_batch(change: Callable[[list[Any]], None]) -> Told:
    """The same, with the batch changed after it was made."""
    async def tell(stage: Stage) -> str:
        session, _, log = await stage.with_texts("one", "two", "three")
        fields = batch(stage.peer.identity, [Part.of(log)], os.urandom(24))
        change(fields)
        session.say(frame.BATCH, fields)
        return ", ".join(await session.acknowledged(fields[2], [log.wire()])) or "taken"
    return tell


def _void(*events: tuple[Header, list[Any] | None]) -> Told:
    """Events against the rules between two texts: they keep their numbers and nobody reads them."""
    async def tell(stage: Stage) -> str:
        session, person, log, start = await stage.with_a_log()
        say_texts(log, ["first"], start)
        for header, body in events:
            log.say({1: MALLORY, 2: 1, **header}, body_of(_NO.encode()) if body is None else body)
        log.say({**text_event(), 0: max(now_hybrid(), max(log.times) + 1)}, body_of(b"last"))
        told = await outcome(session, Part.of(log))
        await person.laptop.sees(event("message", text="last"))
        person.laptop.saw_none({"event": {"text": _NO}})
        return told
    return tell


def _void_bytes(header: Callable[[int], bytes]) -> Told:
    """A header that is made by hand, between two texts."""
    async def tell(stage: Stage) -> str:
        session, person, log = await stage.with_texts("first")
        at = log.next_time()
        log.append(Record(header(at), body_of(_NO.encode())), at)
        say_texts(log, ["last"])
        told = await outcome(session, Part.of(log))
        await person.laptop.sees(event("message", text="last"))
        person.laptop.saw_none({"event": {"text": _NO}})
        return told
    return tell


def _first_event(change: Callable[[dict[int, Any]], Any]) -> Told:
    """A log whose first event states something else than it must."""
    async def tell(stage: Stage) -> str:
        session, person, log, start = await stage.with_a_log()
        header = text_event()
        stated = change(start)
        if stated is not None:
            header[5] = stated
        log.say(header, body_of(_NO.encode()))
        told = await outcome(session, Part.of(log))
        person.laptop.saw_none({"event": {"text": _NO}})
        return told
    return tell


async def _a_gap(stage: Stage) -> str:
    """Records 1, then 3 and what follows; the node asks for what is missing."""
    session, person, log = await stage.with_texts("one", "two", "three")
    await session.show(Part.of(log, 1, 1))
    session.is_answering = False
    told = await outcome(session, Part.of(log, 3))
    wanted = (await session.hear(frame.WANT))[1][0]
    if [list(want[0]) for want in wanted] != [log.wire()] or wanted[0][1] != 2:
        return f"{told}, but it wants {wanted}"
    session.is_answering = True
    session.say(frame.BATCH, batch(stage.peer.identity, [Part.of(log, 2)]))
    await person.laptop.sees(event("message", text="three"))
    return told


async def _in_an_hour(stage: Stage) -> str:
    session, _, log = await stage.with_texts("one")
    log.say({**text_event(), 0: now_hybrid(ahead_ms=_HOUR_MS)}, body_of(_NO.encode()))
    session.is_answering = False
    told = await outcome(session, Part.of(log))
    stage.forget(session)
    return told


async def _a_changed_record(stage: Stage) -> str:
    session, _, log = await stage.with_texts("one", "two", "three")
    part = Part.of(log)
    part.records[1] = [part.records[1][0], body_of(_NO.encode())]
    return await outcome(session, part)


async def _a_skip_link_elsewhere(stage: Stage) -> str:
    """Record 4 links to record 2 in the place of record 1, and the head is signed over that."""
    from check import link

    session, _, log = await stage.with_texts("one", "two", "three", "four")
    log.hashes[4] = link(
        log.named(), 4, log.hashes[3], log.hashes[2], log.records[3].inner()
    )
    return await outcome(session, Part.of(log))


async def _two_histories(stage: Stage) -> str:
    """Another record under a number that the node holds, which asks for a branch and proves it."""
    session, person, log = await stage.with_texts("both")
    other = log.copy()
    say_texts(log, ["yes"])
    say_texts(other, ["no", "never"])
    await session.show(Part.of(log))
    await session.subscribe()
    session.branches[tuple(log.wire())] = other
    told = await outcome(session, Part.of(other))
    await session.hear(frame.FORK)
    say_texts(log, ["more"])
    after = await outcome(session, Part.of(log, 3))
    await person.laptop.sees(event("message", text="yes"))
    person.laptop.saw_none({"event": {"text": "never"}})
    return f"{told}, then {after}"


async def _signed_by_another(stage: Stage) -> str:
    session, _, log = await stage.with_texts("one")
    forger = Identity(LIAR, Identity.of(LIAR, SEEDS[LIAR] + 5).key, stage.peer.identity.recovery)
    # The key that it names is the right one.
    fields = batch(forger, [Part.of(log)], os.urandom(24), key=stage.peer.identity.public[:8],
                   lineage=stage.peer.identity.lineage)
    session.say(frame.BATCH, fields)
    return await session.closed()


async def _many_writers(stage: Stage) -> str:
    """Nine logs in an hour in one channel."""
    session, _, first = await stage.with_texts("log 1")
    logs = [first]
    for number in range(2, _WRITERS_PER_HOUR_MAX + 2):
        log = Log(first.channel, first.origin, stage.peer.writer())
        header = cbor.decode(first.records[0].header)
        log.say({**text_event(), 5: header[5]}, body_of(f"log {number}".encode()))
        logs.append(log)
    session.is_answering = False
    told = await outcome(session, *map(Part.of, logs))
    stage.forget(session)
    return told


def _in_a_channel(make: Callable[[Stage, tuple[bytes, int]], tuple[bytes, dict[int, Any]]]) -> Told:
    """A log in a channel that is not the liar's."""
    async def tell(stage: Stage) -> str:
        session, _, log, _ = await stage.with_a_log()
        account = await session.account("alice")
        channel, start = make(stage, account)
        log = Log(channel, stage.peer.identity.lineage, stage.peer.writer())
        log.say({**text_event(), 5: start}, body_of(_NO.encode()))
        return await outcome(session, Part.of(log))
    return tell


def _of_others(stage: Stage, alice: tuple[bytes, int]) -> tuple[bytes, dict[int, Any]]:
    pair = sorted([alice, (stage.partner, 1)])
    return direct_channel(*pair), {1: [list(side) for side in pair], 3: "mallory"}


def _inverted(stage: Stage, alice: tuple[bytes, int]) -> tuple[bytes, dict[int, Any]]:
    """The channel's id is not that of the accounts that it states."""
    return os.urandom(32), stage.peer.direct_start(alice)


async def _anothers_log(stage: Stage) -> str:
    """A log of the partner's, signed with the liar's key."""
    session, _, log, start = await stage.with_a_log()
    log = Log(log.channel, stage.partner, stage.peer.writer())
    log.say({**text_event(), 5: start}, body_of(_NO.encode()))
    return await outcome(session, Part.of(log))


async def _a_whole_session_again(stage: Stage) -> str:
    """All bytes of an earlier session, said once more: nothing comes twice."""
    session, person, log = await stage.with_texts("once", "and once")
    session.leave()
    fields = batch(stage.peer.identity, [Part.of(log)], os.urandom(24))
    frames = [
        (frame.BATCH, fields), (frame.RESUME,), (frame.LOOKUP, 1, "alice"),
        (frame.HEADS, [[log.wire(), log.last, log.hashes[-1][:16]]]),
    ]
    for _ in range(2):
        session = await stage.peer.link()
        for number, *rest in frames:
            session.say(number, *rest)
        await session.acknowledged(fields[2], [log.wire()])
        session.leave()
    await person.laptop.sees(event("message", text="and once"))
    seen = [f for f in person.laptop.frames if f.get("event", {}).get("text") == "once"]
    if len(seen) != 1:
        raise Unmet("to see a text once", f"{len(seen)} times")
    return "taken once"


async def _a_frame_again(stage: Stage) -> str:
    """One batch a hundred times on one link."""
    session, person, log = await stage.with_texts("once", "and once")
    fields = batch(stage.peer.identity, [Part.of(log)], os.urandom(24))
    for _ in range(100):
        await session.show_batch(fields)
    await person.laptop.sees(event("message", text="and once"))
    seen = [f for f in person.laptop.frames if f.get("event", {}).get("text") == "once"]
    return "taken once" if len(seen) == 1 else f"taken {len(seen)} times"


def _nested(depth: int) -> bytes:
    return b"\x81" * depth + b"\x80"


def _body_void(text: bytes, content_type: str = "text/plain;charset=utf-8") -> Told:
    """A body beyond the limits: its record stays, and says nothing."""
    return _void(({}, body_of(text, content_type)))


_RECORDS = [
    Lie("the same time again", _void(({0: 1}, None)), "taken", VOID),
    Lie("by somebody else of the organisation", _void(({1: MALLORY + 1}, None)), "taken", VOID),
    Lie("by nobody", _void(({1: 0}, None)), "taken", VOID),
    Lie("a second start", _void(({5: {3: "mallory"}}, None)), "taken", VOID),
    Lie("a control point in a direct channel", _void(({3: [1, 1, bytes(16)]}, None)), "taken",
        VOID),
    Lie("arguments that are none", _void(({4: b"\xff"}, None)), "taken", VOID),
    Lie("arguments of 100 arrays in each other", _void(({4: _nested(100)}, None)), "taken", VOID),
    Lie("arguments of 9,000 bytes", _void(({2: 900, 4: bytes(9_000)}, None)), "taken", VOID),
    Lie("an answer to a message that is none", _void(({4: cbor.encode({0: b"1"})}, None)),
        "taken", VOID),
    Lie("65 mentions", _void((
        {4: cbor.encode({2: [[bytes(31) + bytes([n]), n] for n in range(65)]})}, None
    )), "taken", VOID),
    Lie("mentions that descend", _void((
        {4: cbor.encode({2: [[b"\2" * 32, 1], [b"\1" * 32, 1]]})}, None
    )), "taken", VOID),
    Lie("a reaction with spaces", _void((
        {2: 9, 4: cbor.encode([bytes(16), "a b", True])}, empty_body()
    )), "taken", VOID),
    Lie("a reaction of 65 bytes", _void((
        {2: 9, 4: cbor.encode([bytes(16), "a" * 65, True])}, empty_body()
    )), "taken", VOID),
    Lie("an edit of nothing", _void(({2: 8, 4: b""}, None)), "taken", VOID),
    Lie("a kind that nobody knows", _void(({2: 900, 4: b"\0"}, None)), "taken", NO_COUNTER),
    Lie("a header that is no CBOR", _void_bytes(lambda at: b"\xff\0"), "taken", VOID),
    Lie("a header of nothing", _void_bytes(lambda at: b""), "taken", VOID),
    Lie("a header with a byte after its end",
        _void_bytes(lambda at: cbor.encode({0: at, 1: MALLORY, 2: 1}) + b"\0"), "taken", VOID),
    Lie("a header whose time is not its shortest form",
        _void_bytes(lambda at: b"\xa3\x00\x1b\0\0\0\0\0\0\0\1\x01\x07\x02\x01"), "taken", VOID),
    Lie("a header with an unknown key",
        _void_bytes(lambda at: cbor.encode({0: at, 1: MALLORY, 2: 1, 6: 0})), "taken", VOID),
    Lie("a header of 100 arrays in each other", _void_bytes(lambda at: _nested(100)), "taken",
        VOID),
    Lie("a header of 1 MiB", _void_bytes(lambda at: bytes(1 << 20)), "taken", VOID),
    Lie("a text of 100,001 characters", _body_void(b"x" * (_TEXT_CHARS_MAX + 1)), "taken", VOID),
    Lie("a body of 400,001 bytes", _body_void(b"x" * (_BODY_BYTES_MAX + 1)), "taken", VOID),
    Lie("a body of 3 MiB", _body_void(b"x" * (3 << 20)), "taken", VOID),
    Lie("a text that is not UTF-8", _body_void(b"\xff\xfe"), "taken", VOID),
    Lie("a content type of 129 bytes", _body_void(b"x", "x/" + "y" * 127), "taken", VOID),
    Lie("an empty text", _body_void(b""), "taken", NO_COUNTER),
    Lie("an hour ahead", _in_an_hour, "log_held", WAITING),
]

_STARTS = [
    Lie("none", _first_event(lambda start: None), "log_unknown", REFUSED),
    Lie("without accounts", _first_event(lambda start: {3: "mallory"}), "log_unknown", REFUSED),
    Lie("other accounts", _first_event(
        lambda start: {1: [[bytes(32), 1], [bytes(32), 2]], 3: "mallory"}), "log_unknown", REFUSED),
    Lie("accounts that descend", _first_event(
        lambda start: {**start, 1: start[1][::-1]}), "log_unknown", REFUSED),
    Lie("that of a link channel", _first_event(
        lambda start: {2: [bytes(32), b"\1" * 32]}), "log_unknown", REFUSED),
    Lie("a version that nobody knows", _first_event(lambda start: {**start, 0: 2}),
        "version_unsupported", REFUSED),
    Lie("a name that is none", _first_event(lambda start: {**start, 3: "Mallory\n"}),
        "name_invalid", REFUSED),
    Lie("65 logs that have ended", _first_event(
        lambda start: {**start, 4: [[n + 1, 1, bytes(16)] for n in range(65)]}), "log_unknown",
        REFUSED),
    Lie("in others' direct channel", _in_a_channel(_of_others), "log_unknown", REFUSED),
    Lie("in a channel of another id", _in_a_channel(_inverted), "log_unknown", REFUSED),
    Lie("in a log of somebody else", _anothers_log, _FORGED_CHECKPOINT),
    Lie("nine times in an hour", _many_writers, "log_held", WAITING),
]


def _set(**changes: Any) -> Callable[[Part], None]:
    def change(part: Part) -> None:
        for name, value in changes.items():
            setattr(part, name, value)
    return change


_CHAINS = [
    Lie("records missing", _a_gap, "log_gap", NO_COUNTER),
    Lie("a range that begins far above", _shows(_set(first=1_000_000, seq=1_000_002)), "log_gap",
        NO_COUNTER),
    Lie("a range from record 0", _shows(_set(first=0)), _MALFORMED),
    Lie("a range beyond 2^64", _shows(_set(first=(1 << 64) - 2, seq=(1 << 64) - 1)), _MALFORMED),
    Lie("a range without a record", _shows(_set(records=[])), _MALFORMED),
    Lie("a changed body", _a_changed_record, "chain_broken", REFUSED),
    Lie("a skip link to another record", _a_skip_link_elsewhere, "chain_broken", REFUSED),
    Lie("a head over another hash", _shows(_set(hash=b"\1" * 32)), "chain_broken", REFUSED),
    Lie("two histories", _two_histories, "chain_broken, then log_forked", REFUSED),
    Lie("a whole session again", _a_whole_session_again, "taken once", NO_COUNTER),
    Lie("one batch a hundred times", _a_frame_again, "taken once", NO_COUNTER),
]


def _spoils_range(at: int, value: Any) -> Callable[[list[Any]], None]:
    def change(fields: list[Any]) -> None:
        fields[1][0][at] = value
    return change


def _spoils_checkpoint(change: Callable[[bytes], bytes]) -> Callable[[list[Any]], None]:
    def apply(fields: list[Any]) -> None:
        fields[0][0] = change(fields[0][0])
    return apply


_HEADS = [
    Lie("another hash in the range", _shows_batch(_spoils_range(3, b"\1" * 32)), _FORGED_HEAD),
    Lie("another time in the range", _shows_batch(_spoils_range(4, 1)), _FORGED_HEAD),
    Lie("another blind", _shows_batch(_spoils_range(6, [bytes(16), 0, []])), _FORGED_HEAD),
    Lie("a place beyond the tree", _shows_batch(
        lambda fields: fields[1][0][6].__setitem__(1, 1)), _FORGED_HEAD),
    Lie("a path too long", _shows_batch(
        lambda fields: fields[1][0][6].__setitem__(2, [bytes(32)])), _FORGED_HEAD),
    Lie("a path of 33 hashes", _shows_batch(
        lambda fields: fields[1][0][6].__setitem__(2, [bytes(32)] * 33)), _FORGED_HEAD),
    Lie("a checkpoint that is not there", _shows_batch(_spoils_range(5, 1)), _MALFORMED),
    Lie("a checkpoint of no leaves", _shows(_set(), leaves=0), _FORGED_HEAD),
    Lie("a checkpoint of 2^64 - 1 leaves", _shows(_set(), leaves=(1 << 64) - 1), _FORGED_HEAD),
    Lie("a checkpoint of another root", _shows(_set(), root=bytes(32)), _FORGED_HEAD),
    Lie("a checkpoint of another lineage", _shows(_set(), lineage=bytes(32)), _FORGED_CHECKPOINT),
    # It may be the next one, of which the node has not heard yet.
    Lie("a checkpoint of a key that is not known", _shows(_set(), key=bytes(8)), "log_held",
        NO_COUNTER),
    Lie("a checkpoint of version 2", _shows(_set(), version=2), "version_unsupported", NO_COUNTER),
    Lie("a signature by another key", _signed_by_another, _FORGED_CHECKPOINT),
    Lie("a signature with one bit changed", _shows_batch(_spoils_checkpoint(
        lambda data: data[:-1] + bytes([data[-1] ^ 1]))), _FORGED_CHECKPOINT),
    Lie("a signature of zeros", _shows_batch(_spoils_checkpoint(
        lambda data: data[:-64] + bytes(64))), _FORGED_CHECKPOINT),
    Lie("a checkpoint that is none", _shows_batch(_spoils_checkpoint(
        lambda data: b"no checkpoint")), _FORGED_CHECKPOINT),
    Lie("a checkpoint of 1,025 bytes", _shows_batch(_spoils_checkpoint(
        lambda data: bytes(1_025))), _FORGED_CHECKPOINT),
    Lie("more checkpoints than ranges", _shows_batch(
        lambda fields: fields[0].append(fields[0][0])), _MALFORMED),
    Lie("4,097 records", _shows_batch(
        lambda fields: fields[1][0].__setitem__(2, fields[1][0][2][:1] * (_BATCH_RECORDS_MAX + 1))
    ), _MALFORMED),
]

TABLE = {"a record": _RECORDS, "a start": _STARTS, "a chain": _CHAINS, "a head": _HEADS}
