"""Who is there, who shares a channel with whom, and who says what: the script of `two-
organisations`.

A plan is drawn from a seed before anything starts, and is handed to the drivers as JSON. It must
not depend on what a node answers.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any

from corpus import TEXT_CHARS_MAX, Corpus

ACME = "acme.test"
GLOBEX = "globex.test"
CUT_DEVICE = "amir@acme.test/2"
"""The device whose cable is cut apart from the others'."""

_PASSWORD = "correct horse battery staple"
# Name, devices' transports; names in several scripts, as people have them.
_PEOPLE = {
    ACME: {
        "alice": ["socket", "socket"], "amir": ["socket", "socket"], "анна": ["socket"],
        "alma": ["poll"], "aki": ["socket"], "ada": ["socket"],
    },
    GLOBEX: {
        "bob": ["socket", "socket"], "지민": ["socket", "socket"], "greta": ["poll"],
        "gus": ["socket"], "bo": ["socket"], "小红": ["socket"],
    },
}
# Who opens a direct channel, and with whom; the last two stay within one organisation.
_DIRECTS = [
    ("alice@acme.test", "bob@globex.test"), ("지민@globex.test", "alice@acme.test"),
    ("amir@acme.test", "bob@globex.test"), ("gus@globex.test", "анна@acme.test"),
    ("alma@acme.test", "greta@globex.test"), ("小红@globex.test", "aki@acme.test"),
    ("ada@acme.test", "bo@globex.test"), ("지민@globex.test", "amir@acme.test"),
    ("alice@acme.test", "amir@acme.test"), ("bob@globex.test", "greta@globex.test"),
]
_GROUPS = 10
_LANGUAGES = ["Korean", "Chinese", "Russian", "Japanese", "English"]


@dataclass(frozen=True)
class Size:
    """How much is sent, and for how long each fault lasts at the least."""

    messages: int
    long_messages: int
    per_second: float
    fault_s_min: float


SHORT = Size(messages=600, long_messages=4, per_second=16.0, fault_s_min=3.0)
LONG = Size(messages=10_000, long_messages=14, per_second=110.0, fault_s_min=12.0)


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

    def expected(self) -> dict[str, int]:
        """How many messages each device should see in its feed."""
        members = {channel.key: set(channel.members) for channel in self.channels}
        counts = {device: 0 for account in self.accounts for device in account.devices}
        for message in self.messages:
            if len(message.text) > TEXT_CHARS_MAX:
                continue
            for account in self.accounts:
                if account.label in members[message.channel]:
                    for device in account.devices:
                        counts[device] += 1
        return counts


def draw(size: Size, corpus: Corpus, seed: int) -> Plan:
    """Draws a plan."""
    chance = random.Random(seed)
    plan = Plan(size)
    for domain, people in _PEOPLE.items():
        for name, transports in people.items():
            label = f"{name}@{domain}"
            devices = {f"{label}/{n}": kind for n, kind in enumerate(transports, start=1)}
            plan.accounts.append(Account(label, name, _PASSWORD, devices))
    plan.channels = _channels(plan, chance)
    plan.messages = _messages(plan, corpus, chance)
    return plan


def _channels(plan: Plan, chance: random.Random) -> list[Channel]:
    channels = []
    for number, pair in enumerate(_DIRECTS, start=1):
        over = ("http", "socket")[number % 2]
        channels.append(Channel(f"direct {number}", "direct", list(pair), over))
    labels = {
        domain: [f"{name}@{domain}" for name in people] for domain, people in _PEOPLE.items()
    }
    for number in range(1, _GROUPS + 1):
        here, there = (ACME, GLOBEX) if number % 2 else (GLOBEX, ACME)
        # Everybody is in the last group; the others have three members of each organisation.
        size = 3 if number < _GROUPS else len(labels[here])
        members = chance.sample(labels[here], size) + chance.sample(labels[there], size)
        over = ("socket", "http")[number % 2]
        channels.append(Channel(f"group {number}", "group", members, over))
    pollers = {a.label for a in plan.accounts if "poll" in a.devices.values()}
    for channel in channels:
        if channel.members[0] in pollers:
            channel.over = "http"
    return channels


def _messages(plan: Plan, corpus: Corpus, chance: random.Random) -> list[Message]:
    devices = {account.label: list(account.devices) for account in plan.accounts}

    def message(text: str, channel: Channel | None = None) -> Message:
        channel = channel or chance.choice(plan.channels)
        device = chance.choice(devices[chance.choice(channel.members)])
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
    messages += _too_long(plan, corpus)
    chance.shuffle(messages)
    return messages


def _too_long(plan: Plan, corpus: Corpus) -> list[Message]:
    """Two texts of one character too many, one over a socket and one over HTTP; both must be
    refused."""
    transports = {key: kind for a in plan.accounts for key, kind in a.devices.items()}
    refused = []
    for device in (CUT_DEVICE, next(key for key, kind in transports.items() if kind == "poll")):
        label = device.rsplit("/", 1)[0]
        channel = next(c for c in plan.channels if label in c.members)
        refused.append(Message(device, channel.key, corpus.long("Korean", TEXT_CHARS_MAX + 1)))
    return refused
