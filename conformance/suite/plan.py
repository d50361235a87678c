"""Who is there, who shares a channel with whom, and who says what: the script of a story.

A plan is drawn from a cast and a seed before anything starts, and is handed to the drivers as
JSON. It must not depend on what a node answers, and knows no story's people by name.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any, Sequence

from corpus import TEXT_CHARS_MAX, Corpus

_PASSWORD = "correct horse battery staple"
_LANGUAGES = ["Korean", "Chinese", "Russian", "Japanese", "English"]


@dataclass(frozen=True)
class Size:
    """How much is sent, and for how long each fault lasts at the least."""

    messages: int
    long_messages: int
    per_second: float
    fault_s_min: float


@dataclass(frozen=True)
class Group:
    """A group of a cast, of named members or of so many drawn from each of some organisations.

    The first member opens it; that one's organisation, or the first one, is its home."""

    key: str
    domains: Sequence[str] = ()
    of_each: int | None = None
    """How many of each organisation are drawn; without it, everybody."""
    members: Sequence[str] = ()
    silent: Sequence[str] = ()


@dataclass(frozen=True)
class Cast:
    """The people of a story and what they share."""

    people: dict[str, dict[str, list[str]]]
    """By domain and name, the transports of somebody's devices; names in several scripts, as
    people have them."""
    directs: Sequence[tuple[str, str]]
    """Who opens a direct channel, and with whom."""
    groups: Sequence[Group]
    cut_device: str
    """The device whose cable is cut apart from the others'."""


@dataclass
class Account:
    """A person of one organisation; devices by key, with their transport."""

    label: str
    name: str
    password: str
    devices: dict[str, str]


@dataclass
class Channel:
    """A channel; the first member opens it."""

    key: str
    kind: str
    members: list[str]
    over: str
    """Whether its opener uses `http` or the `socket`."""
    silent: list[str] = field(default_factory=list)
    """Members who say nothing there under load."""


@dataclass
class Message:
    """A text that a device sends; `repeated`: twice under one nonce."""

    device: str
    channel: str
    text: str
    repeated: bool = False


@dataclass
class Plan:
    """The whole script. Messages are in the order in which they are sent."""

    size: Size
    accounts: list[Account] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def part(self, domain: str) -> dict[str, Any]:
        """What the driver of one organisation gets: its own people's part, and all channels."""
        mine = [account for account in self.accounts if account.label.endswith("@" + domain)]
        devices = {device for account in mine for device in account.devices}
        said = [message for message in self.messages if message.device in devices]
        return {
            "domain": domain,
            "accounts": [asdict(account) for account in mine],
            "channels": [asdict(channel) for channel in self.channels],
            "messages": [asdict(message) for message in said],
            "per_second": self.size.per_second * len(said) / len(self.messages),
        }

    def polls(self, device: str) -> bool:
        """Whether a device polls; it may not notice a short absence of its node."""
        return any(account.devices.get(device) == "poll" for account in self.accounts)

    def devices(self, label: str) -> list[str]:
        """Somebody's devices."""
        return next(list(a.devices) for a in self.accounts if a.label == label)

    def channel(self, key: str) -> Channel:
        """A channel by its key."""
        return next(channel for channel in self.channels if channel.key == key)


def draw(size: Size, cast: Cast, corpus: Corpus, seed: int) -> Plan:
    """Draws a plan."""
    chance = random.Random(seed)
    plan = Plan(size)
    for domain, people in cast.people.items():
        for name, transports in people.items():
            label = f"{name}@{domain}"
            devices = {f"{label}/{n}": kind for n, kind in enumerate(transports, start=1)}
            plan.accounts.append(Account(label, name, _PASSWORD, devices))
    plan.channels = _channels(plan, cast, chance)
    plan.messages = _messages(plan, cast, corpus, chance)
    return plan


def _channels(plan: Plan, cast: Cast, chance: random.Random) -> list[Channel]:
    channels = []
    for number, pair in enumerate(cast.directs, start=1):
        over = ("http", "socket")[number % 2]
        channels.append(Channel(f"direct {number}", "direct", list(pair), over))
    for number, group in enumerate(cast.groups, start=1):
        over = ("socket", "http")[number % 2]
        members = list(group.members) or _drawn(group, cast, chance)
        channels.append(Channel(group.key, "group", members, over, list(group.silent)))
    pollers = {a.label for a in plan.accounts if "poll" in a.devices.values()}
    for channel in channels:
        if channel.members[0] in pollers:
            channel.over = "http"
    return channels


def _drawn(group: Group, cast: Cast, chance: random.Random) -> list[str]:
    members = []
    for domain in group.domains:
        labels = [f"{name}@{domain}" for name in cast.people[domain]]
        members += chance.sample(labels, group.of_each or len(labels))
    return members


def _messages(
    plan: Plan, cast: Cast, corpus: Corpus, chance: random.Random
) -> list[Message]:
    devices = {account.label: list(account.devices) for account in plan.accounts}

    def message(text: str, channel: Channel | None = None) -> Message:
        channel = channel or chance.choice(plan.channels)
        speakers = [member for member in channel.members if member not in channel.silent]
        device = chance.choice(devices[chance.choice(speakers)])
        return Message(device, channel.key, text, repeated=chance.random() < 0.03)

    long_chars = [TEXT_CHARS_MAX, TEXT_CHARS_MAX]
    long_chars += [
        chance.randrange(TEXT_CHARS_MAX * 9 // 10, TEXT_CHARS_MAX)
        for _ in range(plan.size.long_messages - len(long_chars))
    ]
    long_texts = [
        corpus.long(_LANGUAGES[number % len(_LANGUAGES)], chars)
        for number, chars in enumerate(long_chars)
    ]
    texts = [corpus.short() for _ in range(plan.size.messages - len(long_texts))]
    messages = [message(text) for text in texts + long_texts]
    messages += _too_long(plan, cast, corpus)
    chance.shuffle(messages)
    return messages


def _too_long(plan: Plan, cast: Cast, corpus: Corpus) -> list[Message]:
    """Two texts of one character too many, one over a socket and one over HTTP; both must be
    refused."""
    transports = {key: kind for a in plan.accounts for key, kind in a.devices.items()}
    refused = []
    poller = next(key for key, kind in transports.items() if kind == "poll")
    for device in (cast.cut_device, poller):
        label = device.rsplit("/", 1)[0]
        channel = next(c for c in plan.channels if label in c.members)
        refused.append(Message(device, channel.key, corpus.long("Korean", TEXT_CHARS_MAX + 1)))
    return refused
