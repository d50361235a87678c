"""Chapter three of `everyday`: what is unread, who is mentioned, how far a message has come, and
who has read it.

In each room the first of the others reads on two devices.
"""

from __future__ import annotations

from client import Json
from people import ABSENT, Device, Person, Room, event, everybody, expect, until


async def unread_is_the_same_on_two_devices(room: Room) -> None:
    """Messages and mentions are counted alike on two devices, and a mark moves on both"""
    speaker, reader = room.speaker, room.others[0]
    last = await room.says("Up to here")
    for person in (speaker, reader):
        await _read_up_to(person, room, last)
    await _unread_is(reader, room, 0, 0)
    said = [
        await room.says("one"),
        await room.says("two", mentions=[reader.account]),
        await room.says("three"),
    ]
    await _unread_is(reader, room, 3, 1)
    await _unread_is(speaker, room, 0, 0)
    await reader.phone.do("mark_read", channel=room.channel, message=said[1])
    await reader.sees(_moved(room, said[1], unread=1, mentions=0))
    await _unread_is(reader, room, 1, 0, said[1])
    # A mark goes back only where that is wanted.
    await reader.laptop.put(f"/v1/channels/{room.channel}/read", message=said[0])
    await _unread_is(reader, room, 1, 0, said[1])
    await reader.laptop.put(f"/v1/channels/{room.channel}/read", message=said[0], back=True)
    await reader.sees(_moved(room, said[0], unread=2, mentions=1))
    await _unread_is(reader, room, 2, 1, said[0])
    # One's own messages are not unread.
    await room.hears(reader, "four")
    await _unread_is(reader, room, 2, 1, said[0])


async def a_device_that_was_away_is_told(room: Room) -> None:
    """A device that comes back with its cursor gets what was said, and where the mark stands"""
    reader = room.others[0]
    await reader.laptop.leave()
    said = await room.speaker.laptop.send(room.channel, "While you were away")
    await reader.phone.sees(event("message", id=said))
    await reader.phone.do("mark_read", channel=room.channel, message=said)
    await reader.laptop.connect()
    await reader.laptop.sees(event("message", id=said, text="While you were away"))
    await reader.laptop.sees(_moved(room, said, unread=0, mentions=0))


async def mentions_are_listed(room: Room) -> None:
    """The messages that mention somebody are listed, the newest first"""
    reader = room.others[0]
    first = await room.says("You!", mentions=[reader.account])
    await room.says("Not you", mentions=[room.speaker.account])
    second = await room.says("All of you!", mention_all=True)
    page = await reader.laptop.get("/v1/mentions", limit="1")
    expect("the newest mention", page["more"], True)
    newest = {"channel": room.channel, "event": {"id": second, "mention_all": True}}
    expect("the newest mention", page["events"], [newest])
    before = page["events"][0]["cursor"]
    page = await reader.phone.get("/v1/mentions", limit="1", before=before)
    expect("the mention before it", page["events"], [{"event": {"id": first, "text": "You!"}}])
    page = await room.speaker.laptop.get("/v1/mentions", limit="1")
    own = {"event": {"text": "Not you"}}
    is_own = bool(page["events"]) and page["events"][0]["channel"] == room.channel
    if is_own:
        expect("the newest mention of who speaks", page["events"], [own])


