"""A group of Mallory's, with the liar's organisation as its home, to which somebody of the node is
invited and comes (`docs/protocol/` section 7): the control log, the proof of the request that it
grants, and the control state of which the join states the hash. Honest up to there."""

from __future__ import annotations

import base64
import os
from typing import Any

import paths  # noqa: F401  # makes the next three importable
import cbor
from check import digest, link, skip, var
from histories import Header, Log, Part, Record, now_hybrid
from people import Person, event, expect
from peer import NAME, Peer, Session

GENESIS, INVITE, JOIN, LEAVE, REMOVE, SET_ROLE, SET_NAME, SET_TOPIC, COVER = range(1, 10)
"""Kinds of control records."""
INVITATION = 3
"""The kind of an event."""

_REQUEST = 2
_MEMBER, _OWNER = 0, 2
_LIMIT = 100


class Trap:
    """The group."""

    def __init__(self, peer: Peer, person: Person, account: tuple[bytes, int]) -> None:
        self.peer = peer
        self.person = person
        self.account = account
        self.name = "trap"
        header = {0: now_hybrid(), 1: GENESIS, 2: list(peer.mallory), 3: self._genesis()}
        record = _control_record(header)
        self.log = Log(record.inner(), peer.identity.lineage, 1, is_control=True)
        self.log.append(record, header[0])

    @property
    def channel(self) -> str:
        """Its id as clients write it."""
        return base64.urlsafe_b64encode(self.log.channel).rstrip(b"=").decode()

    def control(self, kind: int, args: Any = None, **more: Any) -> int:
        """Appends a record; `actor`, `time`, `cover`, `state` and `request` are optional."""
        at = more.get("time", self.log.next_time())
        header: Header = {0: at, 1: kind}
        actor = more.get("actor", self.peer.mallory)
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
        self.control(INVITE, [list(self.account), self.person.account, _MEMBER])

    def invitation(self) -> Part:
        """Tells of the invite, in the link channel."""
        args = cbor.encode([
            self.log.channel, self.point(2), self.account[1],
            f"{NAME}@{self.peer.identity.domain}", self.name,
        ])
        return self.peer.link_part({1: 0, 2: INVITATION, 4: args})

    def point(self, seq: int) -> list[Any]:
        """A control point of the group."""
        return [1, seq, self.log.hashes[seq][:16]]

    async def catch(self, session: Session) -> None:
        """Invites, lets the person accept, and takes him in."""
        self.invite()
        expect("what was not taken", await session.show(self.invitation()), [])
        await self.person.laptop.sees(event("invited", account=self.person.account))
        await self.person.laptop.do("accept", channel=self.channel)
        request = await self._request(session)
        organisation = self._organisation(session)
        args = [list(self.account), None, organisation]
        state = digest("state", var(cbor.encode(self._state())))
        self.control(JOIN, args, actor=self.account, state=state, request=request)
        expect("what was not taken", await session.show(Part.of(self.log)), [])
        await self.person.laptop.sees(event("joined", account=self.person.account))

    async def _request(self, session: Session) -> dict[int, Any]:
        """The proof of the person's accept, which is the last record of what is fed."""
        accept = cbor.encode([0, [self.log.channel, self.point(2)]])
        while True:
            for batch in session.batches:
                for part in batch[1]:
                    last = cbor.decode(part[2][-1][0])
                    if last[2] == _REQUEST and last.get(4) == accept:
                        return _proof(session, batch, part)
            await session.more()

    def _organisation(self, session: Session) -> list[Any]:
        node = session.peer.node
        return [node.domain, node.public, node.recovery, []]

    def _genesis(self) -> bytes:
        peer = self.peer
        return cbor.encode([
            1, os.urandom(32), peer.identity.organisation(), list(peer.mallory),
            f"{NAME}@{peer.identity.domain}", _LIMIT, self.name, "",
        ])

    def _state(self) -> dict[int, Any]:
        """The control state before the join."""
        lineage, owner = self.peer.identity.lineage, self.peer.mallory
        label = f"{NAME}@{self.peer.identity.domain}"
        members = {
            owner: [label, None, [[[1, 1], None]], [[[1, 1], _OWNER]], False],
            self.account: [self.person.account, [self.point(2), _MEMBER], [], [], False],
        }
        return {
            0: 1, 1: lineage, 2: {lineage: self.peer.identity.organisation()}, 3: members,
            4: self.name, 5: "", 6: _LIMIT, 7: {}, 8: {}, 9: [0, []], 10: _MEMBER, 11: False,
            12: [], 13: False,
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

