"""What a run shows beside its verdict: how much was judged, and how soon a fault was over.

It must not judge: that is the checker's.
"""

from __future__ import annotations

from evidence import Evidence, account_of
from transcript import Line


def convergence_s(seen: Evidence, fault: Line) -> float | None:
    """How long after the end of a fault the last device showed the last message that was
    acknowledged by then.

    `None` where some device never showed one that it had to. For a client's own fault only that
    client counts."""
    shown: dict[tuple[str, str, str], float] = {}
    for places in (seen.feeds, seen.rereads):
        for (device, channel), events in places.items():
            for event in events:
                shown.setdefault((device, channel, event["id"]), event["at"])
    last = fault["healed"]
    for said in seen.said.values():
        if said.phase != "load" or said.stored_at is None or said.stored_at > fault["healed"]:
            continue
        for device in seen.readers[said.channel]:
            if fault["kind"] == "client" and device not in fault["devices"]:
                continue
            if seen.members[device, said.channel].get("late") or seen.may_lack(device, said):
                continue
            at = shown.get((device, said.channel, said.ids[0]))
            if at is None:
                return None
            last = max(last, at)
    return float(last - fault["healed"])


def figures(seen: Evidence) -> dict[str, int]:
    """How much was judged."""
    stored = [said for said in seen.said.values() if said.ids]
    across = [s for s in stored if len(seen.organisations(s.channel)) > 1]
    notices = [seen.delivered.get((s.channel, s.ids[0])) for s in across]
    counts = {
        "channels": len(seen.names),
        "devices": len({device for device, _ in seen.members}),
        "texts sent": len(seen.said),
        "acknowledged": len(stored),
        "refused": sum(1 for said in seen.said.values() if said.refused),
        "acknowledged more than once": sum(1 for said in stored if len(said.ids) > 1),
        "for several organisations": len(across),
        "of these reported delivered to all": sum(
            1 for notice in notices if notice and notice["organisations"] >= notice["of"]
        ),
        "events in feeds": sum(len(events) for events in seen.feeds.values()),
        "events in histories": sum(len(events) for events in seen.histories.values()),
        "reconnections": sum(1 for line in seen.connections if line.get("resumed")),
    }
    if seen.rollbacks:
        counts |= _forgotten(seen)
    if seen.removals:
        counts["written after a removal"] = sum(map(seen.is_late, stored))
    return counts


def _forgotten(seen: Evidence) -> dict[str, int]:
    """What became of the messages that a node acknowledged, and then came back without."""
    forgotten = [said for said in seen.said.values() if seen.is_forgotten(said)]
    gone, kept = 0, 0
    for said in forgotten:
        holders = [
            device for device in seen.readers[said.channel]
            if said.ids[0] in seen.history_ids.get((device, said.channel), ())
        ]
        own = any(account_of(d).endswith("@" + said.organisation) for d in holders)
        gone += not own
        kept += bool(holders) and not own
    return {
        "acknowledged between an older disk's copy and its return": len(forgotten),
        "of these gone at their own node": gone,
        "of these kept by other nodes": kept,
        "devices told to read anew": len(
            {line["device"] for line in seen.connections if line.get("resync")}
        ),
    }
