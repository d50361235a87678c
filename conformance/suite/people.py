"""People with devices, and what they expect to see: the words of a story that is told step by step.

A `Device` keeps every frame that its socket brings, in their order, and waits for one that is
expected; a `Person` has several. What is expected is written as a part of the JSON that must come,
and whatever comes otherwise raises `Unmet` with both. They must not know the server's code, nor
repair anything: a socket that breaks stays broken until the story connects it again.
"""

from __future__ import annotations

import asyncio
import enum
import json
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Iterable
from urllib.parse import quote

import websockets
import websockets.exceptions

from client import Http, Json, Refused, describe
from transcript import Transcript, digest

SEEN_S_MAX = 20.0
"""How long whatever is expected may take."""

PASSWORD = "correct horse battery staple"

_LOOK_S = 0.2
_PAGE_S_MAX = 60.0
_FRAMES_SHOWN_MAX = 6
_FRAME_CHARS_SHOWN_MAX = 300
_FRAME_BYTES_MAX = 4 * 1024 * 1024
_LEAVE = 1000
"""The close code of a device that takes leave."""


class Unmet(Exception):
    """Somebody saw something else than what was expected."""

    def __init__(self, expected: str, got: Any) -> None:
        self.expected = expected
        self.got = got if isinstance(got, str) else _short(got)
        super().__init__(f"expected {self.expected}, got {self.got}")


class Thing(enum.Enum):
    """What a field may be expected to be, besides a value."""

    ABSENT = "not there"
    SOMETHING = "anything"

    def __repr__(self) -> str:
        return f"<{self.value}>"


ABSENT = Thing.ABSENT
SOMETHING = Thing.SOMETHING


def fits(got: Any, wanted: Any) -> bool:
    """Whether something has all that is wanted; objects may have more."""
    if wanted is SOMETHING:
        return got is not ABSENT and got is not None
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            fits(got.get(name, ABSENT), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(got, list) and len(got) == len(wanted)
            and all(fits(one, want) for one, want in zip(got, wanted))
        )
    return bool(got == wanted)


def expect(what: str, got: Any, wanted: Any) -> None:
    """Raises `Unmet` where something is not as wanted."""
    if not fits(got, wanted):
        raise Unmet(f"{what}: {wanted!r}", got)


async def refused(code: str, doing: Awaitable[Any]) -> Refused:
    """Does what must be refused, with that code."""
    try:
        answer = await doing
    except Refused as refusal:
        expect("the code of the refusal", refusal.code, code)
        return refusal
    raise Unmet(f"to be refused with {code}", answer)


def event(kind: str, **fields: Any) -> Json:
    """An event of the feed, as something to be seen."""
    return {"type": "event", "event": {"kind": kind, **fields}}


