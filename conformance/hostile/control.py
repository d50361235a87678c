"""The control state of a group (`docs/protocol/` section 7.6), as much of it as the liar's groups
come to: openings and admissions state its hash. It must not judge a record; whoever writes one that
is void does not tell it."""

from __future__ import annotations

import copy
from typing import Any

import paths  # noqa: F401  # makes the next two importable
import cbor
from check import digest, var

MEMBER, MODERATOR, OWNER = range(3)
"""Roles."""

Account = tuple[bytes, int]
Place = list[int]

_VERSION, _HOME, _ORGANISATIONS, _MEMBERS, _NAME, _TOPIC, _LIMIT, _COVER, _ANSWERED = range(9)
_JOIN_RULE, _POSTING, _ARCHIVED, _POSTS, _SINCE_JOINING = range(9, 14)
_NOMINEE = 15
_INVITE, _STAYS, _ROLES = 1, 2, 3


class State:
    """What the records of a control log come to."""

    def __init__(
        self, organisation: list[Any], owner: Account, label: str, name: str, limit: int
    ) -> None:
        home = owner[0]
        member = [label, None, [[[1, 1], None]], [[[1, 1], OWNER]], False]
        self._fields: dict[int, Any] = {
            _VERSION: 1, _HOME: home, _ORGANISATIONS: {home: organisation},
            _MEMBERS: {owner: member}, _NAME: name, _TOPIC: "", _LIMIT: limit, _COVER: {},
            _ANSWERED: {}, _JOIN_RULE: [0, []], _POSTING: MEMBER, _ARCHIVED: False, _POSTS: [],
            _SINCE_JOINING: False,
        }

    def hash(self) -> bytes:
        """What an opening or an admission states of it."""
        return digest("state", var(cbor.encode(self._fields)))

    def copy(self) -> State:
        """The state as it is, which stays so."""
        return copy.deepcopy(self)

    def invite(self, account: Account, label: str, role: int, point: list[Any]) -> None:
        """Somebody is invited."""
        self._fields[_MEMBERS][account] = [label, [point, role], [], [], False]

    def join(self, account: Account, organisation: list[Any], place: Place, request: Any) -> None:
        """Who is invited comes in, with an organisation, by a request."""
        member = self._fields[_MEMBERS][account]
        member[_ROLES].append([place, member[_INVITE][1]])
        member[_STAYS].append([place, None])
        member[_INVITE] = None
        self._fields[_ORGANISATIONS][account[0]] = organisation
        self._fields[_ANSWERED][request[0], account[0], request[1]] = request[2]

    def remove(self, account: Account, place: Place) -> None:
        """A member is put out."""
        self._fields[_MEMBERS][account][_STAYS][-1][1] = place

    def rename(self, name: str) -> None:
        """It has another name."""
        self._fields[_NAME] = name

    def cover(self, entries: list[list[Any]]) -> None:
        """V is stated."""
        for origin, writer, seq, hash_ in entries:
            self._fields[_COVER][origin, writer] = [seq, hash_]

    def hand_over(self, nominee: bytes) -> None:
        """Somebody else is to be home."""
        self._fields[_NOMINEE] = nominee

    def open(self, home: bytes) -> None:
        """The next term begins."""
        self._fields[_HOME] = home
        self._fields.pop(_NOMINEE, None)
