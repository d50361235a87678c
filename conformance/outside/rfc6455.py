"""A short table of RFC 6455, each row one case against the real node over a plain socket.

A row names its section, the bytes that a client sends after the welcome, and all that comes back.
After a case that should leave the socket alive, a ping of the API asks whether it is; `alive` is
its answer. What comes back is compared whole: one frame more or less, and the case has failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from lone import Account, LoneNode
from wire import (
    BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw, accept_of, close_payload, described, frame,
    key, upgrade_head,
)

MESSAGE_BYTES_MAX = 1_216_384
"""The largest message, as the document has it."""

_SENTINEL = "are you alive"
_FAREWELL = ["goodbye malformed", "close 1002 malformed", "end"]
_NOT_UTF8 = ["goodbye text_not_utf8", "close 1007 text_not_utf8", "end"]
_TOO_LARGE = ["goodbye too_large", "close 1009 too_large", "end"]
_REFUSED = ["refused malformed", "alive"]
_VALID_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 3999, 4000, 4999)
_INVALID_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
_EURO = "κόσμε €"


@dataclass
class Row:
    """A case: what is sent, and what has to come back."""

    section: str
    name: str
    sent: bytes
    expected: list[str]

    @property
    def lives(self) -> bool:
        """Whether the socket should live on."""
        return self.expected[-1] == "alive"


@dataclass
class Result:
    """What became of a case."""

    section: str
    name: str
    expected: str
    got: str

    @property
    def ok(self) -> bool:
        """Whether it went as it should."""
        return self.got == self.expected


def api_ping(data: str) -> bytes:
    """A ping of the API, as a text message."""
    return f'{{"type":"ping","data":"{data}"}}'.encode()


def rows() -> list[Row]:
    """All cases after the handshake."""
    return [
        *_fragmentation(), *_control_frames(), *_reserved(), *_masking(), *_texts(), *_sizes(),
        *_closes(),
    ]


def _fragmentation() -> Iterator[Row]:
    said = api_ping("hello")
    head, tail = said[:9], said[9:]
    yield Row("5.4", "a message in one frame", frame(TEXT, said), ["pong hello", "alive"])
    yield Row(
        "5.4", "a message in two frames",
        frame(TEXT, head, fin=False) + frame(CONTINUATION, tail), ["pong hello", "alive"],
    )
    each = [frame(CONTINUATION, bytes([byte]), fin=False) for byte in said[1:]]
    yield Row(
        "5.4", "a message in frames of one byte, the last one empty",
        frame(TEXT, said[:1], fin=False) + b"".join(each) + frame(CONTINUATION),
        ["pong hello", "alive"],
    )
    yield Row(
        "5.4", "empty fragments",
        frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) + frame(CONTINUATION, said),
        ["pong hello", "alive"],
    )
    yield Row(
        "5.4", "a ping between two fragments is answered first",
        frame(TEXT, head, fin=False) + frame(PING, b"now") + frame(CONTINUATION, tail),
        ["pong now", "pong hello", "alive"],
    )
    yield Row("5.4", "a continuation of nothing", frame(CONTINUATION, said), _FAREWELL)
    yield Row(
        "5.4", "a continuation of nothing, unfinished", frame(CONTINUATION, said, fin=False),
        _FAREWELL,
    )
    yield Row(
        "5.4", "a new message inside another",
        frame(TEXT, head, fin=False) + frame(TEXT, tail), _FAREWELL,
    )
    yield Row(
        "5.4", "a binary message inside a text message",
        frame(TEXT, head, fin=False) + frame(BINARY, tail, fin=False), _FAREWELL,
    )


def _control_frames() -> Iterator[Row]:
    yield Row("5.5.2", "a ping without payload", frame(PING), ["pong", "alive"])
    yield Row("5.5.2", "a ping with payload", frame(PING, b"abc"), ["pong abc", "alive"])
    yield Row(
        "5.5.2", "a ping with payload that is no text", frame(PING, b"\xff\xfe"),
        ["pong \\xff\\xfe", "alive"],
    )
    yield Row(
        "5.5.2", "a ping of 125 bytes", frame(PING, b"a" * 125), ["pong of 125 bytes", "alive"]
    )
    yield Row("5.5.3", "a pong that nobody asked for", frame(PONG, b"abc"), ["alive"])
    for name, opcode in (("ping", PING), ("pong", PONG), ("close", CLOSE)):
        payload = close_payload(1000, b"a" * 124) if opcode == CLOSE else b"a" * 126
        yield Row("5.5", f"a {name} of 126 bytes", frame(opcode, payload), _FAREWELL)
        yield Row("5.5", f"a fragmented {name}", frame(opcode, b"", fin=False), _FAREWELL)


def _reserved() -> Iterator[Row]:
    for rsv in range(1, 8):
        yield Row(
            "5.2", f"reserved bits {rsv:03b} of a text", frame(TEXT, api_ping("x"), rsv=rsv),
            _FAREWELL,
        )
    yield Row("5.2", "a reserved bit of a ping", frame(PING, b"x", rsv=4), _FAREWELL)
    yield Row(
        "5.2", "a reserved bit of a continuation",
        frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"}", rsv=4), _FAREWELL,
    )
    for opcode in (*range(3, 8), *range(11, 16)):
        yield Row("5.2", f"reserved opcode {opcode}", frame(opcode, b"x"), _FAREWELL)


def _masking() -> Iterator[Row]:
    yield Row("5.1", "an unmasked text", frame(TEXT, api_ping("x"), masked=False), _FAREWELL)
    yield Row("5.1", "an unmasked ping", frame(PING, b"x", masked=False), _FAREWELL)


def _texts() -> Iterator[Row]:
    good = api_ping(_EURO)
    euro_at = good.index("€".encode())
    yield Row(
        "8.1", "a character that a fragment cuts",
        frame(TEXT, good[: euro_at + 1], fin=False) + frame(CONTINUATION, good[euro_at + 1:]),
        [described(TEXT, good).replace("ping", "pong"), "alive"],
    )
    wrong = {
        "a byte that no text has": b"\xff",
        "an overlong form": b"\xc0\xaf",
        "a surrogate": b"\xed\xa0\x80",
        "a character beyond U+10FFFF": b"\xf4\x90\x80\x80",
        "a character that ends early": b"\xe2\x82",
    }
    for name, data in wrong.items():
        yield Row("8.1", f"{name}, in a text", frame(TEXT, api_ping("x") + data), _NOT_UTF8)
    yield Row(
        "8.1", "bad bytes in a later fragment",
        frame(TEXT, b'{"type":', fin=False) + frame(CONTINUATION, b"\xff\xfe"), _NOT_UTF8,
    )
    yield Row(
        "8.1", "a character that the last fragment leaves open",
        frame(TEXT, b"\xe2", fin=False) + frame(CONTINUATION, b"\x82"), _NOT_UTF8,
    )
    yield Row("5.6", "a binary message", frame(BINARY, api_ping("x")), _REFUSED)
    yield Row("5.6", "an empty binary message", frame(BINARY), _REFUSED)
    yield Row("5.6", "an empty text", frame(TEXT), _REFUSED)


def _sizes() -> Iterator[Row]:
    for size in (125, 126, 127, 65535, 65536, 65537):
        said = api_ping("x").ljust(size)
        yield Row("5.2", f"a text of {size} bytes", frame(TEXT, said), ["pong x", "alive"])
    most = api_ping("x").ljust(MESSAGE_BYTES_MAX)
    yield Row("10.4", "the largest message", frame(TEXT, most), ["pong x", "alive"])
    half = len(most) // 2
    yield Row(
        "10.4", "the largest message in two frames",
        frame(TEXT, most[:half], fin=False) + frame(CONTINUATION, most[half:]),
        ["pong x", "alive"],
    )
    yield Row(
        "10.4", "a frame that announces more than the largest message",
        frame(TEXT, length=MESSAGE_BYTES_MAX + 1), _TOO_LARGE,
    )
    yield Row(
        "10.4", "a frame that announces 2^62 bytes", frame(TEXT, length=1 << 62), _TOO_LARGE
    )
    yield Row(
        "10.4", "fragments that add up to more than the largest message",
        frame(TEXT, most[:half], fin=False)
        + frame(CONTINUATION, most[half:] + b" "), _TOO_LARGE,
    )


def _closes() -> Iterator[Row]:
    yield Row("5.5.1", "a close without a code", frame(CLOSE), ["close", "end"])
    for code in _VALID_CODES:
        payload = close_payload(code, b"bye")
        yield Row("7.4", f"close code {code}", frame(CLOSE, payload), [f"close {code} bye", "end"])
    protocol_error = ["close 1002 Protocol violation", "end"]
    for code in _INVALID_CODES:
        yield Row(
            "7.4", f"close code {code}, which nobody may send", frame(CLOSE, close_payload(code)),
            protocol_error,
        )
    yield Row("5.5.1", "a close of one byte", frame(CLOSE, b"\x03"), _FAREWELL)
    yield Row(
        "5.5.1", "a close whose reason is no text", frame(CLOSE, close_payload(1000, b"\xff")),
        _NOT_UTF8,
    )
    yield Row(
        "5.5.1", "a message after the close is not looked at",
        frame(CLOSE, close_payload(1000)) + frame(TEXT, api_ping("late")), ["close 1000", "end"],
    )
    yield Row(
        "5.5.1", "a close inside a message", frame(TEXT, b"{", fin=False) + frame(CLOSE),
        ["close", "end"],
    )


def run(node: LoneNode) -> Iterator[Result]:
    """Runs all cases."""
    yield from _upgrades(node)
    account = node.sign_up()
    for row in rows():
        yield Result(row.section, row.name, " | ".join(row.expected), _attempt(row, account))
    yield _node_closes(account)


def _attempt(row: Row, account: Account) -> str:
    try:
        with _greeted(account) as raw:
            raw.send(row.sent)
            if row.lives:
                raw.send(frame(TEXT, api_ping(_SENTINEL)))
            return " | ".join(_transcript(raw))
    except (AssertionError, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def _greeted(account: Account) -> Raw:
    raw = Raw(account.node.host, account.node.port)
    raw.upgrade()
    raw.say({"type": "hello", "token": account.token})
    welcome = raw.read()
    if welcome is None or not described(*welcome).startswith("welcome"):
        raise AssertionError(f"no welcome, but {welcome}")
    return raw


def _transcript(raw: Raw) -> list[str]:
    """All that comes until the sentinel or the end. A close of the node's is answered. That the
    account itself has come is told a moment later, as no answer to anything, and passed over.
    """
    seen: list[str] = []
    while (came := raw.read()) is not None:
        opcode, payload = came
        if opcode == CLOSE:
            raw.send(frame(CLOSE, payload))
        words = described(opcode, payload)
        if words == f"pong {_SENTINEL}":
            return [*seen, "alive"]
        if words != "presence":
            seen.append(words)
    return [*seen, "end"]


def _node_closes(account: Account) -> Result:
    """The node closes first, and waits for the client's close before it ends the connection."""
    with _greeted(account) as raw:
        account.call("DELETE", "/v1/sessions/current")
        got = " | ".join(_transcript(raw))
    expected = "goodbye token_invalid | close 1008 token_invalid | end"
    return Result("7.1.2", "the node closes first", expected, got)


