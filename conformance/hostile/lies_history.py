"""Lies in answers to an ask for history: pages that skip, repeat and reverse, that are of another
log, reach too far or say nothing without end, and proofs that prove something else
(`docs/protocol/` section 8.7)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Awaitable, Callable

import paths  # noqa: F401  # makes the next three importable
import peer as frame
from histories import Log, body_of, head_proof
from identity import Identity
from check import skip
from people import expect
from peer import Session, say_texts, text_event
from stage import LIAR, NO_COUNTER, REFUSED, SEEDS, Lie, Stage
from trap import Trap

_TEXTS = 6
_HALF = 3
_NO = "this must not be read"
_ASKS_MAX = 4
"""How often the node may ask for what it was just not given, before it waits."""
_QUIET_S = 0.5
_OFFERS = 64
_FAR = (1 << 64) - 1

Range = list[Any]
Told = Callable[[Stage], Awaitable[str]]


@dataclass
class Past:
    """A group with texts of Mallory's below V, and somebody of the node who came in above it: his
    node asks for them."""

    stage: Stage
    session: Session
    trap: Trap
    log: Log
    asks: int = 0

    @staticmethod
    async def of(stage: Stage, texts: int = _TEXTS) -> Past:
        """Such a group, on a link of its own."""
        person = await stage.victim()
        stage.end_session()
        session = await stage.peer.link()
        await session.subscribe()
        trap = Trap(stage.peer, person, await session.account(person.account.split("@")[0]))
        log = Log(trap.log.channel, stage.peer.identity.lineage, stage.peer.writer())
        log.say({**text_event(after=trap.point(1)), 5: {}}, body_of(b"text 1"))
        say_texts(log, [f"text {n}" for n in range(2, texts + 1)])
        stage.peer.pasts = {log.channel}
        trap.cover([log.origin, log.number, log.last, log.hashes[-1][:16]])
        await trap.catch(session)
        # It may have been asked while something else was waited for.
        session.hear_again()
        return Past(stage, session, trap, log)

    async def asked(self, seconds: float = 20.0) -> int:
        """Waits until the node asks; up to which record."""
        channel, logs = b"", ()
        while channel != self.log.channel:
            channel, logs, _ = (await self.session.hear(frame.HISTORY, seconds))[1][0]
        self.asks += 1
        return next((until for _, writer, until, _ in logs if writer == self.log.number), 0)

    def says(
        self, *ranges: Range, missing: Any = (), ends: Any = (), channel: bytes = b""
    ) -> None:
        """Answers."""
        fields = [channel or self.log.channel, list(ranges), list(missing)]
        if ends is not None:
            fields.append(list(ends))
        self.session.say(frame.BACKFILL, fields)

    def part(self, first: int, last: int, of: Log | None = None, **said: Any) -> Range:
        """Records of the log as history; `said` makes it say something else."""
        log = of or self.log
        before: list[Any] = [0]
        if first > 1:
            before = [log.times[first - 2], [1, self.trap_point()]]
        records = [[record.header, record.body] for record in log.records[first - 1 : last]]
        parts = {
            "log": [log.origin, log.number], "first": first, "records": records,
            "below": [[seq, log.hashes[seq]] for seq in live(first - 1)], "before": before,
            "start": self.start(last) if last == log.last else None, **said,
        }
        return [part for part in parts.values() if part is not None]

    def start(self, last: int, log: Log | None = None, **said: Any) -> list[Any]:
        """What proves the newest record; `said` makes it say something else."""
        log = log or self.log
        head = head_proof(self.stage.peer.identity, log, last)
        return list({"links": log.links(last, 1), "above": [], "head": head, **said}.values())

    def trap_point(self) -> list[Any]:
        """What the log has stated."""
        return [1, 1, self.trap.log.hashes[1][:16]]

    async def hears(self, answer: Callable[[Past], None]) -> None:
        """Says something, and waits until it is counted or would have been."""
        deadline = asyncio.get_running_loop().time() + _QUIET_S
        before = await self.stage.counted(REFUSED)
        answer(self)
        while await self.stage.counted(REFUSED) == before:
            if asyncio.get_running_loop().time() > deadline:
                return

    async def fills(self) -> str:
        """On another link the node is told all, and shows it: whatever it was told before."""
        self.session.leave()
        self.session = await self.stage.peer.link()
        self.session.hear_again()
        telling = asyncio.create_task(self._tell_all())
        shown = await self.trap.person.laptop.whole(self.trap.channel)
        telling.cancel()
        texts = [one["text"] for one in shown if one["kind"] == "message"]
        expect("what is shown", texts, [f"text {n}" for n in range(1, self.log.last + 1)])
        self.session.leave()
        return "filled later"

    async def _tell_all(self) -> None:
        while True:
            until = await self.asked()
            self.says(*([self.part(1, until)] if until else []))


def live(last: int) -> list[int]:
    """The records up to `last` that a later one names, and itself."""
    named = {skip(later) for later in range(last + 1, 3 * last + 3)} | {last}
    return sorted(seq for seq in named if 0 < seq <= last)


def _answers(answer: Callable[[Past], None], is_first: bool = True) -> Told:
    """An answer that lies, to the first ask or, where the first page was honest, to the next. What
    the node did with it shows on another link, where it is told the truth."""
    async def tell(stage: Stage) -> str:
        past = await Past.of(stage)
        expect("up to where is asked", await past.asked(), _TEXTS)
        if not is_first:
            past.says(past.part(_HALF + 1, _TEXTS))
            expect("up to where is asked", await past.asked(), _HALF)
        await past.hears(answer)
        return await past.fills()
    return tell


def _page(first: int = 1, last: int = _TEXTS, **said: Any) -> Callable[[Past], None]:
    """So many records; what it says of them is something else where that is said."""
    return lambda past: past.says(past.part(first, last, **said))


def _page_from(seq: int) -> Callable[[Past], None]:
    """All records, as if they began at another one."""
    def answer(past: Past) -> None:
        part = past.part(1, _TEXTS)
        part[1] = seq
        past.says(part)
    return answer


def _start(**said: Any) -> Callable[[Past], None]:
    """All of it, with a start that proves something else."""
    return lambda past: past.says(past.part(1, _TEXTS, start=past.start(_TEXTS, **said)))


def _other_log(past: Past) -> Log:
    """Another log of Mallory's in the group, as long."""
    other = Log(past.log.channel, past.log.origin, past.stage.peer.writer())
    other.say({**text_event(after=past.trap_point()), 5: {}}, body_of(_NO.encode()))
    say_texts(other, [_NO] * (_TEXTS - 1))
    return other


