"""A client of the Comity client API, written from its document alone.

`Http` is the HTTP part; `SocketDevice` holds a WebSocket and `PollDevice` lives on long polling.
Both resume by cursor after any interruption and repeat what was not acknowledged under its first
nonce, so whoever uses them sees one unbroken feed. They must not know the server's code, and
never hide what the node said: all that is seen goes to the transcript as it came.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import websockets
import websockets.exceptions

from transcript import TRANSIENT, Transcript, digest

Json = dict[str, Any]

WINDOW = 8
"""How many requests a socket device has under way at once."""

_BACKOFF_S_FIRST = 0.1
_BACKOFF_S_MAX = 1.5
_CONNECT_S_MAX = 3.0
_KEPT_OPEN_S_MAX = 5.0
"""A node closes what is silent for ten seconds: who asks in that moment does not know whether he
was heard."""
_PENDING_S = 0.5
_PENDING_TRIES_MAX = 30
_PING_S = 1.0
_SILENCE_S_MAX = 4.0
_FRAME_BYTES_MAX = 4 * 1024 * 1024
_POLL_MS = 5_000
_LOST = (
    OSError, asyncio.TimeoutError, aiohttp.ClientError, websockets.exceptions.WebSocketException
)


class Refused(Exception):
    """The node said no, with a code."""

    def __init__(self, status: int, error: Json, retry_after: str | None = None) -> None:
        super().__init__(f"{error.get('code')} ({status}): {error.get('message')}")
        self.status = status
        self.code = str(error.get("code"))
        self.sentence = str(error.get("message"))
        self.retry_after_s = float(error.get("retry_after_ms", 200)) / 1000
        self.retry_after_header = retry_after


class Http:
    """The HTTP resources of one node, as one device uses them."""

    def __init__(self, base_url: str, local_address: str | None = None) -> None:
        self.base_url = base_url
        self.token: str | None = None
        self._local = (local_address, 0) if local_address else None
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self, method: str, path: str, body: Json | None = None, timeout_s: float = 30.0,
        **query: str,
    ) -> Json:
        """Makes a request; a refusal is raised as `Refused`."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                local_addr=self._local, keepalive_timeout=_KEPT_OPEN_S_MAX
            )
            self._session = aiohttp.ClientSession(connector=connector)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        limit = aiohttp.ClientTimeout(total=timeout_s, connect=_CONNECT_S_MAX)
        async with self._session.request(
            method, self.base_url + path, json=body, params=query, headers=headers, timeout=limit
        ) as response:
            data = await response.read()
            answer = _parsed(data)
            if response.status >= 400 or answer is None:
                error = (answer or {}).get("error") or {"code": "not_json", "message": repr(data)}
                raise Refused(response.status, error, response.headers.get("Retry-After"))
            return answer

    async def patiently(self, method: str, path: str, body: Json | None = None) -> Json:
        """Like `call`, but tries again for a while when the node is away or asks for patience."""
        for attempt in range(60):
            try:
                return await self.call(method, path, body)
            except Refused as refused:
                if refused.code not in TRANSIENT or attempt == 59:
                    raise
                await asyncio.sleep(max(refused.retry_after_s, 0.2))
            except _LOST:
                if attempt == 59:
                    raise
                await asyncio.sleep(0.3)
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()


@dataclass
class Request:
    """Something asked under a nonce, until it is answered for good."""

    nonce: int
    frame: Json
    repeated: bool = False
    answer: asyncio.Future[Json] = field(default_factory=asyncio.Future)


