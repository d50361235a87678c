"""The scenario `everyday`: what people do all day, within one organisation and across two.

`run` starts two nodes and a DNS, and runs this file inside a host of its own: there all people of
both organisations live in one process, and what one does another is expected to see. Each scene is
a function named for what users see; it is told for each room or pair of people that it concerns,
and what it expected and did not get is its result. A scene that fails does not keep the others
from being told, but may make later ones fail. The tale itself is in `everyday_contacts.py`,
`everyday_messages.py`, `everyday_marks.py` and `everyday_doors.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, Iterator

import everyday_contacts as contacts
import everyday_doors as doors
import everyday_marks as marks
import everyday_messages as messages
from cases import Result, Stage, run_inside
from client import Http
from dns import NameServer
from node import Node
from people import Person, Room, event, everybody, sign_up
from process import Failed
from teller import SCENE_S_MAX, Teller

People = dict[str, Person]

HOSTS = ["acme", "globex", "dns", "people"]

_ACME = {"alice": 2, "amir": 2, "ada": 1, "abe": 1, "ines": 2, "iris": 2, "ivan": 2}
_GLOBEX = {"bob": 2, "greta": 1, "gus": 1, "hana": 2, "hugo": 1}
"""Who there is, with how many devices."""

_SETTINGS = f"""\
[sign_up]
mode = "{{sign_up}}"

[presence]
heartbeat_ms = {contacts.HEARTBEAT_S * 1000:.0f}
timeout_ms = {contacts.PRESENCE_TIMEOUT_S * 1000:.0f}

[limits.clients]
account_requests_per_minute = {doors.BURST}
account_wrong_passwords_per_hour = {doors.TRIES}
"""
"""One organisation takes everybody, the other who has an invite."""

_TALE_S_MAX = 300.0
_UP_S_MAX = 20.0
_LOOK_S = 0.1


def run(stage: Stage) -> Iterator[Result]:
    """Starts what is needed and yields each scene's result."""
    names = NameServer(stage.network, "dns", stage.directory / "dns")
    acme, globex = (
        Node(
            stage.network, host, f"{host}.test", stage.binary, stage.directory / host,
            _SETTINGS.format(sign_up=sign_up_mode),
        )
        for host, sign_up_mode in (("acme", "open"), ("globex", "invite"))
    )
    stage.say("starting DNS and two nodes")
    names.prepare(["acme.test.", "globex.test."])
    for node in (acme, globex):
        node.prepare(names)
    names.start(stage.processes, [acme.zone(), globex.zone()])
    for node in (acme, globex):
        node.start(stage.processes)
    revoked = _invite(globex, uses=1)
    globex.command("user", "revoke-invite", revoked)
    settings = {
        "acme": acme.base_url, "globex": globex.base_url, "revoked": revoked,
        "invite": _invite(globex, uses=len(_GLOBEX)),
    }
    stage.say("telling what people do all day")
    log = stage.directory / "people.log"
    yield from run_inside(
        stage.network, "people", __file__, [json.dumps(settings)], log, _TALE_S_MAX
    )
    for node in (acme, globex):
        node.check()


def _invite(node: Node, uses: int) -> str:
    """An invite of a node, which may just have been started."""
    deadline = time.monotonic() + _UP_S_MAX
    while True:
        try:
            return node.command("user", "invite", "--uses", str(uses)).split()[0]
        except Failed:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_S)


async def tell_of_presence_within(w: People) -> None:
    """Chapter one, in one organisation."""
    ivan, iris = w["ivan"], w["iris"]
    where = "within one"
    teller = Teller([ivan, iris])
    strangers = [ivan, w["ines"], w["alice"], w["hana"]]
    await teller.tell(contacts.strangers_are_unknown, iris, strangers)
    await teller.tell(contacts.nobody_is_his_own_contact, iris)
    await teller.tell(contacts.a_request_is_agreed_to, ivan, iris, where=where)
    await teller.tell(
        contacts.users_are_asked_for_by_name, iris, [ivan], strangers[1:], where=where
    )
    await teller.tell(contacts.devices_are_one_state, ivan, iris)
    await teller.tell(
        contacts.a_broken_connection_is_seen_by_nobody, ivan, iris, w["ines"], where=where
    )
    await teller.tell(contacts.a_connection_that_stays_away_is_seen, ivan, iris)
    await teller.tell(contacts.who_takes_leave_is_offline, ivan, iris, where=where)


