"""Chapter four of `everyday`: doors that people close, and those that the node keeps: mutes,
blocks, farewells, invites, limits, and wrong input across organisations.
"""

from __future__ import annotations

import asyncio
import math
import math
from typing import Awaitable, Callable
from urllib.parse import quote

from client import Json, Refused
from everyday_contacts import contact_path, expect_standing, step
from people import (
    ABSENT, Device, PASSWORD, Person, Room, SOMETHING, Unmet, event, everybody, expect,
    refused, sign_up, until,
)

BURST = 600
"""How many requests a minute an account may make; a setting of the nodes."""
TRIES = 4
"""Wrong passwords of an account in an hour that cost nothing, half of them at one address; a
setting of the nodes."""

_MISSING = "01M8373FD70000E1R70W3GE1R7"
_BURST_TRIES_MAX = 6
_TRIES_MAX = 12
_AT_ONCE = 50
_POLICY = 1008


async def a_block_is_silent(room: Room, group: Room) -> None:
    """Whom one blocks is not heard and notices nothing: his messages are stored and delivered"""
    blocker, other = room.speaker, room.others[0]
    before = await room.hears(other, "before")
    # What the block is to hide has to be there.
    await _until_present(blocker, other, {"state": "online"})
    await blocker.laptop.put(f"/v1/blocks/{other.in_path}")
    await blocker.phone.sees({"type": "blocks_changed"})
    listed = (await blocker.phone.get("/v1/blocks"))["blocks"]
    expect("whom one blocks", listed, [{"account": other.account, "since_time": SOMETHING}])
    for device in blocker.devices:
        device.forget()
    blocker.forget()
    unheard = await other.laptop.send(room.channel, "unheard", mentions=[blocker.account])
    await other.sees(event("message", id=unheard, text="unheard"))
    if room.organisations > 1:
        await other.laptop.sees({"type": "delivered", "id": unheard, "organisations": 2, "of": 2})
    on = {"channel": room.channel, "message": before}
    await other.laptop.do("react", reaction="👎", **on)
    await other.laptop.do("edit", text="unheard as well", **on)
    # What comes after it the same way, and is heard.
    await group.hears(other, "aloud")
    for kind in ("message", "edited", "reacted"):
        blocker.saw_none({"channel": room.channel, **event(kind, sender=other.account)})
    page = await blocker.laptop.page(room.channel, limit="1")
    shown = {"id": before, "text": "before", "reactions": ABSENT, "edited_time": ABSENT}
    expect("the newest message for who blocks", page["events"], [shown])
    await refused("message_not_found", blocker.laptop.message(room.channel, unheard))
    expect("what is said of it", await other.phone.message(room.channel, before),
           {"text": "unheard as well", "reactions": [{"count": 1}]})


async def whom_one_blocks_types_unheard(room: Room) -> None:
    """Neither does one hear that whom one blocks writes, nor he that oneself does"""
    for one, other in ((room.speaker, room.others[0]), (room.others[0], room.speaker)):
        other.forget()
        await one.laptop.say({"type": "typing", "channel": room.channel})
        await one.laptop.is_heard()
        said = await room.speaker.laptop.send(room.channel, "heard")
        await everybody(room.people, event("message", id=said))
        other.saw_none({"type": "typing", "channel": room.channel})


async def a_block_hides_presence_and_ends(room: Room) -> None:
    """Whom one blocks does not see one's presence; once unblocked he is heard and sees again"""
    blocker, other = room.speaker, room.others[0]
    # The other node hears of it in a moment.
    unknown = {"state": "unknown", "status": ABSENT, "last_active_time": ABSENT}
    await _until_present(blocker, other, unknown)
    await blocker.laptop.put("/v1/me/presence", state="busy", status="hidden")
    await blocker.phone.sees_presence(blocker.account, "busy", status="hidden")
    await blocker.laptop.put("/v1/me/presence", state="online", status="")
    await blocker.phone.sees_presence(blocker.account, "online", status=ABSENT)
    await blocker.laptop.delete(f"/v1/blocks/{other.in_path}")
    await blocker.phone.sees({"type": "blocks_changed"})
    for device in other.devices:
        await device.sees_presence(blocker.account, "online")
        device.saw_none({"type": "presence", "account": blocker.account, "status": "hidden"})
    after = await room.hears(other, "after")
    page = await blocker.phone.page(room.channel)
    said = [one for one in page["events"] if one["sender"] == other.account]
    texts = [{"text": "before"}, {"id": after, "text": "after"}]
    expect("what is left of what he said", said, texts)


