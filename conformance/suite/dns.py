"""A DNS host of a scenario's own: Knot, serving a signed root, the zones below it, and broken
ones on demand.

Every zone is signed with Ed25519 and NSEC3 under one key, and hangs by a DS record in its parent,
so a resolver that has the root's key validates everything. A zone may be left unsigned, or get a
DS record that fits no key; while it is served its lines and its place in its parent may be changed,
and its signatures left to expire. It must not know what a record means; it publishes the lines that
it is given.
"""

from __future__ import annotations

import enum
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Sequence

from net import Network
from process import Child, Failed, Processes, run

_CONFIG = """\
server:
    rundir: "{directory}"
    pidfile: "{directory}/knot.pid"
    listen: {address}@53
log:
  - target: stderr
    any: info
database:
    storage: "{directory}/db"
policy:
  - id: scenario
    algorithm: ed25519
    single-type-signing: on
    manual: on
    nsec3: on
    nsec3-iterations: 0
  - id: brief
    algorithm: ed25519
    single-type-signing: on
    manual: on
    nsec3: on
    nsec3-iterations: 0
    rrsig-lifetime: 3
    rrsig-refresh: 2
    rrsig-pre-refresh: 0
    propagation-delay: 0
    zone-max-ttl: 1
template:
  - id: default
    storage: "{directory}/zones"
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    serial-policy: unixtime
zone:
"""

_LOAD_S_MAX = 15.0

_HEAD = """\
$TTL 60
{origin} SOA ns.test. admin.test. 1 3600 600 86400 60
{origin} NS ns.test.
"""


class Chain(enum.Enum):
    """How a zone hangs on its parent."""

    BROKEN = "signed, but the DS record in the parent fits no key"
    SECURE = "signed, with its DS record in the parent"
    UNSIGNED = "not signed, without DS record"


@dataclass
class Zone:
    """One zone: its name with a trailing dot, and the lines of its file beyond SOA and NS."""

    name: str
    lines: list[str] = field(default_factory=list)
    chain: Chain = Chain.SECURE

    @property
    def parent(self) -> str:
        """The zone above."""
        return self.name.split(".", 1)[1] or "."


class NameServer:
    """Knot on one host of a network."""

    def __init__(self, network: Network, host: str, directory: Path) -> None:
        self._network = network
        self._host = host
        self._directory = directory
        self._config = directory / "knot.conf"
        self._child: Child | None = None
        self._zones: dict[str, Zone] = {}
        self._policies: dict[str, str | None] = {}

    @property
    def address(self) -> str:
        """Where it answers, on port 53."""
        return self._network.address(self._host)

    @property
    def trust_anchor(self) -> Path:
        """The file with the root's DNSKEY, one line as in a zone file."""
        return self._directory / "root.key"

    def prepare(self, names: Sequence[str], unsigned: Sequence[str] = ()) -> None:
        """Makes the keys of the root, of `test.` and of the named zones, before any content is
        known."""
        for folder in ("db", "zones"):
            (self._directory / folder).mkdir(parents=True)
        for name in [".", "test.", *names]:
            self._policies[name] = None if name in unsigned else "scenario"
        self._configure()
        for name, policy in self._policies.items():
            if policy is not None:
                self._keymgr(name, "generate", "algorithm=ED25519", "ksk=yes", "zsk=yes")
        self.trust_anchor.write_text(self._keymgr(".", "dnskey"))

    def start(self, processes: Processes, zones: Sequence[Zone]) -> None:
        """Writes the zones and their delegations, and serves them."""
        self._zones = {zone.name: zone for zone in (Zone("."), Zone("test."), *zones)}
        for zone in self._zones.values():
            self._write(zone)
        command = ["knotd", "--config", str(self._config)]
        log = self._directory / "knotd.log"
        self._child = processes.start(
            "knotd", self._network.inside(self._host, *command), log
        )
        self._await_loaded(len(zones) + 2)

    def publish(self, name: str, lines: Sequence[str]) -> None:
        """Serves a zone with other lines from now on, beyond SOA and NS."""
        zone = self._zones[name]
        zone.lines = list(lines)
        self._write(zone)
        self._knotc("--blocking", "zone-reload", name)

    def hang(self, name: str, chain: Chain) -> None:
        """Hangs a zone otherwise on its parent from now on."""
        zone = self._zones[name]
        zone.chain = chain
        self._write(self._zones[zone.parent])
        self._knotc("--blocking", "zone-reload", zone.parent)

    def neglect(self, name: str) -> None:
        """Signs a zone for some seconds, and not again."""
        self._sign(name, "brief")
        self._knotc("zone-freeze", name)

    def care(self, name: str) -> None:
        """Undoes `neglect`."""
        self._knotc("zone-thaw", name)
        self._sign(name, "scenario")

    def _sign(self, name: str, policy: str) -> None:
        self._policies[name] = policy
        self._configure()
        self._knotc("reload")
        self._knotc("--blocking", "zone-sign", name)

    def _configure(self) -> None:
        text = _CONFIG.format(directory=self._directory, address=self.address)
        for name, policy in self._policies.items():
            text += f'  - domain: "{name}"\n'
            if policy is not None:
                text += f"    dnssec-signing: on\n    dnssec-policy: {policy}\n"
        self._config.write_text(text)

    def _knotc(self, *words: str) -> str:
        socket = str(self._directory / "knot.sock")
        return run("knotc", "--config", str(self._config), "--socket", socket, *words)

    def _await_loaded(self, count: int) -> None:
        """Waits until every zone is served; Knot signs a zone before it serves it for the first
        time."""
        deadline = time.monotonic() + _LOAD_S_MAX
        reason = ""
        while time.monotonic() < deadline:
            try:
                loaded = re.findall(r"serial: \d+", self._knotc("zone-status"))
                if len(loaded) == count:
                    return
                reason = f"only {len(loaded)} of {count} zones are loaded"
            except Failed as failed:
                reason = str(failed)
            time.sleep(0.05)
        raise Failed(f"the name server did not come up: {reason}")

    def _delegation(self, zone: Zone) -> list[str]:
        lines = [f"{zone.name} NS ns.test."]
        if zone.chain is not Chain.UNSIGNED:
            # keymgr prints one DS record a digest type; SHA-256 is what every validator knows.
            printed = self._keymgr(zone.name, "ds").splitlines()
            record = next(line for line in printed if line.split()[-2] == "2")
            lines.append(record if zone.chain is Chain.SECURE else _spoilt(record))
        return lines

    def _write(self, zone: Zone) -> None:
        lines = list(zone.lines)
        if zone.name in (".", "test."):
            lines.append(f"ns.test. A {self.address}")
        for child in self._zones.values():
            if child.parent == zone.name and child is not zone:
                lines += self._delegation(child)
        text = _HEAD.format(origin=zone.name) + "\n".join(lines) + "\n"
        file = "" if zone.name == "." else zone.name.rstrip(".")
        (self._directory / "zones" / f"{file}.zone").write_text(text)

    def _keymgr(self, zone: str, *arguments: str) -> str:
        return run("keymgr", "--config", str(self._config), zone, *arguments)


def _spoilt(record: str) -> str:
    """The DS record with another digest."""
    head, digest = record.rsplit(" ", 1)
    return f"{head} {'0' if digest[0] != '0' else '1'}{digest[1:]}"
