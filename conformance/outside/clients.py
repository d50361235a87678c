"""One story, lived through by three WebSocket clients that have nothing in common: `websockets` and
`aiohttp` (PyPI), and `ws` (npm), which also does its HTTP with Node's `fetch`.

What is sent by one is read by all. It holds no more than a line for each library; what a frame
means is the story's.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Iterator, Protocol

import aiohttp
import websockets

from lone import DOMAIN, PASSWORD, LoneNode

Json = dict[str, Any]

_BRIDGE = Path(__file__).with_name("ws.mjs")
_ANSWER_S_MAX = 20.0
_LINE_BYTES_MAX = 16 * 1024 * 1024
_TEXTS = ("Tea at five?", "다섯 시에 차 마실까요?", "五点喝茶吗?", "🫖🏳️‍🌈 e\u0301", "a" * 100_000, "차" * 100_000)
_TOO_LONG = "a" * 100_001


class Line(Protocol):
    """A library's connection."""

    async def request(self, method: str, path: str, body: Json | None, token: str | None) -> Json:
        """An HTTP request; the JSON of the answer, with its status under `status`."""

    async def open(self) -> None:
        """Opens a WebSocket."""

    async def say(self, frame: Json) -> None:
        """Sends a frame."""

    async def hear(self) -> Json:
        """The next frame."""

    async def close(self) -> int:
        """Closes in order; the close code that came back."""

    async def cut(self) -> None:
        """Ends the connection without a word."""


class Websockets:
    """`websockets`, and HTTP by Python's own library."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket: Any = None

    async def request(self, method: str, path: str, body: Json | None, token: str | None) -> Json:
        return await asyncio.to_thread(self._request, method, path, body, token)

    def _request(self, method: str, path: str, body: Json | None, token: str | None) -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S_MAX) as response:
                return {"status": response.status, **json.loads(response.read() or b"{}")}
        except urllib.error.HTTPError as error:
            return {"status": error.code, **json.loads(error.read())}

    async def open(self) -> None:
        url = self._url.replace("http", "ws", 1) + "/v1/socket"
        self._socket = await websockets.connect(url, max_size=_LINE_BYTES_MAX)

    async def say(self, frame: Json) -> None:
        await self._socket.send(json.dumps(frame))

    async def hear(self) -> Json:
        return dict(json.loads(await self._socket.recv()))

    async def close(self) -> int:
        await self._socket.close(1000, "done")
        return int(self._socket.close_code)

    async def cut(self) -> None:
        self._socket.transport.abort()


class Aiohttp:
    """`aiohttp` for both."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket: Any = None

    async def request(self, method: str, path: str, body: Json | None, token: str | None) -> Json:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with aiohttp.ClientSession() as session:
            async with session.request(
                method, self._url + path, json=body, headers=headers
            ) as response:
                return {"status": response.status, **json.loads(await response.read() or b"{}")}

    async def open(self) -> None:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(
            self._url + "/v1/socket", max_msg_size=_LINE_BYTES_MAX
        )

    async def say(self, frame: Json) -> None:
        await self._socket.send_json(frame)

    async def hear(self) -> Json:
        return dict(await self._socket.receive_json())

    async def close(self) -> int:
        await self._socket.close(code=1000, message=b"done")
        await self._session.close()
        return int(self._socket.close_code)

    async def cut(self) -> None:
        await self._session.connector.close()  # Under the socket, which is not asked.
        await self._session.close()


class Ws:
    """`ws` and `fetch`, in a Node process that takes one command a line."""

    def __init__(self, url: str, modules: Path) -> None:
        self._url = url
        self._modules = modules
        self._node: asyncio.subprocess.Process | None = None

    async def request(self, method: str, path: str, body: Json | None, token: str | None) -> Json:
        return await self._ask(do="request", method=method, path=path, body=body, token=token)

    async def open(self) -> None:
        await self._ask(do="open")

    async def say(self, frame: Json) -> None:
        await self._ask(do="say", frame=frame)

    async def hear(self) -> Json:
        return await self._ask(do="hear")

    async def close(self) -> int:
        return int((await self._ask(do="close"))["code"])

    async def cut(self) -> None:
        await self._ask(do="cut")

    async def end(self) -> None:
        """Ends the process."""
        if self._node is not None:
            assert self._node.stdin is not None
            self._node.stdin.close()
            await self._node.wait()

    async def _ask(self, **command: Any) -> Json:
        if self._node is None:
            script = self._modules / _BRIDGE.name
            script.write_bytes(_BRIDGE.read_bytes())  # Node looks for `ws` beside the script.
            self._node = await asyncio.create_subprocess_exec(
                "node", str(script), self._url, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, limit=_LINE_BYTES_MAX,
            )
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.write(json.dumps(command).encode() + b"\n")
        answer = json.loads(await self._node.stdout.readline() or b'{"failed":"node ended"}')
        if "failed" in answer:
            raise AssertionError(answer["failed"])
        return dict(answer)


