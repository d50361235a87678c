"""RFC 6455 on a plain socket: frames by the byte, right ones and wrong ones alike.

No library stands between, since none would send what the cases need. It must not judge what comes
back; `rfc6455` does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import struct
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ANSWER_S_MAX = 20.0
_NAMES = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", PING: "ping", PONG: "pong"}


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True,
    length: int | None = None,
) -> bytes:
    """A frame's bytes. `length` announces another length than the payload has."""
    count = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if count < 126:
        head += bytes([mask_bit | count])
    elif count < 1 << 16:
        head += bytes([mask_bit | 126]) + struct.pack(">H", count)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", count)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + masked_bytes(payload, mask)


def masked_bytes(payload: bytes, mask: bytes) -> bytes:
    """The payload under a mask, or out from under it."""
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return number.to_bytes(len(payload), "big")


def close_payload(code: int, reason: bytes = b"") -> bytes:
    """What a close frame says."""
    return struct.pack(">H", code) + reason


def key() -> str:
    """A key of an upgrade request."""
    return base64.b64encode(os.urandom(16)).decode()


def accept_of(key: str) -> str:
    """The answer that a key asks for."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


@dataclass
class Answer:
    """The head of an HTTP answer, with its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a refusal."""
        try:
            return str(json.loads(self.body)["error"]["code"])
        except (KeyError, TypeError, ValueError):
            return "no code"


class Raw:
    """A TCP connection to the node."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=_ANSWER_S_MAX)
        self._unread = b""

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Sends bytes; a node that has gone is seen when its answer is read."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def request(self, head: str, body: bytes = b"") -> Answer:
        """Sends a request and reads the answer."""
        self.send(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        length = int(headers.get("content-length", "0"))
        return Answer(int(lines[0].split()[1]), headers, self._exactly(length))

    def upgrade(self) -> None:
        """Opens the WebSocket as it should be opened."""
        secret = key()
        answer = self.request(upgrade_head(secret))
        if answer.status != 101 or answer.headers.get("sec-websocket-accept") != accept_of(secret):
            raise AssertionError(f"no upgrade: {answer}")

    def say(self, message: dict[str, object]) -> None:
        """Sends a JSON frame of the API."""
        self.send(frame(TEXT, json.dumps(message).encode()))

    def read(self) -> tuple[int, bytes] | None:
        """The node's next frame, or nothing where the connection has ended. The node neither
        masks nor fragments, and uses no reserved bit."""
        try:
            first, second = self._exactly(2)
            if first & 0xF0 != 0x80 or second & 0x80:
                raise AssertionError(f"a frame begins with {first:#x} {second:#x}")
            length = second
            if length == 126:
                (length,) = struct.unpack(">H", self._exactly(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._exactly(8))
            return first & 0x0F, self._exactly(length)
        except (EOFError, ConnectionResetError):
            return None

    def _until(self, end: bytes) -> bytes:
        while end not in self._unread:
            self._receive()
        head, self._unread = self._unread.split(end, 1)
        return head

    def _exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._receive()
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self._unread += data


def upgrade_head(secret: str, path: str = "/v1/socket", **changes: str | None) -> str:
    """The head of an upgrade request; `changes` replaces or, by `None`, leaves out headers."""
    headers: dict[str, str | None] = {
        "Host": "acme.test", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": secret, "Sec-WebSocket-Version": "13",
    }
    method, version = changes.pop("method", "GET"), changes.pop("http", "1.1")
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\n".join([f"{method} {path} HTTP/{version}", *lines])


def described(opcode: int, payload: bytes) -> str:
    """A frame in a few words, as the table of cases has it."""
    if opcode == CLOSE:
        if not payload:
            return "close"
        (code,) = struct.unpack(">H", payload[:2])
        return f"close {code} {payload[2:].decode()}".rstrip()
    if opcode != TEXT:
        return f"{_NAMES.get(opcode, opcode)} {_short(payload)}".rstrip()
    said = json.loads(payload)
    more = said.get("code") or _short(str(said.get("data", "")).encode())
    return f"{said['type']} {more}".rstrip()


def _short(payload: bytes) -> str:
    if len(payload) > 16:
        return f"of {len(payload)} bytes"
    return payload.decode("utf-8", errors="backslashreplace")
