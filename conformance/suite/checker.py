"""The judge: from what clients saw alone, says whether the system kept its promises.

Reads transcripts (`transcript.py`), sorted by `evidence.py`; knows neither node nor plan, and
starts nothing. Each promise is a function that yields findings; a finding names the rule, the
message, the channel and the device.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Callable, Iterable, Iterator

from evidence import Evidence, Said, account_of, gather, messages_of, organisation_of
from transcript import TRANSIENT, Line, read

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


def check(seen: Evidence) -> list[Finding]:
    """Every broken promise."""
    return [finding for rule in RULES for finding in rule(seen)]


def not_lost(seen: Evidence) -> Iterator[Finding]:
    """What was acknowledged is in the history, and what was sent under load was shown, at all
    devices. A node that came back with an older disk may lack its own people's last messages; who
    had them keeps them."""
    for said in seen.said.values():
        if not seen.is_late(said):
            for device in seen.readers[said.channel]:
                yield from _missing(seen, said, device)
    for device, channel, removal in seen.removed_devices:
        for said in seen.said.values():
            if said.channel == channel and seen.is_at(device, said, before=removal["at"]):
                yield from _not_shown(seen, said, device)


def _missing(seen: Evidence, said: Said, device: str) -> Iterator[Finding]:
    place = (device, said.channel)
    for message in said.ids:
        had = message in seen.shown_ids[place] and organisation_of(device) != said.organisation
        kept = message in seen.history_ids.get(place, ())
        if not kept and (had or not seen.may_lack(device, said)):
            where = f"{said} in {seen.channel(said.channel)}"
            yield Finding("lost", f"{where} is missing in the history of {device}")
    yield from _not_shown(seen, said, device)


def _not_shown(seen: Evidence, said: Said, device: str) -> Iterator[Finding]:
    for message in said.ids:
        shown = message in seen.shown_ids[device, said.channel]
        if said.phase == "load" and not shown and not seen.may_lack(device, said):
            where = f"{said} in {seen.channel(said.channel)}"
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
    for channel, devices in seen.readers.items():
        for device in devices:
            if (device, channel) not in seen.histories:
                yield Finding("unread", f"{device} did not read {seen.channel(channel)}")


def nothing_twice(seen: Evidence) -> Iterator[Finding]:
    """No event came twice to a device that was not told to begin anew, no text is in a channel
    twice, no nonce has two answers."""
    for kind, (device, channel), events in _shown(seen):
        where = f"in {seen.channel(channel)} in the {kind} of {device}"
        came = Counter((event["id"], event.get("stretch")) for event in events)
        for (message, _), count in came.items():
            if count > 1:
                yield Finding("twice", f"message {message} came {count} times {where}")
        texts = defaultdict(set)
        for event in messages_of(events):
            texts[event["sender"], event["text"]].add(event["id"])
        for (_, text), ids in texts.items():
            if len(ids) > 1 and text not in seen.repeated_texts:
                yield Finding("twice", f"one text has the ids {_listed(ids)} {where}")
    for said in seen.said.values():
        if len(set(said.ids)) > 1:
            yield Finding("twice", f"one nonce got the ids {_listed(said.ids)}: {said}")


def same_order(seen: Evidence) -> Iterator[Finding]:
    """Histories rise by id, and are the same sequence on every device of all organisations; what
    a node forgot is at least the same on all devices of one."""
    first: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for (device, channel), events in sorted(seen.histories.items()):
        all_ids = [event["id"] for event in events]
        for earlier, later in zip(all_ids, all_ids[1:]):
            if earlier > later:
                what = f"message {later} comes after {earlier} in {seen.channel(channel)}"
                yield Finding("order", f"{what} in the history of {device}")
        certain, uncertain = [], []
        for event in messages_of(events):
            kind = uncertain if seen.is_uncertain(channel, event) else certain
            kind.append(event["id"])
        for scope, ids in (("", certain), (organisation_of(device), uncertain)):
            other, other_ids = first.setdefault((channel, scope), (device, ids))
            if ids != other_ids:
                yield _difference(seen.channel(channel), (other, other_ids), (device, ids))


def _difference(
    where: str, one: tuple[str, list[str]], other: tuple[str, list[str]]
) -> Finding:
    pairs = enumerate(zip(one[1], other[1]))
    place = next((n for n, (a, b) in pairs if a != b), min(len(one[1]), len(other[1])))
    shown = [f"{device} ({_at(ids, place)})" for device, ids in (one, other)]
    return Finding("order", f"{where} differs at message {place + 1} between {' and '.join(shown)}")


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
    unnamed = seen.repeated_texts | {s.text for s in seen.said.values() if not s.ids}
    for kind, (device, channel), events in _shown(seen):
        for event in messages_of(events):
            where = f"message {event['id']} in {seen.channel(channel)} in the {kind} of {device}"
            said = seen.by_id.get((channel, event["id"]))
            if said is None:
                if event["text"] not in unnamed:
                    yield Finding("invented", f"{where} was not sent by anybody")
                continue
            if event["text"] != said.text:
                yield Finding("changed", f"{where} has another text than was sent")
            if event["sender"] != said.account:
                yield Finding("changed", f"{where} is shown as of {event['sender']}")
            if _id_ms(event["id"]) != _time_ms(event["time"]):
                yield Finding("changed", f"{where} has a time that its id does not name")


def refused_nowhere(seen: Evidence) -> Iterator[Finding]:
    """What was refused is nowhere."""
    refused = {s.text: s for s in seen.said.values() if s.refused}
    for _, (device, channel), events in _shown(seen):
        for event in messages_of(events):
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
    """An event is the same bytes for all sockets of one node. What a node forgot and got again
    has another place in its feed."""
    frames: dict[tuple[str, int, str], dict[str, str]] = defaultdict(dict)
    for (device, _), events in seen.feeds.items():
        for event in events:
            if event.get("frame"):
                name = (organisation_of(device), seen.life(event), event["id"])
                frames[name].setdefault(event["frame"], device)
    for (organisation, _, message), variants in frames.items():
        if len(variants) > 1:
            devices = _listed(variants.values())
            yield Finding("frames", f"message {message} differs at {organisation}: {devices}")


def same_details(seen: Evidence) -> Iterator[Finding]:
    """In the end all organisations name the same members, home, name and topic of a channel."""
    first: dict[str, tuple[str, Line]] = {}
    for (device, channel), detail in sorted(seen.details.items()):
        other, other_detail = first.setdefault(channel, (device, detail))
        if detail != other_detail:
            what = f"{seen.channel(channel)} is {other_detail} for {other}, {detail} for {device}"
            yield Finding("detail", what)


def handed_over(seen: Evidence) -> Iterator[Finding]:
    """Whoever was in a group that was handed over was told, and everybody sees the new home."""
    for line in seen.commands:
        if line["do"] != "hand_over":
            continue
        channel, home = line["channel"], line["home"]
        for device in seen.readers[channel]:
            where = seen.channel(channel)
            events = seen.feeds[device, channel]
            told = any(e["kind"] == "handed_over" and e["home"] == home for e in events)
            if not told and seen.members[device, channel]["at"] < line["at"]:
                yield Finding("home", f"{device} was not told that {where} is handed over")
            if seen.details.get((device, channel), {}).get("home") != home:
                yield Finding("home", f"{device} does not see {home} as home of {where}")


def joined_late(seen: Evidence) -> Iterator[Finding]:
    """Those who join late are told that history grew, and are shown nothing of it as new."""
    for channel in {channel for (_, channel), member in seen.members.items() if member.get("late")}:
        # Who comes when it is there already has nothing to be told.
        if not any(grew == channel for _, grew in seen.grew):
            where = seen.channel(channel)
            yield Finding("late", f"nobody was told that the history of {where} grew")
    invitations = {(c["account"], c["channel"]): c for c in seen.commands if c["do"] == "invite"}
    for (device, channel), member in seen.members.items():
        if not member.get("late"):
            continue
        invitation = invitations[member["account"], channel]
        home = organisation_of(invitation["device"])
        for event in messages_of(seen.feeds[device, channel]):
            said = seen.by_id.get((channel, event["id"]))
            # What others said just then the home may not have had when it let him in.
            if said and said.organisation == home and said.stored_at < invitation["at"]:
                where = seen.channel(channel)
                yield Finding("late", f"the old {said} in {where} came as new to {device}")


def told(seen: Evidence) -> Iterator[Finding]:
    """Who polls is told of each of his texts that all organisations have it: no notice is lost
    between two polls."""
    for said in seen.said.values():
        if seen.is_to_be_told(said) and math.isinf(seen.delivered_at(said)):
            where = f"{said} in {seen.channel(said.channel)}"
            yield Finding("told", f"{said.device} was not told that all have {where}")


def verdicts(seen: Evidence) -> Iterator[Finding]:
    """What somebody writes after his removal is shown nowhere; who saw it before his node heard
    of that, he among them, is told; and nothing else is taken back."""
    late = {place: said for place, said in seen.by_id.items() if seen.is_late(said)}
    for said in late.values():
        yield from _rejected(seen, said)
    for device, channel, _ in seen.removed_devices:
        yield from _left_alone(seen, device, channel)
    for (device, channel), events in seen.feeds.items():
        for message in (m for event in events for m in event.get("withdrawn", ())):
            if (channel, message) not in late:
                what = f"message {message} in {seen.channel(channel)} was withdrawn for {device}"
                yield Finding("verdict", f"{what} although its author had the right to it")


def _rejected(seen: Evidence, said: Said) -> Iterator[Finding]:
    message, where = said.ids[0], seen.channel(said.channel)
    for (device, channel), ids in seen.history_ids.items():
        if channel == said.channel and message in ids:
            yield Finding("verdict", f"the late {said} in {where} is in the history of {device}")
    for (device, channel), events in seen.feeds.items():
        if channel != said.channel:
            continue
        shown = [n for n, event in enumerate(events) if event["id"] == message]
        told = [n for n, event in enumerate(events) if message in event.get("withdrawn", ())]
        what = f"the late {said} in {where}"
        if shown and organisation_of(device) != said.organisation:
            yield Finding("verdict", f"{what} was shown to {device}")
        if not told and (shown or account_of(device) == said.account):
            yield Finding("verdict", f"{device} was not told that {what} is withdrawn")
        if told and shown and shown[-1] > told[0]:
            yield Finding("verdict", f"{what} came again to {device} after it was withdrawn")


def _left_alone(seen: Evidence, device: str, channel: str) -> Iterator[Finding]:
    """The last event that a removed member gets of a channel is his removal."""
    where = f"{seen.channel(channel)} to {device}"
    events = seen.feeds[device, channel]
    own = [
        n for n, event in enumerate(events)
        if event["kind"] == "removed" and event["account"] == account_of(device)
    ]
    if not own:
        yield Finding("verdict", f"no removal came of {where}")
    elif own[0] + 1 < len(events):
        later = events[own[0] + 1]["id"]
        yield Finding("verdict", f"message {later} came of {where} after the removal")


def cursors_held(seen: Evidence) -> Iterator[Finding]:
    """No device was told to list everything anew, but where its node came back with an older
    disk."""
    for line in seen.connections:
        if line.get("resync") and not seen.life(line):
            yield Finding("resync", f"{line['device']} was told that its cursor is unknown")


def faults_felt(seen: Evidence) -> Iterator[Finding]:
    """A fault that nobody felt proves nothing."""
    for account, channel in seen.removals:
        wrote = (s for s in seen.said.values() if (s.account, s.channel) == (account, channel))
        if not any(seen.is_late(said) for said in wrote):
            what = f"{account} wrote nothing in {seen.channel(channel)} after the removal"
            yield Finding("fault", what)
    for fault in seen.faults:
        if fault["kind"] == "link":
            yield from _crossed(seen, fault)
        if fault["kind"] == "rollback" and not any(
            line.get("resync") and organisation_of(line["device"]) == fault["organisation"]
            for line in seen.connections
        ):
            yield Finding("fault", f"{fault['name']}: nobody was told to read anew")
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
    refused_nowhere, refused_rightly, same_frames, same_details, handed_over, joined_late,
    told, verdicts, cursors_held, faults_felt,
]


def _crossed(seen: Evidence, fault: Line) -> Iterator[Finding]:
    """While a link is cut, nobody can see what is said meanwhile on its other side."""
    here, there = fault["sides"]
    apart = {(a, b) for a in here for b in there} | {(b, a) for a in here for b in there}
    for (device, channel), events in seen.feeds.items():
        for event in events:
            said = seen.by_id.get((channel, event["id"]))
            if said is None or (said.organisation, organisation_of(device)) not in apart:
                continue
            if fault["began"] < said.sent_at and event["at"] < fault["healed"]:
                where = seen.channel(channel)
                what = f"{device} saw message {event['id']} in {where} although the link was cut"
                yield Finding("fault", f"{fault['name']}: {what}")


def _shown(seen: Evidence) -> Iterator[tuple[str, tuple[str, str], list[Line]]]:
    """All that devices were shown, by the way in which they got it."""
    for kind, places in (("feed", seen.feeds), ("history", seen.histories)):
        for place, events in places.items():
            yield kind, place, events
    # A device may have to read a channel anew more than once.
    for place, events in seen.rereads.items():
        yield "second reading", place, list({event["id"]: event for event in events}.values())


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
