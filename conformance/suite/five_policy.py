"""Chapters two, three, nine and ten of `five-organisations`: whom admins let in, what they share
with whom, and how they end it, as they and their users see it.
"""

from __future__ import annotations

from typing import Any

from admin import Admin
from client import Json
from five_world import World, cannot_reach, come_in, direct, invite, reach, talk
from people import ABSENT, Person, Room, event, everybody, expect, refused, until

_ASKS = "waiting for your word (comity peers allow, or block):"
_OUT_OF_A_CHANNEL = "channel_not_found"


def _asked(by_node: bool, by_users: bool) -> Json:
    return {"by_itself": by_node, "by_ours": by_users}


async def _texts(person: Person, channel: str) -> list[str]:
    """What somebody reads in a channel."""
    return [event["text"] for event in await person.laptop.whole(channel) if "text" in event]


async def _standing(person: Person, channel: str) -> Any:
    listed = await person.phone.listed(channel)
    return ABSENT if listed is None else listed["standing"]


# Chapter two.


async def nobody_is_let_in_unasked(w: World) -> None:
    """Under the default an organisation federates with nobody, and says so"""
    hooli = w.admins["hooli"]
    await hooli.reads("peers", says=["No organisation is linked, and none is to be."])
    await hooli.reads("peers", "rules", says=['(federation.mode = "ask")'])


async def a_first_contact_waits_for_both_admins(w: World, one: Person, other: Person) -> None:
    """A user asks somebody elsewhere; his admin sees it and allows, then the other's"""
    here, there = (w.admin_of(p) for p in (one, other))
    path = f"/v1/contacts/{other.in_path}"
    await refused("domain_waits", one.laptop.put(path))
    await cannot_reach("domain_waits", one, other)
    asks = f"{there.domain} asked by users of this node"
    await here.reads("peers", says=[_ASKS, asks])
    await there.reads("peers", "rules", never=[here.domain])
    printed = await here.runs("peers", "allow", there.domain)
    expect("what the admin is told", printed, (
        f"{there.domain} is allowed. Its admin has to allow this node as well.\n"
    ))
    await here.reads("peers", never=[_ASKS])
    await here.sees_peer(there.domain, {"trouble": {"code": "waits_at_domain"}})
    await here.reads("peers", "show", there.domain, says=["waits_at_domain"])
    await there.reads("peers", says=[_ASKS, f"{here.domain} asked by its node"])
    await refused("waits_at_domain", one.laptop.put(path))
    await refused("domain_waits", other.laptop.put(f"/v1/contacts/{one.in_path}"))
    await there.allows(here)
    await here.is_linked(there)
    for admin, partner in ((here, there), (there, here)):
        await admin.reads("peers", says=[f"{partner.domain} up "], never=[_ASKS])
        await admin.reads("peers", "rules", says=[f"{partner.domain} allowed"])
        await admin.reads("peers", "show", partner.domain, says=["DNSSEC", "up for "])


async def a_contact_is_made_across(one: Person, other: Person) -> None:
    """Now the user's request goes, is agreed to, and they see each other and write"""
    await reach(lambda: one.laptop.put(f"/v1/contacts/{other.in_path}"))
    asked = event("contact", sender=one.account, account=other.account, step="asked")
    await everybody([one, other], asked)
    await other.laptop.put(f"/v1/contacts/{one.in_path}")
    agreed = event("contact", sender=other.account, account=one.account, step="accepted")
    await everybody([one, other], agreed)
    for person, whom in ((one, other), (other, one)):
        await person.laptop.sees_presence(whom.account, "online")
    room = await direct(one, other)
    said = await room.says("안녕, at last!")
    wanted = {"type": "delivered", "id": said, "organisations": 2, "of": 2}
    await one.sees(wanted)
    await room.hears(other, "はい, here I am.")


# Chapter three.


async def a_group_waits_for_a_grant_of_both(w: World, room: Room, guest: Person) -> None:
    """With --named-groups a group is shared once both admins have named it"""
    here = w.admin_of(room.speaker)
    there = w.admin_of(guest)
    for admin, other in ((here, there), (there, here)):
        await admin.allows(other, "--named-groups")
        await admin.reads("peers", "rules", says=[f"{other.domain} allowed, no group yet"])
    await here.is_linked(there)
    inviting = {"channel": room.channel, "account": guest.account}
    asked = reach(lambda: room.speaker.laptop.do("invite", **inviting))
    await refused("channel_not_granted", asked)
    await here.reads("group", "list", says=[f"{room.channel} {here.domain} \"{room.name}\""])
    await here.shares(room.channel, there)
    await invite(room, guest)
    accepting = guest.laptop.do("accept", channel=room.channel)
    await refused("channel_not_granted", accepting)
    expect("where the guest stands", await _standing(guest, room.channel), "invited")
    await there.shares(room.channel, here)
    await come_in(room, guest)
    for admin, other in ((here, there), (there, here)):
        shared = f"{other.domain} allowed, and of groups {room.channel}"
        await admin.reads("peers", "rules", says=[shared])
    # Direct channels need no such word.
    await (await direct(guest, room.speaker)).says("Just you and me.")


async def strangers_in_a_group_hear_each_other(
    w: World, room: Room, one: Person, other: Person
) -> None:
    """Two of its organisations have not allowed each other: their words come by way of the third,
    and their admins see who asks"""
    await room.hears(one, "Who is there?")
    await room.hears(other, "A stranger.")
    for person, stranger in ((one, other), (other, one)):
        admin = w.admin_of(person)
        await admin.reads("peers", says=[_ASKS, stranger.organisation])
        await cannot_reach("domain_waits", person, stranger)


