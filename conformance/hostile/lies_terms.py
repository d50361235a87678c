"""Lies about terms: handovers to who may not be home, and openings of the next term that do not
follow from the one before, by its home, by the nominee and by somebody else
(`docs/protocol/` section 7.7)."""

from __future__ import annotations

from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next two importable
import peer as frame
import trap as group
from control import MEMBER, OWNER
from histories import Log, Part, body_of
from people import event, expect
from peer import Session, say_texts, text_event
from stage import OTHER, REFUSED, VOID, WAITING, NO_COUNTER, Lie, Stage, outcome
from trap import Trap, set_trap

_NO = "this must not be read"
_RENAMED, _AGAIN = "an honest name", "another honest name"
_FAR_TERM = (1 << 64) - 1
_TIMES = 50
_BATCH_RECORDS_MAX = 4_096

Told = Callable[[Stage], Awaitable[str]]
Said = Callable[[Trap], dict[str, Any]]


async def _set_shared_trap(stage: Stage, role: int = OWNER) -> tuple[Session, Trap]:
    """A group of the liar's with somebody of the node in it, and Mallory of a third one."""
    session, trap = await set_trap(stage)
    first = trap.log.last + 1
    trap.admit(stage.other, role)
    expect("what was not taken", await session.show(Part.of(trap.log, first)), [])
    return session, trap


async def _goes_on(session: Session, trap: Trap, name: str = _RENAMED) -> None:
    """An honest record at the end of the newest term takes effect."""
    first = trap.log.last + 1
    trap.rename(name)
    expect("what was not taken", await session.show(Part.of(trap.log, first)), [])
    await trap.person.laptop.sees(event("renamed", name=name))
    trap.person.laptop.saw_none({"event": {"name": _NO}})


async def _hand_over(session: Session, trap: Trap, nominee: bytes) -> None:
    first = trap.log.last + 1
    trap.hand_over(nominee)
    expect("what was not taken", await session.show(Part.of(trap.log, first)), [])


async def _succeed(stage: Stage, trap: Trap) -> Session:
    """The nominee opens the next term and goes on."""
    session = await stage.other.link()
    log = trap.opening(stage.other, False)
    trap.go_on(stage.other, log)
    expect("what was not taken", await session.show(Part.of(log)), [])
    await _goes_on(session, trap, _AGAIN)
    return session


async def _is_taken(session: Session, log: Log) -> None:
    """Shows an opening that goes back until the node has made anew what the group was there."""
    while codes := await session.show(Part.of(log)):
        expect("what was not taken", codes, ["log_held"])


# Handovers.

async def _to_another_and_on(stage: Stage) -> str:
    """The story without a lie: the third organisation becomes home, and its Mallory acts there."""
    session, trap = await _set_shared_trap(stage)
    await _hand_over(session, trap, stage.other.identity.lineage)
    (await _succeed(stage, trap)).leave()
    return "taken"


def _hands_over(
    nominee: Callable[[Stage, Trap], bytes], actor: Callable[[Stage, Trap], Any] | None = None
) -> Told:
    """A handover against the rules, and an honest record after it, which takes effect."""
    async def tell(stage: Stage) -> str:
        session, trap = await _set_shared_trap(stage, MEMBER)
        first = trap.log.last + 1
        more = {} if actor is None else {"actor": actor(stage, trap)}
        trap.control(group.HAND_OVER, [nominee(stage, trap)], **more)
        told = await outcome(session, Part.of(trap.log, first))
        await _goes_on(session, trap)
        return told
    return tell


async def _to_who_was_put_out(stage: Stage) -> str:
    session, trap = await _set_shared_trap(stage)
    first = trap.log.last + 1
    trap.put_out(stage.other.mallory)
    trap.control(group.HAND_OVER, [stage.other.identity.lineage])
    told = await outcome(session, Part.of(trap.log, first))
    await _goes_on(session, trap)
    return told


async def _by_request(stage: Stage) -> str:
    """A member asks for a handover, which the home grants: he is no owner."""
    session, trap = await _set_shared_trap(stage, MEMBER)
    first = trap.log.last + 1
    trap.grant(stage.other, group.HAND_OVER, [stage.other.identity.lineage])
    told = await outcome(session, Part.of(trap.log, first))
    await _goes_on(session, trap)
    return told


async def _two_handovers(stage: Stage) -> str:
    """To one, then to another, then a name: nothing counts after the first."""
    session, trap = await _set_shared_trap(stage)
    first = trap.log.last + 1
    trap.hand_over(stage.other.identity.lineage)
    handed = trap.point(trap.log.last)
    trap.control(group.HAND_OVER, [trap.account[0]])
    trap.control(group.SET_NAME, [_NO])
    told = await outcome(session, Part.of(trap.log, first))
    other = await stage.other.link()
    log = trap.opening(stage.other, False, base=handed)
    trap.go_on(stage.other, log)
    expect("what was not taken", await other.show(Part.of(log)), [])
    await _goes_on(other, trap)
    other.leave()
    return told


