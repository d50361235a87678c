"""Lies of a group's home and of its members: control records against the rules, V, requests that
nobody made, `after` that goes back, and invitations to what is not there
(`docs/protocol/` section 7)."""

from __future__ import annotations

import os
from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next two importable
import cbor
import peer as frame
import trap as group
from histories import Log, Part, Record, batch, body_of, now_hybrid
from identity import Identity
from people import event
from peer import MALLORY, text_event
from stage import LIAR, NO_COUNTER, REFUSED, SEEDS, VOID, WAITING, Lie, Stage, outcome
from trap import Trap, set_trap

_NO = "this must not be read"
_RENAMED = "an honest name"

Told = Callable[[Stage], Awaitable[str]]


def _control(write: Callable[[Trap], Any]) -> Told:
    """A control record against the rules, and an honest one after it that takes effect alone."""
    async def tell(stage: Stage) -> str:
        session, caught = await set_trap(stage)
        first = caught.log.last + 1
        write(caught)
        caught.control(group.SET_NAME, [_RENAMED])
        told = await outcome(session, Part.of(caught.log, first))
        await caught.person.laptop.sees(event("renamed", name=_RENAMED))
        members = (await caught.person.laptop.channel(caught.channel))["members"]
        if len(members) != 2:
            return f"{told}, and there are {len(members)} members"
        caught.person.laptop.saw_none({"event": {"name": _NO}})
        return told
    return tell


def _event(*headers: dict[int, Any]) -> Told:
    """Events of Mallory's in the group, against the rules, between two that are not."""
    async def tell(stage: Stage) -> str:
        session, caught = await set_trap(stage)
        log = Log(caught.log.channel, stage.peer.identity.lineage, stage.peer.writer())
        newest = caught.point(caught.log.last)
        log.say({**text_event(after=newest), 5: {}}, body_of(b"first"))
        for header in headers:
            header = {**header, **({3: caught.point(header[3])} if 3 in header else {})}
            log.say({1: MALLORY, 2: 1, **header}, body_of(_NO.encode()))
        log.say(text_event(), body_of(b"last"))
        told = await outcome(session, Part.of(log))
        await caught.person.laptop.sees(event("message", text="last"))
        caught.person.laptop.saw_none({"event": {"text": _NO}})
        return told
    return tell


async def _an_unknown_kind(stage: Stage) -> str:
    """One below 1,024: the group alone is read-only."""
    session, caught = await set_trap(stage)
    first = caught.log.last + 1
    caught.control(900, b"")
    session.is_answering = False
    told = await outcome(session, Part.of(caught.log, first))
    stage.forget(session)
    return told


async def _after_what_nobody_has(stage: Stage) -> str:
    session, caught = await set_trap(stage)
    log = Log(caught.log.channel, stage.peer.identity.lineage, stage.peer.writer())
    log.say({**text_event(after=[1, 999, bytes(16)]), 5: {}}, body_of(_NO.encode()))
    session.is_answering = False
    told = await outcome(session, Part.of(log))
    stage.forget(session)
    return told


async def _by_another_key(stage: Stage) -> str:
    session, caught = await set_trap(stage)
    first = caught.log.last + 1
    caught.control(group.SET_NAME, [_NO])
    forger = Identity(LIAR, Identity.of(LIAR, SEEDS[LIAR] + 9).key, stage.peer.identity.recovery)
    fields = batch(forger, [Part.of(caught.log, first)], os.urandom(24),
                   key=stage.peer.identity.public[:8], lineage=stage.peer.identity.lineage)
    session.say(frame.BATCH, fields)
    return await session.closed()


async def _two_control_logs(stage: Stage) -> str:
    """Another history than the one that the node holds."""
    session, caught = await set_trap(stage)
    other = caught.log.copy()
    first = caught.log.last + 1
    caught.control(group.SET_NAME, [_RENAMED])
    await session.show(Part.of(caught.log, first))
    caught.log = other
    caught.control(group.SET_NAME, [_NO])
    caught.control(group.SET_TOPIC, [_NO])
    session.branches[tuple(other.wire())] = other
    told = await outcome(session, Part.of(other, first))
    await session.hear(frame.FORK)
    return told


