"""What clients saw, sorted for the judge: who was where, what was said and answered, what was
shown.

Knows from the transcripts alone which messages a node may have forgotten, since it came back with
an older disk, and which were written by somebody who had been removed. It must not judge.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Iterable, Iterator

from transcript import TRANSIENT, Line

Place = tuple[str, str]
"""A device and a channel."""
Name = tuple[str, str]
"""A channel and the id of a message in it."""


@dataclass
class Said:
    """A text that a device sent, and what it was answered."""

    device: str
    nonce: int
    channel: str
    text: str
    phase: str
    sent_at: float
    ids: list[str] = field(default_factory=list)
    stored_at: float | None = None
    codes: list[str] = field(default_factory=list)

    @property
    def organisation(self) -> str:
        """Where it was sent."""
        return organisation_of(self.device)

    @property
    def account(self) -> str:
        """Who sent it."""
        return account_of(self.device)

    @property
    def refused(self) -> bool:
        """Refused for good, not just asked to wait."""
        return not self.ids and any(code not in TRANSIENT for code in self.codes)

    def __str__(self) -> str:
        name = self.ids[0] if self.ids else f"nonce {self.nonce}"
        return f"message {name} of {self.device}"


@dataclass
class Evidence:
    """All transcripts, sorted by what they show."""

    members: dict[Place, Line] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    said: dict[tuple[str, int], Said] = field(default_factory=dict)
    feeds: dict[Place, list[Line]] = field(default_factory=lambda: defaultdict(list))
    rereads: dict[Place, list[Line]] = field(default_factory=lambda: defaultdict(list))
    histories: dict[Place, list[Line]] = field(default_factory=dict)
    details: dict[Place, Line] = field(default_factory=dict)
    connections: list[Line] = field(default_factory=list)
    commands: list[Line] = field(default_factory=list)
    faults: list[Line] = field(default_factory=list)
    grew: set[Place] = field(default_factory=set)
    delivered: dict[Name, Line] = field(default_factory=dict)

    def channel(self, channel: str) -> str:
        """A channel's name for people."""
        return self.names.get(channel, channel)

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """The devices that are in a channel to the end."""
        readers: dict[str, list[str]] = defaultdict(list)
        for device, channel in self.members:
            if (account_of(device), channel) not in self.removals:
                readers[channel].append(device)
        return readers

    @cached_property
    def removals(self) -> dict[tuple[str, str], Line]:
        """The removal of an account from a channel."""
        asked = (line for line in self.commands if line["do"] == "remove")
        return {(line["account"], line["channel"]): line for line in asked}

    @cached_property
    def removed_devices(self) -> list[tuple[str, str, Line]]:
        """The devices that were in a channel until their account was removed, with its removal."""
        return [
            (device, channel, self.removals[account_of(device), channel])
            for device, channel in self.members
            if (account_of(device), channel) in self.removals
        ]

    @cached_property
    def rollbacks(self) -> list[Line]:
        """The faults by which a node came back with an older disk."""
        return [fault for fault in self.faults if fault["kind"] == "rollback"]

    @cached_property
    def history_ids(self) -> dict[Place, set[str]]:
        """The ids in what a device read of a channel's history."""
        return {place: _ids(events) for place, events in self.histories.items()}

    @cached_property
    def shown_ids(self) -> dict[Place, set[str]]:
        """The ids of what a device knows without asking at the end: what came in its feed, and
        what it read where the feed could not bring it."""
        shown: dict[Place, set[str]] = defaultdict(set)
        for places in (self.feeds, self.rereads):
            for place, events in places.items():
                shown[place] |= _ids(events)
        return shown

    @cached_property
    def by_id(self) -> dict[Name, Said]:
        """What was sent, by channel and the id it was answered with."""
        return {(s.channel, i): s for s in self.said.values() for i in s.ids}

    def is_late(self, said: Said) -> bool:
        """Whether its author had been removed, by a home that did not know of it."""
        removal = self.removals.get((said.account, said.channel))
        return removal is not None and bool(said.ids) and said.sent_at > removal["at"]

    def is_forgotten(self, said: Said) -> bool:
        """Whether its node may have forgotten it: it was acknowledged after the copy had been
        made with which the node came back."""
        return said.stored_at is not None and any(
            fault["organisation"] == said.organisation
            and fault["copied"] <= said.stored_at < fault["healed"]
            for fault in self.rollbacks
        )

    def is_repeated(self, said: Said) -> bool:
        """Whether its node may have stored it, forgotten that, and stored it again under another
        id: the answer got lost with the node."""
        return said.stored_at is not None and any(
            fault["organisation"] == said.organisation
            and said.sent_at < fault["healed"] <= said.stored_at
            for fault in self.rollbacks
        )

    def delivered_at(self, said: Said) -> float:
        """When it was reported that all organisations of the channel have it on disk."""
        notice = self.delivered.get((said.channel, said.ids[0])) if said.ids else None
        complete = notice is not None and notice["organisations"] >= notice["of"]
        return float(notice["at"]) if notice and complete else math.inf

    @cached_property
    def pollers(self) -> set[str]:
        """The devices that poll."""
        return {line["device"] for line in self.connections if line.get("polls")}

    def is_to_be_told(self, said: Said) -> bool:
        """Whether the device that said it must have been told in the end that all organisations
        have it: it polls, and nobody told it to read that in the history."""
        crosses = said.device in self.pollers and len(self.organisations(said.channel)) > 1
        if not crosses or said.stored_at is None or self.is_late(said):
            return False
        return not self.is_forgotten(said) and not any(
            line["device"] == said.device and line.get("resync") and line["at"] > said.stored_at
            for line in self.connections
        )

    def is_at(self, device: str, said: Said, before: float) -> bool:
        """Whether it was surely at a device's node before a time."""
        if organisation_of(device) == said.organisation:
            return said.stored_at is not None and said.stored_at < before
        return self.delivered_at(said) < before

    def may_lack(self, device: str, said: Said) -> bool:
        """Whether a device's node may lack what its author's node has forgotten: that node itself,
        and others unless all were reported to have it."""
        own = organisation_of(device) == said.organisation
        return self.is_forgotten(said) and (own or math.isinf(self.delivered_at(said)))

    @cached_property
    def repeated_texts(self) -> set[str]:
        """The texts that may stand twice in a channel."""
        return {said.text for said in self.said.values() if self.is_repeated(said)}

    def is_uncertain(self, channel: str, event: Line) -> bool:
        """Whether nodes may differ in having a message, since its author's forgot it."""
        said = self.by_id.get((channel, event["id"]))
        return event["text"] in self.repeated_texts if said is None else self.is_forgotten(said)

    def life(self, line: Line) -> int:
        """How often the node of a line's device had come back with an older disk by then."""
        own = organisation_of(line["device"])
        return sum(f["organisation"] == own and f["healed"] <= line["at"] for f in self.rollbacks)

    def organisations(self, channel: str) -> set[str]:
        """The organisations that are in a channel."""
        return {line["organisation"] for (_, of), line in self.members.items() if of == channel}


