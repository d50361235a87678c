"""The scenario `bad-input`: what is wrong is refused by the right code, and nobody else is
disturbed.

`run` starts one node and a DNS with good, bogus, unsigned and missing domains, and runs this file
as a client inside the node's host. There each case does one wrong thing and compares the code it
is answered with, while two bystanders chat; in the end the checker judges what the bystanders
saw. A case must not depend on another.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Awaitable, Callable, Iterator
from urllib.parse import quote

import aiohttp
import websockets
import websockets.exceptions

import checker
import corpus
from cases import Stage, report, run_inside
from client import Http, Json, Refused, SocketDevice
from dns import Chain, NameServer, Zone
from evidence import gather
from node import Node
from transcript import Transcript, read

HOSTS = ["acme", "dns"]

_DOMAIN = "acme.test"
_PASSWORD = "correct horse battery staple"
_ANSWER_S_MAX = 15.0
_CASE_S_MAX = 45.0
_CASES_S_MAX = 300.0
_TEXT_OPCODE = 1
_UNKNOWN_CHANNEL = "A" * 43
_CHAT_PAUSE_S = 0.05


def run(stage: Stage) -> Iterator[Json]:
    """Starts what is needed and yields each case's result."""
    names = NameServer(stage.network, "dns", stage.directory / "dns")
    node = Node(stage.network, "acme", _DOMAIN, stage.binary, stage.directory / "acme")
    domains = ["acme", "absent", "bogus", "silent", "unsigned"]
    names.prepare([f"{name}.test." for name in domains], unsigned=["unsigned.test."])
    node.prepare(names)
    zones = [
        node.zone(),
        Zone("absent.test.", ["www.absent.test. A 10.77.0.99"]),
        Zone("bogus.test.", node.records("bogus.test"), Chain.BROKEN),
        Zone("silent.test.", node.records("silent.test")),
        Zone("unsigned.test.", node.records("unsigned.test"), Chain.UNSIGNED),
    ]
    # Nobody answers at this address.
    zones[3].lines[-1] = "node1.silent.test. A 10.77.0.99"
    stage.say("starting DNS and a node")
    names.start(stage.processes, zones)
    node.start(stage.processes)
    stage.say("doing wrong things")
    log = stage.directory / "cases.log"
    yield from run_inside(stage.network, "acme", __file__, [node.base_url], log, _CASES_S_MAX)
    node.check()


class Client:
    """A client that does wrong things, and what it needs for them."""

    def __init__(self, base_url: str, http: Http, other: Http, channel: str) -> None:
        self.base_url = base_url
        self.http = http
        self.other = other
        self.channel = channel
        self.nonce = 0

    def send(self, text: str = "hello", **changes: Any) -> str:
        """A frame that sends a text, with some fields changed."""
        self.nonce += 1
        frame = {"type": "send", "nonce": str(self.nonce), "channel": self.channel, "text": text}
        return json.dumps({**frame, **changes})

    async def socket(self, *frames: str | bytes, hello: Json | None = None) -> str:
        """Says hello and sends frames; the code of the first refusal or goodbye, with what it
        says."""
        url = self.base_url.replace("http", "ws", 1) + "/v1/socket"
        async with websockets.connect(url, compression=None, max_size=None) as socket:
            if hello is None:
                hello = {"type": "hello", "token": self.http.token}
            try:
                if hello:
                    await socket.send(json.dumps(hello))
                for frame in frames:
                    await socket.send(frame)
                return await self._code(socket)
            except websockets.ConnectionClosed as closed:
                # A frame that is refused unread has no answer but the reason of the close.
                return closed.rcvd.reason if closed.rcvd else "closed without a reason"

    async def raw_text(self, data: bytes) -> str:
        """Like `socket`, for bytes that no library would send as a text frame."""
        url = self.base_url.replace("http", "ws", 1) + "/v1/socket"
        async with websockets.connect(url, compression=None) as socket:
            await socket.send(json.dumps({"type": "hello", "token": self.http.token}))
            await socket.recv()
            await socket.write_frame(True, _TEXT_OPCODE, data)
            return await self._code(socket)

    async def stored(self, *frames: str) -> list[str]:
        """The ids that texts are stored under."""
        url = self.base_url.replace("http", "ws", 1) + "/v1/socket"
        ids: list[str] = []
        async with websockets.connect(url, compression=None) as socket:
            await socket.send(json.dumps({"type": "hello", "token": self.http.token}))
            for frame in frames:
                await socket.send(frame)
            while len(ids) < len(frames):
                answer = json.loads(await asyncio.wait_for(socket.recv(), _ANSWER_S_MAX))
                if answer["type"] in ("refused", "goodbye"):
                    ids.append(str(answer["code"]))
                elif answer["type"] == "stored":
                    ids.append(answer["id"])
        return ids

    async def request(
        self, method: str, path: str, body: Json | None = None, token: str | None = None
    ) -> str:
        """The code that a request is answered with, or "done"."""
        http = Http(self.base_url)
        http.token = self.http.token if token is None else token
        try:
            await http.call(method, path, body, timeout_s=40.0)
            return "done"
        except Refused as refused:
            return f"{refused.code}: {refused.sentence}"
        finally:
            await http.close()

    async def open_direct(self, label: str) -> str:
        """The code that opening a direct channel is answered with."""
        return await self.request("POST", "/v1/channels", {"kind": "direct", "with": label})

    @staticmethod
    async def _code(socket: Any) -> str:
        try:
            while True:
                answer = json.loads(await asyncio.wait_for(socket.recv(), _ANSWER_S_MAX))
                if answer["type"] in ("refused", "goodbye"):
                    return f"{answer['code']}: {answer['message']}"
                if answer["type"] in ("stored", "done"):
                    return "done"
        except asyncio.TimeoutError:
            return "no answer"
        except websockets.exceptions.ConnectionClosed as closed:
            return f"closed with {closed.code} and no word"


