"""Hosts of a scenario: network namespaces on a bridge of their own, and the faults of their cables.

Each host is a namespace with one address. The bridge lives in a further namespace, so nothing is
added to the machine's own network, the machine's packet filter does not see the traffic, and any
number of scenarios may run side by side. It must not start programs in the hosts and knows
nothing of what they do.
"""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import contextmanager
from typing import Iterator, Sequence

from process import Failed, run

PREFIX = "comity"
_SUBNET = "10.77.0"
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Network:
    """Namespaces named `comity-<pid>-<host>`, joined by a bridge."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._tag = f"{PREFIX}-{os.getpid()}"
        self._switch = f"{self._tag}-switch"
        self._namespaces: list[str] = []
        self._numbers = {host: number for number, host in enumerate(hosts, start=11)}

    def open(self) -> None:
        """Makes the namespaces and plugs all hosts in."""
        if os.geteuid() != 0:
            raise Failed("network namespaces need root; run the scenario as root")
        remove_left_over()
        self._add_namespace(self._switch)
        self._ip(self._switch, "link", "add", "br0", "type", "bridge")
        self._ip(self._switch, "link", "set", "br0", "up")
        for host in self._numbers:
            self._add_host(host)

    def close(self) -> None:
        """Removes what `open` made. The processes inside must have ended."""
        while self._namespaces:
            run("ip", "netns", "delete", self._namespaces.pop())

    def address(self, host: str) -> str:
        """The address of a host."""
        return f"{_SUBNET}.{self._numbers[host]}"

    def inside(self, host: str, *argv: str) -> list[str]:
        """The command line that runs `argv` in a host; the process keeps the pid of what is
        started."""
        return ["ip", "netns", "exec", self._namespace(host), *argv]

    @contextmanager
    def entered(self, host: str) -> Iterator[None]:
        """Moves the calling thread into a host for a while, with all that it starts meanwhile."""
        with open("/proc/thread-self/ns/net", "rb") as back:
            with open(f"/run/netns/{self._namespace(host)}", "rb") as there:
                _enter(there.fileno())
            try:
                yield
            finally:
                _enter(back.fileno())

    def add_client_address(self, host: str) -> str:
        """Gives a host a second address for a client whose cable is to be cut apart from the
        others'."""
        address = f"{_SUBNET}.{self._numbers[host] + 100}"
        self._ip(self._namespace(host), "address", "add", f"{address}/32", "dev", "lo")
        return address

    def cut(self, host: str, address: str) -> None:
        """Silently drops all packets between a host and an address, in both directions."""
        self._filter(host, "-I", address)

    def heal(self, host: str, address: str) -> None:
        """Undoes `cut`."""
        self._filter(host, "-D", address)

    def shut(self, host: str, port: int) -> None:
        """Lets a host's firewall drop what comes to a UDP port from outside; what answers the
        host's own datagrams gets in."""
        self._fire_wall(host, "-I", port)

    def unlock(self, host: str, port: int) -> None:
        """Undoes `shut`."""
        self._fire_wall(host, "-D", port)

    def unplug(self, host: str) -> None:
        """Pulls a host's cable: its port at the bridge goes down."""
        self._ip(self._switch, "link", "set", f"to-{host}", "down")

    def plug(self, host: str) -> None:
        """Undoes `unplug`."""
        self._ip(self._switch, "link", "set", f"to-{host}", "up")

    def _add_host(self, host: str) -> None:
        namespace = self._namespace(host)
        self._add_namespace(namespace)
        port = f"to-{host}"
        self._ip(
            self._switch, "link", "add", port, "type", "veth",
            "peer", "name", "eth0", "netns", namespace,
        )
        self._ip(self._switch, "link", "set", port, "master", "br0", "up")
        self._ip(namespace, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
        self._ip(namespace, "link", "set", "eth0", "up")

    def _add_namespace(self, namespace: str) -> None:
        run("ip", "netns", "add", namespace)
        self._namespaces.append(namespace)
        self._ip(namespace, "link", "set", "lo", "up")

    def _namespace(self, host: str) -> str:
        return f"{self._tag}-{host}"

    def _filter(self, host: str, action: str, address: str) -> None:
        for chain, side in (("INPUT", "-s"), ("OUTPUT", "-d")):
            rule = ["iptables", "-w", action, chain, side, address, "-j", "DROP"]
            run(*self.inside(host, *rule))

    def _fire_wall(self, host: str, action: str, port: int) -> None:
        rule = ["-p", "udp", "--dport", str(port), "-m", "conntrack", "--ctstate", "NEW"]
        run(*self.inside(host, "iptables", "-w", action, "INPUT", *rule, "-j", "DROP"))

    @staticmethod
    def _ip(namespace: str, *arguments: str) -> None:
        run("ip", "-n", namespace, *arguments)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET) != 0:
        raise Failed(f"a network namespace cannot be entered: {os.strerror(ctypes.get_errno())}")


def remove_left_over() -> None:
    """Removes namespaces of scenarios whose process is gone, such as one that was killed."""
    for line in run("ip", "netns", "list").splitlines():
        found = re.match(rf"({PREFIX}-(\d+)-\S+)", line)
        if found and not os.path.exists(f"/proc/{found.group(2)}"):
            run("ip", "netns", "delete", found.group(1))