async def until(
    what: str, look: Callable[[], Awaitable[Any]], wanted: Any, seconds_max: float = SEEN_S_MAX
) -> Any:
    """Looks again and again until something is as wanted; for what no frame tells."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds_max
    while not fits(got := await look(), wanted):
        if loop.time() > deadline:
            raise Unmet(f"{what}, in time: {wanted!r}", got)
        await asyncio.sleep(_LOOK_S)
    return got


class Device:
    """A device of somebody, on its own token."""

    def __init__(
        self, http: Http, account: str, name: str, notes: Transcript | None = None
    ) -> None:
        self.http = http
        self.account = account
        self.name = name
        self.known: set[str] = set()
        self.notes = notes
        self.frames: list[Json] = []
        self.cursor: str | None = None
        self._taken: set[int] = set()
        self._came = asyncio.Event()
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._nonce_last = 0
        self._socket: Any = None
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self, resync: bool = False) -> None:
        """Opens the socket and says hello, with the cursor where there is one; `resync`: to be
        told that it is unknown."""
        url = self.http.base_url.replace("http", "ws", 1) + "/v1/socket"
        self._socket = await asyncio.wait_for(
            websockets.connect(
                url, compression=None, max_size=_FRAME_BYTES_MAX, ping_interval=None,
                close_timeout=SEEN_S_MAX,
            ),
            SEEN_S_MAX,
        )
        hello = {"type": "hello", "token": self.http.token, "cursor": self.cursor}
        await self._socket.send(json.dumps(hello))
        welcome = json.loads(await asyncio.wait_for(self._socket.recv(), SEEN_S_MAX))
        expect(f"{self}'s welcome", welcome, {"type": "welcome", "resync": resync})
        self._note("connected", resumed=self.cursor is not None, resync=resync, polls=False)
        if self.cursor is None or resync:
            self.cursor = welcome["cursor"]
        beat_s = int(welcome["heartbeat_ms"]) / 1000
        tasks = (self._read(self._socket), self._beat(self._socket, beat_s))
        self._tasks = [asyncio.create_task(task) for task in tasks]

    async def leave(self) -> None:
        """Takes leave: closes the socket in order."""
        await self._socket.close(_LEAVE)
        await self._end()

    async def drop(self) -> None:
        """Loses the connection, if it has one, without a word."""
        if self._socket is not None:
            self._socket.transport.abort()
        await self._end()

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What it sees.

    def forget(self) -> None:
        """Passes over what came so far."""
        self.frames.clear()
        self._taken.clear()

    async def sees(self, wanted: Json) -> Json:
        """Waits for a frame, or takes the first that came; each frame is taken once. A presence
        frame counts as one for each account."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SEEN_S_MAX
        while True:
            for number, frame in enumerate(self.frames):
                if number not in self._taken and fits(frame, wanted):
                    self._taken.add(number)
                    return frame
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), deadline - loop.time())
            except asyncio.TimeoutError:
                raise Unmet(f"{self} to see {wanted!r}", self._newest()) from None

    async def sees_presence(self, account: str, state: str, **fields: Any) -> Json:
        """Waits to be told how somebody is."""
        return await self.sees(
            {"type": "presence", "account": account, "state": state, **fields}
        )

    def saw_none(self, wanted: Json) -> None:
        """Raises `Unmet` where such a frame came; a marker that was seen says up to when."""
        for frame in self.frames:
            if fits(frame, wanted):
                raise Unmet(f"{self} to see no {wanted!r}", frame)

    def states_seen(self, account: str) -> list[str]:
        """How somebody was, one after the other."""
        seen = [f for f in self.frames if f["type"] == "presence" and f.get("account") == account]
        return [str(entry["state"]) for entry in seen]

    # What it says and asks.

    def nonce(self) -> str:
        """The next nonce."""
        self._nonce_last += 1
        return str(self._nonce_last)

    async def say(self, frame: Json) -> None:
        """Puts a frame on the wire that has no answer."""
        await self._socket.send(json.dumps(frame, ensure_ascii=False))

    async def ask(self, frame: Json) -> Json:
        """Says a frame under a nonce, a new one where it has none, and waits for its answer."""
        frame = {"nonce": frame.get("nonce") or self.nonce(), **frame}
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[frame["nonce"]] = answer
        await self.say(frame)
        try:
            got = await asyncio.wait_for(answer, SEEN_S_MAX)
        except asyncio.TimeoutError:
            raise Unmet(f"{self} to get an answer to {_short(frame)}", "none") from None
        if got["type"] == "refused":
            raise Refused(0, got)
        return got

    async def do(self, what: str, **fields: Any) -> Json:
        """Does a command of the socket."""
        return await self.ask({"type": "command", "do": what, **fields})

    async def send(self, channel: str, text: str, **more: Any) -> str:
        """Sends a text; its id."""
        nonce = self.nonce()
        frame = {"type": "send", "nonce": nonce, "channel": channel, "text": text, **more}
        said = {"nonce": int(nonce), "channel": channel}
        self._note("sent", **said, text=digest(text), chars=len(text), phase="load")
        try:
            stored = str((await self.ask(frame))["id"])
        except Refused as refusal:
            self._note("refused", nonce=int(nonce), code=refusal.code)
            raise
        self._note("stored", **said, id=stored)
        return stored

    async def is_heard(self) -> None:
        """Waits until the node has taken all that was said, which it does in order."""
        data = self.nonce()
        await self.say({"type": "ping", "data": data})
        await self.sees({"type": "pong", "data": data})

    async def get(self, path: str, **query: str) -> Json:
        """An answer over HTTP."""
        return await self.http.call("GET", path, **query)

    async def put(self, path: str, **body: Any) -> Json:
        """Sets something over HTTP."""
        return await self.http.call("PUT", path, body)

    async def delete(self, path: str, **body: Any) -> Json:
        """Ends something over HTTP."""
        return await self.http.call("DELETE", path, body)

    async def channel(self, channel: str) -> Json:
        """A channel by its id."""
        return await self.get(f"/v1/channels/{channel}")

    async def listed(self, channel: str) -> Json | None:
        """A channel as the list has it."""
        channels = (await self.get("/v1/channels"))["channels"]
        return next((entry for entry in channels if entry["id"] == channel), None)

    async def message(self, channel: str, message: str) -> Json:
        """A message by its id."""
        answer = await self.get(f"/v1/channels/{channel}/messages/{message}")
        return dict(answer["event"])

    async def page(self, channel: str, **place: str) -> Json:
        """A page of history."""
        return await self.get(f"/v1/channels/{channel}/messages", **place)

    async def whole(self, channel: str) -> list[Json]:
        """All events of a channel, oldest first, once all of them have come to the node."""
        events: list[Json] = []
        place: dict[str, str] = {}
        while True:
            page = await until(
                f"a page of {self}", lambda: self.page(channel, limit="100", **place),
                {"history_pending": False}, _PAGE_S_MAX,
            )
            events = [*page["events"], *events]
            if not page["more_before"]:
                return events
            place = {"before": page["events"][0]["id"]}

    async def reads(self, channel: str) -> list[Json]:
        """The same, noted as what it reads in the end, with what the node says of the channel."""
        events = await self.whole(channel)
        detail = await self.channel(channel)
        members = sorted(m["account"] for m in detail["members"] if not m["invited"])
        said = {name: detail[name] for name in ("name", "topic", "home") if name in detail}
        self._note("history", channel=channel, way="before", events=[*map(describe, events)])
        self._note("detail", channel=channel, detail={**said, "members": members})
        return events

    async def rereads(self, channel: str) -> None:
        """Reads what the feed will not bring, after a resync."""
        events = await self.whole(channel)
        self.known.update(event["id"] for event in events)
        self._note("reread", channel=channel, events=[*map(describe, events)])

    async def knows(
        self, messages: Iterable[str], silence_s_max: float = SEEN_S_MAX
    ) -> None:
        """Waits until it was shown all of these, for as long as anything comes."""
        wanted = set(messages)
        while missing := wanted - self.known:
            self._came.clear()
            try:
                await asyncio.wait_for(self._came.wait(), silence_s_max)
            except asyncio.TimeoutError:
                what = f"{self} to be shown {len(wanted)} messages"
                raise Unmet(what, f"{len(missing)} are missing, as {min(missing)}") from None

    async def presences(self, *accounts: str) -> dict[str, Json]:
        """How people are, asked for by name."""
        names = "&".join(f"account={quote(account)}" for account in accounts)
        answer = await self.get(f"/v1/presence?{names}")
        return {entry["account"]: entry for entry in answer["presences"]}

    async def _read(self, socket: Any) -> None:
        try:
            async for raw in socket:
                self._handle(json.loads(raw), raw)
        except websockets.exceptions.ConnectionClosed:
            pass  # Whoever expects more says so.
        self._note("lost", why=f"closed with {socket.close_code}")
        self._see({"type": "closed", "code": socket.close_code})

    async def _beat(self, socket: Any, beat_s: float) -> None:
        try:
            while True:
                await asyncio.sleep(beat_s)
                await socket.send('{"type":"ping"}')
        except websockets.exceptions.ConnectionClosed:
            pass  # `_read` notes that it closed.

    def _handle(self, frame: Json, raw: str = "") -> None:
        waiting = self._answers.pop(frame.get("nonce", ""), None)
        if waiting is not None:
            if not waiting.done():
                waiting.set_result(frame)
            return
        if frame["type"] == "event":
            self.cursor = frame["cursor"]
            if frame["event"]["kind"] == "message":
                self.known.add(frame["event"]["id"])
            if self.notes is not None:
                said = describe(frame["event"])
                self._note("event", channel=frame["channel"], **said, frame=digest(raw))
        if frame["type"] == "presence":
            for entry in frame["presences"]:
                self._see({"type": "presence", **entry})
        elif frame != {"type": "pong"}:
            self._see(frame)

    def _see(self, frame: Json) -> None:
        self.frames.append(frame)
        self._came.set()

    def _note(self, saw: str, **fields: Any) -> None:
        """For the checker, where it judges the story too."""
        if self.notes is not None:
            self.notes.write(saw, device=f"{self.account}/{self.name}", **fields)

    def _newest(self) -> str:
        shown = [_short(frame) for frame in self.frames[-_FRAMES_SHOWN_MAX:]]
        return f"of {len(self.frames)} frames these last: {', '.join(shown) or 'none'}"

    def __str__(self) -> str:
        return f"{self.account} on {self.name}"


