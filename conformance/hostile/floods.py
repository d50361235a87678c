"""Floods and stalls: too much of what is allowed, and peers that hold on to what they have. The
node bounds each by name, or bears it; what it does to others the bystanders say.

Sizes are for the short form and for the long one."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next two importable
import cbor
import peer as frame
import wire as transport
from aioquic.quic.connection import QuicConnection
from histories import Log, Part, Record, batch, body_of
from peer import MALLORY, Session, contact_event, say_texts
from people import event
from stage import (
    CROWDED, DENIED, FAULTS, HANDSHAKE, IDENTITY, NO_COUNTER, REFUSED, SILENT, UNCOUNTED, VOID,
    Lie, Stage,
)
from trap import Trap
from wire import FEED, LINK, Deaf, Gone

_LIMITED, _SLOW, _REPLACED = "rate_limited", "peer_too_slow", "link_replaced"
_CUT = "domain_unreachable"
_HASH = b"\5" * 32
_BATCH_RECORDS_MAX = 4_096
_TEXT_BYTES = 100_000
_STRANGERS_MAX = 256
"""Links of one network whose peers the node need not know yet."""
_AT_ONCE = 24
"""Handshakes that are under way at a time."""
_INITIAL_BYTES = 1_200
_LINK_UP_S_MAX = 8.0
"""How long an honest link may take while handshakes are flooded."""
_PAUSE_S = 0.1
_RETRY = 0xF0
"""The first half of the first byte of a packet that asks for the address to be proven."""
_UNREAD = 20_000
"""Questions on a link whose answers are not read: more than the node keeps answers."""
_UNANSWERED = 512
"""Frames that are said before it is waited for what the node has to say."""
_TYPING_BURST, _TYPING_PER_S = 1_000, 200
"""What the node shows of one organisation's typing."""

Told = Callable[[Stage], Awaitable[str]]


def _sized(flood: Callable[[Stage, int], Awaitable[str]], short: int, long: int) -> Told:
    """A flood of one size or the other."""
    async def tell(stage: Stage) -> str:
        return await flood(stage, long if stage.is_long else short)
    return tell


async def _still_answers(session: Session) -> str:
    """A question comes back: the link bears what was said on it."""
    session.say(frame.LOOKUP, (1 << 63) + len(session.heard), "nobody")
    await session.hear(frame.ACCOUNT)
    return "borne"


# Handshakes and hellos.

async def _hellos(stage: Stage, count: int) -> str:
    """One link after the other, each of another run; the last one stays."""
    wires = []
    for _ in range(count):
        wires.append(await stage.peer.greet())
    session = await stage.peer.link()
    answers = {await wire.closed() for wire in wires}
    await _still_answers(session)
    return ", ".join(sorted(answers))


async def _names_of_nobody(stage: Stage, count: int) -> str:
    """Hellos of domains that do not exist, each of which the node has to look up."""
    async def one(number: int) -> str:
        async with turn:
            wire = await stage.peer.greet(domain=f"nowhere{number}.test")
            return await wire.closed()
    turn = asyncio.Semaphore(_AT_ONCE)
    return ", ".join(sorted(set(await asyncio.gather(*map(one, range(count))))))


async def _silent(stage: Stage, count: int) -> str:
    """Connections on which nothing is ever said."""
    async def one(_: int) -> str:
        async with turn:
            wire = await stage.peer.dial()
        return await wire.closed()
    turn = asyncio.Semaphore(_AT_ONCE)
    return ", ".join(sorted(set(await asyncio.gather(*map(one, range(count))))))


async def _half_open(stage: Stage, count: int) -> str:
    """First packets of handshakes that nobody goes on with, each from another port."""
    config = transport.configuration(stage.peer.identity)
    loop = asyncio.get_running_loop()
    for _ in range(count):
        quic = QuicConnection(configuration=config)
        quic.connect(stage.node.address, now=loop.time())
        _send_from_anywhere(stage, [data for data, _ in quic.datagrams_to_send(loop.time())])
        await asyncio.sleep(0)
    return await _links_in_time(stage)


