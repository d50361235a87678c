"""Bad input on the socket: every frame that the AsyncAPI document lets a client send, broken in
each small way, and every right one too.

What breaks the schema must be refused by a documented code of the client's own fault, or end the
socket with a goodbye; what keeps it must be answered, and not by a fault of the node's. Every frame
that the node says is held to the document. The document is the one that the node serves, so a
frame that is added there is tried here without a new line.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from documents import Documents, Json, origin, refusals, variants
from lone import DOMAIN, Account, Bystander, LoneNode
from mutations import Wrong, example, wrong_everywhere, wrong_frames

MESSAGE_BYTES_MAX = 1_216_384
"""The largest message, as the reference has it."""

_ANSWER_S_MAX = 20.0
_SENTINEL = "what is left unanswered"
_PATIENCE_TRIES = 20
_BYSTANDER_EVERY = 150
_NO_BEFORE_HELLO = "before the hello"
_UNKNOWN = {"ChannelId": "A" * 43, "MessageId": "01M8373FD70000E1R70W3GE1R7"}
_LATER = ("rate_limited", "overloaded")


@dataclass
class Answer:
    """What a frame was answered with."""

    frames: list[Json]
    close: str | None = None

    def refusal(self) -> Json | None:
        """The refusal or goodbye among it."""
        return next((f for f in self.frames if f.get("type") in ("refused", "goodbye")), None)

    def is_yes(self, nonce: str | None) -> bool:
        """Whether something answers the nonce that is no refusal."""
        return any(f.get("nonce") == nonce and f["type"] != "refused" for f in self.frames if nonce)

    def __str__(self) -> str:
        said = [f"{f.get('type')} {f.get('code', '')}".strip() for f in self.frames]
        return " | ".join([*said, self.close or ""]).strip(" |") or "nothing"


class World:
    """Whom and what frames can name: two accounts, a group of theirs, a message in it; and what
    belongs to others."""

    def __init__(self, node: LoneNode) -> None:
        self.alice, self.bob = node.sign_up(), node.sign_up()
        carol, dave = node.sign_up(), node.sign_up()
        channel = carol.found_group("Not yours", dave)
        self.foreign = {"ChannelId": channel, "MessageId": carol.post(channel, "not for you")}
        self.renew()

    def renew(self) -> None:
        """A new group, for a frame that may change or end the last one."""
        self.channel = self.alice.found_group("Tea", self.bob)
        self.message = self.alice.post(self.channel, "hello")

    def value(self, name: str, schema: Json) -> Any:
        """A right value for what only this world knows."""
        known: dict[str, Callable[[], Any]] = {
            "ChannelId": lambda: self.channel, "MessageId": lambda: self.message,
            "Label": lambda: self.bob.label, "Nonce": self.alice.next_nonce,
            "Domain": lambda: DOMAIN,
        }
        by_name: dict[str, Callable[[], Any]] = {
            "token": lambda: self.alice.token, "alias": lambda: f"#tea@{DOMAIN}",
        }
        found = known.get(origin(schema)) or by_name.get(name)
        return found() if found else None


class Prober:
    """Sends one frame after another over sockets that it opens anew where one has ended."""

    def __init__(self, world: World, documents: Documents) -> None:
        self._world = world
        self._documents = documents
        self._socket: ClientConnection | None = None
        self.undocumented: list[str] = []

    def ask(self, text: str, nonce: str | None) -> Answer:
        """Sends a frame on a socket that was greeted; waits where the node asks for it."""
        for _ in range(_PATIENCE_TRIES):
            answer = self._ask_once(text, nonce)
            refusal = answer.refusal() or {}
            if refusal.get("code") not in _LATER:
                break
            self.pause(refusal)
        return answer

    def ask_first(self, text: str) -> Answer:
        """Sends a frame on a socket where nobody has said hello."""
        with self._open() as socket:
            socket.send(text)
            return self._read(socket, None)

    def close(self) -> None:
        """Closes the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @staticmethod
    def pause(refusal: Json) -> None:
        """Waits as long as a refusal asks for."""
        time.sleep(min(float(refusal.get("retry_after_ms", 200)) / 1000, 5.0))

    def _ask_once(self, text: str, nonce: str | None) -> Answer:
        if self._socket is None:
            self._socket = self._greeted()
        try:
            self._socket.send(text)
            if nonce is None:
                self._socket.send(json.dumps({"type": "ping", "data": _SENTINEL}))
        except ConnectionClosed:
            pass  # What the node said before is read now.
        answer = self._read(self._socket, nonce)
        if answer.close is not None:
            self._socket = None
        return answer

    def _read(self, socket: ClientConnection, nonce: str | None) -> Answer:
        """Everything until the answer to the nonce, or to the ping that came after."""
        answer = Answer([])
        try:
            while True:
                frame = json.loads(socket.recv(timeout=_ANSWER_S_MAX))
                if frame.get("data") == _SENTINEL:
                    return answer
                self._hold_to_document(frame)
                answer.frames.append(frame)
                if nonce is not None and frame.get("nonce") == nonce:
                    return answer
                if nonce is not None and frame["type"] == "refused" and "nonce" not in frame:
                    return answer
                if frame["type"] == "welcome":
                    return answer
        except ConnectionClosed as closed:
            answer.close = f"close {closed.rcvd.reason}" if closed.rcvd else "cut"
        except TimeoutError:
            answer.close = "no answer"
            socket.close()
        return answer

    def _hold_to_document(self, frame: Json) -> None:
        if (why := self._documents.why_wrong(frame)) is not None:
            self.undocumented.append(f"{why}: {json.dumps(frame)[:200]}")

    def _greeted(self) -> ClientConnection:
        socket = self._open()
        socket.send(json.dumps({"type": "hello", "token": self._world.alice.token}))
        if not any(frame["type"] == "welcome" for frame in self._read(socket, None).frames):
            raise AssertionError("no welcome")
        return socket

    def _open(self) -> ClientConnection:
        url = self._world.alice.node.base_url.replace("http", "ws", 1) + "/v1/socket"
        return connect(url, compression=None, max_size=None, ping_interval=None)