# Openings by the home.

def _opens(is_forced: bool, said: Said = lambda trap: {}) -> Told:
    """An opening by the home that does not hold, and an honest record of the term before it."""
    async def tell(stage: Stage) -> str:
        session, trap = await set_trap(stage)
        log = trap.opening(stage.peer, is_forced, **said(trap))
        told = await outcome(session, Part.of(log))
        await _goes_on(session, trap)
        return told
    return tell


def _opens_and_waits(said: Said) -> Told:
    """The same of one that may come to hold: it waits, and the group goes on without it."""
    async def tell(stage: Stage) -> str:
        session, trap = await set_trap(stage)
        log = trap.opening(stage.peer, True, **said(trap))
        session.is_answering = False
        told = await outcome(session, Part.of(log))
        await _goes_on(session, trap)
        stage.forget(session)
        return told
    return tell


def _goes_back(said: Said) -> Told:
    """An opening on a record below the newest: the node makes anew what the group was there, and
    judges it when it comes again."""
    async def tell(stage: Stage) -> str:
        session, trap = await set_trap(stage)
        log = trap.opening(stage.peer, True, **said(trap))
        session.is_answering = False
        told = [await outcome(session, Part.of(log)) for _ in range(2)]
        session.is_answering = True
        await _goes_on(session, trap)
        return ", then ".join(told)
    return tell


async def _goes_back_again_and_again(stage: Stage, batches: int) -> str:
    """A group with many messages is made anew each time that such an opening has come."""
    session, trap = await set_trap(stage)
    texts = Log(trap.log.channel, stage.peer.identity.lineage, stage.peer.writer())
    texts.say({**text_event(after=trap.point(trap.log.last)), 5: {}}, body_of(b"x"))
    say_texts(texts, ["x"] * (batches * _BATCH_RECORDS_MAX - 1))
    for first in range(1, texts.last, _BATCH_RECORDS_MAX):
        part = Part.of(texts, first, first + _BATCH_RECORDS_MAX - 1)
        expect("what was not taken", await session.show(part), [])
    for number in range(_TIMES):
        log = trap.opening(stage.peer, True, base=trap.point(1), state=bytes([number]) * 32)
        session.served[tuple(log.wire())] = log
        await session.show(Part.of(log))
    await _goes_on(session, trap)
    return "borne"


async def _begins_without_an_opening(stage: Stage) -> str:
    session, trap = await set_trap(stage)
    later = Trap(stage.peer, trap.person, trap.account)
    later.log = Log(trap.log.channel, stage.peer.identity.lineage, 2, is_control=True)
    later.control(group.SET_NAME, [_NO])
    told = await outcome(session, Part.of(later.log))
    await _goes_on(session, trap)
    return told


async def _an_opening_within_a_term(stage: Stage) -> str:
    session, trap = await set_trap(stage)
    first = trap.log.last + 1
    args = [trap.point(trap.log.last), True, stage.peer.identity.lineage]
    trap.control(group.OPEN, args, actor=None, state=trap.state.hash())
    told = await outcome(session, Part.of(trap.log, first))
    await _goes_on(session, trap)
    return told


async def _opens_twice_in_one_log(stage: Stage) -> str:
    """Two openings of one term, both of which hold: the log is forked from its first record on."""
    session, trap = await set_trap(stage)
    one, other = (trap.opening(stage.peer, True) for _ in range(2))
    expect("what was not taken", await session.show(Part.of(one)), [])
    trap.go_on(stage.peer, other)
    trap.control(group.SET_NAME, [_NO])
    session.branches[tuple(other.wire())] = other
    told = await outcome(session, Part.of(other))
    await session.hear(frame.FORK)
    trap.person.laptop.saw_none({"event": {"name": _NO}})
    return told


async def _writes_on_above_the_base(stage: Stage) -> str:
    """Records of the term before, after a forced opening that the node has taken."""
    session, trap = await set_trap(stage)
    before, last = trap.log, trap.log.last
    trap.go_on(stage.peer, trap.opening(stage.peer, True))
    expect("what was not taken", await session.show(Part.of(trap.log)), [])
    late = Trap(stage.peer, trap.person, trap.account)
    late.log = before
    late.control(group.SET_NAME, [_NO])
    told = await outcome(session, Part.of(before, last + 1))
    await _goes_on(session, trap)
    return told


