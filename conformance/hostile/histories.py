"""Logs that a peer writes: records, their chain, heads, the tree that proves them, and the ranges
of a batch (`docs/protocol/` sections 3, 5.1 and 8.4). Whole until somebody changes them; it must
not send anything."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from typing import Any, Sequence

import paths  # noqa: F401  # makes the next two importable
import cbor
from check import digest, leaf, link, skip, var
from identity import Identity

TEXT_TYPE = "text/plain;charset=utf-8"
_CONTROL, _MESSAGE = 0, 1

Header = dict[int, Any]


def now_hybrid(ahead_ms: int = 0) -> int:
    """The clock's reading as a hybrid time."""
    return int(time.time() * 1000) + ahead_ms << 16


def direct_channel(one: tuple[bytes, int], other: tuple[bytes, int]) -> bytes:
    """The channel of two accounts."""
    return digest("dirch", *(part for side in sorted((one, other)) for part in side))


def link_channel(one: bytes, other: bytes) -> bytes:
    """The channel of two organisations."""
    return digest("lnkch", *sorted((one, other)))


def body_of(text: bytes, content_type: str = TEXT_TYPE) -> list[Any]:
    """A body as it travels: its salt, its type, its bytes."""
    return [os.urandom(32), 0 if content_type == TEXT_TYPE else content_type, text]


def empty_body() -> list[Any]:
    """Of an event without a body; it has a salt all the same."""
    return [os.urandom(32), "", b""]


@dataclass
class Record:
    """A header and a body; a control record has an empty one."""

    header: bytes
    body: list[Any]

    def body_hash(self) -> bytes:
        """What stands for the body in the chain."""
        salt, content_type, data = self.body
        name = TEXT_TYPE if content_type == 0 else content_type
        return digest("bodyh", salt, var(name.encode()), var(data))

    def inner(self) -> bytes:
        """What the chain binds."""
        return digest("inner", var(self.header), self.body_hash())


@dataclass
class Log:
    """A log from its first record on, with the hashes of its chain from before it on."""

    channel: bytes
    origin: bytes
    number: int
    is_control: bool = False
    records: list[Record] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=lambda: [bytes(32)])

    @property
    def last(self) -> int:
        """The newest record's number."""
        return len(self.records)

    def wire(self) -> list[Any]:
        """Its name as frames have it."""
        return [self.channel, _CONTROL if self.is_control else _MESSAGE, self.origin, self.number]

    def named(self) -> dict[str, Any]:
        """Its name as the vectors have it."""
        names = ("home", "term") if self.is_control else ("origin", "writer")
        values = (self.origin.hex(), self.number)
        return {"channel": self.channel.hex(), **dict(zip(names, values))}

    def append(self, record: Record, at: int) -> None:
        """Adds a record whose header states the time `at`."""
        seq = self.last + 1
        previous, skipped = self.hashes[seq - 1], self.hashes[skip(seq)]
        self.records.append(record)
        self.times.append(at)
        self.hashes.append(link(self.named(), seq, previous, skipped, record.inner()))

    def say(self, header: Header, body: list[Any] | None = None) -> int:
        """Adds an event; its time, where it has none, is the next. Its number."""
        header = {0: self.next_time(), **header}
        record = Record(cbor.encode(header), empty_body() if body is None else body)
        self.append(record, header[0])
        return self.last

    def next_time(self) -> int:
        """A time that is higher than the log's last."""
        return max(now_hybrid(), (self.times[-1] + 1) if self.times else 0)

    def links(self, top: int, target: int) -> list[list[bytes]]:
        """The path from a record down to another."""
        found, at = [], top
        while True:
            record = self.records[at - 1]
            found.append([self.hashes[at - 1], self.hashes[skip(at)], record.inner()])
            if at == target:
                return found
            at = skip(at) if skip(at) >= target else at - 1

    def copy(self) -> Log:
        """Another log that begins in the same way."""
        return Log(
            self.channel, self.origin, self.number, self.is_control,
            list(self.records), list(self.times), list(self.hashes),
        )


@dataclass
class Part:
    """Consecutive records of a log with the head that proves them, as they go into a batch. What is
    stated may be made another than what is so."""

    log: list[Any]
    first: int
    records: list[list[Any]]
    seq: int
    hash: bytes
    time: int
    named: dict[str, Any]
    blind: bytes = field(default_factory=lambda: os.urandom(16))

    @staticmethod
    def of(log: Log, first: int = 1, last: int | None = None) -> Part:
        """The records of a log from one on, to the last or another one."""
        last = log.last if last is None else last
        records = [[record.header, record.body] for record in log.records[first - 1 : last]]
        return Part(
            log.wire(), first, records, last, log.hashes[last], log.times[last - 1], log.named()
        )

    def leaf(self) -> bytes:
        """Of the head, in the checkpoint's tree."""
        return leaf(self.named, self.seq, self.hash, self.time, self.blind)


def tree(leaves: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """The root over leaf hashes, and the path of each (RFC 9162 section 2.1)."""
    if len(leaves) == 1:
        return leaves[0], [[]]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    left, left_paths = tree(leaves[:half])
    right, right_paths = tree(leaves[half:])
    paths_up = [[*path, right] for path in left_paths] + [[*path, left] for path in right_paths]
    return hashlib.sha256(b"\1" + left + right).digest(), paths_up


def batch(
    identity: Identity, parts: Sequence[Part], cursor: bytes | None = None, **changes: Any
) -> list[Any]:
    """The fields of a batch that proves its parts under one checkpoint; `changes` bear on what the
    checkpoint states."""
    checkpoints, ranges = [], []
    if parts:
        root, paths_up = tree([part.leaf() for part in parts])
        checkpoints = [identity.checkpoint(len(parts), root, **changes)]
        for index, (part, path) in enumerate(zip(parts, paths_up)):
            inclusion = [part.blind, index, path]
            ranges.append(
                [part.log, part.first, part.records, part.hash, part.time, 0, inclusion]
            )
    return [checkpoints, ranges, *([] if cursor is None else [cursor])]


def head_proof(identity: Identity, log: Log, seq: int, **changes: Any) -> list[Any]:
    """A head of a log, alone in its tree; `changes` bear on what the checkpoint states."""
    part = Part.of(log, seq, seq)
    root, _ = tree([part.leaf()])
    checkpoint = identity.checkpoint(1, root, **changes)
    return [seq, part.hash, part.time, [part.blind, 0, []], checkpoint]