async def _until_present(person: Person, watcher: Person, wanted: Json) -> None:
    async def presence() -> Json:
        return (await watcher.laptop.presences(person.account))[person.account]

    await until(f"the presence of {person} for {watcher}", presence, wanted)


async def a_channel_is_muted(room: Room) -> None:
    """A mute is the account's alone, on both devices; all comes and counts as before"""
    reader = room.others[0]
    path = f"/v1/channels/{room.channel}/mute"
    await reader.laptop.put(path)
    await reader.sees({"type": "muted", "channel": room.channel, "muted": True})
    last = await room.says("Hush!", mentions=[reader.account])
    for device in reader.devices:
        listed = await device.listed(room.channel)
        expect(f"the channel for {device}", listed, {"muted": True, "mentions": SOMETHING})
        if listed is None or listed["mentions"] < 1:
            raise Unmet(f"a mention that counts for {device}", listed)
    expect("another's channel", await room.speaker.laptop.listed(room.channel), {"muted": ABSENT})
    await reader.phone.delete(path)
    await reader.sees({"type": "muted", "channel": room.channel, "muted": False})
    expect("the channel", await reader.laptop.listed(room.channel), {"muted": ABSENT})
    await reader.laptop.do("mark_read", channel=room.channel, message=last)


async def an_account_is_deleted(leaver: Person, room: Room, directs: list[Room]) -> None:
    """Whoever deletes the account leaves groups and contacts in both organisations, what was said
    stays, and the name is never given out again"""
    stayers = [person for person in room.people if person is not leaver]
    said = [await direct.hears(leaver, "farewell") for direct in directs]
    for direct in directs:
        friend = direct.others[0]
        await leaver.laptop.put(contact_path(friend))
        await everybody([friend], step(leaver, friend, "asked"))
        await friend.laptop.put(contact_path(leaver))
        await everybody([leaver, friend], step(friend, leaver, "accepted"))
    wrong = leaver.laptop.delete("/v1/me", password="not the password")
    await refused("credentials_wrong", wrong)
    await leaver.laptop.delete("/v1/me", password=PASSWORD)
    for device in leaver.devices:
        await device.sees({"type": "goodbye", "code": "token_invalid"})
        await device.sees({"type": "closed", "code": _POLICY})
        await refused("token_invalid", device.get("/v1/me"))
    await everybody(stayers, {"channel": room.channel, **event("left", account=leaver.account)})
    for person in stayers:
        members = (await person.laptop.channel(room.channel))["members"]
        accounts = [member["account"] for member in members]
        expect(f"whether {person} sees {leaver}", leaver.account in accounts, False)
    for direct, message in zip(directs, said):
        friend = direct.others[0]
        await everybody([friend], step(leaver, friend, "ended"))
        await expect_standing(friend, leaver, ABSENT)
        shown = await friend.phone.message(direct.channel, message)
        expect("what was said", shown, {"text": "farewell", "sender": leaver.account})
        still = await friend.laptop.listed(direct.channel)
        expect("the direct channel", still, {"with": leaver.account, "standing": "joined"})
        found = await friend.laptop.presences(leaver.account)
        expect("the presence of who is gone", found[leaver.account], {"state": "unknown"})
    await _nobody_finds(leaver, stayers, {direct.others[0] for direct in directs})


async def _nobody_finds(leaver: Person, people: list[Person], friends: set[Person]) -> None:
    name, base_url = leaver.account.split("@")[0], leaver.laptop.http.base_url
    await refused("name_taken", sign_up(base_url, name))
    await refused("credentials_wrong", leaver.another("tablet"))
    for person in people:
        if person not in friends:
            opening = person.laptop.do("open_direct", **{"with": leaver.account})
            await refused("account_not_found", opening)
            asking = person.laptop.put(contact_path(leaver))
            await refused("account_not_found", asking)


async def an_invite_makes_as_many_accounts_as_it_says(
    base_url: str, used_up: str, revoked: str
) -> None:
    """An invite that is used up, was revoked or is missing makes no account"""
    for token in (used_up, revoked, "no such token"):
        await refused("invite_token_invalid", sign_up(base_url, "late", invite=token))
    await refused("invite_token_invalid", sign_up(base_url, "late"))


