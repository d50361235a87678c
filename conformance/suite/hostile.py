"""The scenario `hostile`: a peer that lies in every field, floods and stalls, while others go on.

`run` starts the nodes of acme.test and globex.test, and a DNS that introduces the liar's domains as
well. Three programs run on hosts of their own: bystanders, who talk at acme.test and with
globex.test; the liar (`conformance/hostile/`), which tells each lie of its tables to acme.test and
compares what it is answered and what the admin sees counted; and the nodes. In the end the
bystanders have to have heard and answered every text, and the attacked node has to need no more
memory and descriptors than before. It must not know the lies."""

from __future__ import annotations

import base64
import json
import os
import re
import select
import sys
import time
from pathlib import Path
from typing import Any, Iterator

from cases import Result, Stage, run_inside
from dns import NameServer, Zone
from net import Network
from node import Node
from process import Child, Failed, Processes

HOSTS = ["acme", "globex", "dns", "liar", "people"]

_HOSTILE = Path(__file__).resolve().parents[1] / "hostile"
_LIARS = {"liar.test": (66, 4433), "other.test": (67, 4434)}
"""The liar's domains: the seed of its keys, and the port where it says that it listens."""

_LIES_S_MAX = {"short": 240.0, "long": 3_600.0}
_QUIET_S = 6.0
"""How long the bystanders talk before anybody lies."""
_PHASE_S_MAX = 45.0
_MEMORY_GROWN_MIB_MAX = 128
"""What the node took from the liar stays in its caches, some 75 MiB after the first floods and no
more after further ones."""
_DESCRIPTORS_GROWN_MAX = 16
_SETTLED_S_MAX = 40.0
"""How long what the liar left behind may take to go: links that it does not close count as dead
after 30 s."""
_LOOK_S = 0.5
_FELT_SHOWN_MAX = 5
_PROVEN = "two histories of a log are proven"
"""What the node says of a lie as an error, since its admin has to know."""
_MIB = 1024


def run(stage: Stage) -> Iterator[Result]:
    """Starts what is needed and yields each lie's result, then what others saw."""
    network, processes, directory = stage.network, stage.processes, stage.directory
    binary, say, is_short = stage.binary, stage.say, stage.short
    names = NameServer(network, "dns", directory / "dns")
    acme, globex = (
        Node(network, host, f"{host}.test", binary, directory / host)
        for host in ("acme", "globex")
    )
    say("starting DNS and two nodes")
    names.prepare([f"{domain}." for domain in ("acme.test", "globex.test", *_LIARS)])
    for node in (acme, globex):
        node.prepare(names)
    names.start(processes, [acme.zone(), globex.zone(), *_zones(network)])
    for node in (acme, globex):
        node.start(processes)
    bystanders = _Bystanders(network, processes, directory, acme, globex)
    say("bystanders talk, and nobody lies")
    time.sleep(_QUIET_S)
    quiet = bystanders.end_phase()
    before = _Needs.of(acme)
    say("the liar speaks")
    settings = _settings(acme, globex, binary, directory, is_short)
    log = directory / "liar.log"
    seconds = _LIES_S_MAX["short" if is_short else "long"]
    program, told = str(_HOSTILE / "liar.py"), []
    for lie in run_inside(network, "liar", program, [json.dumps(settings)], log, seconds):
        if lie.pop("is_lie", True):
            told.append(lie)
        yield lie
    yield _figure("lies told", len(told))
    yield _figure("lies that no counter shows", sum(not lie["is_counted"] for lie in told))
    say("asking how it was for others")
    for node in (acme, globex):
        node.check()
    lied = bystanders.end_phase()
    yield from _judge_talks(quiet, lied)
    yield from _felt(told, lied)
    say("waiting until nothing of the liar's is left")
    yield from _judge_needs(acme, before, None if is_short else processes)
    for node in (acme, globex):
        yield _judge_log(node)