Case = Callable[[Client], Awaitable[str]]


async def invalid_utf8_over_http(client: Client) -> str:
    """A body whose text is not UTF-8."""
    url = f"{client.base_url}/v1/channels/{client.channel}/messages"
    headers = {
        "Authorization": f"Bearer {client.http.token}", "Content-Type": "application/json",
    }
    body = b'{"nonce":"900","text":"\xff\xfe"}'
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=body, headers=headers) as response:
            return str((await response.json())["error"]["code"])


async def same_nonce_same_text(client: Client) -> str:
    """A repeated send is answered as the first time."""
    frame = client.send("said once")
    first, second = await client.stored(frame, frame)
    return "one id" if first == second else f"{first} and {second}"


async def same_nonce_other_text(client: Client) -> str:
    """A nonce cannot be used for another text."""
    frame = client.send("said first")
    other = json.dumps({**json.loads(frame), "text": "said second"})
    # One after the other: a refusal may overtake an answer that waits for the disk.
    await client.stored(frame)
    return (await client.stored(other))[0]


async def old_nonce(client: Client) -> str:
    """A nonce below the window is refused rather than taken as new."""
    http = await _another_device(client)
    path = f"/v1/channels/{client.channel}/messages"
    await client.request("POST", path, {"text": "late", "nonce": "5000"}, http.token)
    code = await client.request("POST", path, {"text": "early", "nonce": "1"}, http.token)
    await http.close()
    return code


async def revoked_token(client: Client) -> str:
    """The token of a revoked device opens nothing, over HTTP and over a socket."""
    http = await _another_device(client)
    device = (await http.call("GET", "/v1/me"))["device"]["id"]
    await client.http.call("DELETE", f"/v1/devices/{device}")
    token = str(http.token)
    await http.close()
    over_http = await client.request("GET", "/v1/me", token=token)
    over_socket = await client.socket(hello={"type": "hello", "token": token})
    same = over_http.split(":")[0] == over_socket.split(":")[0]
    return over_http if same else f"{over_http} / {over_socket}"


async def revoked_while_connected(client: Client) -> str:
    """A device that is revoked while it is connected is told so."""
    http = await _another_device(client)
    device = (await http.call("GET", "/v1/me"))["device"]["id"]
    hello = {"type": "hello", "token": http.token}
    waiting = asyncio.create_task(client.socket(hello=hello))
    await asyncio.sleep(0.5)
    await client.http.call("DELETE", f"/v1/devices/{device}")
    await http.close()
    return await waiting


async def _another_device(client: Client) -> Http:
    http = Http(client.base_url)
    body = {"name": "mallory", "password": _PASSWORD, "device_name": "another"}
    http.token = (await http.call("POST", "/v1/sessions", body))["token"]
    return http


def _log_in(name: str, password: str) -> Case:
    body = {"name": name, "password": password}
    return lambda c: c.request("POST", "/v1/sessions", body)