def gather(lines: Iterable[Line]) -> Evidence:
    """Sorts the lines of all transcripts."""
    seen = Evidence()
    stretches: Counter[str] = Counter()
    for line in lines:
        device = line.get("device", "")
        match line["saw"]:
            case "member":
                seen.members[device, line["channel"]] = line
                seen.names[line["channel"]] = line["name"]
            case "sent":
                seen.said[device, line["nonce"]] = Said(
                    device, line["nonce"], line["channel"], line["text"], line["phase"], line["at"]
                )
            case "stored":
                said = seen.said[device, line["nonce"]]
                said.ids.append(line["id"])
                said.stored_at = said.stored_at or line["at"]
            case "refused" if (device, line.get("nonce")) in seen.said:
                seen.said[device, line["nonce"]].codes.append(line["code"])
            case "event":
                event = {**line, "stretch": stretches[device]}
                seen.feeds[device, line["channel"]].append(event)
            case "reread":
                # A page's events were seen when all pages had come.
                seen.rereads[device, line["channel"]] += (
                    {**event, "at": line["at"]} for event in line["events"]
                )
            case "history":
                seen.histories[device, line["channel"]] = line["events"]
            case "detail":
                seen.details[device, line["channel"]] = line["detail"]
            case "connected" | "lost":
                stretches[device] += bool(line.get("resync"))
                seen.connections.append(line)
            case "command":
                seen.commands.append(line)
            case "fault":
                seen.faults.append(line)
            case "grew":
                seen.grew.add((device, line["channel"]))
            case "delivered":
                known = seen.delivered.get((line["channel"], line["id"]), line)
                better = line if line["organisations"] > known["organisations"] else known
                seen.delivered[line["channel"], line["id"]] = better
    return seen


def messages_of(events: Iterable[Line]) -> Iterator[Line]:
    """The messages among events."""
    return (event for event in events if event["kind"] == "message")


def account_of(device: str) -> str:
    """The account of a device."""
    return device.rsplit("/", 1)[0]


def organisation_of(device: str) -> str:
    """The organisation of a device."""
    return account_of(device).rsplit("@", 1)[1]


def _ids(events: Iterable[Line]) -> set[str]:
    return {event["id"] for event in events}