def _zones(network: Network) -> list[Zone]:
    """The liar's zones, as `comity dns` would print them."""
    sys.path.insert(0, str(_HOSTILE))
    try:
        import peer  # noqa: F401  # says now what is missing
        from identity import Identity
    except ImportError as error:
        raise Failed(f"{error}; run it with the Python of target/outside") from None
    address = network.address("liar")
    return [
        Zone(f"{domain}.", Identity.of(domain, seed).records(f"node1.{domain}", address, port))
        for domain, (seed, port) in _LIARS.items()
    ]


def _settings(
    acme: Node, globex: Node, binary: Path, directory: Path, is_short: bool
) -> dict[str, Any]:
    """What the liar has to know."""
    introduced = {node.domain: _introduced(node) for node in (acme, globex)}
    public, recovery, lineage = introduced[acme.domain]
    return {
        "node": {
            "domain": acme.domain, "lineage": lineage.hex(), "public": public.hex(),
            "recovery": recovery.hex(), "address": acme.address, "port": 4433,
        },
        "partner": introduced[globex.domain][2].hex(), "base_url": acme.base_url,
        "admin": [str(binary), str(directory / "acme" / "comity.toml")],
        "is_long": not is_short,
    }


def _introduced(node: Node) -> tuple[bytes, bytes, bytes]:
    """The key, the hash of the recovery key, and the lineage that a node's zone introduces."""
    from peer import lineage_of

    text = "\n".join(node.records())
    found = [re.search(rf' {tag}=([^;"]+)', text) for tag in ("p", "r")]
    public, recovery = (base64.b64decode(match.group(1)) for match in found if match)
    return public, recovery, lineage_of(node.domain, public, recovery)


class _Bystanders:
    """The people who talk meanwhile."""

    def __init__(
        self, network: Network, processes: Processes, directory: Path, acme: Node, globex: Node
    ) -> None:
        program = str(_HOSTILE / "bystanders.py")
        command = network.inside(
            "people", sys.executable, "-B", program, acme.base_url, globex.base_url
        )
        log = directory / "bystanders.log"
        self._child: Child = processes.start("bystanders", command, log, piped=True)
        self._unread = b""
        self._answer()

    def end_phase(self) -> list[dict[str, Any]]:
        """What came of the phase in each talk; the next begins."""
        assert self._child.popen.stdin is not None
        try:
            self._child.popen.stdin.write(b"\n")
            self._child.popen.stdin.flush()
        except BrokenPipeError:
            raise Failed("the bystanders ended; see their log") from None
        return list(self._answer()["talks"])

    def _answer(self) -> dict[str, Any]:
        assert self._child.popen.stdout is not None
        pipe = self._child.popen.stdout.fileno()
        deadline = time.monotonic() + _PHASE_S_MAX
        while b"\n" not in self._unread:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([pipe], [], [], left)
            data = os.read(pipe, 65_536) if ready else b""
            if not data:
                raise Failed("the bystanders ended or do not answer; see their log")
            self._unread += data
        line, self._unread = self._unread.split(b"\n", 1)
        return dict(json.loads(line))


def _judge_talks(
    quiet: list[dict[str, Any]], lied: list[dict[str, Any]]
) -> Iterator[Result]:
    """All that was said has to have come, and nothing twice; how long it took is a figure."""
    for before, after in zip(quiet, lied):
        for when, report in (("before", before), ("meanwhile", after)):
            said = report["said"]
            got = f"{report['seen']} seen, {report['answered']} answered, {report['twice']} twice"
            got += "".join(f", refused {refusal}" for refusal in report["refused"])
            wanted = f"{said} seen, {said} answered, 0 twice"
            name = f"bystanders {report['talk']}: all texts arrive, {when}"
            yield {"name": name, "expected": wanted, "got": got, "ok": got == wanted and said > 0}
        talk = f"bystanders {after['talk']}"
        ratio = after["median_ms"] / max(before["median_ms"], 0.01)
        yield _figure(f"{talk}: texts said meanwhile", after["said"])
        yield _figure(f"{talk}: median delay against before", round(ratio, 2), "times")
        yield _figure(f"{talk}: slowest text", after["slowest_ms"], "ms")