async def tell_of_presence_across(w: People) -> None:
    """Chapter one, in two organisations."""
    hana, hugo, ines = w["hana"], w["hugo"], w["ines"]
    where = "across two"
    teller = Teller([hana, hugo, ines])
    await teller.tell(contacts.a_request_is_agreed_to, hana, ines, where=where)
    await teller.tell(contacts.a_request_is_agreed_to, ines, hugo, where="across two, back")
    strangers = [w["ivan"], w["alice"], w["bob"]]
    await teller.tell(
        contacts.users_are_asked_for_by_name, ines, [hana, hugo], strangers, where=where
    )
    await teller.tell(contacts.who_is_away_is_seen_away, hugo, ines, where=where)
    await teller.tell(
        contacts.a_broken_connection_is_seen_by_nobody, hana, ines, w["iris"], where=where
    )
    await teller.tell(contacts.who_takes_leave_is_offline, hana, ines, where=where)


async def tell_of_channels(w: People, settings: Any) -> None:
    """The other chapters, in three rooms."""
    alice, amir, ada, abe, bob, greta, gus = (
        w[name] for name in ("alice", "amir", "ada", "abe", "bob", "greta", "gus")
    )
    teller = Teller([alice, amir, ada, abe, bob, greta, gus])
    for one, where in ((ada, "within one"), (greta, "across two")):
        await teller.tell(contacts.a_request_is_declined, one, alice, where=where)
    group = await found_group("group of two", alice, bob, [amir, bob, greta, abe])
    within = await open_direct("within one", alice, amir)
    across = await open_direct("across two", alice, bob)
    rooms = [within, across, group]
    await tell_of_messages(teller, rooms, alice, gus)
    await tell_of_marks(teller, rooms)
    await tell_of_doors(teller, rooms, w)
    await tell_of_limits(teller, across, w, settings)


async def tell_of_messages(
    teller: Teller, rooms: list[Room], owner: Person, stranger: Person
) -> None:
    """Chapter two; the last room is a group."""
    await teller.in_rooms(contacts.typing_is_heard, rooms, stranger)
    for scene in (
        messages.a_format_is_declared, messages.an_edit_replaces_the_text,
        messages.a_message_is_deleted, messages.a_message_is_answered,
        messages.reactions_are_counted, messages.messages_are_pinned,
        messages.history_is_read_both_ways,
    ):
        await teller.in_rooms(scene, rooms)
    await teller.in_rooms(messages.words_are_found, rooms[-1:], stranger)
    for rule in (
        messages.an_edit_keeps_the_text, messages.a_moderator_deletes,
        messages.mentioning_all_is_a_right,
    ):
        await teller.in_rooms(rule, rooms[-1:], owner)


async def tell_of_marks(teller: Teller, rooms: list[Room]) -> None:
    """Chapter three."""
    for scene in (
        marks.unread_is_the_same_on_two_devices, marks.a_device_that_was_away_is_told,
        marks.mentions_are_listed, marks.its_author_is_told_how_far_a_message_came,
        marks.who_hides_reading_is_not_seen,
    ):
        await teller.in_rooms(scene, rooms)
    within, across, group = rooms
    await teller.in_rooms(marks.colleagues_see_who_has_read, [within, group])
    await teller.in_rooms(marks.others_see_who_has_read, [across, group])


