"""One organisation's node: its settings, its DNS records, its life and its sudden death.

It runs the built binary as an admin would, and learns from it nothing but what `comity dns`
prints. It may copy the node's data as an admin does, but must not look into it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from dns import Chain, NameServer, Zone
from net import Network
from process import Child, Failed, Processes, run

_CLIENT_PORT = 8008
_FEDERATION_PORT = 4433

_SETTINGS = """\
domain = "{domain}"
data_dir = "{data}"

[client]
listen = "{address}:{client_port}"

[federation]
listen = "0.0.0.0:{federation_port}"
{federation}

[dns]
nameservers = ["{nameserver}:53"]
trust_anchor = "{trust_anchor}"

"""

OPEN = """\
[sign_up]
mode = "open"

[limits.clients]
account_requests_per_minute = 1_000_000
address_requests_per_minute = 1_000_000
address_sign_ups_per_hour = 1_000_000
"""
"""Settings of a node that takes everybody, and lets them do what they like."""


OPEN_TO_ALL = 'mode = "open"'
"""Settings of a node that federates with whoever comes."""


class Node:
    """A node on one host of a network."""

    def __init__(
        self, network: Network, host: str, domain: str, binary: Path, directory: Path,
        settings: str = OPEN, federation: str = OPEN_TO_ALL,
    ) -> None:
        self.host = host
        self.domain = domain
        self.child: Child | None = None
        self._network = network
        self._binary = str(binary)
        self._directory = directory
        self._more_settings = settings
        self._federation = federation
        self._settings = directory / "comity.toml"
        self._data = directory / "data"
        self._copy = directory / "copy"

    @property
    def address(self) -> str:
        """The address of its host."""
        return self._network.address(self.host)

    @property
    def base_url(self) -> str:
        """Where its clients connect."""
        return f"http://{self.address}:{_CLIENT_PORT}"

    def prepare(self, names: NameServer) -> None:
        """Writes the settings."""
        self._directory.mkdir(parents=True)
        text = _SETTINGS.format(
            domain=self.domain, data=self._data, address=self.address,
            client_port=_CLIENT_PORT, federation_port=_FEDERATION_PORT,
            nameserver=names.address, trust_anchor=names.trust_anchor,
            federation=self._federation,
        )
        self._settings.write_text(text + self._more_settings)

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self._data

    def records(self, domain: str | None = None) -> list[str]:
        """The lines that `comity dns` prints, and the address of the host that they name.

        With `domain`, the same lines for another domain, for zones that claim this node's key."""
        printed = self.command("dns", "--host", f"node1.{self.domain}")
        lines = [line for line in printed.splitlines() if line.strip()]
        lines.append(f"node1.{self.domain}. A {self.address}")
        if domain is None:
            return lines
        return [line.replace(f"{self.domain}.", f"{domain}.") for line in lines]

    def command(self, *arguments: str) -> str:
        """Runs a command of the program as the admin does; what it printed."""
        return run(*self.command_line(*arguments))

    def command_line(self, *arguments: str) -> list[str]:
        """A command of the program as the admin types it, on the node's machine."""
        line = [self._binary, "--config", str(self._settings), *arguments]
        return self._network.inside(self.host, *line)

    def zone(self) -> Zone:
        """The organisation's zone."""
        return Zone(f"{self.domain}.", self.records(), Chain.SECURE)

    def start(self, processes: Processes) -> None:
        """Starts the node; its clients find out themselves when it serves."""
        command = [self._binary, "serve", "--config", str(self._settings)]
        log = self._directory / "node.log"
        self.child = processes.start(
            self.domain, self._network.inside(self.host, *command), log
        )

    def kill(self) -> None:
        """Ends the node with SIGKILL."""
        self.check()
        assert self.child is not None
        self.child.kill()

    def stop(self) -> None:
        """Ends the node in order."""
        self.check()
        assert self.child is not None
        self.child.stop()

    def copy_disk(self) -> None:
        """Copies the data of a node that does not run, as a backup."""
        shutil.copytree(self._data, self._copy)

    def take_disk_of(self, other: Node) -> None:
        """Copies the data of another node that does not run."""
        shutil.copytree(other._data, self._data)

    def restore_disk(self) -> None:
        """Puts the copy in the place of the data of a node that does not run."""
        shutil.rmtree(self._data)
        shutil.copytree(self._copy, self._data)

    def check(self) -> None:
        """Raises `Failed` where the node ended by itself."""
        if self.child is None or not self.child.running:
            raise Failed(f"the node of {self.domain} is not running; see its log")