class Device:
    """What both kinds of device have in common: nonces, requests, and what a frame means."""

    POLLS = False

    def __init__(self, key: str, http: Http, transcript: Transcript) -> None:
        self.key = key
        self.http = http
        self.account = ""
        self.cursor: str | None = None
        self.connected = asyncio.Event()
        self.seen: set[str] = set()
        self.stored_count = 0
        self._transcript = transcript
        self._nonce_last = 0
        self._waiting: deque[Request] = deque()
        self._under_way: OrderedDict[int, Request] = OrderedDict()
        self._asked: dict[int, Request] = {}
        self._wake = asyncio.Event()
        self._stale = asyncio.Event()
        self._grew = asyncio.Event()

    @property
    def unanswered_count(self) -> int:
        """Requests that were not yet answered for good."""
        return len(self._waiting) + len(self._under_way)

    def send(self, channel: str, text: str, phase: str, repeated: bool = False) -> Request:
        """Queues a text; with `repeated` it is put on the wire twice under one nonce."""
        request = self._ask({"type": "send", "channel": channel, "text": text}, repeated)
        self._transcript.write(
            "sent", device=self.key, nonce=request.nonce, channel=channel,
            text=digest(text), chars=len(text), phase=phase,
        )
        return request

    def command(self, do: str, **fields: Any) -> Request:
        """Queues a command on a channel."""
        return self._ask({"type": "command", "do": do, **fields}, False)

    async def run(self) -> None:
        """Follows the feed until cancelled, over all interruptions."""
        rereading = asyncio.create_task(self._reread_when_stale())
        try:
            await self._follow_always()
        finally:
            rereading.cancel()

    async def _follow_always(self) -> None:
        failures = 0
        while True:
            try:
                await self._follow()
                why = "closed"
            except Refused as refused:
                why = refused.code
                self._transcript.write("refused", device=self.key, code=refused.code)
            except _LOST as lost:
                why = f"{type(lost).__name__}: {lost}"
            if self.connected.is_set():
                failures = 0
                self.connected.clear()
                self._transcript.write("lost", device=self.key, why=why)
            failures += 1
            pause = min(_BACKOFF_S_FIRST * 2**failures, _BACKOFF_S_MAX)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))

    async def history(self, channel: str, way: str) -> list[Json]:
        """All events of a channel by page, oldest first: from the newest back, or from the oldest
        on."""
        events = await self._pages(channel, way)
        self._transcript.write(
            "history", device=self.key, channel=channel, way=way,
            events=[describe(event) for event in events],
        )
        return events

    async def reread(self, channel: str) -> None:
        """Reads what the feed will not bring: what is older than the place where it begins."""
        events = await self._pages(channel, "before")
        self.seen.update(event["id"] for event in events if event["kind"] == "message")
        self._transcript.write(
            "reread", device=self.key, channel=channel,
            events=[describe(event) for event in events],
        )

    async def detail(self, channel: str) -> Json:
        """What the node says of a channel itself."""
        detail = await self.http.patiently("GET", f"/v1/channels/{quote(channel, safe='')}")
        members = sorted(member["account"] for member in detail["members"])
        said = {name: detail[name] for name in ("name", "topic", "home") if name in detail}
        self._transcript.write(
            "detail", device=self.key, channel=channel, detail={**said, "members": members}
        )
        return detail

    async def _pages(self, channel: str, way: str) -> list[Json]:
        path = f"/v1/channels/{quote(channel, safe='')}/messages"
        page = await self._whole_page(path)
        events = _events(page)
        while page["more_before"]:
            page = await self._whole_page(path, before=events[0]["id"])
            events = _events(page) + events
        if way == "after" and events:
            events = events[:1]
            more = True
            while more:
                page = await self._whole_page(path, after=events[-1]["id"])
                events += _events(page)
                more = page["more_after"]
        return events

    async def _whole_page(self, path: str, **place: str) -> Json:
        """A page of history, asked for again while part of it is still on its way to the node."""
        for _ in range(_PENDING_TRIES_MAX):
            self._grew.clear()
            page = await self.http.call("GET", path, limit="100", **place)
            if not page["history_pending"]:
                return page
            try:
                await asyncio.wait_for(self._grew.wait(), _PENDING_S)
            except asyncio.TimeoutError:
                pass  # The notice may have come before the page.
        raise TimeoutError(f"history of {path} does not come")

    async def _follow(self) -> None:
        raise NotImplementedError

    async def _reread_when_stale(self) -> None:
        """Whoever is told that the cursor is unknown lists the channels and reads them anew."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                listed = await self.http.call("GET", "/v1/channels")
                for entry in listed["channels"]:
                    if entry["standing"] == "joined":
                        await self.reread(entry["id"])
            except (Refused, *_LOST):
                self._stale.set()
                await asyncio.sleep(_PENDING_S)

    def _ask(self, frame: Json, repeated: bool) -> Request:
        self._nonce_last += 1
        request = Request(self._nonce_last, {**frame, "nonce": str(self._nonce_last)}, repeated)
        self._asked[request.nonce] = request
        self._waiting.append(request)
        self._wake.set()
        return request

    def _begin(self, resync: bool) -> None:
        self.connected.set()
        if resync:
            self._stale.set()
        resumed = self.cursor is not None
        self._transcript.write(
            "connected", device=self.key, resumed=resumed, resync=resync, polls=self.POLLS
        )

    def _see_event(self, frame: Json, raw: bytes | None) -> None:
        """Takes an event of the feed; only these move the cursor."""
        event = frame["event"]
        self.cursor = frame["cursor"]
        if event["kind"] == "message":
            self.seen.add(event["id"])
        self._transcript.write(
            "event", device=self.key, channel=frame["channel"], **describe(event),
            frame=digest(raw) if raw else None,
        )

    def _see_delivered(self, frame: Json) -> None:
        seen = {name: frame[name] for name in ("channel", "id", "organisations", "of")}
        self._transcript.write("delivered", device=self.key, **seen)

    def _see_growth(self, channel: str) -> None:
        self._grew.set()
        self._transcript.write("grew", device=self.key, channel=channel)

    def _see_stored(self, request: Request, answer: Json) -> None:
        self._transcript.write(
            "stored", device=self.key, nonce=request.nonce,
            channel=request.frame["channel"], id=answer["id"],
        )
        if not request.answer.done():
            self.stored_count += 1
            request.answer.set_result(answer)

    def _see_refused(self, request: Request, refused: Refused) -> None:
        self._transcript.write(
            "refused", device=self.key, nonce=request.nonce, code=refused.code
        )
        if not request.answer.done():
            request.answer.set_exception(refused)
            # Nobody may be waiting for it; the transcript has it.
            request.answer.exception()


class SocketDevice(Device):
    """A device that holds a WebSocket."""

    def __init__(
        self, key: str, http: Http, transcript: Transcript, local_address: str | None
    ) -> None:
        super().__init__(key, http, transcript)
        self._local = (local_address, 0) if local_address else None
        self._heard_at = 0.0

    async def _follow(self) -> None:
        url = self.http.base_url.replace("http", "ws", 1) + "/v1/socket"
        socket = await asyncio.wait_for(
            websockets.connect(
                url, local_addr=self._local, compression=None, max_size=_FRAME_BYTES_MAX,
                ping_interval=None, close_timeout=1, open_timeout=_CONNECT_S_MAX,
            ),
            _CONNECT_S_MAX + 1,
        )
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._greet(socket)
            tasks = [
                asyncio.create_task(task)
                for task in (self._read(socket), self._write(socket), self._beat(socket))
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            socket.transport.abort()

    async def _greet(self, socket: Any) -> None:
        hello = {"type": "hello", "token": self.http.token}
        if self.cursor is not None:
            hello["cursor"] = self.cursor
        await socket.send(json.dumps(hello))
        welcome = json.loads(await asyncio.wait_for(socket.recv(), _SILENCE_S_MAX * 2))
        if welcome["type"] != "welcome":
            raise Refused(0, welcome)
        self._begin(welcome["resync"])
        if self.cursor is None or welcome["resync"]:
            self.cursor = welcome["cursor"]

    async def _write(self, socket: Any) -> None:
        """First repeats what is not answered, in its order, then sends what waits."""
        for request in list(self._under_way.values()):
            await self._put(socket, request)
        while True:
            self._wake.clear()
            while self._waiting and len(self._under_way) < WINDOW:
                request = self._waiting.popleft()
                self._under_way[request.nonce] = request
                await self._put(socket, request)
                if request.repeated:
                    await self._put(socket, request)
            await self._wake.wait()

    @staticmethod
    async def _put(socket: Any, request: Request) -> None:
        await socket.send(json.dumps(request.frame, ensure_ascii=False))

    async def _read(self, socket: Any) -> None:
        async for raw in socket:
            self._heard_at = asyncio.get_running_loop().time()
            self._handle(json.loads(raw), raw.encode("utf-8"))

    async def _beat(self, socket: Any) -> None:
        """Keeps the connection alive, and gives it up when the node is silent for too long."""
        loop = asyncio.get_running_loop()
        self._heard_at = loop.time()
        while loop.time() - self._heard_at < _SILENCE_S_MAX:
            await socket.send('{"type":"ping"}')
            await asyncio.sleep(_PING_S)
        raise asyncio.TimeoutError(f"nothing heard for {_SILENCE_S_MAX:.0f} s")

    def _handle(self, frame: Json, raw: bytes) -> None:
        kind = frame["type"]
        if kind == "event":
            self._see_event(frame, raw)
        elif kind == "delivered":
            self._see_delivered(frame)
        elif kind == "history_grew":
            self._see_growth(frame["channel"])
        elif kind in ("stored", "done", "refused") and "nonce" in frame:
            self._handle_answer(kind, frame)
        elif kind in ("goodbye", "refused"):
            raise Refused(0, frame)

    def _handle_answer(self, kind: str, frame: Json) -> None:
        nonce = int(frame["nonce"])
        request = self._asked[nonce]
        if kind == "refused":
            refused = Refused(0, frame)
            if refused.code in TRANSIENT:
                self._retry_later(request, refused)
                return
            self._see_refused(request, refused)
        elif kind == "stored":
            self._see_stored(request, frame)
        elif not request.answer.done():
            request.answer.set_result(frame)
        self._under_way.pop(nonce, None)
        self._wake.set()

    def _retry_later(self, request: Request, refused: Refused) -> None:
        self._transcript.write(
            "refused", device=self.key, nonce=request.nonce, code=refused.code
        )
        if self._under_way.pop(request.nonce, None) is None:
            return  # The second answer to a request that was put on the wire twice.

        def again() -> None:
            self._waiting.appendleft(request)
            self._wake.set()

        asyncio.get_running_loop().call_later(refused.retry_after_s, again)


class PollDevice(Device):
    """A device that cannot hold a socket: it polls for events and posts its texts one by one."""

    POLLS = True

    async def _follow(self) -> None:
        if self.cursor is None:
            first = await self.http.call("GET", "/v1/sync", timeout="0")
            self._begin(first["resync"])
            self.cursor = first["cursor"]
        tasks = [asyncio.create_task(task) for task in (self._poll(), self._post())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll(self) -> None:
        while True:
            answer = await self.http.call(
                "GET", "/v1/sync", timeout_s=_POLL_MS / 1000 + 10,
                since=str(self.cursor), timeout=str(_POLL_MS), limit="100",
            )
            if not self.connected.is_set() or answer["resync"]:
                self._begin(answer["resync"])
            for frame in answer["events"]:
                self._see_event(frame, None)
            for frame in answer["delivered"]:
                self._see_delivered(frame)
            for frame in answer["history_grew"]:
                self._see_growth(frame["channel"])
            self.cursor = answer["cursor"]

    async def _post(self) -> None:
        while True:
            self._wake.clear()
            while self._under_way or self._waiting:
                if not self._under_way:
                    request = self._waiting.popleft()
                    self._under_way[request.nonce] = request
                await self._post_one(next(iter(self._under_way.values())))
            await self._wake.wait()

    async def _post_one(self, request: Request) -> None:
        channel = quote(request.frame["channel"], safe="")
        body = {"text": request.frame["text"], "nonce": request.frame["nonce"]}
        try:
            for _ in range(2 if request.repeated else 1):
                answer = await self.http.call("POST", f"/v1/channels/{channel}/messages", body)
                self._see_stored(request, answer)
        except Refused as refused:
            if refused.code in TRANSIENT:
                await asyncio.sleep(refused.retry_after_s)
                return
            self._see_refused(request, refused)
        del self._under_way[request.nonce]


def _parsed(data: bytes) -> Json | None:
    """The JSON object of an answer; an answer without a body is an empty one."""
    try:
        answer = json.loads(data) if data else {}
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _events(page: Json) -> list[Json]:
    """The events of a page of history, which come without the frames of the feed."""
    return list(page["events"])


def describe(event: Json) -> Json:
    """An event as the transcript has it: its text as a hash."""
    text = event.get("text")
    more = {name: event[name] for name in ("account", "home", "withdrawn") if name in event}
    return {
        **more,
        "id": event["id"], "time": event["time"], "sender": event["sender"],
        "kind": event["kind"], "text": digest(text) if text is not None else None,
    }
