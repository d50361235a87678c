"""One node on loopback, with open sign-up and nobody to federate with, and what every part asks
of it: accounts, the documents that it serves, a bystander, and a log without a complaint.

It runs the built binary and speaks HTTP through Python's own library. It must not know what the
API's resources mean beyond signing up and opening a channel.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import quote

sys.path.append(str(Path(__file__).resolve().parents[1] / "suite"))

from process import Child, Failed, Processes  # noqa: E402

Json = dict[str, Any]

DOMAIN = "acme.test"
PASSWORD = "correct horse battery staple"

_START_S_MAX = 15.0
_ANSWER_S_MAX = 30.0
_WAIT_S = 0.02
_NOISE_SHOWN_MAX = 5

_SETTINGS = """\
domain = "{domain}"
data_dir = "{data}"

[client]
listen = "{listen}"

[federation]
listen = "127.0.0.1:0"
mode = "open"
{web_roots}
[dns]
nameservers = ["127.0.0.1:9"]

[push]
networks = ["127.0.0.1", "::1"]

[sign_up]
mode = "open"

[log]
format = "json"
"""

_PAGE = Path(__file__).resolve().parents[2] / "docs/operating/settings.md"
_LIMITS = """
[limits.clients]
account_requests_per_minute = 1_000_000
account_wrong_passwords_per_hour = 1_000_000
address_connections_max = 10_000
address_requests_per_minute = 1_000_000
address_sign_ups_per_hour = 1_000_000
address_wrong_passwords_per_hour = 1_000_000
"""


class Refused(Exception):
    """The node answered with a code."""

    def __init__(self, status: int, error: Json) -> None:
        super().__init__(f"{error.get('code')} ({status}): {error.get('message')}")
        self.status = status
        self.code = str(error.get("code"))
        self.retry_after_s = float(error.get("retry_after_ms", 0)) / 1000


class LoneNode:
    """A node, from its first start to its end."""

    def __init__(self, processes: Processes, binary: Path, directory: Path) -> None:
        directory.mkdir(parents=True)
        self.directory = directory
        self.log = directory / "node.log"
        self._processes = processes
        self._binary = binary
        self._starts = 0
        self._web_roots = ""
        self.host, self.port = "127.0.0.1", 0
        self._start()
        self.base_url = f"http://{self.host}:{self.port}"

    @contextmanager
    def away(self) -> Iterator[None]:
        """Ends the node in order, and starts it again at its address afterwards."""
        self._child.stop()
        yield
        self._start()

    def believe(self, authorities: Path) -> None:
        """Starts the node again, and has it believe certificates of these authorities besides."""
        self._web_roots = f'web_roots = "{authorities}"\n'
        self.restart()

    def restart(self) -> None:
        """Ends the node in order and starts it again at its address."""
        with self.away():
            pass

    def call(
        self, method: str, path: str, body: Json | None = None, token: str | None = None
    ) -> Json:
        """Makes a request, again where the node asks for patience; a refusal is raised."""
        for _ in range(5):
            try:
                return self._call_once(method, path, body, token)
            except Refused as refused:
                if not refused.retry_after_s:
                    raise
                time.sleep(refused.retry_after_s)
        raise Failed(f"{method} {path} was put off five times")

    def sign_up(self, name: str | None = None) -> "Account":
        """Makes an account, under a name of its own if none is given."""
        name = name or f"guest{secrets.token_hex(6)}"
        body = {"name": name, "password": PASSWORD, "device_name": "outside"}
        return Account(self, name, self.call("POST", "/v1/accounts", body)["token"])

    def log_in(self, account: "Account") -> "Account":
        """Another device of an account."""
        body = {"name": account.name, "password": PASSWORD, "device_name": "another"}
        return Account(self, account.name, self.call("POST", "/v1/sessions", body)["token"])

    def document(self, name: str) -> Json:
        """A document in which the node describes itself."""
        return self.call("GET", f"/v1/{name}.json")

    def complaints(self) -> list[str]:
        """What is wrong with the node by now: it ended, or its log has an error or a panic."""
        found = [] if self._child.running else ["the node ended by itself"]
        for line in self.log.read_text(errors="replace").splitlines():
            if _is_complaint(line):
                found.append(line[:400])
        return found[:_NOISE_SHOWN_MAX]

    def stop(self) -> list[str]:
        """Ends the node in order; what was wrong with it."""
        found = self.complaints()
        self._child.stop()
        if self._child.popen.returncode != 0:
            found.append(f"the node ended with status {self._child.popen.returncode}")
        return found

    def _call_once(self, method: str, path: str, body: Json | None, token: str | None) -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base_url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S_MAX) as response:
                return dict(json.loads(response.read() or b"{}"))
        except urllib.error.HTTPError as error:
            said = json.loads(error.read())
            raise Refused(error.code, said["error"]) from None

    def _start(self) -> None:
        data = self.directory / "data"
        settings = self.directory / "comity.toml"
        text = _SETTINGS.format(
            domain=DOMAIN, data=data, listen=f"{self.host}:{self.port}", web_roots=self._web_roots
        )
        # A node that limits its clients must not take these checks for an attack.
        has_limits = "### `limits.clients`" in _PAGE.read_text()
        settings.write_text(text + _LIMITS if has_limits else text)
        command = [str(self._binary), "serve", "--config", str(settings)]
        self._child: Child = self._processes.start("the node", command, self.log)
        self._starts += 1
        self.host, self.port = self._address()

    def _address(self) -> tuple[str, int]:
        """Where the node says that it takes clients."""
        deadline = time.monotonic() + _START_S_MAX
        while time.monotonic() < deadline and self._child.running:
            lines = map(_parsed, self.log.read_text(errors="replace").splitlines())
            said = [line["clients"] for line in lines if line.get("message") == "running"]
            if len(said) == self._starts:
                host, port = said[-1].rsplit(":", 1)
                return host, int(port)
            time.sleep(_WAIT_S)
        raise Failed("the node did not start; see its log")


class Account:
    """An account with one device."""

    def __init__(self, node: LoneNode, name: str, token: str) -> None:
        self.node = node
        self.name = name
        self.label = f"{name}@{DOMAIN}"
        self.token = token
        self._nonce = time.time_ns() // 1000

    def next_nonce(self) -> str:
        """A nonce that this device has not used."""
        self._nonce += 1
        return str(self._nonce)

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """A request of this account's."""
        return self.node.call(method, path, body, self.token)

    def open_direct(self, other: "Account") -> str:
        """The direct channel with somebody."""
        body = {"kind": "direct", "with": other.label}
        return str(self.call("POST", "/v1/channels", body)["channel"]["id"])

    def found_group(self, name: str, *members: "Account") -> str:
        """A group that the others are in."""
        body = {"kind": "group", "name": name}
        channel = str(self.call("POST", "/v1/channels", body)["channel"]["id"])
        for member in members:
            self.invite(channel, member)
            member.call("POST", f"/v1/channels/{channel}/accept", {})
        return channel

    def invite(self, channel: str, other: "Account") -> None:
        """Invites somebody to a group."""
        self.call("POST", f"/v1/channels/{quote(channel)}/invites", {"account": other.label})

    def post(self, channel: str, text: str, *mentioned: "Account") -> str:
        """Says something; the id of the message."""
        path = f"/v1/channels/{quote(channel)}/messages"
        body: Json = {"text": text, "nonce": self.next_nonce()}
        if mentioned:
            body["mentions"] = [account.label for account in mentioned]
        return str(self.call("POST", path, body)["id"])

    def edit(self, channel: str, message: str, text: str) -> None:
        """Gives a message of its own another text."""
        path = f"/v1/channels/{quote(channel)}/messages/{message}"
        self.call("PUT", path, {"text": text, "nonce": self.next_nonce()})

    def texts(self, channel: str) -> list[str]:
        """What was said in a channel, as the newest page of its history has it."""
        page = self.call("GET", f"/v1/channels/{quote(channel)}/messages")
        return [event["text"] for event in page["events"] if event["kind"] == "message"]


class Bystander:
    """Two people who talk to each other while somebody else misbehaves."""

    def __init__(self, node: LoneNode) -> None:
        self._says, self._hears = node.sign_up(), node.sign_up()
        self._channel = self._says.open_direct(self._hears)
        self._said: list[str] = []

    def check(self) -> str | None:
        """Says one thing and has the other read it; what went wrong."""
        text = f"undisturbed {len(self._said)}"
        try:
            self._says.post(self._channel, text)
            self._said.append(text)
            heard = self._hears.texts(self._channel)
        except (OSError, Refused) as error:
            return f"the bystander was not served: {error}"
        wanted = self._said[-len(heard):] if heard else self._said
        return None if heard == wanted else f"the bystander heard {heard[-3:]}, not {wanted[-3:]}"


def _parsed(line: str) -> Json:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _is_complaint(line: str) -> bool:
    return _parsed(line).get("level") == "ERROR" or "panicked at" in line