@dataclass
class Finding:
    """A frame that was answered in a way that nobody documented."""

    frame: str
    what: str
    got: str

    def __str__(self) -> str:
        return f"{self.frame}, {self.what}: {self.got}"


class Run:
    """All frames against one node."""

    def __init__(self, node: LoneNode) -> None:
        self.cases = 0
        self._documents = Documents.of(node)
        self._world = World(node)
        self._statuses = refusals()
        statuses = self._statuses.items()
        self._farewells = {f"close {code}" for code, status in statuses if status < 500}
        self._prober = Prober(self._world, self._documents)
        self._bystander = Bystander(node)

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong."""
        for name, schema in self._documents.client_frames().items():
            for variant in variants(schema):
                label = _label(name, variant)
                yield from self._right(label, variant)
                yield from self._foreign(label, variant)
                yield from self._wrong(label, name, variant)
        for wrong in wrong_everywhere():
            must_refuse = _strict(wrong)
            yield from self._judged("no frame", wrong.what, wrong.text(), None, must_refuse)
        self._prober.close()
        for what in self._prober.undocumented[:10]:
            yield Finding("the node's frames", "held to the document", what)
        if (trouble := self._bystander.check()) is not None:
            yield Finding("the bystander", "at the end", trouble)

    def _right(self, label: str, variant: Json) -> Iterator[Finding]:
        """A right frame is answered, whether with all fields or only those that it needs."""
        for everything in (False, True):
            self._world.renew()
            frame = example(variant, self._world.value, everything=everything)
            what = "right, with every field" if everything else "right"
            if frame.get("type") == "hello":
                frame.pop("cursor", None)
                yield from self._judged_first(label, what, json.dumps(frame), must_refuse=False)
                continue
            newer = {**frame, "a_field_of_a_later_version": [1]}
            yield from self._judged(
                label, what, json.dumps(newer), frame.get("nonce"), must_refuse=False
            )
            yield from self._judged_first(label, _NO_BEFORE_HELLO, json.dumps(frame))

    def _foreign(self, label: str, variant: Json) -> Iterator[Finding]:
        """What belongs to others is answered like what does not exist."""
        fields = variant.get("properties", {})
        named = {name: origin(next(variants(field))) for name, field in fields.items()}
        for name, kind in named.items():
            if kind not in _UNKNOWN or name not in variant.get("required", []):
                continue
            said = []
            for value in (_UNKNOWN[kind], self._world.foreign[kind]):
                frame = {**example(variant, self._world.value), name: value}
                answer = self._prober.ask(json.dumps(frame), frame.get("nonce"))
                what = f"`{name}` of others, or of nobody"
                yield from self._judge(label, what, answer, frame.get("nonce"), "nonce" in frame)
                said.append((answer.refusal() or {}).get("code", str(answer)))
            if said[0] != said[1]:
                yield Finding(label, f"`{name}`", f"of nobody: {said[0]}, of others: {said[1]}")

    def _wrong(self, label: str, name: str, variant: Json) -> Iterator[Finding]:
        for wrong in self._all_wrong(variant):
            text = wrong.text()
            if name == "hello":
                yield from self._judged_first(label, wrong.what, text)
            else:
                yield from self._judged(label, wrong.what, text, _nonce_of(wrong.frame))
            if self.cases % _BYSTANDER_EVERY == 0:
                if (trouble := self._bystander.check()) is not None:
                    yield Finding(label, wrong.what, trouble)

    def _all_wrong(self, variant: Json) -> Iterator[Wrong]:
        yield from wrong_frames(variant, self._world.value)
        frame = example(variant, self._world.value)
        head = json.dumps({**frame, "padding": ""})[:-2]
        padding = "a" * (MESSAGE_BYTES_MAX + 1 - len(head) - 2)
        yield Wrong("larger than any frame", head + padding + '"}')

    def _judged(
        self, label: str, what: str, text: str, nonce: str | None, must_refuse: bool = True
    ) -> Iterator[Finding]:
        answer = self._prober.ask(text, nonce)
        yield from self._judge(label, what, answer, nonce, must_refuse)

    def _judged_first(
        self, label: str, what: str, text: str, must_refuse: bool = True
    ) -> Iterator[Finding]:
        answer = self._prober.ask_first(text)
        yield from self._judge(label, f"{what} (as the first frame)", answer, None, must_refuse)
        if must_refuse and answer.close is None:
            yield Finding(label, what, f"the socket goes on after {answer}")

    def _judge(
        self, label: str, what: str, answer: Answer, nonce: str | None, must_refuse: bool
    ) -> Iterator[Finding]:
        self.cases += 1
        refusal = answer.refusal()
        if answer.close in ("no answer", "cut"):
            yield Finding(label, what, f"{answer}")
        elif refusal is not None:
            status = self._statuses.get(refusal["code"])
            if status is None or status >= 500:
                yield Finding(label, what, f"{answer} (status {status})")
            if nonce is not None and refusal.get("nonce", nonce) != nonce:
                yield Finding(label, what, f"the refusal has nonce {refusal.get('nonce')}")
        elif answer.close in self._farewells:
            pass  # The close frame has the code once more, for who could not read the goodbye.
        elif must_refuse:
            yield Finding(label, what, f"not refused: {answer}")
        elif nonce is not None and not answer.is_yes(nonce):
            yield Finding(label, what, f"not answered: {answer}")


def _label(name: str, variant: Json) -> str:
    """A frame's name, with what tells it from others of its kind."""
    fields = variant.get("properties", {})
    words = [
        field["enum"][0] if "enum" in field else field["const"]
        for key, field in fields.items()
        if key != "type" and ("const" in field or len(field.get("enum", [])) == 1)
    ]
    return " ".join([name, *map(str, words)])


def _nonce_of(frame: Any) -> str | None:
    """The nonce that an answer must carry, where the frame has a readable one."""
    if isinstance(frame, str):
        return None
    nonce = frame.get("nonce") if isinstance(frame, dict) else None
    readable = isinstance(nonce, str) and nonce.isascii() and nonce.isdigit()
    return nonce if readable and 0 < int(nonce) < 2**64 else None


def _strict(wrong: Wrong) -> bool:
    """RFC 8259 leaves names that repeat to the reader."""
    return "twice" not in wrong.what
