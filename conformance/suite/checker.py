"""The judge: from what clients saw alone, says whether the system kept its promises.

Reads transcripts (`transcript.py`), knows neither node nor plan, and starts nothing. Each promise
is a function that yields findings; a finding names the rule, the message, the channel and the
device.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Callable, Iterable, Iterator

from transcript import Line, read

TRANSIENT = {"rate_limited", "overloaded", "shutting_down", "domain_unreachable"}
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOTICE_S_MAX = 2.0
"""A client that a fault ended may notice so late after the fault was over."""


@dataclass(frozen=True)
class Finding:
    """A broken promise."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


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
    def refused(self) -> bool:
        """Refused for good, not just asked to wait."""
        return not self.ids and any(code not in TRANSIENT for code in self.codes)

    def __str__(self) -> str:
        name = self.ids[0] if self.ids else f"nonce {self.nonce}"
        return f"message {name} of {self.device}"


@dataclass
class Evidence:
    """All transcripts, sorted by what they show."""

    members: dict[tuple[str, str], Line] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    said: dict[tuple[str, int], Said] = field(default_factory=dict)
    feeds: dict[tuple[str, str], list[Line]] = field(default_factory=lambda: defaultdict(list))
    histories: dict[tuple[str, str], list[Line]] = field(default_factory=dict)
    connections: list[Line] = field(default_factory=list)
    faults: list[Line] = field(default_factory=list)
    delivered: dict[tuple[str, str], int] = field(default_factory=dict)

    def channel(self, channel: str) -> str:
        """A channel's name for people."""
        return self.names.get(channel, channel)

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """The devices that are in a channel."""
        readers: dict[str, list[str]] = defaultdict(list)
        for device, channel in self.members:
            readers[channel].append(device)
        return readers

    @cached_property
    def history_ids(self) -> dict[tuple[str, str], set[str]]:
        """The ids in what a device read of a channel's history."""
        return {place: _ids(events) for place, events in self.histories.items()}

    @cached_property
    def feed_ids(self) -> dict[tuple[str, str], set[str]]:
        """The ids that came in a device's feed, by channel."""
        return {place: _ids(events) for place, events in self.feeds.items()}

    def by_id(self) -> dict[tuple[str, str], Said]:
        """What was sent, by channel and the id it was answered with."""
        return {(s.channel, i): s for s in self.said.values() for i in s.ids}


def gather(lines: Iterable[Line]) -> Evidence:
    """Sorts the lines of all transcripts."""
    seen = Evidence()
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
                seen.feeds[device, line["channel"]].append(line)
            case "history":
                seen.histories[device, line["channel"]] = line["events"]
            case "connected" | "lost":
                seen.connections.append(line)
            case "fault":
                seen.faults.append(line)
            case "delivered":
                seen.delivered[line["channel"], line["id"]] = line["organisations"]
    return seen


def check(seen: Evidence) -> list[Finding]:
    """Every broken promise."""
    return [finding for rule in RULES for finding in rule(seen)]


def not_lost(seen: Evidence) -> Iterator[Finding]:
    """What was acknowledged is in the history, and what was sent under load in the feed, of all
    devices."""
    for said in seen.said.values():
        for message in said.ids:
            for device in seen.readers[said.channel]:
                where = f"{said} in {seen.channel(said.channel)}"
                place = (device, said.channel)
                if message not in seen.history_ids.get(place, ()):
                    yield Finding("lost", f"{where} is missing in the history of {device}")
                if said.phase == "load" and message not in seen.feed_ids.get(place, ()):
                    yield Finding("lost", f"{where} is missing in the feed of {device}")


def all_answered(seen: Evidence) -> Iterator[Finding]:
    """Every text was stored or refused in the end."""
    for said in seen.said.values():
        if not said.ids and not said.refused:
            yield Finding("unanswered", f"{said} in {seen.channel(said.channel)}")


def all_read(seen: Evidence) -> Iterator[Finding]:
    """Every device read the history of each of its channels, so that nothing goes unjudged."""
    if not seen.members:
        yield Finding("unread", "no client was in any channel")
    for device, channel in seen.members:
        if (device, channel) not in seen.histories:
            yield Finding("unread", f"{device} did not read {seen.channel(channel)}")


def nothing_twice(seen: Evidence) -> Iterator[Finding]:
    """No event came twice to a device, no text is in a channel twice, no nonce has two answers."""
    for kind, places in (("feed", seen.feeds), ("history", seen.histories)):
        for (device, channel), events in places.items():
            where = f"in {seen.channel(channel)} in the {kind} of {device}"
            for message, count in Counter(event["id"] for event in events).items():
                if count > 1:
                    yield Finding("twice", f"message {message} came {count} times {where}")
            texts = defaultdict(set)
            for event in _messages(events):
                texts[event["sender"], event["text"]].add(event["id"])
            for ids in texts.values():
                if len(ids) > 1:
                    yield Finding("twice", f"one text has the ids {_listed(ids)} {where}")
    for said in seen.said.values():
        if len(set(said.ids)) > 1:
            yield Finding("twice", f"one nonce got the ids {_listed(said.ids)}: {said}")