def _sign_up(name: str, password: str) -> Case:
    body = {"name": name, "password": password}
    return lambda c: c.request("POST", "/v1/accounts", body)


def cases(too_long: str, foreign: str) -> dict[str, tuple[str, Case]]:
    """Every case: what is done, the code to be answered with, and how."""
    hello_wrong = {"type": "hello", "token": "no such token"}
    return {
        "a text of 100,001 characters, by socket":
            ("text_too_long", lambda c: c.socket(c.send(too_long))),
        "a text of 100,001 characters, by HTTP":
            ("text_too_long", lambda c: c.request(
                "POST", f"/v1/channels/{c.channel}/messages", {"text": too_long, "nonce": "800"})),
        "a refusal that says the limit and the length":
            ("100001", lambda c: _digits(c.socket(c.send(too_long)))),
        "an empty text": ("text_empty", lambda c: c.socket(c.send(""))),
        "a text frame that is not UTF-8":
            ("text_not_utf8", lambda c: c.raw_text(b'{"type":"ping","data":"\xff\xfe"}')),
        "a body that is not UTF-8": ("text_not_utf8", invalid_utf8_over_http),
        "a frame that is not JSON": ("malformed", lambda c: c.socket('{"type":"send",')),
        "a frame of an unknown type": ("malformed", lambda c: c.socket('{"type":"dance"}')),
        "a frame without its fields":
            ("malformed", lambda c: c.socket('{"type":"send","nonce":"700"}')),
        "a nonce that is no number":
            ("malformed", lambda c: c.socket(c.send(nonce="first"))),
        "a binary frame": ("malformed", lambda c: c.socket(b"\x00\x01")),
        "a send before the hello": ("malformed", lambda c: c.socket(c.send(), hello={})),
        "no hello at all": ("malformed", lambda c: c.socket(hello={})),
        "a frame beyond all limits": ("too_large", lambda c: c.socket(c.send("x" * 4_000_000))),
        "an unknown channel":
            ("channel_not_found", lambda c: c.socket(c.send(channel=_UNKNOWN_CHANNEL))),
        "a channel of others": ("channel_not_found", lambda c: c.socket(c.send(channel=foreign))),
        "the history of others":
            ("channel_not_found", lambda c: c.request("GET", f"/v1/channels/{foreign}/messages")),
        "a wrong token, by socket":
            ("token_invalid", lambda c: c.socket(hello=hello_wrong)),
        "a wrong token, by HTTP":
            ("token_invalid", lambda c: c.request("GET", "/v1/me", token="no such token")),
        "no token": ("token_invalid", lambda c: c.request("GET", "/v1/me", token="")),
        "the token of a revoked device": ("token_invalid", revoked_token),
        "a device revoked while connected": ("token_invalid", revoked_while_connected),
        "the same nonce and text again": ("one id", same_nonce_same_text),
        "the same nonce with another text": ("nonce_reused", same_nonce_other_text),
        "a nonce older than the window": ("nonce_too_old", old_nonce),
        "a cursor that no node gave": ("cursor_invalid", lambda c: c.socket(
            hello={"type": "hello", "token": c.http.token, "cursor": "xyz"})),
        "a wrong password": ("credentials_wrong", _log_in("mallory", "not the password")),
        "an unknown name": ("credentials_wrong", _log_in("nobody", _PASSWORD)),
        "a name that is taken": ("name_taken", _sign_up("mallory", _PASSWORD)),
        "a weak password": ("password_weak", _sign_up("newcomer", "short")),
        "a name with a space": ("name_invalid", _sign_up("new comer", _PASSWORD)),
        "an unknown resource": ("resource_not_found", lambda c: c.request("GET", "/v1/dances")),
        "a wrong method": ("method_not_allowed", lambda c: c.request("PATCH", "/v1/me")),
        "an account that does not exist":
            ("account_not_found", lambda c: c.open_direct(f"nobody@{_DOMAIN}")),
        "a direct channel with oneself":
            ("self_direct", lambda c: c.open_direct(f"mallory@{_DOMAIN}")),
        "a label without a domain": ("name_invalid", lambda c: c.open_direct("carol")),
        "a domain that does not exist":
            ("domain_not_found", lambda c: c.open_direct("x@nowhere.test")),
        "a domain without a node": ("domain_not_found", lambda c: c.open_direct("x@absent.test")),
        "a domain whose DNSSEC is bogus":
            ("domain_bogus", lambda c: c.open_direct("x@bogus.test")),
        "a domain that is not signed, without a pin":
            ("domain_unproven", lambda c: c.open_direct("x@unsigned.test")),
        "a domain whose node is away":
            ("domain_unreachable", lambda c: c.open_direct("x@silent.test")),
    }


