"""Chapters four and six of `five-organisations`: a link that is cut while a third organisation
reaches both, and a disk that is lost.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from client import Json
from five_world import World, talk
from people import (
    ABSENT, Device, Person, Room, SOMETHING, Unmet, event, everybody, expect, fits, until,
)

_DETOUR_S_MAX = 60.0
"""How long a link takes to count as down, and words to come by way of others."""
_BACK_S_MAX = 30.0


async def _organisations(person: Person, channel: str) -> dict[str, Json]:
    """What somebody is told of the other organisations in a channel."""
    found = (await person.laptop.channel(channel))["organisations"]
    return {str(entry["domain"]): entry for entry in found}


async def _is_behind(person: Person, room: Room, domain: str, wanted: Any) -> None:
    async def look() -> Any:
        return (await _organisations(person, room.channel)).get(domain, ABSENT)

    what = f"{domain} in {room.name} for {person}"
    await until(what, look, wanted, _DETOUR_S_MAX)


# Chapter four.


async def words_come_by_way_of_a_third(w: World, room: Room, one: Person, other: Person) -> None:
    """All packets between two nodes are dropped; a third that reaches both hands words on"""
    here, there = w.admin_of(one).node, w.admin_of(other).node
    w.stage.network.cut(here.host, there.address)
    said = [
        await person.laptop.send(room.channel, f"By another way, from {person}.")
        for person in (one, other)
    ]
    devices = [device for each in room.people for device in each.devices]
    await asyncio.gather(*(device.knows(said, _DETOUR_S_MAX) for device in devices))


async def the_cut_link_is_seen_by_both_sides(
    w: World, room: Room, pair: Room, one: Person, other: Person
) -> None:
    """Admins see which link is down and what waits, users who has not everything"""
    here, there = w.admin_of(one), w.admin_of(other)
    before = await one.laptop.send(pair.channel, "Only you may hear this.")
    said = (await one.laptop.message(pair.channel, before))["time"]
    for admin, partner in ((here, there), (there, here)):
        await admin.loses(partner, _DETOUR_S_MAX)
        await admin.sees_peer(partner.domain, {"trouble": {"code": "domain_unreachable"}}, 60.0)
        await admin.reads("peers", "show", partner.domain, says=["down for ", "domain_unreachable"])
    peer = await here.peer(there.domain)
    expect("what waits", peer["backlog"], {"records": SOMETHING, "oldest_ms": SOMETHING})
    if peer["backlog"]["records"] < 1 or peer["backlog"]["oldest_ms"] < 1:
        raise Unmet("a record to wait, for a time", peer)
    await here.reads("peers", says=[f"{there.domain} "])
    table = (await here.runs("peers")).splitlines()
    if not table[1].startswith(there.domain):
        raise Unmet(f"{there.domain} before those that are linked", "\n".join(table))
    await here.reads("peers", "show", there.domain, says=[" that it has not taken yet, for "])
    behind = {"domain": there.domain, "linked": False, "behind_since_time": said}
    await _is_behind(one, pair, there.domain, behind)
    if fits(await here.peer(there.domain), {"link": {"up": {}}}):
        raise Unmet("the link to stay down", "it is up")


async def all_catch_up_once_it_is_healed(
    w: World, pair: Room, one: Person, other: Person
) -> None:
    """The packets pass again, the admin has the other node dialled, and nobody is behind"""
    here, there = w.admin_of(one), w.admin_of(other)
    w.stage.network.heal(here.node.host, there.node.address)
    await here.runs("peers", "retry", there.domain)
    await here.is_linked(there)
    await everybody([other], event("message", text="Only you may hear this."))
    for person, admin in ((one, there), (other, here)):
        wanted = {"domain": admin.domain, "linked": True, "behind_since_time": ABSENT}
        for room in (pair, w.rooms["Square"]):
            await _is_behind(person, room, admin.domain, wanted)
    for admin, partner in ((here, there), (there, here)):
        await admin.sees_peer(partner.domain, {"backlog": {"records": 0}})
        await admin.reads("peers", "show", partner.domain, says=[
            "up for ", "nothing: it has all that it is to have", "last trouble domain_unreachable",
        ])


# Chapter six.


async def a_disk_is_lost_and_an_older_copy_comes_back(
    w: World, room: Room, organisation_name: str
) -> None:
    """The node is stopped and copied, goes on, and loses its disk; it comes back with the copy"""
    admin = w.admins[organisation_name]
    node, ours = admin.node, w.of(organisation_name)
    await asyncio.to_thread(node.stop)
    copied = time.monotonic()
    node.copy_disk()
    node.start(w.stage.processes)
    await reconnect(ours)
    await talk(w, room, room.people, w.talk)
    began = time.monotonic()
    node.kill()
    node.restore_disk()
    # What the others say meanwhile it has never had.
    others = [person for person in room.people if person not in ours]
    said = [
        await person.laptop.send(room.channel, f"Where is {admin.domain}?") for person in others
    ]
    healed = time.monotonic()
    node.start(w.stage.processes)
    await reconnect(ours, resync=True)
    w.faults.write(
        "fault", name=f"{admin.domain} comes back with an older disk", kind="rollback",
        began=began, healed=healed, copied=copied, organisation=admin.domain, devices=[],
    )
    theirs = [device for person in others for device in person.devices]
    await asyncio.gather(*(device.knows(said) for device in theirs))


async def the_partners_give_back_what_was_shared(
    w: World, room: Room, organisation_name: str
) -> None:
    """Nobody there does anything, and its users read all that they read before, their own too"""
    admin, ours = w.admins[organisation_name], w.of(organisation_name)
    another = next(person for person in room.people if person not in ours)
    everything = {event["id"] for event in await another.laptop.whole(room.channel)}
    for device in (device for person in ours for device in person.devices):

        async def lacks() -> int:
            found = {event["id"] for event in await device.whole(room.channel)}
            return len(everything - found)

        await until(f"how many events {device} lacks", lacks, 0, w.patience_s)
        await device.rereads(room.channel)
    # Nothing of it has two names, and nobody took anything amiss.
    await admin.reads("proof", "list", says=["no organisation that contradicted itself"])
    await admin.reads("status", says=["clock: fine"], never=["groups:", "logs:"])
    for other in w.everybody:
        if other is not admin:
            await other.reads("proof", "list", says=["no organisation that contradicted itself"])


async def reconnect(people: list[Person], resync: bool = False) -> None:
    """Connects devices whose node ended, as soon as it is back."""

    async def again(device: Device) -> None:
        deadline = asyncio.get_running_loop().time() + _BACK_S_MAX
        await device.sees({"type": "closed"})
        await device.drop()
        while True:
            try:
                return await device.connect(resync)
            except OSError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.1)

    await asyncio.gather(*(again(device) for person in people for device in person.devices))
