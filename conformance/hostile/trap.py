"""A group of Mallory's, with the liar's organisation as its home, to which somebody of the node is
invited and comes, and somebody of a third organisation (`docs/protocol/` section 7): the control
log, the proofs of the requests that it grants, and the openings of later terms. Honest, but for
what a lie makes them say."""

from __future__ import annotations

import base64
import os
from typing import Any

import paths  # noqa: F401  # makes the next three importable
import cbor
from check import digest, link, skip, var
from control import MEMBER, State
from histories import Header, Log, Part, Record, head_proof, link_channel, now_hybrid
from people import Person, event, expect
from peer import MALLORY, NAME, Peer, Session
from stage import Stage

GENESIS, INVITE, JOIN, LEAVE, REMOVE, SET_ROLE, SET_NAME, SET_TOPIC, COVER = range(1, 10)
HAND_OVER, OPEN = 19, 20
"""Kinds of control records."""
INVITATION = 3
"""The kind of an event."""

_REQUEST = 2
_ACT = 3
"""The kind of a request for a record of the control log."""
_LIMIT = 100


async def set_trap(stage: Stage) -> tuple[Session, Trap]:
    """A group of the liar's with somebody of the node in it."""
    person = await stage.victim()
    session = await stage.subscribed()
    account = await session.account(person.account.split("@")[0])
    trap = Trap(stage.peer, person, account)
    await trap.catch(session)
    return session, trap


class Trap:
    """The group."""

    def __init__(self, peer: Peer, person: Person, account: tuple[bytes, int]) -> None:
        self.peer = peer
        self.home = peer
        self.person = person
        self.account = account
        self.name = "trap"
        header = {0: now_hybrid(), 1: GENESIS, 2: list(peer.mallory), 3: self._genesis()}
        record = _control_record(header)
        self.log = Log(record.inner(), peer.identity.lineage, 1, is_control=True)
        self.log.append(record, header[0])
        self.state = State(
            peer.identity.organisation(), peer.mallory, label_of(peer), self.name, _LIMIT
        )
        self._invited: list[Any] = []

    @property
    def channel(self) -> str:
        """Its id as clients write it."""
        return base64.urlsafe_b64encode(self.log.channel).rstrip(b"=").decode()

    def control(self, kind: int, args: Any = None, **more: Any) -> int:
        """Appends a record; `actor`, `time`, `cover`, `state` and `request` are optional."""
        at = more.get("time", self.log.next_time())
        header: Header = {0: at, 1: kind}
        actor = more.get("actor", self.home.mallory)
        if actor is not None:
            header[2] = list(actor)
        if args is not None:
            header[3] = args if isinstance(args, bytes) else cbor.encode(args)
        for key, name in ((4, "cover"), (5, "state"), (6, "request")):
            if name in more:
                header[key] = more[name]
        self.log.append(_control_record(header), at)
        return self.log.last

    def invite(self) -> None:
        """Invites the person, in the group's log."""
        self._invite(self.account, self.person.account, MEMBER)
        self._invited = self.point(self.log.last)

    def invitation(self) -> Part:
        """Tells of the invite, in the link channel."""
        args = cbor.encode([
            self.log.channel, self._invited, self.account[1], label_of(self.peer), self.name,
        ])
        return self.peer.link_part({1: 0, 2: INVITATION, 4: args})

    def point(self, seq: int) -> list[Any]:
        """A control point of the group, in the newest term."""
        return [self.log.number, seq, self.log.hashes[seq][:16]]

    async def catch(self, session: Session) -> None:
        """Invites, lets the person accept, and takes him in."""
        await self.ask_in(session)
        await self.take_in(session)

    async def ask_in(self, session: Session) -> None:
        """Invites the person, who accepts."""
        self.invite()
        expect("what was not taken", await session.show(self.invitation()), [])
        await self.person.laptop.sees(event("invited", account=self.person.account))
        await self.person.laptop.do("accept", channel=self.channel)

    async def take_in(self, session: Session) -> None:
        """Takes in the person, who has accepted."""
        node = session.peer.node
        organisation = [node.domain, node.public, node.recovery, []]
        self._join(self.account, organisation, await self._request(session))
        expect("what was not taken", await session.show(Part.of(self.log)), [])
        await self.person.laptop.sees(event("joined", account=self.person.account))

    def admit(self, other: Peer, role: int = MEMBER) -> None:
        """Takes in Mallory of another organisation, at his own request."""
        self._invite(other.mallory, label_of(other), role)
        accept = cbor.encode([0, [self.log.channel, self.point(self.log.last)]])
        lineages = sorted((other.identity.lineage, self.peer.identity.lineage))
        asked = Log(link_channel(*lineages), other.identity.lineage, other.writer())
        asked.say({1: MALLORY, 2: _REQUEST, 4: accept, 5: {2: lineages}})
        self._join(other.mallory, other.identity.organisation(), request_of(other, asked))

    def grant(self, other: Peer, kind: int, args: Any) -> int:
        """Grants Mallory of another organisation what he has asked for in the group."""
        data = cbor.encode(args)
        asked = Log(self.log.channel, other.identity.lineage, other.writer())
        wish = cbor.encode([_ACT, [kind, data]])
        asked.say({1: MALLORY, 2: _REQUEST, 3: self.point(self.log.last), 4: wish, 5: {}})
        return self.control(kind, data, actor=other.mallory, request=request_of(other, asked))

    def put_out(self, account: tuple[bytes, int]) -> None:
        """Removes a member."""
        seq = self.control(REMOVE, [list(account)])
        self.state.remove(account, [self.log.number, seq])

    def rename(self, name: str) -> None:
        """Gives it another name."""
        self.control(SET_NAME, [name])
        self.state.rename(name)

    def cover(self, *entries: list[Any]) -> None:
        """States V."""
        self.control(COVER, actor=None, cover=list(entries))
        self.state.cover(list(entries))

    def hand_over(self, nominee: bytes) -> None:
        """Names the next home."""
        self.control(HAND_OVER, [nominee])
        self.state.hand_over(nominee)

    def opening(self, by: Peer, is_forced: bool, **said: Any) -> Log:
        """The log of the next term with its opening; `said` makes that say something else: `term`,
        `base`, `founder`, `state`, or more of the `header`."""
        term = said.get("term", self.log.number + 1)
        log = Log(self.log.channel, by.identity.lineage, term, is_control=True)
        base = said.get("base", self.point(self.log.last))
        args = [base, is_forced, said.get("founder", self.peer.identity.lineage)]
        header: Header = {0: now_hybrid(), 1: OPEN, 3: cbor.encode(args)}
        state = said.get("state", self.state.hash())
        if state is not None:
            header[5] = state
        log.append(_control_record({**header, **said.get("header", {})}), header[0])
        return log

    def go_on(self, by: Peer, log: Log) -> None:
        """The next term has begun, and somebody is home."""
        self.log, self.home = log, by
        self.state.open(by.identity.lineage)

    def _invite(self, account: tuple[bytes, int], label: str, role: int) -> None:
        seq = self.control(INVITE, [list(account), label, role])
        self.state.invite(account, label, role, self.point(seq))

    def _join(self, account: tuple[bytes, int], organisation: list[Any], request: Any) -> None:
        args, state = [list(account), None, organisation], self.state.hash()
        seq = self.control(JOIN, args, actor=account, state=state, request=request)
        self.state.join(account, organisation, [self.log.number, seq], request)

    async def _request(self, session: Session) -> dict[int, Any]:
        """The proof of the person's accept, which is the last record of what is fed."""
        accept = cbor.encode([0, [self.log.channel, self._invited]])
        while True:
            for batch in session.batches:
                for part in batch[1]:
                    last = cbor.decode(part[2][-1][0])
                    if last.get(2) == _REQUEST and last.get(4) == accept:
                        return _proof(session, batch, part)
            await session.more()

    def _genesis(self) -> bytes:
        peer = self.peer
        return cbor.encode([
            1, os.urandom(32), peer.identity.organisation(), list(peer.mallory),
            label_of(peer), _LIMIT, self.name, "",
        ])