async def its_author_is_told_how_far_a_message_came(room: Room) -> None:
    """`delivered` says k of n organisations, in the feed and in history; within one nothing"""
    speaker = room.speaker
    said = await room.says("Has it come?")
    of = room.organisations
    if of > 1:
        told = {"type": "delivered", "id": said, "channel": room.channel}
        direct = {"final": True} if len(room.people) == 2 else {}
        seen = await speaker.laptop.sees({**told, "organisations": of, "of": of, **direct})
        expect("how far it came", seen["organisations"] <= seen["of"], True)

        async def in_history() -> list[Json]:
            return list((await speaker.phone.page(room.channel, limit="1"))["delivered"])

        await until("what history says", in_history, [{**told, "organisations": of, "of": of}])
    await room.says("It has.")
    for person in room.others:
        person.saw_none({"type": "delivered", "id": said})
        page = await person.laptop.page(room.channel, around=said, limit="1")
        expect("`delivered` of a message of others", page["delivered"], [])
    if of == 1:
        speaker.saw_none({"type": "delivered", "id": said})
        page = await speaker.laptop.page(room.channel, limit="2")
        expect("`delivered` within one organisation", page["delivered"], [])


async def colleagues_see_who_has_read(room: Room) -> None:
    """Whoever reads is seen reading by those of the same organisation"""
    reader = room.others[0]
    colleagues = [person for person in room.people if person.organisation == reader.organisation]
    await _is_seen_reading(room, reader, [p for p in colleagues if p is not reader])


async def others_see_who_has_read(room: Room) -> None:
    """Whoever reads is seen reading by those of the other organisation"""
    reader = room.others[0]
    others = [person for person in room.people if person.organisation != reader.organisation]
    await _is_seen_reading(room, reader, others)


async def who_hides_reading_is_not_seen(room: Room) -> None:
    """Whoever does not want to be seen reading is not, and his marks work as ever"""
    reader = room.others[0]
    others = [person for person in room.people if person is not reader]
    first = await room.says("Did you see it?")
    await reader.laptop.put("/v1/me/shows_reads", on=False)
    try:
        for device in reader.devices:
            expect("one's own account", await device.get("/v1/me"), {"shows_reads": False})
        await _read_up_to(reader, room, first)
        await _unread_is(reader, room, 0, 0, first)
        # What was shown before is shown no more; another organisation hears of it in a moment.
        for person in others:
            await _until_read(person.laptop, room, reader, ABSENT)
        await room.hears(reader, "See what?")
        for person in others:
            person.saw_none({"type": "read", "account": reader.account, "message": first})
    finally:
        await reader.phone.do("show_reads", on=True)
    expect("one's own account", await reader.laptop.get("/v1/me"), {"shows_reads": True})


async def _is_seen_reading(room: Room, reader: Person, watchers: list[Person]) -> None:
    said = await room.says("Read this")
    await reader.phone.do("mark_read", channel=room.channel, message=said)
    read = {"type": "read", "channel": room.channel, "account": reader.account, "message": said}
    await everybody(watchers, read)
    for person in watchers:
        await _until_read(person.phone, room, reader, said)
    await _until_read(reader.laptop, room, reader, said)


async def _until_read(device: Device, room: Room, reader: Person, wanted: object) -> None:
    """Waits until somebody is shown to have read up to a message, or nothing is shown of it."""

    async def member() -> Json:
        members: list[Json] = (await device.channel(room.channel))["members"]
        return next(member for member in members if member["account"] == reader.account)

    what = f"up to where {reader} has read, for {device}"
    await until(what, member, {"read": wanted})


async def _read_up_to(reader: Person, room: Room, message: str) -> None:
    await reader.laptop.do("mark_read", channel=room.channel, message=message)
    await reader.sees({"type": "unread", "channel": room.channel, "read": message})


def _moved(room: Room, message: str, unread: int, mentions: int) -> Json:
    counts = {"unread": unread, "mentions": mentions}
    return {"type": "unread", "channel": room.channel, "read": message, **counts}


async def _unread_is(
    reader: Person, room: Room, unread: int, mentions: int, read: str | None = None
) -> None:
    """What both devices are told, in the list and by the channel's id."""
    wanted: Json = {"unread": unread, "mentions": mentions, **({"read": read} if read else {})}
    for device in reader.devices:
        expect(f"what is unread for {device}", await device.listed(room.channel), wanted)
        expect(f"what is unread for {device}", await device.channel(room.channel), wanted)