async def _an_event_of_the_homes_own_invention(stage: Stage) -> str:
    """A message in the log of the victim's organisation."""
    session, caught = await set_trap(stage)
    log = Log(caught.log.channel, stage.node.lineage, stage.peer.writer())
    newest = caught.point(caught.log.last)
    log.say({0: now_hybrid(), 1: caught.account[1], 2: 1, 3: newest, 5: {}}, body_of(_NO.encode()))
    return await outcome(session, Part.of(log))


def _invites(change: Callable[[Trap, list[Any]], list[Any]]) -> Told:
    """An invitation that says something else than it must; nobody is told of it."""
    async def tell(stage: Stage) -> str:
        person = await stage.victim()
        session = await stage.subscribed()
        account = await session.account(person.account.split("@")[0])
        caught = Trap(stage.peer, person, account)
        caught.invite()
        args = change(caught, [
            caught.log.channel, caught.point(2), account[1], f"mallory@{LIAR}", "trap",
        ])
        header = {1: 0, 2: group.INVITATION, 4: cbor.encode(args)}
        told = await outcome(session, stage.peer.link_part(header))
        await person.laptop.is_heard()
        person.laptop.saw_none(event("invited"))
        return told
    return tell


def _genesis(change: Callable[[list[Any]], list[Any]]) -> Told:
    """A group whose genesis is against the rules: who accepts the invite comes to nothing."""
    async def tell(stage: Stage) -> str:
        session, caught = await set_trap(stage)
        header = cbor.decode(caught.log.records[0].header)
        args = change(list(cbor.decode(header[3])))
        header = {**header, 3: cbor.encode(args)}
        record = Record(cbor.encode(header), [os.urandom(32), "", b""])
        log = Log(record.inner(), stage.peer.identity.lineage, 1, is_control=True)
        log.append(record, header[0])
        return await outcome(session, Part.of(log))
    return tell


def _entry(caught: Trap, seq: int, by: int = 1) -> list[Any]:
    """An entry of V for a log of the node's that is not there."""
    return [[caught.account[0], 7, seq, bytes([by]) * 16]]


def _covers(*entries: tuple[int, int]) -> Callable[[Trap], None]:
    """Statements of V, one after the other, of which the last is wrong."""
    def write(caught: Trap) -> None:
        for seq, by in entries:
            caught.control(group.COVER, actor=None, cover=_entry(caught, seq, by))
    return write


