"""Chapter one of `everyday`: who knows whom, how people are, and that somebody writes.

Its people share no group, in which they would see each other. What is told of presence between
organisations may be ten seconds late for each change, so there are few changes to be seen there.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

from people import ABSENT, Person, Room, SOMETHING, event, everybody, expect, refused

HEARTBEAT_S = 0.75
"""How often a device is asked for a sign of life; a setting of the nodes."""
PRESENCE_TIMEOUT_S = 3.0
"""After how long without a sign of life a device counts as gone; a setting of the nodes."""

_HEARTBEATS_S = HEARTBEAT_S * 2
_BACK_AFTER_S = 1.0
_CLOCK_S_MAX = 15.0
_TOGETHER_S = 0.5
"""More than the time for which a node gathers changes of presence."""


def contact_path(person: Person) -> str:
    """The path of somebody as a contact."""
    return f"/v1/contacts/{person.in_path}"


def step(one: Person, other: Person, what: str) -> dict[str, object]:
    """The event of a step between two contacts."""
    return event("contact", sender=one.account, account=other.account, step=what)


async def standings(person: Person) -> dict[str, str]:
    """Whom somebody knows."""
    listed = (await person.phone.get("/v1/contacts"))["contacts"]
    return {entry["account"]: entry["standing"] for entry in listed}


async def expect_standing(one: Person, other: Person, wanted: object) -> None:
    """How one stands to the other, in the list of contacts."""
    found = (await standings(one)).get(other.account, ABSENT)
    expect(f"how {one} stands to {other}", found, wanted)


async def strangers_are_unknown(asker: Person, strangers: list[Person]) -> None:
    """Whoever is no contact is unknown, as are accounts that do not exist"""
    names = [stranger.account for stranger in strangers]
    missing = [f"nobody@{asker.organisation}", f"nobody@{strangers[-1].organisation}"]
    found = await asker.laptop.presences(asker.account, *names, *missing)
    expect("one's own presence", found[asker.account], {"state": "online"})
    for name in (*names, *missing):
        unknown = {"state": "unknown", "status": ABSENT, "last_active_time": ABSENT}
        expect(f"the presence of {name} for {asker}", found[name], unknown)


async def a_request_is_agreed_to(one: Person, other: Person) -> None:
    """One asks, the other agrees, and all devices of both hear it and see each other online"""
    answer = await one.laptop.put(contact_path(other))
    expect("the answer to who asks", answer, {"status": "requested"})
    await everybody([one, other], step(one, other, "asked"))
    await expect_standing(one, other, "asked")
    await expect_standing(other, one, "asking")
    one.saw_none({"type": "presence", "account": other.account})
    other.saw_none({"type": "presence", "account": one.account})
    answer = await other.phone.do("add_contact", account=one.account)
    expect("the answer to who agrees", answer, {"status": "done"})
    await everybody([one, other], step(other, one, "accepted"))
    await expect_standing(one, other, "contact")
    await expect_standing(other, one, "contact")
    for person, whom in ((one, other), (other, one)):
        for device in person.devices:
            await device.sees_presence(whom.account, "online")


async def a_request_is_declined(one: Person, other: Person) -> None:
    """One asks, the other declines; whoever asks again is not heard, until he is asked himself"""
    await one.laptop.do("add_contact", account=other.account)
    await everybody([one, other], step(one, other, "asked"))
    await other.laptop.delete(contact_path(one))
    await everybody([one, other], step(other, one, "ended"))
    await expect_standing(one, other, ABSENT)
    await expect_standing(other, one, "declined")
    other.laptop.forget()
    answer = await one.laptop.put(contact_path(other))
    expect("the answer to who asks again", answer, {"status": "requested"})
    # What comes after it the same way shows that it was not heard.
    direct = (await one.laptop.do("open_direct", **{"with": other.account}))["channel"]
    said = await one.laptop.send(direct, "Why not?")
    await other.laptop.sees(event("message", id=said))
    other.laptop.saw_none(event("contact"))
    await expect_standing(other, one, "declined")
    await other.laptop.put(contact_path(one))
    await everybody([one, other], event("contact", sender=other.account))
    # Whichever of the two requests counts as the answer, they have asked each other.
    await other.laptop.delete(contact_path(one))
    await everybody([one, other], step(other, one, "ended"))
    await expect_standing(one, other, ABSENT)


async def nobody_is_his_own_contact(person: Person) -> None:
    """One neither asks nor blocks oneself"""
    await refused("contact_self", person.laptop.put(contact_path(person)))
    await refused("block_self", person.laptop.put(f"/v1/blocks/{person.in_path}"))


async def users_are_asked_for_by_name(
    asker: Person, contacts: list[Person], strangers: list[Person]
) -> None:
    """Named users: contacts as they are, the others unknown"""
    names = [person.account for person in (*contacts, *strangers)]
    found = await asker.phone.presences(*names)
    for person in contacts:
        expect(f"the presence of {person} for {asker}", found[person.account], {"state": "online"})
    for person in strangers:
        expect(f"the presence of {person} for {asker}", found[person.account], {"state": "unknown"})
    many = "&".join(f"account=user{number}%40acme.test" for number in range(101))
    await refused("malformed", asker.laptop.get(f"/v1/presence?{many}"))


async def devices_are_one_state(person: Person, watcher: Person) -> None:
    """The most present of two devices speaks for both, who is busy on one is busy, and the status
    is the user's"""
    laptop, phone = person.laptop, person.phone
    await laptop.say({"type": "presence", "state": "away"})
    await laptop.is_heard()
    await phone.put("/v1/me/presence", status="도서관에서")
    await _all_see(watcher, person, "online", "도서관에서")
    await phone.put("/v1/me/presence", state="away")
    await _all_see(watcher, person, "away", "도서관에서")
    await phone.say({"type": "presence", "state": "busy", "status": "at lunch"})
    await _all_see(watcher, person, "busy", "at lunch")
    await laptop.sees_presence(person.account, "busy", status="at lunch")
    found = await watcher.phone.presences(person.account)
    busy = {"state": "busy", "status": "at lunch", "last_active_time": ABSENT}
    expect(f"the presence of {person} by name", found[person.account], busy)
    await laptop.put("/v1/me/presence", state="online")
    await phone.put("/v1/me/presence", state="away", status="")
    await _all_see(watcher, person, "online", ABSENT)
    await phone.put("/v1/me/presence", state="online")
    for device in watcher.devices:
        states = device.states_seen(person.account)
        expect(f"the states that {device} saw", states, ["online", "away", "busy", "online"])
    too_long = phone.put("/v1/me/presence", status="x" * 101)
    await refused("status_invalid", too_long)


