"""What the stories have in common: organisations come up, people chat, things go wrong meanwhile,
and in the end everybody reads everything.

A story of its own names its cast and its sizes and goes through its faults. It must not judge:
the checker does, from the transcripts.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any, Callable

import corpus
from dns import NameServer
from net import Network
from node import Node
from organisation import Organisation
from plan import Cast, Plan, Size, draw
from process import Failed, Processes
from transcript import Transcript

_STEP_S_MAX = 90.0
"""How long a step of the set-up, or something that is waited for, may take."""
_HISTORY_S_MAX = 300.0
_STALL_S_MAX = 30.0
_LOOK_S = 0.2
_MEANWHILE = 0.05
"""Share of an organisation's messages that must be stored during a fault before it may end."""
_DNS_HOST = "dns"


class Story:
    """One run. Every organisation is on a host of its own, named by its domain's first label."""

    CAST: Cast
    SHORT: Size
    LONG: Size

    def __init__(
        self, network: Network, processes: Processes, directory: Path, binary: Path,
        say: Callable[[str], None],
    ) -> None:
        self._network = network
        self._processes = processes
        self._directory = directory
        self._say = say
        self._names = NameServer(network, _DNS_HOST, directory / _DNS_HOST)
        self._organisations = {
            domain: Organisation(
                Node(network, host_of(domain), domain, binary, directory / host_of(domain)),
                directory,
            )
            for domain in self.CAST.people
        }
        self._faults = Transcript(directory / "faults.jsonl")
        self._plan = Plan(self.SHORT)
        self._stored_before = 0

    @classmethod
    def hosts(cls) -> list[str]:
        """The hosts that the story's network needs."""
        return [*map(host_of, cls.CAST.people), _DNS_HOST]

    @property
    def transcripts(self) -> list[Path]:
        """What the checker reads."""
        files = [organisation.transcript for organisation in self._organisations.values()]
        return [*files, self._directory / "faults.jsonl"]

    def run(self, size: Size, seed: int) -> None:
        """The whole story."""
        texts = corpus.load(seed)
        self._plan = draw(size, self.CAST, texts, seed)
        self._prepare(texts)
        self._start()
        self._set_up()
        self._say(f"sending {len(self._plan.messages)} texts, {size.per_second:.0f} a second")
        self._stored_before = self._stored()
        self._all_do("load")
        self._go_through_faults()
        self._say(f"all faults are over (each lasted {size.fault_s_min:.0f} s or more)")
        self._converge()
        self._say("reading all history")
        self._all_do("history", timeout_s=_HISTORY_S_MAX, members=self._members())
        self._all_do("finish")
        self._faults.close()

    def _prepare(self, texts: corpus.Corpus) -> None:
        """What a story draws beyond the plan."""

    def _go_through_faults(self) -> None:
        """Each fault begins at a share of the messages and lasts until enough was said
        meanwhile."""
        raise NotImplementedError

    def _start(self) -> None:
        nodes = [organisation.node for organisation in self._organisations.values()]
        self._say(f"starting DNS and {len(nodes)} nodes")
        self._names.prepare([f"{node.domain}." for node in nodes])
        for node in nodes:
            node.prepare(self._names)
        self._names.start(self._processes, [node.zone() for node in nodes])
        for node in nodes:
            node.start(self._processes)
        cut_device = self.CAST.cut_device
        self._cut_host = host_of(domain_of(cut_device))
        self._cut_address = self._network.add_client_address(self._cut_host)
        for domain, organisation in self._organisations.items():
            part: dict[str, Any] = self._plan.part(domain)
            part["local_addresses"] = {cut_device: self._cut_address}
            organisation.start_clients(self._network, self._processes, part)

    def _set_up(self) -> None:
        self._say("signing up")
        self._all_do("sign_up", timeout_s=_STEP_S_MAX)
        self._say("opening channels, inviting and accepting across organisations")
        channels: dict[str, str] = {}
        for answer in self._all_do("open", timeout_s=_STEP_S_MAX):
            channels.update(answer["channels"])
        self._all_do("join", timeout_s=_STEP_S_MAX, channels=channels)

    # Faults.

    def _cut_link(self, here: Organisation, there: Organisation) -> None:
        """All packets between two nodes are dropped."""
        self._say(f"cutting the link between {here.node.domain} and {there.node.domain}")
        self._network.cut(here.node.host, there.node.address)
        began = time.monotonic()
        self._last(here, there)
        healed = time.monotonic()
        self._network.heal(here.node.host, there.node.address)
        sides = [[here.node.domain], [there.node.domain]]
        self._note("the link is cut", "link", began, healed=healed, sides=sides)

    def _kill_for_a_while(self, victim: Organisation) -> None:
        """A node gets SIGKILL and starts again later."""
        began = time.monotonic()
        felt = self._kill(victim, *self._others(victim))
        self._note(f"{victim.node.domain} is killed", "node", began, felt)

    def _kill(self, victim: Organisation, *others: Organisation) -> list[str]:
        """Kills a node and starts it again; the devices that must have felt it."""
        self._say(f"killing the node of {victim.node.domain}")
        felt = self._that_feel(victim)
        victim.node.kill()
        self._last(*others)
        victim.node.start(self._processes)
        return felt

    def _cut_client(self) -> None:
        """One client's packets are dropped."""
        device = self.CAST.cut_device
        organisation = self._organisations[domain_of(device)]
        self._say(f"cutting off {device}")
        began = time.monotonic()
        self._network.cut(self._cut_host, self._cut_address)
        self._wait(
            f"{device} feels that it is cut off",
            lambda: device not in organisation.ask("progress")["connected"],
        )
        self._last(*self._organisations.values())
        self._network.heal(self._cut_host, self._cut_address)
        self._note("a client is cut off", "client", began, [device])

    def _unplug(self, organisation: Organisation) -> float:
        """Pulls a node's cable; the time from when on it is out."""
        self._say(f"unplugging {organisation.node.domain}")
        self._network.unplug(organisation.node.host)
        return time.monotonic()

    def _plug(self, organisation: Organisation) -> float:
        """Undoes `_unplug`; the time until when it was out."""
        healed = time.monotonic()
        self._network.plug(organisation.node.host)
        return healed

    def _that_feel(self, victim: Organisation) -> list[str]:
        """The connected devices that cannot but notice when their node goes."""
        connected = victim.ask("progress")["connected"]
        return [device for device in connected if not self._plan.polls(device)]

    def _others(self, but: Organisation) -> list[Organisation]:
        return [one for one in self._organisations.values() if one is not but]

    def _sides(self, cut_off: Organisation) -> list[list[str]]:
        others = [other.node.domain for other in self._others(cut_off)]
        return [[cut_off.node.domain], others]

    def _note(
        self, name: str, kind: str, began: float, devices: list[str] | None = None, **fields: Any
    ) -> None:
        line = {"name": name, "kind": kind, "began": began, "healed": time.monotonic()}
        self._faults.write("fault", **{**line, "devices": devices or [], **fields})
        self._faults.flush()

    # Waiting.

    def _last(self, *speakers: Organisation) -> None:
        """A fault lasts its time, and until each of the speakers stored something meanwhile."""
        until = time.monotonic() + self._plan.size.fault_s_min
        share = len(self._plan.messages) / len(self._organisations)
        for speaker in speakers:
            before = speaker.ask("progress")["stored"]
            self._wait(
                f"clients of {speaker.node.domain} go on chatting",
                partial(self._said, speaker, before + max(1, int(share * _MEANWHILE))),
            )
        while (left := until - time.monotonic()) > 0:
            time.sleep(left)

    @staticmethod
    def _said(speaker: Organisation, target: int) -> bool:
        """Whether so much is stored, or nothing more is to be said."""
        progress = speaker.ask("progress")
        done = not progress["to_say"] and not progress["unanswered"]
        return progress["stored"] >= target or done

    def _await_share(self, share: float) -> None:
        target = self._stored_before + share * len(self._plan.messages)
        self._wait(
            f"{share:.0%} of the messages are stored",
            lambda: self._stored() >= target or not self._left("to_say"),
        )

    def _converge(self) -> None:
        """Once all is said and answered everybody says a last word everywhere, and when all
        devices have seen those, they have seen everything before. Ends too where nothing moves any
        more; then the checker will say what is missing."""
        self._say("waiting for convergence")
        self._while_it_moves(lambda: not self._left("to_say") and not self._left("unanswered"))
        words: dict[str, list[str]] = {}
        for answer in self._all_do("last_words", timeout_s=_STEP_S_MAX, members=self._members()):
            for key, ids in answer["words"].items():
                words.setdefault(key, []).extend(ids)
        self._all_do("expect", words=words, members=self._members())
        self._while_it_moves(lambda: not self._left("missing"))

    def _while_it_moves(self, holds: Callable[[], bool]) -> None:
        before: object = None
        moved = time.monotonic()
        while not holds() and time.monotonic() - moved < _STALL_S_MAX:
            for organisation in self._organisations.values():
                organisation.node.check()
            now = self._left("seen"), self._left("unanswered"), self._left("to_say")
            if now != before:
                before, moved = now, time.monotonic()
            time.sleep(_LOOK_S)

    def _stored(self) -> int:
        return self._left("stored")

    def _left(self, what: str) -> int:
        """One number of everybody's progress."""
        return sum(one.ask("progress")[what] for one in self._organisations.values())

    def _wait(self, what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _STEP_S_MAX
        while not holds():
            if time.monotonic() > deadline:
                raise Failed(f"not within {_STEP_S_MAX:.0f} s: {what}")
            time.sleep(_LOOK_S)

    def _all_do(
        self, step: str, timeout_s: float = 20.0, **fields: Any
    ) -> list[dict[str, Any]]:
        everybody = self._organisations.values()
        for organisation in everybody:
            organisation.begin(step, **fields)
        return [organisation.end(timeout_s) for organisation in everybody]

    def _members(self) -> dict[str, list[str]]:
        """Who is in which channel by now."""
        return {channel.key: channel.members for channel in self._plan.channels}


def host_of(domain: str) -> str:
    """The host of an organisation."""
    return domain.split(".", 1)[0]


def domain_of(name: str) -> str:
    """The domain of an account or of a device."""
    return name.rsplit("/", 1)[0].rsplit("@", 1)[1]