async def _held_open(stage: Stage, count: int) -> str:
    """Handshakes whose address is proven where that is asked for, and which then halt: one network
    has a share of the places, and who comes from there is refused until some are over."""
    config = transport.configuration(stage.peer.identity)
    halted = [await _until_the_retry(stage, QuicConnection(configuration=config))
              for _ in range(count)]
    for socket_, _ in halted:
        socket_.close()
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() < began + _LINK_UP_S_MAX:
        try:
            return await _links_in_time(stage)
        except Gone:
            await asyncio.sleep(_PAUSE_S)
    return "nobody links"


async def _until_the_retry(stage: Stage, quic: QuicConnection) -> tuple[socket.socket, Any]:
    """Sends a first packet, again with the token where one is asked for, and says nothing more."""
    loop = asyncio.get_running_loop()
    anywhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    anywhere.setblocking(False)
    anywhere.connect(stage.node.address)
    quic.connect(stage.node.address, now=loop.time())
    for data, _ in quic.datagrams_to_send(loop.time()):
        anywhere.send(data)
    answer = await asyncio.wait_for(loop.sock_recv(anywhere, 2_048), _LINK_UP_S_MAX)
    if answer[0] & 0xF0 == _RETRY:
        quic.receive_datagram(answer, stage.node.address, loop.time())
        for data, _ in quic.datagrams_to_send(loop.time()):
            anywhere.send(data)
    return anywhere, answer


async def _noise(stage: Stage, count: int) -> str:
    """Datagrams that look like a first packet, and such as look like nothing."""
    version = (1).to_bytes(4, "big")
    kinds = (
        lambda: b"\xc3" + version + b"\x08" + os.urandom(_INITIAL_BYTES),
        lambda: b"\xc0" + os.urandom(_INITIAL_BYTES),
        lambda: b"\x40" + os.urandom(60),
        lambda: os.urandom(1),
    )
    for number in range(count):
        _send_from_anywhere(stage, [kinds[number % len(kinds)]()])
        if number % 64 == 0:
            await asyncio.sleep(0)
    return await _links_in_time(stage)


async def _replayed_packets(stage: Stage, count: int) -> str:
    """All packets of a session that was, from another port."""
    session, person, log = await stage.with_texts("once")
    stage.forget(session)
    session.leave()
    wire = await stage.peer.dial()
    wire.kept = []
    wire.say(frame.HELLO, stage.peer.hello())
    recorded = Session(stage.peer, wire)
    await recorded.begin()
    await recorded.show(Part.of(log))
    packets, wire.kept = wire.kept, None
    recorded.leave()
    for _ in range(count):
        _send_from_anywhere(stage, packets)
    await _links_in_time(stage)
    await person.laptop.is_heard()
    seen = [f for f in person.laptop.frames if f.get("event", {}).get("text") == "once"]
    return "taken once" if len(seen) == 1 else f"taken {len(seen)} times"