def _of_another_log(past: Past) -> None:
    """Its records under the name of the log that was asked for."""
    other = _other_log(past)
    past.says(past.part(1, _TEXTS, other, log=[past.log.origin, past.log.number]))


def _proven_by_another_log(past: Past) -> None:
    other = _other_log(past)
    past.says(past.part(1, _TEXTS, start=past.start(_TEXTS, other)))


def _head_of_another_log(past: Past) -> None:
    head = head_proof(past.stage.peer.identity, _other_log(past), _TEXTS)
    past.says(past.part(1, _TEXTS, start=past.start(_TEXTS, head=head)))


def _head_below(past: Past) -> None:
    """Signed at a record below the one that it should prove."""
    head = head_proof(past.stage.peer.identity, past.log, _HALF)
    past.says(past.part(1, _TEXTS, start=past.start(_TEXTS, head=head)))


def _head_by(key: int) -> Callable[[Past], None]:
    def answer(past: Past) -> None:
        own = past.stage.peer.identity
        forger = Identity(LIAR, Identity.of(LIAR, key).key, own.recovery)
        head = head_proof(forger, past.log, _TEXTS)
        past.says(past.part(1, _TEXTS, start=past.start(_TEXTS, head=head)))
    return answer


def _checkpoint(**said: Any) -> Callable[[Past], None]:
    """A head under a checkpoint that says something else."""
    def answer(past: Past) -> None:
        head = head_proof(past.stage.peer.identity, past.log, _TEXTS, **said)
        past.says(past.part(1, _TEXTS, start=past.start(_TEXTS, head=head)))
    return answer