async def _digits(code: Awaitable[str]) -> str:
    """The length that a refusal names, written with or without separators; it must name the limit
    too."""
    said = (await code).replace(",", "")
    return "100001" if "100001" in said and "100000" in said else said


class Bystanders:
    """Two accounts that chat while others do wrong things."""

    def __init__(self, base_url: str, directory: Path) -> None:
        self.channel = ""
        self._path = directory / "bystanders.jsonl"
        self._transcript = Transcript(self._path)
        self._https = [Http(base_url), Http(base_url)]
        self._devices: list[SocketDevice] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Signs both up and starts the chat."""
        for name, http in zip(("carol", "dave"), self._https):
            http.token = await sign_up(http, name)
            key = f"{name}@{_DOMAIN}/1"
            device = SocketDevice(key, http, self._transcript, None)
            self._devices.append(device)
            self._tasks.append(asyncio.create_task(device.run()))
            await asyncio.wait_for(device.connected.wait(), _ANSWER_S_MAX)
        carol, dave = self._devices
        opened = carol.command("open_direct", **{"with": dave.key.rsplit("/", 1)[0]})
        self.channel = (await opened.answer)["channel"]
        await carol.send(self.channel, "hello", "setup").answer
        for device in self._devices:
            self._transcript.write(
                "member", device=device.key, account=device.key.rsplit("/", 1)[0],
                organisation=_DOMAIN, channel=self.channel, name="the bystanders' channel",
            )
        await asyncio.sleep(_CHAT_PAUSE_S)
        self._tasks.append(asyncio.create_task(self._chat()))

    async def end(self) -> list[str]:
        """Ends the chat; what the checker says of it."""
        self._tasks.pop().cancel()
        last = self._devices[0].send(self.channel, "goodbye", "load")
        await asyncio.wait_for(last.answer, _ANSWER_S_MAX)
        await asyncio.sleep(_CHAT_PAUSE_S * 4)
        for device in self._devices:
            await device.history(self.channel, "before")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for http in self._https:
            await http.close()
        self._transcript.close()
        lines = list(read([self._path]))
        wrong = [str(finding) for finding in checker.check(gather(lines))]
        wrong += [f"{line['device']} lost its socket" for line in lines if line["saw"] == "lost"]
        return wrong

    async def _chat(self) -> None:
        texts = corpus.load(seed=3)
        turn = 0
        while True:
            await self._devices[turn % 2].send(self.channel, texts.short(), "load").answer
            turn += 1
            await asyncio.sleep(_CHAT_PAUSE_S)


async def attempt(case: Case, client: Client) -> str:
    """What a case got; a node that behaves oddly must not keep the other cases from being run."""
    try:
        return await asyncio.wait_for(case(client), _CASE_S_MAX)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


async def sign_up(http: Http, name: str) -> str:
    """Makes an account; the token of its first device."""
    body = {"name": name, "password": _PASSWORD, "device_name": "first"}
    return str((await http.patiently("POST", "/v1/accounts", body))["token"])


async def main(base_url: str) -> None:
    """Runs all cases and prints each result as a line."""
    with tempfile.TemporaryDirectory(prefix="comity-bad-input-") as directory:
        bystanders = Bystanders(base_url, Path(directory))
        await bystanders.begin()
        http, other = Http(base_url), Http(base_url)
        http.token = await sign_up(http, "mallory")
        other.token = await sign_up(other, "trent")
        body = {"kind": "direct", "with": f"trent@{_DOMAIN}"}
        channel = (await http.call("POST", "/v1/channels", body))["channel"]["id"]
        client = Client(base_url, http, other, quote(channel))
        too_long = corpus.load(seed=2).long("Korean", corpus.TEXT_CHARS_MAX + 1)
        for name, (expected, case) in cases(too_long, bystanders.channel).items():
            got = await attempt(case, client)
            report(name, expected, got, got.split(":")[0] == expected)
        wrong = await bystanders.end()
        report("bystanders chat undisturbed", "nothing wrong", "; ".join(wrong[:5]), not wrong)
        await http.close()
        await other.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