async def strangers_are_linked_once_allowed(w: World, here: Admin, there: Admin) -> None:
    """Both admins say their word, and the nodes link by themselves"""
    await here.allows(there)
    await there.allows(here)
    await here.is_linked(there)


# Chapter nine.


async def a_block_ends_the_link_and_hides_invitations(
    w: World, blocked: Person, blocking: Person, direct_room: Room, invited_to: Room
) -> None:
    """The link is gone, what waits for an answer is hidden, what was said stays"""
    here = w.admin_of(blocking)
    there = w.admin_of(blocked)
    await direct_room.says("Before the block.")
    await invite(invited_to, blocking)
    expect("the invitation", await _standing(blocking, invited_to.channel), "invited")
    printed = await here.runs("peers", "block", there.domain)
    expect("what the admin is told", printed, f"{there.domain} is blocked.\n")
    await there.sees_peer(here.domain, {"link": "down", "trouble": {"code": "refused_by_domain"}})
    await there.reads("peers", "show", here.domain, says=["refused_by_domain"])
    await here.reads("peers", never=[there.domain])
    await here.reads("peers", "rules", says=[f"{there.domain} blocked"])
    expect("the invitation", await _standing(blocking, invited_to.channel), ABSENT)
    read = await _texts(blocking, direct_room.channel)
    expect("the last that was said", read[-1], "Before the block.")
    await refused("domain_refused", blocking.laptop.send(direct_room.channel, "After it."))
    accepting = blocking.laptop.do("accept", channel=invited_to.channel)
    await refused("domain_refused", accepting)


async def what_the_blocked_side_sees(
    w: World, blocked: Person, blocking: Person, room: Room, newcomer: Person
) -> None:
    """Its users' words stay on their own node, and who is new is refused"""
    said = await blocked.laptop.send(room.channel, "Do you hear me?")
    await blocked.sees(event("message", id=said))
    shown = {"domain": blocking.organisation, "linked": False, "behind_since_time": ABSENT}
    shown["behind_since_time"] = (await blocked.laptop.message(room.channel, said))["time"]

    async def others() -> Any:
        return (await blocked.laptop.channel(room.channel))["organisations"]

    await until("who has not everything", others, [shown])
    await refused("refused_by_domain", newcomer.laptop.put(f"/v1/contacts/{blocking.in_path}"))
    await cannot_reach("refused_by_domain", newcomer, blocking)


async def a_block_says_nothing_of_others_groups(w: World, room: Room, one: Person) -> None:
    """In a group of a third organisation both still hear each other, by way of it"""
    for person in room.people:
        await room.hears(person, f"{one.organisation} is blocked, says {person}.")


async def a_block_is_taken_back(
    w: World, blocked: Person, blocking: Person, direct_room: Room, invited_to: Room
) -> None:
    """Nothing was lost: what was said comes, and what was hidden shows"""
    here = w.admin_of(blocking)
    there = w.admin_of(blocked)
    printed = await here.runs("peers", "forget", there.domain)
    expect("what the admin is told", printed, f"Nothing is said of {there.domain} any more.\n")
    await here.is_linked(there)
    await everybody([blocking], event("message", text="Do you hear me?"))
    expect("the invitation", await _standing(blocking, invited_to.channel), "invited")
    await direct_room.hears(blocking, "I do now.")
    await direct_room.hears(blocked, "Good.")

    async def others() -> Any:
        return (await blocked.laptop.channel(direct_room.channel))["organisations"]

    caught_up = {"domain": here.domain, "linked": True, "behind_since_time": ABSENT}
    await until("that nobody is behind", others, [caught_up])


# Chapter ten.


async def the_home_shares_a_group_no_longer(w: World, room: Room, guest: Person) -> None:
    """Its admin takes a group back: the others are out, and keep what was said"""
    here = w.admin_of(room.speaker)
    there = w.admin_of(guest)
    await room.says("Before the end.")
    printed = await here.unshares(room.channel, there)
    wanted = f"{room.channel} is shared with {there.domain} no longer.\n"
    expect("what the admin is told", printed, wanted)
    removed = event("removed", account=guest.account)
    await everybody(room.people, removed)
    room.others.remove(guest)
    before = await _texts(guest, room.channel)
    expect("the last that was said", before[-1], "Before the end.")
    expect("where the guest stands", await _standing(guest, room.channel), "kept")
    await refused(_OUT_OF_A_CHANNEL, guest.laptop.send(room.channel, "And I?"))
    await room.says("Among ourselves.")
    members = [m["account"] for m in (await room.speaker.laptop.channel(room.channel))["members"]]
    expect("the guest among the members", guest.account in members, False)
    # What comes after it by another way shows that it did not come.
    await (await direct(room.speaker, guest)).says("You are out.")
    expect("what the guest reads", await _texts(guest, room.channel), before)


async def a_guest_shares_a_group_no_longer(w: World, room: Room, guest: Person) -> None:
    """Its admin takes his users out of another's group: they leave, and keep what was said"""
    there = w.admin_of(guest)
    here = w.admin_of(room.speaker)
    ours = [person for person in room.people if person.organisation == guest.organisation]
    await there.unshares(room.channel, here)
    for person in ours:
        await everybody(room.people, event("left", account=person.account))
    for person in ours:
        room.others.remove(person)
        expect("where they stand", await _standing(person, room.channel), "kept")
    before = await _texts(guest, room.channel)
    await room.says("Fewer and fewer.")
    await (await direct(room.speaker, guest)).says("You are out too.")
    expect("what they read", await _texts(guest, room.channel), before)


async def talk_goes_on(w: World, room: Room) -> None:
    """Everybody in a group talks, and every device is shown every word"""
    await talk(w, room, room.people, w.talk)