def _records(change: Callable[[list[Any]], Any]) -> Callable[[Past], None]:
    """A page whose records are changed after it was made."""
    def answer(past: Past) -> None:
        records = [[one.header, one.body] for one in past.log.records]
        past.says(past.part(1, _TEXTS, records=change(records)))
    return answer


def _below(change: Callable[[list[Any]], Any]) -> Callable[[Past], None]:
    """A newest page whose hashes below it are changed."""
    def answer(past: Past) -> None:
        part = past.part(_HALF + 1, _TEXTS)
        part[3] = change(part[3])
        past.says(part)
    return answer


def _foreign_group(past: Past) -> None:
    past.says(past.part(1, _TEXTS), channel=bytes(32))
    past.says(ends=None)


async def _untrue_before(stage: Stage) -> str:
    """The newest page says of what lies below it what is not so; the next one tells."""
    past = await Past.of(stage)
    await past.asked()
    before = [past.log.times[_HALF - 1] - 1, [1, past.trap_point()]]
    past.says(past.part(_HALF + 1, _TEXTS, before=before))
    until = await past.asked()
    await past.hears(lambda past: past.says(past.part(1, until)))
    return await past.fills()


def _again_and_again(answer: Callable[[Past, int], None]) -> Told:
    """Answers that say nothing: the node asks at most so often before it waits."""
    async def tell(stage: Stage) -> str:
        past = await Past.of(stage)
        try:
            while past.asks < 10 * _ASKS_MAX:
                answer(past, await past.asked(_QUIET_S if past.asks else 20.0))
        except (asyncio.TimeoutError, TimeoutError):
            pass
        if past.asks > _ASKS_MAX:
            return f"asked {past.asks} times and more"
        return await past.fills()
    return tell


def _lacks_strangers(past: Past, until: int) -> None:
    """Nothing, and what it does not have are logs that nobody asked for."""
    strangers = [[past.log.origin, past.asks * 1_000 + number] for number in range(500)]
    past.says(missing=strangers)


def _spoils_strangers(past: Past, until: int) -> None:
    """A range of a log of the group that nobody asked for, and that holds nothing."""
    other = _other_log(past)
    past.says(past.part(1, _TEXTS, other))


def _reaches_far(past: Past, until: int) -> None:
    """Nothing, and its own logs go on for ever."""
    past.says(ends=[[number + 1, _FAR] for number in range(512)])


async def _offers(stage: Stage) -> str:
    """Page after page that nobody has asked for, of a group that is shared and of others."""
    past = await Past.of(stage)
    page = past.part(1, _TEXTS, records=[[b"\xa0", body_of(bytes(65_536))]] * 8)

    def offer(past: Past) -> None:
        for number in range(_OFFERS):
            past.says(page, channel=past.log.channel if number % 2 else bytes([number]) * 32)
    await past.hears(offer)
    return await past.fills()


async def _by_who_is_not_in(stage: Stage) -> str:
    """Another organisation offers the group's history."""
    past = await Past.of(stage)
    other = await stage.other.link()
    other.say(frame.BACKFILL, [past.log.channel, [past.part(1, _TEXTS)], [], []])
    await other.look_up("nobody")
    other.leave()
    return await past.fills()