_RECORDS = [
    Lie("in the name of a member, without a request", _control(
        lambda caught: caught.control(group.SET_NAME, [_NO], actor=caught.account)), "taken", VOID),
    Lie("a member's leave without a request", _control(
        lambda caught: caught.control(group.LEAVE, [list(caught.account)], actor=caught.account)),
        "taken", VOID),
    Lie("a leave that another one wishes", _control(
        lambda caught: caught.control(group.LEAVE, [list(caught.account)])), "taken", VOID),
    Lie("by an account that nobody knows", _control(
        lambda caught: caught.control(group.SET_NAME, [_NO], actor=(bytes(32), 1))), "taken", VOID),
    Lie("an invite of who is in", _control(lambda caught: caught.control(
        group.INVITE, [list(caught.account), caught.person.account, 0])), "taken", VOID),
    Lie("an invite under a label that is none", _control(lambda caught: caught.control(
        group.INVITE, [[caught.account[0], 5], "no label", 0])), "taken", VOID),
    Lie("an invite in a role that is none", _control(lambda caught: caught.control(
        group.INVITE, [[caught.account[0], 5], "x@acme.test", 9])), "taken", VOID),
    Lie("a join that nobody asked for", _control(lambda caught: caught.control(
        group.JOIN, [[caught.account[0], 5]], actor=(caught.account[0], 5))), "taken", VOID),
    Lie("a name of 101 characters", _control(
        lambda caught: caught.control(group.SET_NAME, ["x" * 101])), "taken", VOID),
    Lie("a name of two lines", _control(
        lambda caught: caught.control(group.SET_NAME, ["a\nb"])), "taken", VOID),
    Lie("a topic of 1,001 characters", _control(
        lambda caught: caught.control(group.SET_TOPIC, ["x" * 1_001])), "taken", VOID),
    Lie("a time that goes back", _control(
        lambda caught: caught.control(group.SET_NAME, [_NO], time=1)), "taken", VOID),
    Lie("a state hash where there must be none", _control(lambda caught: caught.control(
        group.SET_NAME, [_NO], state=bytes(32))), "taken", VOID),
    Lie("arguments of another kind", _control(
        lambda caught: caught.control(group.SET_NAME, [1])), "taken", VOID),
    Lie("arguments of 70,000 bytes", _control(
        lambda caught: caught.control(group.SET_NAME, bytes(70_000))), "taken", VOID),
    Lie("a closing of a log that is not there", _control(lambda caught: caught.control(
        21, [[[caught.account[0], 7]]], actor=None)), "taken", VOID),
    Lie("a role for who is no member", _control(lambda caught: caught.control(
        group.SET_ROLE, [[caught.account[0], 5], 2])), "taken", VOID),
    Lie("another genesis", _control(
        lambda caught: caught.control(group.GENESIS, [_NO])), "taken", VOID),
    Lie("V lower than before", _control(_covers((5, 1), (4, 1))), "taken", VOID),
    Lie("V with another hash", _control(_covers((5, 1), (5, 2))), "taken", VOID),
    Lie("V at record 0", _control(_covers((0, 1))), "taken", VOID),
    Lie("a kind below 1,024 that nobody knows", _an_unknown_kind, "log_held", WAITING),
    Lie("signed by another key", _by_another_key, "checkpoint_forged"),
    Lie("two histories", _two_control_logs, "chain_broken", REFUSED),
]

_EVENTS = [
    Lie("on a control record before he was in", _event({3: 1}), "taken", VOID),
    Lie("by somebody else", _event({1: MALLORY + 1}), "taken", NO_COUNTER),
    Lie("on a control record that nobody has", _after_what_nobody_has, "log_held", WAITING),
    Lie("in the log of the victim's organisation", _an_event_of_the_homes_own_invention,
        "checkpoint_forged"),
]

_INVITATIONS = [
    Lie("of an account that is not there", _invites(
        lambda caught, args: [*args[:2], 5, *args[3:]]), "taken", NO_COUNTER),
    Lie("by a label that is none", _invites(
        lambda caught, args: [*args[:3], "no label", args[4]]), "taken", VOID),
    Lie("under a name of two lines", _invites(
        lambda caught, args: [*args[:4], "a\nb"]), "taken", VOID),
    Lie("with a field too many", _invites(lambda caught, args: [*args, 1]), "taken", VOID),
]

_GENESES = [
    Lie("of version 2", _genesis(lambda args: [2, *args[1:]]), "log_unknown", REFUSED),
    Lie("with another organisation's owner", _genesis(
        lambda args: [*args[:3], [bytes(32), 1], *args[4:]]), "log_unknown", REFUSED),
    Lie("with 0 members", _genesis(lambda args: [*args[:5], 0, *args[6:]]), "log_unknown",
        REFUSED),
    Lie("with 1,001 members", _genesis(lambda args: [*args[:5], 1_001, *args[6:]]), "log_unknown",
        REFUSED),
    Lie("with a domain that is not its lineage's", _genesis(
        lambda args: [*args[:2], ["other.test", *args[2][1:]], *args[3:]]), "log_unknown", REFUSED),
]

TABLE = {
    "a control record": _RECORDS, "an event of a group": _EVENTS, "an invitation": _INVITATIONS,
    "a genesis": _GENESES,
}