async def tell_of_doors(teller: Teller, rooms: list[Room], w: People) -> None:
    """Chapter four, what people close."""
    within, across, group = rooms
    await teller.in_rooms(doors.a_channel_is_muted, rooms)
    ada, amir, bob = w["ada"], w["amir"], w["bob"]
    chess = await found_group("group of two", ada, bob, [amir, bob, w["greta"]])
    for name, other in (("within one", amir), ("across two", bob)):
        direct = await open_direct(name, ada, other)
        await teller.tell(doors.a_block_is_silent, direct, chess, where=name)
        await teller.tell(doors.whom_one_blocks_types_unheard, direct, where=name)
        await teller.tell(doors.a_block_hides_presence_and_ends, direct, where=name)
    friends = [w["alice"], bob]
    farewells = [await open_direct("", w["abe"], friend) for friend in friends]
    await teller.tell(doors.an_account_is_deleted, w["abe"], group, farewells)
    group.others.remove(w["abe"])
    await teller.in_rooms(doors.what_is_not_ones_own_is_refused, rooms)
    # Somebody who is not in the other room.
    for room, elsewhere in ((within, across), (across, within)):
        await teller.tell(
            doors.an_id_of_elsewhere_is_a_missing_one, room, elsewhere, where=room.name
        )


async def tell_of_limits(teller: Teller, bystanders: Room, w: People, settings: Any) -> None:
    """Chapter four, what the node closes."""
    await teller.tell(
        doors.an_invite_makes_as_many_accounts_as_it_says, settings["globex"],
        settings["invite"], settings["revoked"],
    )
    for person, where in ((w["ada"], "acme.test"), (w["greta"], "globex.test")):
        await teller.tell(doors.a_revoked_device_is_cut_off, person, where=where)
        await teller.tell(doors.wrong_passwords_are_throttled, person, where=where)
    for name, flooder in (("within one", w["ada"]), ("across two", w["gus"])):
        flood = await open_direct(name, flooder, w["amir"])
        await teller.tell(doors.a_burst_is_held_back, flood, bystanders, where=name)


async def open_direct(name: str, speaker: Person, other: Person) -> Room:
    """The direct channel of two people."""
    channel = (await speaker.laptop.do("open_direct", **{"with": other.account}))["channel"]
    room = Room(name, channel, speaker, [other])
    await room.says("Hello!")
    return room


async def found_group(name: str, founder: Person, speaker: Person, members: list[Person]) -> Room:
    """A group with some members in it."""
    made = await founder.laptop.do("create_group", name="Tea", topic="at five")
    channel = made["channel"]
    inside = [founder]
    for member in members:
        await founder.laptop.do("invite", channel=channel, account=member.account)
        await everybody([member], event("invited", account=member.account))
        await member.laptop.do("accept", channel=channel)
        inside.append(member)
        await everybody(inside, event("joined", account=member.account))
    others = [person for person in inside if person is not speaker]
    return Room(name, channel, speaker, others)


async def sign_everybody_up(settings: dict[str, str]) -> People:
    """Makes all accounts, logs all devices in and connects them."""
    for base_url in (settings["acme"], settings["globex"]):
        http = Http(base_url)
        await http.patiently("GET", "/v1/health")
        await http.close()

    async def come(home: str, name: str, devices: int, **fields: str) -> Person:
        person = await sign_up(settings[home], name, **fields)
        if devices > 1:
            person.devices.append(await person.another("phone"))
        for device in person.devices:
            await device.connect()
        return person

    people = await asyncio.gather(
        *(come("acme", name, devices) for name, devices in _ACME.items()),
        *(
            come("globex", name, devices, invite=settings["invite"])
            for name, devices in _GLOBEX.items()
        ),
    )
    return dict(zip((*_ACME, *_GLOBEX), people))


async def main(settings: dict[str, str]) -> None:
    """Tells all chapters. Presence takes its time, in which the others are told."""
    w = await asyncio.wait_for(sign_everybody_up(settings), SCENE_S_MAX)
    try:
        await asyncio.gather(
            tell_of_presence_within(w), tell_of_presence_across(w), tell_of_channels(w, settings)
        )
    finally:
        for person in w.values():
            for device in person.devices:
                await device.drop()
                await device.http.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
