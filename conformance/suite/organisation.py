"""An organisation of the scenario: its node, and the process with its clients.

Hands steps to the driver and waits for its answers. It must not judge what the clients saw.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any

from net import Network
from node import Node
from process import Child, Failed, Processes

_DRIVER = Path(__file__).with_name("driver.py")


class Organisation:
    """A node and its clients."""

    def __init__(self, node: Node, directory: Path) -> None:
        self.node = node
        self.transcript = directory / f"{node.domain}.jsonl"
        self._log = directory / f"{node.domain}-clients.log"
        self._driver: Child | None = None
        self._unread = b""

    def start_clients(
        self, network: Network, processes: Processes, plan: dict[str, Any]
    ) -> None:
        """Starts the driver inside the node's host and hands it its part of the plan."""
        command = network.inside(self.node.host, sys.executable, "-B", str(_DRIVER))
        name = f"clients of {self.node.domain}"
        self._driver = processes.start(name, command, self._log, piped=True)
        addresses = {"base_url": self.node.base_url, "transcript": str(self.transcript)}
        self._write({**plan, **addresses})

    def begin(self, step: str, **fields: Any) -> None:
        """Hands the driver a step; `end` waits for it. So both organisations work at once."""
        self._write({"do": step, **fields})

    def end(self, timeout_s: float) -> dict[str, Any]:
        """The driver's answer to the step that was begun."""
        answer: dict[str, Any] = json.loads(self._read_line(time.monotonic() + timeout_s))
        failure = answer.get("failed") or answer.get("failure")
        if failure:
            raise Failed(f"clients of {self.node.domain}: {failure}")
        return answer

    def ask(self, step: str, timeout_s: float = 20.0, **fields: Any) -> dict[str, Any]:
        """Begins a step and waits for it."""
        self.begin(step, **fields)
        return self.end(timeout_s)

    def _write(self, line: dict[str, Any]) -> None:
        assert self._driver is not None and self._driver.popen.stdin is not None
        try:
            self._driver.popen.stdin.write(json.dumps(line).encode() + b"\n")
            self._driver.popen.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"the {self._driver.name} ended; see their log") from None

    def _read_line(self, deadline: float) -> bytes:
        assert self._driver is not None and self._driver.popen.stdout is not None
        pipe = self._driver.popen.stdout.fileno()
        while b"\n" not in self._unread:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise Failed(f"the {self._driver.name} did not answer in time")
            data = os.read(pipe, 65536)
            if not data:
                raise Failed(f"the {self._driver.name} ended; see their log")
            self._unread += data
        line, self._unread = self._unread.split(b"\n", 1)
        return line
