"""The scenario `two-organisations`: two nodes, real text, and what goes wrong meanwhile.

Two organisations chat in direct and group channels while their link is cut, a node is killed and
a client loses its connection; then everybody reads everything. It must not judge: the checker
does, from the transcripts.
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
from plan import ACME, CUT_DEVICE, GLOBEX, Plan, Size, draw
from process import Failed, Processes
from transcript import Transcript

_SETUP_S_MAX = 90.0
_STALL_S_MAX = 30.0
_LOOK_S = 0.2
_MEANWHILE = 0.05
"""Share of an organisation's messages that must be stored during a fault before it may end."""


class Story:
    """One run."""

    def __init__(
        self, network: Network, processes: Processes, directory: Path, binary: Path,
        say: Callable[[str], None],
    ) -> None:
        self._network = network
        self._processes = processes
        self._directory = directory
        self._say = say
        self._names = NameServer(network, "dns", directory / "dns")
        self.nodes = [
            Node(network, host, domain, binary, directory / host)
            for host, domain in (("acme", ACME), ("globex", GLOBEX))
        ]
        self._acme, self._globex = (Organisation(node, directory) for node in self.nodes)
        self._both = (self._acme, self._globex)
        self._faults = Transcript(directory / "faults.jsonl")

    @property
    def transcripts(self) -> list[Path]:
        """What the checker reads."""
        files = [organisation.transcript for organisation in self._both]
        return [*files, self._directory / "faults.jsonl"]

    def run(self, size: Size, seed: int) -> None:
        """The whole story."""
        plan = draw(size, corpus.load(seed), seed)
        self._start(plan)
        self._set_up()
        self._say(f"sending {len(plan.messages)} texts, {size.per_second:.0f} a second")
        for organisation in self._both:
            organisation.ask("load")
        self._go_through_faults(plan)
        self._await_convergence(plan)
        self._say("reading all history")
        self._both_do("history", timeout_s=180)
        self._both_do("finish")
        self._faults.close()

    def _start(self, plan: Plan) -> None:
        self._say("starting DNS and two nodes")
        self._names.prepare([f"{node.domain}." for node in self.nodes])
        for node in self.nodes:
            node.prepare(self._names)
        self._names.start(self._processes, [node.zone() for node in self.nodes])
        for node in self.nodes:
            node.start(self._processes)
        self._client_address = self._network.add_client_address("acme")
        for organisation in self._both:
            part: dict[str, Any] = plan.part(organisation.node.domain)
            part["local_addresses"] = {CUT_DEVICE: self._client_address}
            organisation.start_clients(self._network, self._processes, part)

    def _set_up(self) -> None:
        self._say("signing up")
        self._both_do("sign_up", timeout_s=_SETUP_S_MAX)
        self._say("opening channels, inviting and accepting across organisations")
        channels: dict[str, str] = {}
        for answer in self._both_do("open", timeout_s=_SETUP_S_MAX):
            channels.update(answer["channels"])
        self._both_do("join", timeout_s=_SETUP_S_MAX, channels=channels)

    def _go_through_faults(self, plan: Plan) -> None:
        """Each fault begins at a share of the messages and lasts until enough was said
        meanwhile."""
        size = plan.size
        self._stored_before = self._stored()
        self._await_share(plan, 0.08)
        self._cut_link(plan)
        self._await_share(plan, 0.25)
        began = time.monotonic()
        felt = self._kill(plan, self._globex, self._acme)
        self._note("globex.test is killed", "node", began, felt)
        self._await_share(plan, 0.42)
        self._cut_client(plan)
        self._await_share(plan, 0.62)
        self._unplug_and_kill(plan)
        self._say(f"all faults are over (each lasted {size.fault_s_min:.0f} s or more)")

    def _cut_link(self, plan: Plan) -> None:
        other = self._network.address("globex")
        self._say("cutting the link")
        self._network.cut("acme", other)
        began = time.monotonic()
        self._last(plan, self._acme, self._globex)
        self._network.heal("acme", other)
        self._note("the link is cut", "link", began, [])

    def _kill(self, plan: Plan, victim: Organisation, *others: Organisation) -> list[str]:
        """Kills a node and starts it again; the devices that must have felt it."""
        self._say(f"killing the node of {victim.node.domain}")
        connected = victim.ask("progress")["connected"]
        victim.node.kill()
        self._last(plan, *others)
        victim.node.start(self._processes)
        return [key for key in connected if not self._polls(plan, key)]

    def _cut_client(self, plan: Plan) -> None:
        self._say(f"cutting off {CUT_DEVICE}")
        began = time.monotonic()
        self._network.cut("acme", self._client_address)
        self._wait(
            f"{CUT_DEVICE} feels that it is cut off",
            lambda: CUT_DEVICE not in self._acme.ask("progress")["connected"],
        )
        self._last(plan, self._acme, self._globex)
        self._network.heal("acme", self._client_address)
        self._note("a client is cut off", "client", began, [CUT_DEVICE])

    def _unplug_and_kill(self, plan: Plan) -> None:
        """Two faults at once: a node comes back from the dead while it reaches nobody."""
        self._say("unplugging acme.test")
        self._network.unplug("acme")
        began = time.monotonic()
        self._last(plan, self._acme, self._globex)
        felt = self._kill(plan, self._acme, self._globex)
        self._last(plan, self._globex)
        self._network.plug("acme")
        self._note("acme.test is unplugged, and killed meanwhile", "link", began, felt)

    def _last(self, plan: Plan, *speakers: Organisation) -> None:
        """A fault lasts its time, and until each of the speakers stored something meanwhile."""
        until = time.monotonic() + plan.size.fault_s_min
        for speaker in speakers:
            before = speaker.ask("progress")["stored"]
            enough = max(1, int(len(plan.messages) / 2 * _MEANWHILE))
            self._wait(
                f"clients of {speaker.node.domain} go on chatting",
                partial(self._said, speaker, before + enough),
            )
        while (left := until - time.monotonic()) > 0:
            time.sleep(left)

    @staticmethod
    def _said(speaker: Organisation, target: int) -> bool:
        """Whether so much is stored, or nothing more is to be said."""
        progress = speaker.ask("progress")
        done = not progress["to_say"] and not progress["unanswered"]
        return progress["stored"] >= target or done

    def _await_share(self, plan: Plan, share: float) -> None:
        target = self._stored_before + share * len(plan.messages)
        self._wait(
            f"{share:.0%} of the messages are stored",
            lambda: self._stored() >= target or not self._waiting(),
        )

    def _await_convergence(self, plan: Plan) -> None:
        """Waits until every device saw everything, or until nothing moves any more."""
        self._say("waiting for convergence")
        expected = plan.expected()
        before, moved = -1, time.monotonic()
        while time.monotonic() - moved < _STALL_S_MAX:
            answers = [organisation.ask("progress") for organisation in self._both]
            seen = {key: count for answer in answers for key, count in answer["seen"].items()}
            unanswered = sum(answer["unanswered"] for answer in answers)
            if unanswered == 0 and all(seen[key] >= count for key, count in expected.items()):
                return
            for node in self.nodes:
                node.check()
            if (now := sum(seen.values()) - unanswered) != before:
                before, moved = now, time.monotonic()
            time.sleep(_LOOK_S)
        self._say(f"nothing moved for {_STALL_S_MAX:.0f} s; the checker will say what is missing")

    def _stored(self) -> int:
        return sum(organisation.ask("progress")["stored"] for organisation in self._both)

    def _waiting(self) -> bool:
        return any(organisation.ask("progress")["to_say"] for organisation in self._both)

    def _both_do(self, step: str, timeout_s: float = 20.0, **fields: Any) -> list[dict[str, Any]]:
        for organisation in self._both:
            organisation.begin(step, **fields)
        return [organisation.end(timeout_s) for organisation in self._both]

    def _wait(self, what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SETUP_S_MAX
        while not holds():
            if time.monotonic() > deadline:
                raise Failed(f"not within {_SETUP_S_MAX:.0f} s: {what}")
            time.sleep(_LOOK_S)

    def _note(self, name: str, kind: str, began: float, devices: list[str]) -> None:
        self._faults.write(
            "fault", name=name, kind=kind, began=began, healed=time.monotonic(), devices=devices
        )
        self._faults.flush()

    @staticmethod
    def _polls(plan: Plan, device: str) -> bool:
        """Whether a device polls; it may not notice a short absence of its node."""
        return any(account.devices.get(device) == "poll" for account in plan.accounts)