async def _an_event_on_a_void_record(stage: Stage) -> str:
    """An opening makes a record void, and Mallory goes on writing on that."""
    session, trap = await set_trap(stage)
    base, state = trap.point(trap.log.last), trap.state.copy()
    await _goes_on(session, trap)
    void = trap.point(trap.log.last)
    trap.state = state
    trap.go_on(stage.peer, trap.opening(stage.peer, True, base=base))
    await _is_taken(session, trap.log)
    await _goes_on(session, trap, _AGAIN)
    log = Log(trap.log.channel, stage.peer.identity.lineage, stage.peer.writer())
    newest = trap.point(trap.log.last)
    log.say({**text_event(after=newest), 5: {}}, body_of(b"first"))
    log.say(text_event(after=[*void[:2], b"\1" * 16]), body_of(_NO.encode()))
    log.say(text_event(), body_of(b"last"))
    told = await outcome(session, Part.of(log))
    await trap.person.laptop.sees(event("message", text="last"))
    trap.person.laptop.saw_none({"event": {"text": _NO}})
    return told


# Openings by the nominee, and by who is not.

def _succeeds(is_forced: bool, said: Said = lambda trap: {}, times: int = 1) -> Told:
    """An opening by the nominee that does not hold, and then one that does."""
    async def tell(stage: Stage) -> str:
        session, trap = await _set_shared_trap(stage)
        await _hand_over(session, trap, stage.other.identity.lineage)
        other = await stage.other.link()
        log = trap.opening(stage.other, is_forced, **said(trap))
        other.is_answering = False
        told = [await outcome(other, Part.of(log)) for _ in range(times)]
        (await _succeed(stage, trap)).leave()
        return ", then ".join(told)
    return tell


def _intrudes(is_forced: bool, is_in: bool, is_handed_over: bool = False) -> Told:
    """An opening by an organisation that nobody has named: it waits for a handover to it, and the
    group goes on without it; or another one was named, and has opened the term."""
    async def tell(stage: Stage) -> str:
        session, trap = await (_set_shared_trap(stage) if is_in else set_trap(stage))
        if is_handed_over:
            await _hand_over(session, trap, trap.account[0])
        other = await stage.other.link()
        other.is_answering = False
        told = await outcome(other, Part.of(trap.opening(stage.other, is_forced)))
        if not is_handed_over:
            await _goes_on(session, trap)
        return told
    return tell


async def _the_old_home_after_its_successor(stage: Stage) -> str:
    """A handover, the nominee's opening, and then one that the old home forces."""
    session, trap = await _set_shared_trap(stage)
    late = trap.opening(stage.peer, True)
    await _hand_over(session, trap, stage.other.identity.lineage)
    other = await _succeed(stage, trap)
    told = await outcome(session, Part.of(late))
    await _goes_on(other, trap)
    other.leave()
    return told


async def _the_old_home_before_its_successor(stage: Stage) -> str:
    """A handover, an opening that the old home forces below it, which is taken, and then the
    nominee's, which counts before that."""
    session, trap = await _set_shared_trap(stage)
    late = trap.opening(stage.peer, True)
    await _hand_over(session, trap, stage.other.identity.lineage)
    await _is_taken(session, late)
    other = await stage.other.link()
    trap.go_on(stage.other, trap.opening(stage.other, False))
    await _is_taken(other, trap.log)
    await _goes_on(other, trap)
    told = await outcome(session, Part.of(late))
    other.leave()
    return told


async def _a_founder_that_never_was(stage: Stage) -> str:
    """Who comes to a group is shown a later term first, which names somebody as the first home."""
    person = await stage.victim()
    session = await stage.subscribed()
    trap = Trap(stage.peer, person, await session.account(person.account.split("@")[0]))
    await trap.ask_in(session)
    log = trap.opening(stage.peer, True, founder=bytes(32))
    session.is_answering = False
    told = await outcome(session, Part.of(log))
    stage.forget(session)
    return told


def _lineage(stage: Stage, trap: Trap) -> bytes:
    return stage.other.identity.lineage


_HANDOVERS = [
    Lie("to another, without a lie", _to_another_and_on, "taken", NO_COUNTER),
    Lie("to who never was in", _hands_over(lambda stage, trap: bytes(32)), "taken", VOID),
    Lie("to the home itself", _hands_over(
        lambda stage, trap: stage.peer.identity.lineage), "taken", VOID),
    Lie("to who was put out", _to_who_was_put_out, "taken", VOID),
    Lie("by nobody", _hands_over(_lineage, lambda stage, trap: None), "taken", VOID),
    Lie("in the name of a member", _hands_over(
        _lineage, lambda stage, trap: stage.other.mallory), "taken", VOID),
    Lie("that a member asked for who is no owner", _by_request, "taken", VOID),
    Lie("after another one", _two_handovers, "taken", VOID),
]

