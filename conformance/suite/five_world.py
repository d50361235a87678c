"""What the chapters of `five-organisations` share: the organisations with their admins and people,
their names in DNS, the network between them, and the groups that the story goes through.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Awaitable, Callable, Iterable

from admin import Admin
from cases import Stage
from client import Json, Refused
from corpus import Corpus
from dns import Chain, NameServer, Zone
from node import Node
from people import Device, Person, Room, event, everybody, refused, sign_up
from transcript import TRANSIENT, Transcript

ORGANISATIONS = ["acme", "globex", "initech", "umbrella", "hooli"]
HOSTS = [*ORGANISATIONS, "copy", "relay", "dns", "people"]
FEDERATION_PORT = 4433
_REACH_S_MAX = 10.0

_PEOPLE = {
    "alice": ("acme", 2), "amir": ("acme", 1), "bob": ("globex", 2), "greta": ("globex", 1),
    "ivy": ("initech", 2), "игорь": ("initech", 1), "uma": ("umbrella", 1),
    "小红": ("umbrella", 1), "hugo": ("hooli", 1),
}
"""Who there is, of which organisation, with how many devices."""


@dataclass
class World:
    """All that a chapter may act on."""

    stage: Stage
    names: NameServer
    admins: dict[str, Admin]
    texts: Corpus
    notes: Transcript
    faults: Transcript
    talk: int
    """How many messages are said where it is told that people talk."""
    patience_s: float
    """How long what hangs on that number may take."""
    people: dict[str, Person] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    copy: Admin | None = None
    """The admin of a node that runs twice, where the second one runs."""
    published: dict[str, list[str]] = field(default_factory=dict)
    """The lines of each organisation's zone."""

    @property
    def everybody(self) -> list[Admin]:
        """All admins."""
        return list(self.admins.values())

    def admin_of(self, person: Person) -> Admin:
        """The admin of somebody's organisation."""
        return self.admins[person.organisation.split(".")[0]]

    def of(self, organisation: str) -> list[Person]:
        """Everybody of an organisation."""
        domain = f"{organisation}.test"
        return [person for person in self.people.values() if person.organisation == domain]

    def address(self, organisation: str) -> str:
        """The address that is to stand in an organisation's zone. Umbrella is far away: a relay
        with a bad network stands before it."""
        host = "relay" if organisation == "umbrella" else organisation
        return self.stage.network.address(host)

    def publish(self, organisation: str, lines: Iterable[str]) -> None:
        """Serves an organisation's zone with these lines from now on. They may be kept for as long
        as the zone says, a minute, and not for the hour of `comity dns`, which no story waits
        for."""
        self.published[organisation] = [line.replace(" 3600 IN ", " ") for line in lines]
        self.names.publish(f"{organisation}.test.", self.published[organisation])


def build(stage: Stage, texts: Corpus, talk: int, patience_s: float) -> World:
    """Organisations that have a machine and a zone each, and have published nothing."""
    names = NameServer(stage.network, "dns", stage.directory / "dns")
    nodes = [
        Node(
            stage.network, name, f"{name}.test", stage.binary, stage.directory / name,
            federation=f'host = "node1.{name}.test"',
        )
        for name in ORGANISATIONS
    ]
    zones = [Zone(f"{node.domain}.", [], Chain.SECURE) for node in nodes]
    names.prepare([zone.name for zone in zones])
    for node in nodes:
        node.prepare(names)
    names.start(stage.processes, zones)
    admins = {node.host: Admin(node) for node in nodes}
    notes, faults = (Transcript(stage.directory / f"{name}.jsonl") for name in ("seen", "faults"))
    return World(stage, names, admins, texts, notes, faults, talk, patience_s)


def start_relay(w: World) -> None:
    """A bad network, which all datagrams to Umbrella cross."""
    listen = f"{w.stage.network.address('relay')}:{FEDERATION_PORT}"
    to = f"{w.stage.network.address('umbrella')}:{FEDERATION_PORT}"
    program = str(w.stage.binary.with_name("comity-relay"))
    bad = ["--delay-ms", "15", "--jitter-ms", "5", "--loss", "0.01"]
    command = [program, "--listen", listen, "--to", to, *bad]
    inside = w.stage.network.inside("relay", *command)
    w.stage.processes.start("relay", inside, w.stage.directory / "relay.log")


async def sign_everybody_up(w: World) -> None:
    """Makes all accounts and connects all devices."""

    async def come(name: str, organisation: str, devices: int) -> Person:
        person = await sign_up(w.admins[organisation].node.base_url, name, w.notes)
        if devices > 1:
            person.devices.append(await person.another("phone"))
        for device in person.devices:
            await device.connect()
        return person

    came = await asyncio.gather(*(come(name, *of) for name, of in _PEOPLE.items()))
    w.people.update(zip(_PEOPLE, came))


async def leave(w: World) -> None:
    """Ends all clients."""
    for person in w.people.values():
        for device in person.devices:
            await device.drop()
            await device.http.close()
    w.notes.close()
    w.faults.close()


async def found(w: World, name: str, founder: Person, members: Iterable[Person]) -> Room:
    """A group that people are invited to and come into, one by one."""
    made = await founder.laptop.do("create_group", name=name, topic="")
    room = Room(name, made["channel"], founder, [])
    w.rooms[name] = room
    for member in members:
        await invite(room, member)
        await come_in(room, member)
    return room


async def invite(room: Room, member: Person) -> None:
    """The speaker of a group invites somebody, who is told."""
    await reach(lambda: room.speaker.laptop.do(
        "invite", channel=room.channel, account=member.account
    ))
    await everybody([member], event("invited", account=member.account))


async def come_in(room: Room, member: Person) -> None:
    """Somebody who is invited comes in, and everybody there sees it."""
    await member.laptop.do("accept", channel=room.channel)
    room.others.append(member)
    await everybody(room.people, event("joined", account=member.account))


async def talk(w: World, room: Room, speakers: Iterable[Person], count: int) -> None:
    """People talk all at once, and every device in the room is shown every word."""
    devices = [device for person in speakers for device in person.devices]
    texts = [w.texts.short() for _ in range(count)]

    async def say(device: Device, mine: list[str]) -> list[str]:
        return [await device.send(room.channel, text) for text in mine]

    said = await asyncio.gather(
        *(say(device, texts[number::len(devices)]) for number, device in enumerate(devices))
    )
    messages = [message for ids in said for message in ids]
    listeners = [device for person in room.people for device in person.devices]
    await asyncio.gather(*(device.knows(messages) for device in listeners))


async def reach(ask: Callable[[], Awaitable[Json]]) -> Json:
    """Asks something of another organisation's node, again for a while where it cannot be reached:
    of two links that meet one ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _REACH_S_MAX
    while True:
        try:
            return await ask()
        except Refused as refusal:
            if refusal.code not in TRANSIENT or loop.time() > deadline:
                raise
            await asyncio.sleep(refusal.retry_after_s)


async def direct(speaker: Person, other: Person) -> Room:
    """The direct channel of two people."""
    done = await reach(lambda: speaker.laptop.do("open_direct", **{"with": other.account}))
    return Room("a direct channel", done["channel"], speaker, [other])


async def cannot_reach(code: str, one: Person, other: Person) -> None:
    """Somebody who wants to write to somebody else is refused."""
    body = {"kind": "direct", "with": other.account}
    await refused(code, one.laptop.http.call("POST", "/v1/channels", body))