class Person:
    """Somebody at one of the lines."""

    def __init__(self, name: str, line: Line) -> None:
        self.label = f"{name}@{DOMAIN}"
        self.line = line
        self.cursor: str | None = None
        self._name = name
        self._token = ""
        self._nonce = 0
        self._passed_over: list[Json] = []

    async def sign_up(self) -> None:
        """Makes the account."""
        body = {"name": self._name, "password": PASSWORD, "device_name": "outside"}
        made = await self.line.request("POST", "/v1/accounts", body, None)
        assert made["status"] == 201, made
        self._token = made["token"]
        me = await self.line.request("GET", "/v1/me", None, self._token)
        assert me["account"] == self.label, me

    async def connect(self) -> None:
        """Opens a socket and says hello."""
        await self.line.open()
        self._passed_over = []
        hello: Json = {"type": "hello", "token": self._token}
        await self.line.say({**hello, "cursor": self.cursor} if self.cursor else hello)
        welcome = await self.hear("welcome")
        assert welcome["account"] == self.label and not welcome["resync"], welcome
        self.cursor = self.cursor or welcome["cursor"]

    def next_nonce(self) -> str:
        """A new one."""
        self._nonce += 1
        return str(self._nonce)

    async def ask(self, **frame: Any) -> Json:
        """Sends a request; the answer with its nonce. What comes before is kept for later."""
        frame.setdefault("nonce", self.next_nonce())
        await self.line.say(frame)
        while (answer := await self._hear()).get("nonce") != frame["nonce"]:
            self._passed_over.append(answer)
        return answer

    async def hear(self, kind: str) -> Json:
        """The next frame of a type."""
        for place, frame in enumerate(self._passed_over):
            if frame["type"] == kind:
                return self._passed_over.pop(place)
        while (frame := await self._hear())["type"] != kind:
            self._passed_over.append(frame)
        return frame

    async def texts(self, count: int) -> list[str]:
        """The next messages of the feed."""
        texts: list[str] = []
        while len(texts) < count:
            frame = await self.hear("event")
            self.cursor = frame["cursor"]
            if frame["event"]["kind"] == "message":
                texts.append(frame["event"]["text"])
        return texts

    async def history(self, channel: str) -> list[str]:
        """The texts of a channel, over HTTP."""
        path = f"/v1/channels/{channel}/messages?limit=200"
        page = await self.line.request("GET", path, None, self._token)
        return [event["text"] for event in page["events"] if event["kind"] == "message"]

    async def _hear(self) -> Json:
        return await asyncio.wait_for(self.line.hear(), _ANSWER_S_MAX)


async def _story(people: list[Person]) -> None:
    """Everybody talks to everybody, one is cut off and comes back, all leave in order."""
    for person in people:
        await person.sign_up()
    for person in people:
        await person.connect()
    first, *others = people
    channel = (await first.ask(type="command", do="create_group", name="Tea"))["channel"]
    for other in others:
        await first.ask(type="command", do="invite", channel=channel, account=other.label)
        done = await other.ask(type="command", do="accept", channel=channel)
        assert done["type"] == "done", done
    for speaker in people:
        await _everybody_hears(speaker, people, channel)
        await _answered_once(speaker, people, channel)
        await _resumes(speaker, people, channel)
    for person in people:
        code = await person.line.close()
        assert code == 1000, f"closed with {code}"
    histories = [await person.history(channel) for person in people]
    assert len(histories[0]) == len(people) * (len(_TEXTS) + 3), len(histories[0])
    assert histories.count(histories[0]) == len(histories), "histories differ"


async def _everybody_hears(speaker: Person, people: list[Person], channel: str) -> None:
    for text in _TEXTS:
        await speaker.line.say(
            {"type": "send", "nonce": speaker.next_nonce(), "channel": channel, "text": text}
        )
    for person in people:
        heard = await person.texts(len(_TEXTS))
        assert heard == list(_TEXTS), f"{person.label} heard {[text[:20] for text in heard]}"


async def _answered_once(speaker: Person, people: list[Person], channel: str) -> None:
    """A nonce is answered twice and done once; what is refused leaves the socket open."""
    nonce = speaker.next_nonce()
    send = {"type": "send", "nonce": nonce, "channel": channel, "text": "said once"}
    stored, again = await speaker.ask(**send), await speaker.ask(**send)
    assert stored["type"] == "stored" and stored["id"] == again["id"], (stored, again)
    refused = await speaker.ask(type="send", channel=channel, text=_TOO_LONG)
    assert refused["code"] == "text_too_long", refused
    await speaker.line.say({"type": "ping", "data": "still here"})
    assert (await speaker.hear("pong"))["data"] == "still here"
    for person in people:
        assert await person.texts(1) == ["said once"]


async def _resumes(person: Person, people: list[Person], channel: str) -> None:
    """Who was cut off gets from the cursor on what was said, and nothing twice."""
    await person.line.cut()
    speaker = next(other for other in people if other is not person)
    said = ["said meanwhile", "and this"]
    for text in said:
        await speaker.ask(type="send", channel=channel, text=text)
    for other in people:
        if other is not person:
            assert await other.texts(len(said)) == said
    await person.connect()
    heard = await person.texts(len(said))
    assert heard == said, heard


def run(node: LoneNode, modules: Path) -> Iterator[tuple[str, str | None]]:
    """The story, begun by each library in turn; what was wrong."""
    names = ["websockets", "aiohttp", "ws"]
    for turn, first in enumerate(names):
        order = names[turn:] + names[:turn]
        yield f"a story begun by {first}", asyncio.run(_told(node, modules, order, turn))


async def _told(node: LoneNode, modules: Path, order: list[str], turn: int) -> str | None:
    bridge = Ws(node.base_url, modules)
    lines: dict[str, Line] = {
        "websockets": Websockets(node.base_url), "aiohttp": Aiohttp(node.base_url), "ws": bridge,
    }
    try:
        await _story([Person(f"{name}{turn}", lines[name]) for name in order])
        return None
    except (AssertionError, OSError, asyncio.TimeoutError, KeyError, TypeError) as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        await bridge.end()