_OPENINGS = [
    Lie("without a handover", _opens(False), "malformed", REFUSED),
    Lie("of another state", _opens(True, lambda trap: {"state": bytes(32)}), "malformed", REFUSED),
    Lie("of no state", _opens(True, lambda trap: {"state": None}), "malformed", REFUSED),
    Lie("that names another as the first home", _opens(
        True, lambda trap: {"founder": trap.account[0]}), "malformed", REFUSED),
    Lie("in somebody's name", _opens(
        True, lambda trap: {"header": {2: list(trap.peer.mallory)}}), "malformed", REFUSED),
    Lie("with V at record 0", _opens(True, lambda trap: {
        "header": {4: [[trap.account[0], 7, 0, bytes(16)]]}}), "malformed", REFUSED),
    Lie("with V twice for one log", _opens(True, lambda trap: {
        "header": {4: [[trap.account[0], 7, 1, bytes(16)]] * 2}}), "malformed", REFUSED),
    Lie("on a record of no term", _opens(
        True, lambda trap: {"base": [0, 1, bytes(16)]}), "log_unknown", REFUSED),
    Lie("on a record of its own term", _opens(
        True, lambda trap: {"base": [2, 1, bytes(16)]}), "log_unknown", REFUSED),
    Lie("whose arguments are none", _opens(
        True, lambda trap: {"header": {3: b"\xff"}}), "log_unknown", REFUSED),
    Lie("of term 0", _opens(True, lambda trap: {"term": 0}), "log_unknown", REFUSED),
    Lie("on a record that is not there", _opens_and_waits(
        lambda trap: {"base": [1, 99, bytes(16)]}), "log_held", WAITING),
    Lie("of a term that skips one", _opens_and_waits(
        lambda trap: {"term": 3, "base": [2, 1, bytes(16)]}), "log_held", WAITING),
    Lie("of term 2^64 - 1", _opens_and_waits(
        lambda trap: {"term": _FAR_TERM, "base": [_FAR_TERM - 1, 1, bytes(16)]}), "log_held",
        WAITING),
    Lie("on record 0", _opens(True, lambda trap: {"base": [1, 0, bytes(16)]}), "malformed",
        REFUSED),
    Lie("on another record than the one held", _opens(
        True, lambda trap: {"base": [1, 2, b"\1" * 16]}), "malformed", REFUSED),
    Lie("on an older record, of another state", _goes_back(
        lambda trap: {"base": trap.point(2)}), "log_held, then malformed", REFUSED),
    Lie("on an older record, 50 times", lambda stage: _goes_back_again_and_again(
        stage, 10 if stage.is_long else 2), "borne", REFUSED),
    Lie("in the place of which is another record", _begins_without_an_opening, "log_unknown",
        REFUSED),
    Lie("within a term", _an_opening_within_a_term, "taken", VOID),
    Lie("of a term that is open", _opens_twice_in_one_log, "chain_broken", REFUSED),
    Lie("above whose base the old term goes on", _writes_on_above_the_base, "taken", VOID),
    Lie("that makes void what an event stands on", _an_event_on_a_void_record, "taken", VOID),
    Lie("that names a first home who never was", _a_founder_that_never_was, "log_held", WAITING),
]

_SUCCESSIONS = [
    Lie("by force", _succeeds(True), "malformed", REFUSED, OTHER),
    Lie("of another state", _succeeds(False, lambda trap: {"state": bytes(32)}), "malformed",
        REFUSED, OTHER),
    Lie("that names itself as the first home", _succeeds(
        False, lambda trap: {"founder": trap.log.origin[::-1]}), "malformed", REFUSED, OTHER),
    Lie("on a record below the handover", _succeeds(
        False, lambda trap: {"base": trap.point(trap.log.last - 1)}, 2),
        "log_held, then malformed", REFUSED, OTHER),
    Lie("by who is not in", _intrudes(False, False), "log_held", WAITING, OTHER),
    Lie("by force, by who is not in", _intrudes(True, False), "log_held", WAITING, OTHER),
    Lie("by a member, without a handover", _intrudes(False, True), "log_held", WAITING, OTHER),
    Lie("by force, by a member", _intrudes(True, True), "log_held", WAITING, OTHER),
    Lie("by a member, after a handover to another", _intrudes(False, True, True), "log_unknown",
        REFUSED, OTHER),
    Lie("by the old home, after the nominee's", _the_old_home_after_its_successor, "log_unknown",
        REFUSED),
    Lie("by the old home, before the nominee's", _the_old_home_before_its_successor, "log_unknown",
        REFUSED),
]

TABLE = {
    "a handover": _HANDOVERS, "an opening": _OPENINGS, "a succession": _SUCCESSIONS,
}