_PAGES = [
    Lie("honest, in two pages", _answers(_page(1, _HALF), False), "filled later", NO_COUNTER),
    Lie("that skips the newest", _answers(_page(1, _TEXTS - 1, start=None)), "filled later",
        REFUSED),
    Lie("that skips some below the one before", _answers(_page(1, _HALF - 1), False),
        "filled later", REFUSED),
    Lie("that reaches past what was asked", _answers(_page_from(2)), "filled later", REFUSED),
    Lie("that repeats the one before", _answers(_page(_HALF + 1, _TEXTS), False),
        "filled later", NO_COUNTER),
    Lie("that goes backwards", _answers(_records(lambda records: records[::-1])), "filled later",
        REFUSED),
    Lie("that leaves one out", _answers(_records(lambda records: [
        *records[:2], *records[3:], records[5]])), "filled later", REFUSED),
    Lie("with a changed text", _answers(_records(lambda records: [
        [records[0][0], body_of(_NO.encode())], *records[1:]])), "filled later", REFUSED),
    Lie("from record 0", _answers(_page_from(0)), "filled later", REFUSED),
    Lie("from record 2^64 - 1", _answers(_page_from(_FAR)), "filled later", REFUSED),
    Lie("of another log", _answers(_of_another_log), "filled later", REFUSED),
    Lie("of a log of the node's own", _answers(lambda past: past.says(
        past.part(1, _TEXTS, log=[past.trap.account[0], 7]))), "filled later", REFUSED),
    Lie("of a group of nobody", _answers(_foreign_group), "filled later", NO_COUNTER),
    Lie("over other hashes", _answers(_below(
        lambda below: [[seq, b"\1" * 32] for seq, _ in below])), "filled later", REFUSED),
    Lie("over no hashes", _answers(_below(lambda below: [])), "filled later", REFUSED),
    Lie("over 128 hashes", _answers(_below(
        lambda below: [[n + 1, b"\1" * 32] for n in range(128)])), "filled later", REFUSED),
    Lie("of a log that had stated what comes later", _answers(_page(
        _HALF + 1, before=[1, [_TEXTS, [1, 1, bytes(16)]]])), "filled later", REFUSED),
    Lie("of a log that had stated something before its first", _answers(_page(
        before=[1, [1, [1, 1, bytes(16)]]])), "filled later", REFUSED),
    Lie("that is wrong about what lies below it", _untrue_before, "filled later", REFUSED),
]

_PROOFS = [
    Lie("none", _answers(_page(start=None)), "filled later", REFUSED),
    Lie("links that are none", _answers(_start(links=[[bytes(32)] * 3] * 3)), "filled later",
        REFUSED),
    Lie("links of another log", _answers(_proven_by_another_log), "filled later", REFUSED),
    Lie("a head of another log", _answers(_head_of_another_log), "filled later", REFUSED),
    Lie("a head below the page", _answers(_head_below), "filled later", REFUSED),
    Lie("a head by another key", _answers(_head_by(SEEDS[LIAR] + 5)), "filled later", REFUSED),
    Lie("a checkpoint of another root", _answers(_checkpoint(root=bytes(32))), "filled later",
        REFUSED),
    Lie("a checkpoint of another lineage", _answers(_checkpoint(lineage=bytes(32))),
        "filled later", REFUSED),
    Lie("a checkpoint of version 2", _answers(_checkpoint(version=2)), "filled later", REFUSED),
    Lie("links from above where there is nothing", _answers(
        _start(above=[[bytes(32)] * 3] * 3)), "filled later", REFUSED),
]

_ANSWERS = [
    Lie("nothing, again and again", _again_and_again(lambda past, until: past.says()),
        "filled later", NO_COUNTER),
    Lie("not yet, again and again", _again_and_again(
        lambda past, until: past.says(ends=None)), "filled later", NO_COUNTER),
    Lie("that it lacks logs of nobody, again and again", _again_and_again(_lacks_strangers),
        "filled later", NO_COUNTER),
    Lie("a log that nobody asked for, again and again", _again_and_again(_spoils_strangers),
        "filled later", REFUSED),
    Lie("that its logs go on for ever", _again_and_again(_reaches_far), "filled later", REFUSED),
    Lie("64 pages that nobody asked for", _offers, "filled later", NO_COUNTER),
    Lie("a page, by who is not in", _by_who_is_not_in, "filled later", NO_COUNTER),
]

TABLE = {
    "a page of history": _PAGES, "a proof of history": _PROOFS, "asked for history, it says":
    _ANSWERS,
}