class Person:
    """Somebody with an account, who holds one device in hand."""

    def __init__(self, account: str, devices: list[Device]) -> None:
        self.account = account
        self.devices = devices

    @property
    def laptop(self) -> Device:
        """The first device."""
        return self.devices[0]

    @property
    def phone(self) -> Device:
        """The last device, the same as the first where there is one only."""
        return self.devices[-1]

    @property
    def organisation(self) -> str:
        """The domain of the account."""
        return self.account.split("@")[1]

    @property
    def in_path(self) -> str:
        """The account as it stands in a path."""
        return quote(self.account, safe="")

    async def another(
        self, name: str, password: str = PASSWORD, base_url: str | None = None
    ) -> Device:
        """Logs another device in, at the person's node or somewhere else, which is not counted
        among the person's."""
        http = Http(base_url or self.laptop.http.base_url)
        body = {"name": self.account, "password": password, "device_name": name}
        try:
            http.token = (await http.call("POST", "/v1/sessions", body))["token"]
        except Refused:
            await http.close()
            raise
        return Device(http, self.account, name, self.laptop.notes)

    async def sees(self, wanted: Json) -> Json:
        """All devices see a frame, and each the same."""
        return await everybody([self], wanted)

    def forget(self) -> None:
        """Passes over what came so far."""
        for device in self.devices:
            device.forget()

    def saw_none(self, wanted: Json) -> None:
        """No device saw such a frame."""
        for device in self.devices:
            device.saw_none(wanted)

    def __str__(self) -> str:
        return self.account