async def a_revoked_device_is_cut_off(person: Person) -> None:
    """A device whose token is revoked gets a goodbye, its socket closes, and it opens nothing"""
    tablet = await person.another("tablet")
    await tablet.connect()
    device = (await tablet.get("/v1/me"))["device"]["id"]
    await person.laptop.delete(f"/v1/devices/{device}")
    await tablet.sees({"type": "goodbye", "code": "token_invalid"})
    await tablet.sees({"type": "closed", "code": _POLICY})
    await refused("token_invalid", tablet.get("/v1/channels"))
    again = tablet.connect()
    try:
        await again
    except Unmet as unmet:
        expect("what a hello is answered with", "token_invalid" in str(unmet), True)
    else:
        raise Unmet("a goodbye with token_invalid", "a welcome")
    await tablet.http.close()
    await person.laptop.is_heard()


async def wrong_passwords_are_throttled(person: Person) -> None:
    """After some wrong passwords also the right one has to wait, as long as is told"""
    codes = []
    for _ in range(_TRIES_MAX):
        try:
            await person.another("guess", "not the password")
        except Refused as refusal:
            codes.append(refusal.code)
            if refusal.code == "rate_limited":
                break
    wanted = ["credentials_wrong"] * (len(codes) - 1) + ["rate_limited"]
    expect("the codes of wrong passwords", codes, wanted)
    expect("wrong passwords that cost nothing", len(codes) - 1, TRIES // 2 + 1)
    held_back = await refused("rate_limited", person.another("tablet"))
    expect("the status of who has to wait", held_back.status, 429)
    whole_s = str(math.ceil(held_back.retry_after_s))
    expect("the header Retry-After", held_back.retry_after_header, whole_s)
    await person.laptop.is_heard()
    await asyncio.sleep(held_back.retry_after_s)
    tablet = await person.another("tablet")
    expect("the new device", await tablet.get("/v1/me"), {"device": {"name": "tablet"}})
    await tablet.http.close()


async def a_burst_is_held_back(room: Room, bystander: Room) -> None:
    """Whoever sends more than may be is told to wait, nobody else is; nothing is lost or doubled"""
    flooder, device = room.speaker, room.speaker.laptop
    stored: list[str] = []
    limited: list[tuple[Json, Refused]] = []

    async def send(number: int) -> None:
        frame = {"type": "send", "channel": room.channel, "text": f"flood {number}"}
        frame["nonce"] = device.nonce()
        try:
            stored.append((await device.ask(frame))["id"])
        except Refused as refusal:
            expect("the code of a burst", refusal.code, "rate_limited")
            limited.append((frame, refusal))

    number = 0
    while not limited and number < BURST * _BURST_TRIES_MAX:
        await asyncio.gather(*(send(number + more) for more in range(_AT_ONCE)))
        number += _AT_ONCE
    expect(f"whether one of {number} sends was held back", bool(limited), True)
    expect("how many were not", len(stored) >= BURST // 2, True)
    over_http = await _until_limited(lambda: device.get("/v1/me"))
    expect("the status over HTTP", over_http.status, 429)
    expect("the header Retry-After", over_http.retry_after_header, SOMETHING)
    await bystander.says("undisturbed")
    frame, refusal = limited[0]
    expect("how long to wait", 0 < refusal.retry_after_s < 60, True)
    last = await _in_time(device, frame)
    wanted = {event_id for event_id in (*stored, last)}
    for listener in room.others[0].devices:
        await listener.sees(event("message", id=last))
        seen = [f["event"]["id"] for f in listener.frames if _is_flood(f, flooder)]
        expect("messages that came twice", len(seen) - len(set(seen)), 0)
        expect("stored messages that did not come", len(wanted - set(seen)), 0)
        expect("messages that came though refused", len(set(seen) - wanted), 0)


def _is_flood(frame: Json, flooder: Person) -> bool:
    if frame["type"] != "event" or frame["event"]["kind"] != "message":
        return False
    text = frame["event"]["text"] or ""
    return frame["event"]["sender"] == flooder.account and text.startswith("flood")


async def _until_limited(ask: Callable[[], Awaitable[object]]) -> Refused:
    """The refusal of the first of some requests at once that was held back."""
    for _ in range(BURST // _AT_ONCE * 2):
        answers = await asyncio.gather(*(ask() for _ in range(_AT_ONCE)), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, Refused):
                expect("the code of a burst", answer.code, "rate_limited")
                return answer
    raise Unmet("rate_limited over HTTP", "answers")


async def _in_time(device: Device, frame: Json) -> str:
    """Sends what was held back again, under its nonce, after as long as is told."""
    for _ in range(_TRIES_MAX):
        try:
            return str((await device.ask(frame))["id"])
        except Refused as refusal:
            expect("the code of a burst", refusal.code, "rate_limited")
            await asyncio.sleep(refusal.retry_after_s)
    raise Unmet("to be taken after the time that was told", "rate_limited")


async def an_id_of_elsewhere_is_a_missing_one(room: Room, elsewhere: Room) -> None:
    """Somebody else's message under a channel that one can read is answered like a missing one"""
    asker = room.others[0]
    foreign = await elsewhere.says("Not for everybody")
    for message in (foreign, _MISSING):
        answers = await _ask_everything(asker, room, message)
        for what, answer in answers.items():
            expect(f"the answer to {what}", answer, "message_not_found (404)")
    outside = [
        f"/v1/channels/{elsewhere.channel}", f"/v1/channels/{elsewhere.channel}/messages",
        elsewhere.message_path(foreign), elsewhere.message_path(foreign, "/versions"),
        elsewhere.message_path(foreign, "/replies"), f"/v1/channels/{elsewhere.channel}/pins",
    ]
    for path in outside:
        refusal = await refused("channel_not_found", asker.laptop.get(path))
        expect("the status", refusal.status, 404)
    await room.says("still here")
    await elsewhere.shows(foreign, {"reactions": ABSENT, "pinned": ABSENT, "replies": ABSENT})


async def _ask_everything(asker: Person, room: Room, message: str) -> dict[str, str]:
    """What all that names a message is answered with."""
    device, path = asker.laptop, room.message_path(message)
    sends = f"/v1/channels/{room.channel}/messages"
    asked: dict[str, Awaitable[Json]] = {
        "reading it": device.get(path),
        "its versions": device.get(f"{path}/versions"),
        "its thread": device.get(f"{path}/replies"),
        "what is around it": device.page(room.channel, around=message),
        "an edit": device.put(path, text="mine"),
        "an erasure": device.delete(path),
        "a reaction": device.put(f"{path}/reactions/{quote('👍')}"),
        "the end of a reaction": device.delete(f"{path}/reactions/{quote('👍')}"),
        "a pin": device.put(f"/v1/channels/{room.channel}/pins/{message}"),
        "the end of a pin": device.delete(f"/v1/channels/{room.channel}/pins/{message}"),
        "a mark": device.put(f"/v1/channels/{room.channel}/read", message=message),
        "a reply": device.http.call(
            "POST", sends, {"text": "x", "nonce": device.nonce(), "reply_to": message}),
        "a thread": device.http.call(
            "POST", sends, {"text": "x", "nonce": device.nonce(), "thread": message}),
    }
    answers = {}
    for what, answer in asked.items():
        try:
            answers[what] = f"done: {await answer}"
        except Refused as refusal:
            answers[what] = f"{refusal.code} ({refusal.status})"
    return answers


async def what_is_not_ones_own_is_refused(room: Room) -> None:
    """Edits of others' messages, acts on deleted ones, and too much of anything have their codes"""
    other = room.others[0]
    device, in_room = other.laptop, {"channel": room.channel}
    theirs = await room.says("mine")
    refusal = await refused("not_author", device.put(room.message_path(theirs), text="yours"))
    expect("the status of `not_author`", refusal.status, 403)
    await refused("not_author", device.do("edit", message=theirs, text="yours", **in_room))
    reacting = device.put(room.message_path(theirs, f"/reactions/{quote('two words')}"))
    await refused("reaction_invalid", reacting)
    await refused("text_empty", room.speaker.laptop.put(room.message_path(theirs), text=""))
    gone = await room.says("gone in a moment")
    await room.speaker.laptop.delete(room.message_path(gone))
    await everybody(room.people, event("erased", message=gone))
    for person in room.people:
        again = {"channel": room.channel, "message": gone}
        device = person.laptop
        await refused("message_erased", device.do("react", reaction="👍", **again))
        await refused("message_erased", device.do("pin", **again))
    editing = room.speaker.laptop.put(room.message_path(gone), text="back")
    refusal = await refused("message_erased", editing)
    expect("the status of `message_erased`", refusal.status, 409)
    many = [f"user{number}@globex.test" for number in range(10_000)]
    for person in room.people:
        await refused("mention_limit", person.laptop.send(room.channel, "hey", mentions=many))
    await room.says("nothing of it came")
    for person in room.people:
        person.saw_none(event("message", text="hey"))
        person.saw_none(event("edited"))
        person.saw_none(event("reacted"))
    await room.shows(theirs, {"text": "mine", "edited_time": ABSENT, "reactions": ABSENT})