def _send_from_anywhere(stage: Stage, packets: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anywhere:
        for packet in packets:
            anywhere.sendto(packet, stage.node.address)


async def _links_in_time(stage: Stage) -> str:
    """Somebody honest comes through all the same."""
    session = await asyncio.wait_for(stage.peer.link(), _LINK_UP_S_MAX)
    session.leave()
    return "borne"


# Records.

async def _contact_requests(stage: Stage, count: int) -> str:
    """Accounts of the liar's without number want to be one user's contacts."""
    person = await stage.victim()
    session = await stage.session()
    _, number = await session.account(person.account.split("@")[0])
    for sender in range(count):
        label = f"m{sender}@{stage.peer.identity.domain}"
        part = stage.peer.link_part(contact_event(number, 0, label, person.account, 1_000 + sender))
        await session.show(part)
    asking = len((await person.laptop.get("/v1/contacts"))["contacts"])
    return "borne" if asking <= count else f"{asking} ask"


async def _invitations(stage: Stage, count: int) -> str:
    """As many groups as one likes invite one user."""
    person = await stage.victim()
    session = await stage.session()
    account = await session.account(person.account.split("@")[0])
    for _ in range(count):
        trap = Trap(stage.peer, person, account)
        trap.invite()
        await session.show(trap.invitation())
    await person.laptop.is_heard()
    return "borne"


async def _small_records(stage: Stage, count: int) -> str:
    """Texts of one letter, as many in a batch as there may be."""
    session, person, log, start = await stage.with_a_log()
    say_texts(log, ["first"], start)
    await session.show(Part.of(log))
    header = {1: MALLORY, 2: 1}
    while log.last < count:
        first = log.last + 1
        for _ in range(_BATCH_RECORDS_MAX):
            log.say(header, body_of(b"x"))
        codes = await session.show(Part.of(log, first))
        if codes:
            return ", ".join(codes)
    say_texts(log, ["last"])
    await session.show(Part.of(log, log.last))
    await person.laptop.http.call("GET", "/v1/channels")
    return "borne"


async def _huge_records(stage: Stage, count: int) -> str:
    """Texts of the longest form."""
    session, person, log = await stage.with_texts("first")
    await session.show(Part.of(log))
    text = "漢" * _TEXT_BYTES
    for _ in range(count):
        say_texts(log, [text])
        await session.show(Part.of(log, log.last))
    await person.laptop.http.call("GET", "/v1/channels")
    return "borne"


async def _one_log_a_record(stage: Stage, count: int) -> str:
    """Batches of 4,096 logs, each with a signature of its own to verify."""
    session = await stage.session()
    for _ in range(count):
        checkpoints, ranges = [], []
        for number in range(_BATCH_RECORDS_MAX):
            log = Log(_HASH, stage.peer.identity.lineage, number + 1)
            log.append(Record(b"\xa0", [bytes(32), 0, b""]), 1)
            [checkpoint], [part] = batch(stage.peer.identity, [Part.of(log)])
            part[5] = number
            checkpoints.append(checkpoint)
            ranges.append(part)
        codes = await session.show_batch([checkpoints, ranges, os.urandom(24)])
    return ", ".join(sorted(set(codes)))


async def _batches_without_end(stage: Stage, cls: int, count: int) -> str:
    """Batches as fast as they go, without waiting for any acknowledgement."""
    session, _, log = await stage.with_texts("first")
    stage.forget(session)
    fields = batch(stage.peer.identity, [Part.of(log)], os.urandom(24))
    data = _framed(cbor.encode([frame.BATCH, [fields]]))
    session.wire.pour(cls, data * count)
    try:
        return await _still_answers(session)
    except Gone as gone:
        return gone.code


# Questions and what is told by the way.

async def _questions(stage: Stage, count: int) -> str:
    """Look-ups, asks for profiles, pages of groups and probes, as fast as they are answered."""
    session = await stage.peer.link()
    for number in range(0, count, 4):
        session.say(frame.LOOKUP, number, f"nobody{number}")
        session.say(frame.PROFILE_ASK, number + 1, "alice", True)
        session.say(frame.SEEK, number + 2, [2, [50]])
        session.say(frame.PROBE, [number + 3, False])
        if number % 512 == 0:
            await session.hear(frame.ACCOUNT)
    return await _still_answers(session)


async def _unread_questions(stage: Stage, count: int) -> str:
    """Links on which questions are asked whose answers are never read; each has to end, since the
    node can hold no more of what it has to say."""
    answers = []
    questions = b"".join(
        _framed(cbor.encode([frame.LOOKUP, [number, "a" * 200]])) for number in range(_UNREAD)
    )
    for _ in range(count):
        session = await stage.peer.link(Deaf, 64 * 1024)
        session.wire.pour(LINK, questions)
        # The next link would replace it.
        answers.append(await session.wire.closed())
    left = answers.count("nothing")
    return f"{left} of {count} links stay" if left else ", ".join(sorted(set(answers)))


def _datagrams(make: Callable[[int], bytes]) -> Callable[[Stage, int], Awaitable[str]]:
    async def flood(stage: Stage, count: int) -> str:
        session = await stage.peer.link()
        for number in range(count):
            session.wire.quic.send_datagram_frame(make(number))
            if number % 32 == 0:
                session.wire.transmit()
                await asyncio.sleep(0)
        return await _still_answers(session)
    return flood


def _frames(make: Callable[[int], tuple[Any, ...]]) -> Callable[[Stage, int], Awaitable[str]]:
    async def flood(stage: Stage, count: int) -> str:
        session = await stage.peer.link()
        for number in range(count):
            session.say(*make(number))
            if number % _UNANSWERED == 0:
                await _still_answers(session)
        return await _still_answers(session)
    return flood


async def _typing(stage: Stage, count: int) -> str:
    """Mallory types without end in a channel where he is; what is shown of it has a bound."""
    session, person, log = await stage.with_texts("hello")
    await session.show(Part.of(log))
    await person.laptop.sees(event("message", text="hello"))
    data = cbor.encode([frame.TYPING, [log.channel, MALLORY, True]])
    began = asyncio.get_running_loop().time()
    for number in range(count):
        session.wire.datagram(data)
        if number % 32 == 0:
            await asyncio.sleep(0)
    await _still_answers(session)
    took_s = asyncio.get_running_loop().time() - began
    shown = sum(f["type"] == "typing" for f in person.laptop.frames)
    most = _TYPING_BURST + _TYPING_PER_S * (took_s + 1.0)
    return "borne" if shown <= most else f"{shown} of {count} shown"


# Stalls.

async def _never_reads(stage: Stage, count: int) -> str:
    """Somebody writes to Mallory, whose node takes nothing: the writer is answered all the same.
    Nothing comes of it for ten seconds, though it has something to acknowledge: it counts as cut
    off."""
    session, person, log = await stage.with_texts("hello")
    stage.forget(session)
    await session.show(Part.of(log))
    seen = await person.laptop.sees(event("message", text="hello"))
    deaf = await stage.peer.link(Deaf, 64 * 1024)
    deaf.is_acking = False
    await deaf.subscribe()
    for _ in range(count):
        await person.laptop.send(seen["channel"], "y" * _TEXT_BYTES)
    if not stage.is_long:
        deaf.wire.vanish()
        return _CUT
    return await deaf.wire.closed(100.0)


async def _acknowledges_nothing(stage: Stage) -> str:
    session, person, log = await stage.with_texts("hello")
    stage.forget(session)
    session.is_acking = False
    await session.subscribe()
    await session.show(Part.of(log))
    seen = await person.laptop.sees(event("message", text="hello"))
    await person.laptop.send(seen["channel"], "one")
    return await session.closed(80.0)


async def _empty_streams(stage: Stage, count: int) -> str:
    """Links whose streams are open and say nothing."""
    session = await stage.peer.link()
    for _ in range(count):
        wire = await stage.peer.dial()
        wire.put(wire.open_stream(), b"")
        wire.put(wire.open_stream(), bytes([FEED]))
        wire.vanish()
    return await _still_answers(session)


async def _vanishes(stage: Stage, count: int) -> str:
    """Links that are gone without a word; the next one takes their place at once."""
    for _ in range(count):
        session = await stage.peer.link()
        session.wire.vanish()
    return await _still_answers(await stage.peer.link())


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


_HANDSHAKES = [
    Lie("hellos of new runs", _sized(_hellos, 60, 1_000), _REPLACED, NO_COUNTER),
    Lie("hellos of domains that are not there", _sized(_names_of_nobody, 60, 1_000),
        "domain_not_found", IDENTITY),
    Lie("handshakes left half open", _sized(_half_open, 400, 5_000), "borne", HANDSHAKE),
    Lie("handshakes held open", _sized(_held_open, 100, 400), "borne", CROWDED),
    Lie("packets that are none", _sized(_noise, 5_000, 100_000), "borne", UNCOUNTED),
    Lie("the packets of a whole session again", _sized(_replayed_packets, 5, 100), "taken once",
        UNCOUNTED),
]

_STRANGERS = [
    Lie("connections without a hello", _sized(_silent, 100, 200), _SLOW, SILENT),
]

_CROWDS = [
    Lie("more connections without a hello than there are places", lambda stage: _silent(
        stage, _STRANGERS_MAX + _AT_ONCE), "overloaded, peer_too_slow", CROWDED),
]

_RECORDS = [
    Lie("requests to be a contact", _sized(_contact_requests, 150, 2_000), "borne", UNCOUNTED),
    Lie("invitations", _sized(_invitations, 100, 1_000), "borne", VOID),
    Lie("texts of one letter", _sized(_small_records, 4_096, 40_960), "borne", NO_COUNTER),
    Lie("texts of 300,000 bytes", _sized(_huge_records, 20, 200), "borne", NO_COUNTER),
    Lie("4,096 signatures in a batch", _sized(_one_log_a_record, 1, 10), "log_unknown", REFUSED),
    Lie("batches that nobody has acknowledged", _sized(
        lambda stage, count: _batches_without_end(stage, FEED, count), 500, 5_000), "borne",
        NO_COUNTER),
    Lie("batches on the stream of questions", _sized(
        lambda stage, count: _batches_without_end(stage, LINK, count), 500, 5_000),
        "frame_unexpected", FAULTS),
]

_TALK = [
    Lie("questions", _sized(_questions, 2_048, 40_960), "borne", DENIED),
    Lie("questions whose answers are not read", _sized(_unread_questions, 2, 40), _LIMITED,
        FAULTS),
    Lie("datagrams of noise", _sized(_datagrams(lambda n: os.urandom(200)), 2_000, 50_000), "borne",
        REFUSED),
    Lie("presence of people that nobody watches", _sized(_datagrams(lambda n: cbor.encode(
        [frame.PRESENCE, [[[n, n, 0]]]])), 2_000, 50_000), "borne", DENIED),
    Lie("typing", _sized(_typing, 3_000, 50_000), "borne", UNCOUNTED),
    Lie("leases", _sized(_frames(lambda n: (frame.LEASE, [n])), 2_000, 50_000), "borne", DENIED),
    Lie("marks", _sized(_frames(lambda n: (frame.MARKS, [[_HASH, n]])), 2_000, 50_000), "borne",
        DENIED),
    Lie("heads", _sized(_frames(lambda n: (frame.HEADS, [])), 5_000, 5_000), _LIMITED, FAULTS),
]

_STALLS = [
    Lie("never reads", _sized(_never_reads, 20, 200), _CUT, NO_COUNTER),
    # As many as one network may have of links that have not said who they are.
    Lie("opens streams and says nothing", _sized(_empty_streams, 30, 200), "borne", NO_COUNTER),
    Lie("is gone without a word", _sized(_vanishes, 30, 500), "borne", NO_COUNTER),
]

_LONG_STALLS = [Lie("acknowledges nothing", _acknowledges_nothing, _SLOW, NO_COUNTER)]

AT_ONCE = {"a flood of": _STRANGERS}
"""What may be told beside other lies, since no link comes of it."""
TABLE = {
    "a flood of": [*_CROWDS, *_HANDSHAKES, *_RECORDS, *_TALK], "a peer that": _STALLS,
}
LONG_TABLE = {"a peer that, for a minute,": _LONG_STALLS}