def _felt(told: list[Result], lied: list[dict[str, Any]]) -> Iterator[Result]:
    """The lies during which texts were slowest: no judgement, since others use the machine too."""
    slowest: dict[str, float] = {}
    for said_at, delay_ms in (delay for talk in lied for delay in talk["delays"]):
        for lie in told:
            if lie["began"] <= said_at <= lie["ended"]:
                slowest[lie["name"]] = max(slowest.get(lie["name"], 0.0), delay_ms)
    worst = sorted(slowest, key=lambda name: slowest[name], reverse=True)[:_FELT_SHOWN_MAX]
    for name in worst:
        yield _figure(f"slowest text during {name}"[:57], slowest[name], "ms")


class _Needs:
    """What a node's process needs."""

    def __init__(self, memory_kib: int, descriptors: int) -> None:
        self.memory_kib = memory_kib
        self.descriptors = descriptors

    @staticmethod
    def of(node: Node) -> _Needs:
        """At the moment."""
        assert node.child is not None
        process = Path("/proc") / str(node.child.popen.pid)
        found = re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())
        assert found is not None
        return _Needs(int(found.group(1)), len(list((process / "fd").iterdir())))


def _judge_needs(
    node: Node, before: _Needs, processes: Processes | None
) -> Iterator[Result]:
    """Memory and descriptors have to come back, once what is dead is known to be. In the long form
    what the liar has made of groups, logs and records is too much for that: there the node is
    started again in the end and has to need as much for them, less what came back."""
    memory_max = before.memory_kib + _MEMORY_GROWN_MIB_MAX * _MIB
    descriptors_max = before.descriptors + _DESCRIPTORS_GROWN_MAX
    deadline = time.monotonic() + _SETTLED_S_MAX
    while True:
        after = _Needs.of(node)
        fits = after.memory_kib <= memory_max and after.descriptors <= descriptors_max
        if fits or time.monotonic() > deadline:
            break
        time.sleep(_LOOK_S)
    grown = (after.memory_kib - before.memory_kib) // _MIB
    if processes is not None:
        again = _started_again(node, processes)
        yield _figure("the node's memory, started again", again.memory_kib // _MIB, "MiB")
        memory_max = again.memory_kib + _MEMORY_GROWN_MIB_MAX * _MIB
        grown = (after.memory_kib - again.memory_kib) // _MIB
    yield {
        "name": "the node's memory comes back", "ok": after.memory_kib <= memory_max,
        "expected": f"at most {_MEMORY_GROWN_MIB_MAX} MiB more", "got": f"{grown} MiB more",
    }
    yield {
        "name": "the node's descriptors come back", "ok": after.descriptors <= descriptors_max,
        "expected": f"at most {_DESCRIPTORS_GROWN_MAX} more",
        "got": f"{after.descriptors - before.descriptors} more",
    }
    yield _figure("the node's memory, before", before.memory_kib // _MIB, "MiB")
    yield _figure("the node's memory, more than before", grown, "MiB")
    yield _figure("descriptors, more than before", after.descriptors - before.descriptors)


def _started_again(node: Node, processes: Processes) -> _Needs:
    """What the node needs that starts from the same files, once it answers its admin."""
    node.stop()
    node.start(processes)
    deadline = time.monotonic() + _SETTLED_S_MAX
    while True:
        try:
            node.command("status")
            return _Needs.of(node)
        except Failed:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_S)


def _judge_log(node: Node) -> Result:
    assert node.child is not None
    text = node.child.log.read_text(errors="replace")
    lines = [
        line for line in text.splitlines()
        if "panic" in line or (" ERROR " in line and _PROVEN not in line)
    ]
    return {
        "name": f"no error in the log of {node.domain}", "expected": "none",
        "got": "; ".join(lines[:3]) or "none", "ok": not lines,
    }


def _figure(name: str, value: object, unit: str = "") -> Result:
    return {"name": name, "value": value, "unit": unit, "ok": True}