def same_order(seen: Evidence) -> Iterator[Finding]:
    """Histories rise by id, and are the same sequence on every device of both organisations."""
    first: dict[str, tuple[str, list[str]]] = {}
    for (device, channel), events in sorted(seen.histories.items()):
        where = seen.channel(channel)
        all_ids = [event["id"] for event in events]
        for earlier, later in zip(all_ids, all_ids[1:]):
            if earlier > later:
                what = f"message {later} comes after {earlier} in {where}"
                yield Finding("order", f"{what} in the history of {device}")
        ids = [event["id"] for event in _messages(events)]
        other, other_ids = first.setdefault(channel, (device, ids))
        if ids != other_ids:
            place = next(
                (n for n, (a, b) in enumerate(zip(ids, other_ids)) if a != b),
                min(len(ids), len(other_ids)),
            )
            yield Finding("order", f"{where} differs at message {place + 1} between {other} "
                                   f"({_at(other_ids, place)}) and {device} ({_at(ids, place)})")


def senders_order(seen: Evidence) -> Iterator[Finding]:
    """What one device said in a channel stands in the order in which it was said."""
    last: dict[tuple[str, str], Said] = {}
    for said in sorted(seen.said.values(), key=lambda said: (said.device, said.nonce)):
        if not said.ids or any(code in TRANSIENT for code in said.codes):
            continue  # A text that had to wait may be overtaken by the next one.
        before = last.get((said.device, said.channel))
        if before and before.ids[0] > said.ids[0]:
            where = seen.channel(said.channel)
            yield Finding("order", f"{said} stands before the earlier {before} in {where}")
        last[said.device, said.channel] = said


def unchanged(seen: Evidence) -> Iterator[Finding]:
    """What is shown is what was said, by whom it was said, at the time that its id names."""
    said_by_id = seen.by_id()
    unanswered = {s.text for s in seen.said.values() if not s.ids}
    for kind, places in (("feed", seen.feeds), ("history", seen.histories)):
        for (device, channel), events in places.items():
            for event in _messages(events):
                where = f"message {event['id']} in {seen.channel(channel)}"
                where += f" in the {kind} of {device}"
                said = said_by_id.get((channel, event["id"]))
                if said is None:
                    if event["text"] not in unanswered:
                        yield Finding("invented", f"{where} was not sent by anybody")
                    continue
                if event["text"] != said.text:
                    yield Finding("changed", f"{where} has another text than was sent")
                if event["sender"] != said.device.rsplit("/", 1)[0]:
                    yield Finding("changed", f"{where} is shown as of {event['sender']}")
                if _id_ms(event["id"]) != _time_ms(event["time"]):
                    yield Finding("changed", f"{where} has a time that its id does not name")


def refused_nowhere(seen: Evidence) -> Iterator[Finding]:
    """What was refused is nowhere."""
    refused = {s.text: s for s in seen.said.values() if s.refused}
    for (device, channel), events in [*seen.feeds.items(), *seen.histories.items()]:
        for event in _messages(events):
            said = refused.get(event["text"])
            if said and said.channel == channel:
                where = seen.channel(channel)
                yield Finding("refused", f"{said} was refused but {device} sees it in {where}")


def refused_rightly(seen: Evidence) -> Iterator[Finding]:
    """Only texts that are too long are refused here, and by that code."""
    for said in seen.said.values():
        for code in set(said.codes) - TRANSIENT:
            if code != "text_too_long":
                yield Finding("refused", f"{said} in {seen.channel(said.channel)} by {code}")


def same_frames(seen: Evidence) -> Iterator[Finding]:
    """An event is the same bytes for all sockets of one node."""
    frames: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for (device, channel), events in seen.feeds.items():
        for event in events:
            if event.get("frame"):
                frames[_organisation(device), event["id"]].setdefault(event["frame"], device)
    for (organisation, message), variants in frames.items():
        if len(variants) > 1:
            devices = _listed(variants.values())
            yield Finding("frames", f"message {message} differs at {organisation}: {devices}")


def cursors_held(seen: Evidence) -> Iterator[Finding]:
    """No device was told to list everything anew: nothing here loses a node's history."""
    for line in seen.connections:
        if line.get("resync"):
            yield Finding("resync", f"{line['device']} was told that its cursor is unknown")


