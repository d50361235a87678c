"""Lies of a peer that is dialled: the node comes to the address that the liar's zone names, and
finds somebody else, or somebody who answers its hello with something else (`docs/protocol/`
sections 8.2 and 8.3)."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Awaitable, Callable

from aioquic.asyncio.server import QuicServer

import paths  # noqa: F401  # makes the next one importable
import peer as frame
import wire as transport
from identity import Identity
from people import event
from stage import LIAR, NO_COUNTER, TROUBLE, Lie, Stage
from wire import Gone, Wire

_PORT = 4433
_DIALLED_S_MAX = 30.0
_MISMATCH, _UNEXPECTED, _MALFORMED = "peer_name_mismatch", "frame_unexpected", "frame_malformed"
_BAD_CERTIFICATE = "transport 0x131"

Told = Callable[[Stage], Awaitable[str]]
Answer = Callable[[Stage, Wire], None]


def _is_dialled(answer: Answer, identity: Identity | None = None) -> Told:
    """Listens where the zone says, lets the node dial, and answers."""
    async def tell(stage: Stage) -> str:
        wires: asyncio.Queue[Wire] = asyncio.Queue()
        stage.end_session()
        config = transport.configuration(identity or stage.peer.identity)
        config.is_client = False

        def made(*args: Any, **options: Any) -> Wire:
            wire = Wire(*args, **options)
            wires.put_nowait(wire)
            return wire

        listening, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: QuicServer(configuration=config, create_protocol=made),
            local_addr=("0.0.0.0", _PORT),
        )
        try:
            await stage.command("peers", "retry", LIAR)
            wire = await asyncio.wait_for(_greeted(wires, identity is None), _DIALLED_S_MAX)
            answer(stage, wire)
            return await _is_told(stage, await wire.closed())
        finally:
            listening.close()
    return tell


async def _greeted(wires: asyncio.Queue[Wire], is_known: bool) -> Wire:
    """The first connection on which the node says hello, where it knows the key; one that was begun
    before anybody listened comes to nothing."""
    while True:
        wire = await wires.get()
        try:
            if is_known:
                await wire.next()
            return wire
        except Gone:
            continue


async def _is_told(stage: Stage, closed: str) -> str:
    """How the node ended the link, where `comity peers` says so too."""
    wanted = _MISMATCH if closed == _BAD_CERTIFICATE else closed
    trouble = None
    for _ in range(40):
        listed = json.loads(await stage.command("peers", "--json"))
        trouble = next((line["trouble"] for line in listed if line["domain"] == LIAR), None)
        if trouble is not None and trouble["code"] == wanted:
            return closed
        await asyncio.sleep(0.05)
    return f"{closed}, and the admin is told {trouble}"


def _hello(**changes: Any) -> Answer:
    return lambda stage, wire: wire.say(frame.HELLO, stage.peer.hello(**changes))


def _says(number: int, *fields: Any) -> Answer:
    return lambda stage, wire: wire.say(number, *fields)


def _nothing(stage: Stage, wire: Wire) -> None:
    pass


def _hello_twice(stage: Stage, wire: Wire) -> None:
    wire.say(frame.HELLO, stage.peer.hello())
    wire.say(frame.HELLO, stage.peer.hello())


async def _honestly(stage: Stage) -> str:
    """The same without a lie: the link comes up, so that what is refused is refused for the lie."""
    person = await stage.victim()
    sessions = []

    def answer(_: Stage, wire: Wire) -> None:
        wire.say(frame.HELLO, stage.peer.hello())
        sessions.append(frame.Session(stage.peer, wire))

    telling = asyncio.create_task(_is_dialled(answer)(stage))
    while not sessions:
        await asyncio.sleep(0.05)
    await person.laptop.do("add_contact", account=f"mallory@{LIAR}")
    await person.laptop.sees(event("contact", step="asked"))
    sessions[0].leave()
    telling.cancel()
    return "taken"


_ANSWERS = [
    Lie("honestly", _honestly, "taken", NO_COUNTER),
    Lie("under another key", _is_dialled(_nothing, Identity.of(LIAR, 99)),
        _BAD_CERTIFICATE, TROUBLE),
    Lie("as somebody else", _is_dialled(_hello(domain="globex.test")), _MISMATCH, TROUBLE),
    Lie("with another lineage", _is_dialled(_hello(lineage=bytes(32))), "domain_key_changed",
        TROUBLE),
    Lie("to somebody else", _is_dialled(_hello(to="globex.test")), _MISMATCH, TROUBLE),
    Lie("in a version that nobody speaks", _is_dialled(_hello(versions=[2])),
        "version_unsupported", TROUBLE),
    Lie("without a run", _is_dialled(_hello(run=None)), _MALFORMED, TROUBLE),
    Lie("with a batch", _is_dialled(_says(frame.BATCH, [[], [], b"1"])), _UNEXPECTED, TROUBLE),
    Lie("with an answer to nothing", _is_dialled(_says(frame.ACCOUNT, 1, 1)), _UNEXPECTED,
        TROUBLE),
    Lie("with hello twice", _is_dialled(_hello_twice), _UNEXPECTED),
]

_LATE = [Lie("not at all", _is_dialled(_nothing), "peer_too_slow", TROUBLE)]

TABLE = {"dialled, it answers": _ANSWERS}
LONG_TABLE = {"dialled, it answers": _LATE}
