"""Chapter eight of `five-organisations` and its end: a group gets another home, and everybody reads
what was said in it from the beginning.
"""

from __future__ import annotations

import asyncio
from functools import partial

from five_world import World
from people import Room, event, everybody, expect, until

_TOPIC = "새 집: the new home wrote this"


async def a_group_gets_another_home(w: World, room: Room, home: str) -> None:
    """The owner hands it over to another organisation in it, as everybody and all admins see"""
    owner = room.speaker
    w.notes.write(
        "command", device=f"{owner.account}/{owner.laptop.name}", do="hand_over",
        channel=room.channel, home=home,
    )
    await owner.laptop.do("hand_over", channel=room.channel, home=home)
    await everybody(room.people, event("handed_over", home=home))
    for person in room.people:
        # The home is the new one once that has said so in turn.
        shown = partial(person.phone.channel, room.channel)
        await until(f"the group for {person}", shown, {"home": home})
        await w.admin_of(person).reads(
            "group", "list", says=[f"{room.channel} {home} \"{room.name}\""], never=["waits for"]
        )


async def the_new_home_changes_the_topic(w: World, room: Room) -> None:
    """It serves the owner's next request, who is of the former one"""
    asked = await room.speaker.laptop.do("set_topic", channel=room.channel, topic=_TOPIC)
    expect("the answer", asked, {"status": "requested"})
    changed = event("topic_changed", topic=_TOPIC, sender=room.speaker.account)
    await everybody(room.people, changed)
    for person in room.people:
        found = await person.phone.channel(room.channel)
        expect(f"the group for {person}", found, {"topic": _TOPIC})


async def everybody_has_read_everything(w: World, room: Room) -> None:
    """Every device reads the whole history, page by page"""
    devices = [device for person in room.people for device in person.devices]
    for device in devices:
        w.notes.write(
            "member", device=f"{device.account}/{device.name}", account=device.account,
            name=room.name, late=False, organisation=device.account.split("@")[1],
            channel=room.channel,
        )
    histories = await asyncio.gather(*(device.reads(room.channel) for device in devices))
    # In the end there is more than the admissions.
    expect("whether something was said", len(histories[0]) > w.talk, True)