def faults_felt(seen: Evidence) -> Iterator[Finding]:
    """A fault that nobody felt proves nothing."""
    for fault in seen.faults:
        if fault["kind"] == "link":
            yield from _crossed(seen, fault)
        if not any(
            said.stored_at and fault["began"] < said.stored_at < fault["healed"]
            for said in seen.said.values()
        ):
            yield Finding("fault", f"{fault['name']}: nobody said anything meanwhile")
        for device in fault["devices"]:
            lost = any(
                line["saw"] == "lost" and line["device"] == device
                and fault["began"] <= line["at"] <= fault["healed"] + _NOTICE_S_MAX
                for line in seen.connections
            )
            back = any(
                line["saw"] == "connected" and line["device"] == device and line["resumed"]
                and line["at"] >= fault["began"]
                for line in seen.connections
            )
            if not (lost and back):
                done = "did not come back" if lost else "did not feel it"
                yield Finding("fault", f"{fault['name']}: {device} {done}")


RULES: list[Callable[[Evidence], Iterator[Finding]]] = [
    all_read, all_answered, not_lost, nothing_twice, same_order, senders_order, unchanged,
    refused_nowhere, refused_rightly, same_frames, cursors_held, faults_felt,
]


def convergence_s(seen: Evidence, fault: Line) -> float | None:
    """How long after the end of a fault the last device showed the last message that was
    acknowledged by then.

    `None` where some device never showed one. For a client's own fault only that client counts."""
    shown: dict[tuple[str, str, str], float] = {}
    for (device, channel), events in seen.feeds.items():
        for event in events:
            shown.setdefault((device, channel, event["id"]), event["at"])
    last = fault["healed"]
    for said in seen.said.values():
        if said.phase != "load" or said.stored_at is None or said.stored_at > fault["healed"]:
            continue
        for device in seen.readers[said.channel]:
            if fault["kind"] == "client" and device not in fault["devices"]:
                continue
            at = shown.get((device, said.channel, said.ids[0]))
            if at is None:
                return None
            last = max(last, at)
    return float(last - fault["healed"])


def figures(seen: Evidence) -> dict[str, int]:
    """How much was judged."""
    stored = [said for said in seen.said.values() if said.ids]
    across = [s for s in stored if len(_organisations(seen, s.channel)) > 1]
    told = sum(1 for s in across if seen.delivered.get((s.channel, s.ids[0]), 0) > 1)
    return {
        "channels": len(seen.names),
        "devices": len({device for device, _ in seen.members}),
        "texts sent": len(seen.said),
        "acknowledged": len(stored),
        "refused": sum(1 for said in seen.said.values() if said.refused),
        "acknowledged more than once": sum(1 for said in stored if len(said.ids) > 1),
        "for both organisations": len(across),
        "of these reported delivered to both": told,
        "events in feeds": sum(len(events) for events in seen.feeds.values()),
        "events in histories": sum(len(events) for events in seen.histories.values()),
        "reconnections": sum(1 for line in seen.connections if line.get("resumed")),
    }


def _crossed(seen: Evidence, fault: Line) -> Iterator[Finding]:
    """While a link is cut, nobody can see what the other organisation says meanwhile."""
    said_by_id = seen.by_id()
    for (device, channel), events in seen.feeds.items():
        for event in events:
            said = said_by_id.get((channel, event["id"]))
            if said is None or _organisation(said.device) == _organisation(device):
                continue
            if fault["began"] < said.sent_at and event["at"] < fault["healed"]:
                where = seen.channel(channel)
                what = f"{device} saw message {event['id']} in {where} although the link was cut"
                yield Finding("fault", f"{fault['name']}: {what}")


def _organisations(seen: Evidence, channel: str) -> set[str]:
    return {line["organisation"] for (_, of), line in seen.members.items() if of == channel}


def _organisation(device: str) -> str:
    return device.rsplit("/", 1)[0].rsplit("@", 1)[1]


def _messages(events: Iterable[Line]) -> Iterator[Line]:
    return (event for event in events if event["kind"] == "message")


def _ids(events: Iterable[Line]) -> set[str]:
    return {event["id"] for event in events}


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def _at(ids: list[str], place: int) -> str:
    return ids[place] if place < len(ids) else "nothing"


def _id_ms(message: str) -> int:
    """The milliseconds that an id begins with: 48 of 128 bits, after the two bits that fill up
    base32."""
    number = 0
    for character in message:
        number = number * 32 + _ALPHABET.index(character.upper())
    return number >> 80


def _time_ms(time: str) -> int:
    moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


if __name__ == "__main__":
    found = check(gather(read(Path(name) for name in sys.argv[1:])))
    for one in found:
        print(one)
    sys.exit(1 if found else 0)