def _upgrades(node: LoneNode) -> Iterator[Result]:
    """Requests for an upgrade: the right one, and what is wrong with others."""
    secret = key()
    wrong: list[tuple[str, str, dict[str, str | None], str]] = [
        ("4.2.1", "an upgrade without its key", {"Sec_WebSocket_Key": None}, "400 malformed"),
        ("4.2.1", "a key of another length", {"Sec_WebSocket_Key": "c2hvcnQ="}, "400 malformed"),
        ("4.2.1", "a key that is not base64", {"Sec_WebSocket_Key": "?" * 24}, "400 malformed"),
        ("4.2.1", "no upgrade header", {"Upgrade": None}, "400 malformed"),
        ("4.2.1", "an upgrade to something else", {"Upgrade": "h2c"}, "400 malformed"),
        ("4.2.1", "no connection header", {"Connection": None}, "400 malformed"),
        ("4.2.1", "another connection header", {"Connection": "keep-alive"}, "400 malformed"),
        ("4.2.1", "HTTP/1.0", {"http": "1.0"}, "400 malformed"),
        ("4.2.1", "another method", {"method": "POST"}, "405 method_not_allowed"),
    ]
    for section, name, changes, expected in wrong:
        got = _asked(node, upgrade_head(secret, **changes))
        yield Result(section, name, expected, got)
    for version in ("8", "12", "14", "thirteen", None):
        head = upgrade_head(secret, Sec_WebSocket_Version=version)
        got = _asked(node, head, "sec-websocket-version")
        yield Result("4.4", f"version {version}", "400 version_unsupported 13", got)
    head = upgrade_head(
        secret, Sec_WebSocket_Extensions="permessage-deflate", Sec_WebSocket_Protocol="chat",
    )
    got = _asked(
        node, head, "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol"
    )
    yield Result(
        "4.2.2", "extensions and subprotocols are passed over",
        f"101 no code {accept_of(secret)} none none", got,
    )
    words = {"Upgrade": "WebSocket", "Connection": "keep-alive, UPGRADE"}
    yield Result(
        "4.2.1", "words in another case", f"101 no code {accept_of(secret)}",
        _asked(node, upgrade_head(secret, **words), "sec-websocket-accept"),
    )


def _asked(node: LoneNode, head: str, *headers: str) -> str:
    with Raw(node.host, node.port) as raw:
        answer = raw.request(head)
    shown = [answer.headers.get(name, "none") for name in headers]
    return " ".join([str(answer.status), answer.code, *shown])