async def who_is_away_is_seen_away(person: Person, watcher: Person) -> None:
    """Whoever is away on the only device is away, with the status"""
    await person.laptop.say({"type": "presence", "state": "away", "status": "обед"})
    await _all_see(watcher, person, "away", "обед")


async def who_takes_leave_is_offline(person: Person, watcher: Person) -> None:
    """Whoever closes the last device is offline at once, with the time; back again is online"""
    await person.laptop.leave()
    found = await watcher.laptop.presences(person.account)
    is_there = found[person.account]["state"] in ("online", "busy")
    expect(f"{person} with the phone alone is there", is_there, True)
    loop = asyncio.get_running_loop()
    left_at = loop.time()
    await person.phone.leave()
    for device in watcher.devices:
        gone = await device.sees_presence(person.account, "offline", last_active_time=SOMETHING)
    took_s = loop.time() - left_at
    if person.organisation == watcher.organisation:
        is_at_once = took_s < PRESENCE_TIMEOUT_S
        expect(f"offline {took_s:.1f} s after a goodbye is at once", is_at_once, True)
    age = datetime.now(timezone.utc) - datetime.fromisoformat(gone["last_active_time"])
    is_near = abs(age - timedelta(seconds=took_s)) < timedelta(seconds=_CLOCK_S_MAX)
    expect(f"last_active_time, {age} ago, is when he left", is_near, True)
    found = await watcher.laptop.presences(person.account)
    same = {"state": "offline", "last_active_time": gone["last_active_time"]}
    expect(f"the presence of {person} by name", found[person.account], same)
    await _connect(person)
    for device in watcher.devices:
        await device.sees_presence(person.account, "online", last_active_time=ABSENT)
        states = device.states_seen(person.account)
        expect(f"the states that {device} saw", states, ["offline", "online"])


async def a_broken_connection_is_seen_by_nobody(
    person: Person, watcher: Person, marker: Person
) -> None:
    """A connection that breaks and comes back in time is seen by nobody"""
    direct = (await marker.laptop.do("open_direct", **{"with": watcher.account}))["channel"]
    before = await marker.laptop.send(direct, "before")
    await watcher.sees(event("message", id=before))
    watcher.forget()
    loop = asyncio.get_running_loop()
    dropped_at = loop.time()
    await _drop(person)
    await asyncio.sleep(_BACK_AFTER_S)
    await _connect(person)
    # Long enough for a node that had not noticed the return.
    await asyncio.sleep(dropped_at + PRESENCE_TIMEOUT_S + _TOGETHER_S - loop.time())
    after = await marker.laptop.send(direct, "after")
    await watcher.sees(event("message", id=after))
    watcher.saw_none({"type": "presence", "account": person.account})
    # The next that is told is what he says himself; on one device alone, and busy counts.
    await person.phone.say({"type": "presence", "state": "busy", "status": "at lunch"})
    await _all_see(watcher, person, "busy", "at lunch")
    for device in watcher.devices:
        states = device.states_seen(person.account)
        expect(f"the states that {device} saw", states, ["busy"])


async def a_connection_that_stays_away_is_seen(person: Person, watcher: Person) -> None:
    """A connection that does not come back in time is offline"""
    dropped_at = asyncio.get_running_loop().time()
    await _drop(person)
    try:
        for device in watcher.devices:
            await device.sees_presence(person.account, "offline", last_active_time=SOMETHING)
        took_s = asyncio.get_running_loop().time() - dropped_at
        is_late = took_s > PRESENCE_TIMEOUT_S - _HEARTBEATS_S
        expect(f"gone after {took_s:.1f} s is not too early", is_late, True)
    finally:
        await _connect(person)
    await _all_see(watcher, person, "online", SOMETHING)


async def typing_is_heard(room: Room, stranger: Person) -> None:
    """The others hear that somebody writes and that he stops, and nobody of who is not there"""
    speaker = room.speaker
    typing = {"type": "typing", "channel": room.channel}
    await stranger.laptop.say(typing)
    await stranger.laptop.is_heard()
    await speaker.laptop.say(typing)
    heard = {**typing, "account": speaker.account, "typing": True}
    await everybody(room.others, heard)
    await speaker.laptop.say({**typing, "typing": False})
    await everybody(room.others, {**heard, "typing": False})
    await room.says("written")
    speaker.saw_none({"type": "typing"})
    for person in room.others:
        person.saw_none({"type": "typing", "account": stranger.account})


async def _all_see(watcher: Person, person: Person, state: str, status: object) -> None:
    for device in watcher.devices:
        await device.sees_presence(person.account, state, status=status)


async def _drop(person: Person) -> None:
    for device in person.devices:
        await device.drop()


async def _connect(person: Person) -> None:
    await asyncio.gather(*(device.connect() for device in person.devices))