async def sign_up(
    base_url: str, name: str, notes: Transcript | None = None, **fields: str
) -> Person:
    """Makes an account, with its first device unconnected."""
    http = Http(base_url)
    body = {"name": name, "password": PASSWORD, "device_name": "laptop", **fields}
    try:
        answer = await http.call("POST", "/v1/accounts", body)
    except Refused:
        await http.close()
        raise
    http.token = answer["token"]
    return Person(answer["account"], [Device(http, answer["account"], "laptop", notes)])


async def everybody(people: Iterable[Person], wanted: Json) -> Json:
    """All devices of some people see a frame; what the first saw. Of one event all see the same."""
    devices = [device for person in people for device in person.devices]
    frames = await asyncio.gather(*(device.sees(wanted) for device in devices))
    for device, frame in zip(devices, frames):
        if frame["type"] == "event":
            expect(f"{device}'s event", frame["event"], frames[0]["event"])
    return frames[0]


@dataclass
class Room:
    """A channel in which one speaks and the others listen."""

    name: str
    channel: str
    speaker: Person
    others: list[Person]

    @property
    def people(self) -> list[Person]:
        """All that are in it."""
        return [self.speaker, *self.others]

    @property
    def organisations(self) -> int:
        """How many organisations are in it."""
        return len({person.organisation for person in self.people})

    async def says(self, text: str, seen: Json | None = None, **more: Any) -> str:
        """The speaker sends a text, and everybody sees it; its id."""
        return await self.hears(self.speaker, text, seen, **more)

    async def hears(
        self, speaker: Person, text: str, seen: Json | None = None, **more: Any
    ) -> str:
        """Somebody sends a text, and everybody sees it with what it says besides, or as `seen`
        says; its id."""
        said = await speaker.laptop.send(self.channel, text, **more)
        fields = {"text": text, "sender": speaker.account, **more, **(seen or {})}
        await everybody(self.people, event("message", id=said, **fields))
        return said

    def message_path(self, message: str, what: str = "") -> str:
        """The path of a message, or of something of it."""
        return f"/v1/channels/{self.channel}/messages/{message}{what}"

    async def shows(self, message: str, wanted: Json) -> None:
        """Everybody's history shows a message so, by page and by id."""
        for person in self.people:
            page = await person.laptop.page(self.channel, around=message, limit="1")
            for found in (await person.phone.message(self.channel, message), *page["events"]):
                expect(f"the message as {person} reads it", found, {"id": message, **wanted})


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    more = len(text) - _FRAME_CHARS_SHOWN_MAX
    return text if more <= 0 else f"{text[:_FRAME_CHARS_SHOWN_MAX]}… and {more} characters more"