def label_of(peer: Peer) -> str:
    """How clients write Mallory of an organisation."""
    return f"{NAME}@{peer.identity.domain}"


def request_of(peer: Peer, log: Log) -> dict[int, Any]:
    """The proof of the newest event of a peer's log, which asks for something."""
    seq = log.last
    record = log.records[seq - 1]
    return {
        0: log.channel, 1: log.number, 2: seq, 3: record.header, 4: record.body_hash(),
        5: log.links(seq, seq), 6: head_proof(peer.identity, log, seq),
    }


def _control_record(header: Header) -> Record:
    return Record(cbor.encode(header), [os.urandom(32), "", b""])


def _proof(session: Session, batch: Any, part: Any) -> dict[int, Any]:
    """Of the last record of a part that was fed: from the head down to it is one link."""
    log, first, records, head, time, checkpoint, inclusion = part[:7]
    hashes, inner = [bytes(32)], b""
    name = {"channel": log[0].hex(), "origin": log[2].hex(), "writer": log[3]}
    for seq, (header, body) in enumerate(session.records(log), start=1):
        body_hash = body if isinstance(body, bytes) else Record(header, list(body)).body_hash()
        inner = digest("inner", var(header), body_hash)
        hashes.append(link(name, seq, hashes[seq - 1], hashes[skip(seq)], inner))
        if seq == first + len(records) - 1:
            break
    if hashes[seq] != head:
        raise AssertionError("the node's log does not lead to its head")
    return {
        0: log[0], 1: log[3], 2: seq, 3: records[-1][0],
        4: Record(header, list(body)).body_hash(),
        5: [[hashes[seq - 1], hashes[skip(seq)], inner]],
        6: [seq, head, time, list(inclusion), batch[0][checkpoint]],
    }

