"""Chapter seven of `five-organisations`: a node runs twice, so that an organisation contradicts
itself under its own key.

What messages say cannot be contradicted so: each start of a node writes into logs of its own. The
control log of a group that it is home of is one, and both write the same record of it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from admin import Admin
from five_faults import reconnect
from five_keys import key_of
from five_world import World
from node import Node
from people import Person, Room, event, everybody, expect, refused, until

_FOUND_OUT_S_MAX = 45.0


async def a_careless_admin_runs_his_node_twice(
    w: World, room: Room, owner: Person, sides: list[Person]
) -> None:
    """The data directory is copied and both start; each reaches another partner, and its admin
    answers for the one that it does not reach"""
    admin = w.admins["hooli"]
    await asyncio.to_thread(admin.node.stop)
    copy = Node(
        w.stage.network, "copy", admin.domain, w.stage.binary, w.stage.directory / "copy",
        federation=f'host = "node1.{admin.domain}"',
    )
    copy.prepare(w.names)
    copy.take_disk_of(admin.node)
    w.copy = Admin(copy)
    for node, unreached in ((admin.node, sides[1]), (copy, sides[0])):
        partner = w.admin_of(unreached)
        w.stage.network.cut(node.host, partner.node.address)
        node.start(w.stage.processes)
    await reconnect([owner])
    for each, unreached in ((admin, sides[1]), (w.copy, sides[0])):
        await each.reads("group", "list", says=[
            f"waits for {unreached.organisation} since this node started",
            f"comity group confirm {room.channel}",
        ])


async def two_histories_are_written(
    w: World, room: Room, owner: Person, sides: list[Person]
) -> None:
    """Each admin answers for whom he does not reach, and each node writes the next record"""
    assert w.copy is not None
    elsewhere = await owner.another("copy", base_url=w.copy.node.base_url)
    try:
        await elsewhere.connect()
        told = zip((w.admins["hooli"], w.copy), (owner.laptop, elsewhere), sides)
        for number, (admin, device, side) in enumerate(told, start=1):
            set_topic = {"channel": room.channel, "topic": f"version {number}"}
            await refused("home_comparing", device.do("set_topic", **set_topic))
            await admin.runs("group", "confirm", room.channel)
            await device.do("set_topic", **set_topic)
            await everybody([side], event("topic_changed", topic=f"version {number}"))
    finally:
        await elsewhere.drop()
        await elsewhere.http.close()


async def a_message_gives_it_away(w: World, room: Room, sides: list[Person]) -> None:
    """While both still run, somebody says something: it stands on a history that the others were
    not shown, so that they compare, and their admins have a proof"""
    await sides[0].laptop.send(room.channel, "Is this version 1 or version 2?")
    for admin in map(w.admin_of, sides):

        async def is_found_out() -> bool:
            return bool(await _proofs(admin, room))

        await until(f"a proof at {admin.domain}", is_found_out, True, _FOUND_OUT_S_MAX)


async def _proofs(admin: Admin, room: Room) -> list[str]:
    listed = await admin.runs("proof", "list")
    return [line for line in listed.splitlines() if room.channel in line]


async def the_others_hold_the_proof(w: World, room: Room, sides: list[Person]) -> None:
    """The copy ends, and the node reaches all again: anybody can check what their admins hold, and
    the group is read-only"""
    assert w.copy is not None
    await asyncio.to_thread(w.copy.node.stop)
    w.stage.network.heal("hooli", w.admin_of(sides[1]).node.address)
    await w.admins["hooli"].is_linked(*map(w.admin_of, sides))
    key, other_key = [await key_of(w.admins[name]) for name in ("hooli", "acme")]
    for admin in map(w.admin_of, sides):
        name, domain, channel, *_ = (await _proofs(admin, room))[0].split()
        expect("whom it is about", domain, "hooli.test")
        proof = await admin.runs("proof", "export", name)
        checked = await admin.runs("proof", "check", "-", "--key", key, stdin=proof)
        for words in ("It holds: hooli.test wrote two histories of one control log", channel):
            if words not in checked:
                expect("what the check says", checked, words)
        await admin.is_told_no(
            "another key", "proof", "check", "-", "--key", other_key, stdin=proof
        )
        await admin.reads("status", says=["logs: 1 of which two histories are proven", "read-only"])
        await admin.reads("group", "list", says=[
            "read-only: two versions of its control log are proven",
            "The admin of hooli.test can reopen it.",
        ])
    for side in sides:
        await refused("channel_read_only", side.laptop.send(room.channel, "Which one is it?"))


async def the_honest_go_on(rooms: list[Room]) -> None:
    """Whoever has nothing to do with it notices nothing"""
    for room in rooms:
        for person in room.people:
            await room.hears(person, f"All is well, says {person}.")


async def the_home_goes_on_from_what_all_hold(
    w: World, room: Room, sides: list[Person]
) -> None:
    """The admin opens it anew: what was decided twice is void, and everybody goes on"""
    admin = w.admins["hooli"]
    await admin.reads("group", "list", says=[f"To go on: comity group reopen {room.channel}"])
    said = await admin.runs("group", "reopen", room.channel)
    for words in ("Would go on from record", "Nothing was done. Add --yes to do it"):
        if words not in said:
            expect("what is told before", said, words)
    done = await admin.runs("group", "reopen", room.channel, "--yes")
    if "Done: every member follows" not in done:
        expect("what is told then", done, "Done")
    for each in (admin, *map(w.admin_of, sides)):
        await each.reads("group", "list", never=["read-only"])
        await each.reads("group", "voided", room.channel, says=["topic"])
    for person in room.people:

        async def topic() -> Any:
            return (await person.laptop.channel(room.channel)).get("topic", "")

        await until(f"the topic for {person}", topic, "")
    for person in room.people:
        await room.hears(person, f"One history again, says {person}.")
