"""Notifications as those take them who did not write the node: `web-push-testing` (npm), which
checks the signature and opens what is sealed, a push service of this file, whose payloads
`http_ece` (PyPI) opens, a gateway that judges what it gets, a service that hangs, and one that
speaks HTTP/2 by `hypercorn` (PyPI).

It says nothing of when a notification comes, but that of a burst there is one.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import quote

import http_ece  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypercorn.asyncio import serve
from hypercorn.config import Config

from lone import Account, LoneNode, Refused
from process import Failed, Processes

Json = dict[str, Any]
Told = Iterator[tuple[str, str | None]]

_TOLD_S_MAX = 30.0
_WAIT_S = 0.05
_BURST = ("Are you there?", "다섯 시에 차 마실까요?", "🫖 e\u0301")
_GATEWAY_PATH = "/_matrix/push/v1/notify"


class Service:
    """A push service and gateway that keeps what it gets."""

    def __init__(self) -> None:
        came: list[tuple[str, dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802
                """Takes whatever comes."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                came.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = b"{}" if self.path == _GATEWAY_PATH else b""
                self.send_response(200 if answer else 201)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._came = came
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self) -> tuple[str, dict[str, str], bytes]:
        """The next request: its path, its headers and its body."""
        _until(lambda: bool(self._came), "a request")
        return self._came.pop(0)

    def is_quiet(self) -> bool:
        """Whether nothing else came."""
        return not self._came

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()


class Browser:
    """A device with keys of its own, at a service."""

    def __init__(self, service: "Service | _At", name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self._secret = b"0123456789abcdef"
        self.path = f"/send/{name}"
        self.subscription: Json = {
            "endpoint": service.url + self.path,
            "expirationTime": None,
            "keys": {"p256dh": _text(point), "auth": _text(self._secret)},
        }

    def opens(self, body: bytes) -> Json:
        """What it is told."""
        opened = http_ece.decrypt(
            body, private_key=self._key, auth_secret=self._secret, version="aes128gcm"
        )
        return dict(json.loads(opened))


def run(node: LoneNode, processes: Processes, modules: Path) -> Told:
    """Each check, with what was wrong."""
    alice, bob = node.sign_up("alice"), node.sign_up("bob")
    _wants(bob)
    key = str(bob.call("GET", "/v1/push")["vapid_key"])
    channel = alice.open_direct(bob)
    yield from _npm(node, processes, modules, (alice, bob, channel, key))
    service = Service()
    try:
        yield from _sealed(service, (alice, bob, channel, key))
        yield from _gateway(service, (alice, bob, channel))
        yield from _hanging(node, service, alice)
        yield from _http2(node, alice)
    finally:
        service.close()
    log = node.log.read_text(errors="replace")
    secrets = [what for what in (service.url + "/send", "dGVzdA", "차 마실까요") if what in log]
    yield "no endpoint, key or text is logged", f"{secrets}" if secrets else None


def _npm(
    node: LoneNode, processes: Processes, modules: Path, scene: tuple[Account, Account, str, str]
) -> Told:
    """What `web-push-testing` makes of it."""
    alice, bob, channel, key = scene
    server = modules / "node_modules/web-push-testing/src/bin/server.js"
    port = _free_port()
    child = processes.start("push", ["node", str(server), str(port)], node.directory / "push.log")
    asked = _Npm(port)
    _until(asked.is_up, "web-push-testing to be up")
    made = asked.ask("/subscribe", {"userVisibleOnly": "true", "applicationServerKey": key})
    told = {"endpoint": made["endpoint"], "keys": made["keys"]}
    bob.call("PUT", "/v1/push", told)
    for text in _BURST:
        last = alice.post(channel, text)

    def messages() -> list[Json]:
        try:
            of = {"clientHash": made["clientHash"]}
            return [json.loads(text) for text in asked.ask("/get-notifications", of)["messages"]]
        except urllib.error.HTTPError:
            # So it answers while there is none.
            return []

    _until(lambda: bool(messages()), "web-push-testing to take a notification")
    expected = {
        "kind": "message", "account": bob.label, "channel": channel, "unread": len(_BURST),
        "mentions": 0, "message": last, "sender": alice.label, "text": _BURST[-1],
    }
    yield "web-push-testing opens what it verified", _differs(messages(), [expected])
    asked.ask(f"/expire-subscription/{made['clientHash']}", {})
    alice.post(channel, "nobody is there any more")
    gone = "the subscription goes with 410"
    yield gone, _comes(lambda: "subscription" not in bob.call("GET", "/v1/push"), gone)
    _reads(bob, channel)
    child.stop()


class _Npm:
    """Questions to `web-push-testing`."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            self._post("/status", {})
            return True
        except OSError:
            return False

    def ask(self, path: str, body: Json) -> Json:
        """What it answers."""
        answer = self._post(path, body)
        return dict(json.loads(answer)["data"]) if answer.startswith(b"{") else {}

    def _post(self, path: str, body: Json) -> bytes:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=_TOLD_S_MAX) as response:
            return bytes(response.read())


def _sealed(service: Service, scene: tuple[Account, Account, str, str]) -> Told:
    """What `http_ece` and a check of the token of our own make of it."""
    alice, bob, channel, key = scene
    phone = Browser(service, "phone")
    bob.call("PUT", "/v1/push", phone.subscription)
    alice.post(channel, "to be erased")
    erased = alice.post(channel, "a secret")
    path = f"/v1/channels/{quote(channel)}/messages/{erased}?nonce={alice.next_nonce()}"
    alice.call("DELETE", path)
    path, headers, body = service.next()
    told = phone.opens(body)
    yield "the endpoint is asked", _differs(path, phone.path)
    yield "http_ece opens it", _differs((told["kind"], told["account"]), ("message", bob.label))
    yield "an erased text is not in it", _differs(told.get("text") == "a secret", False)
    yield "the token is signed for the service", _token_wrong(headers, key, service.url)
    sizes = len(body) <= 4096 and (len(body) - 103) % 256 == 0
    yield "its length says little", None if sizes else f"{len(body)} bytes"
    topic = headers["topic"]
    # Another device of the account reads it.
    laptop = bob.node.log_in(bob)
    _reads(laptop, channel)
    _, headers, body = service.next()
    told = phone.opens(body)
    yield "what is read is withdrawn", _differs((told["kind"], told["unread"]), ("read", 0))
    yield "under the same topic", _differs(headers["topic"], topic)
    bob.call("PUT", "/v1/push", {**phone.subscription, "content": False})
    last = alice.post(channel, "차 마실까요")
    _, headers, body = service.next()
    expected = {
        "kind": "message", "account": bob.label, "channel": channel, "unread": 1, "mentions": 0,
        "message": last,
    }
    yield "ids alone", _differs(phone.opens(body), expected)
    yield "nothing else came", None if service.is_quiet() else "something did"
    # Read on the very device: it knows, and what comes next is the next message.
    _reads(bob, channel)


def _gateway(service: Service, scene: tuple[Account, Account, str]) -> Told:
    """What a gateway gets, by the Matrix project's words for it."""
    alice, bob, channel = scene
    gateway = {"url": service.url + _GATEWAY_PATH, "app_id": "a.b", "pushkey": "dGVzdA"}
    bob.call("PUT", "/v1/push", {"gateway": gateway})
    last = alice.post(channel, "hello")
    path, headers, body = service.next()
    expected = {
        "notification": {
            "room_id": channel, "event_id": last, "prio": "high", "counts": {"unread": 1},
            "devices": [{"app_id": "a.b", "pushkey": "dGVzdA", "data": {}}],
        }
    }
    yield "a gateway is told of ids", _differs(json.loads(body), expected)
    got = (path, headers["content-type"])
    yield "at its one path", _differs(got, (_GATEWAY_PATH, "application/json"))
    wrong = {**gateway, "url": service.url + "/elsewhere"}
    yield "no other path is taken", _refused(bob, {"gateway": wrong}, "push_refused")
    yield "nor an address inside", _refused(
        bob, {"gateway": {**gateway, "url": "https://10.0.0.1" + _GATEWAY_PATH}}, "push_refused"
    )


def _hanging(node: LoneNode, service: Service, alice: Account) -> Told:
    """A service that takes connections and never answers keeps nobody else waiting."""
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    carol, dave = node.sign_up("carol"), node.sign_up("dave")
    browser, phone = Browser(service, "dave"), Browser(service, "carol")
    for account, subscription in (
        (carol, {**phone.subscription, "endpoint": url + "/x"}), (dave, browser.subscription)
    ):
        _wants(account)
        account.call("PUT", "/v1/push", subscription)
        alice.post(alice.open_direct(account), "hello")
    path, _, body = service.next()
    told = (path, browser.opens(body)["text"])
    yield "who has another service is told", _differs(told, (browser.path, "hello"))
    why = "it did not answer within 10 seconds"

    def failing() -> bool:
        return carol.call("GET", "/v1/push")["subscription"].get("failing", {}).get("why") == why

    yield "who is not is told why", _comes(failing, why)
    silent.close()


class Http2:
    """A push service that speaks HTTP/2 over TLS, by `hypercorn` (PyPI)."""

    def __init__(self, directory: Path) -> None:
        self.port = _free_port()
        self.came: list[tuple[str, str, bytes]] = []
        self._files = (directory / "chain.pem", directory / "key.pem")
        _certify(*self._files)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def authority(self) -> Path:
        """Who vouches for it."""
        return self._files[0]

    def close(self) -> None:
        """Ends it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self) -> None:
        config = Config()
        config.bind = [f"127.0.0.1:{self.port}"]
        config.certfile, config.keyfile = map(str, self._files)
        config.errorlog = None
        serving = serve(self._answer, config, shutdown_trigger=self._stop.wait)
        self._loop.run_until_complete(serving)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        self.came.append((scope["http_version"], scope["path"], body))
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def _certify(chain: Path, key: Path) -> None:
    """A certificate for localhost that vouches for itself."""
    own = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(
        name, name, own.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(days=1), now + datetime.timedelta(days=1),
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(own, hashes.SHA256())
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    private = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(private)


def _http2(node: LoneNode, alice: Account) -> Told:
    """Push services speak HTTP/2 over TLS."""
    service = Http2(node.directory)
    node.believe(service.authority)
    people = [node.sign_up(f"h{number}") for number in range(8)]
    endpoint = f"https://localhost:{service.port}/"
    browsers = {}
    for account in people:
        _wants(account)
        at = Browser(_At(endpoint.rstrip("/")), account.name)
        browsers[at.path] = at
        account.call("PUT", "/v1/push", at.subscription)
    group = alice.found_group("crowd", *people)
    alice.post(group, "hello over HTTP/2")
    _until(lambda: len(service.came) >= len(people), "all to be told over HTTP/2")
    spoken = {version for version, _, _ in service.came}
    yield "HTTP/2 is spoken", _differs(spoken, {"2"})
    texts = {browsers[path].opens(body)["text"] for _, path, body in service.came}
    yield "what comes over it opens", _differs(texts, {"hello over HTTP/2"})
    service.close()


class _At:
    """A service known by its address alone."""

    def __init__(self, url: str) -> None:
        self.url = url


def _wants(account: Account) -> None:
    """Has all told at once, whatever the account does."""
    account.call("PUT", "/v1/notifications", {"level": "all", "idle_seconds": 0})


def _reads(account: Account, channel: str) -> None:
    """Reads all of a channel."""
    path = f"/v1/channels/{quote(channel)}"
    events = account.call("GET", f"{path}/messages")["events"]
    last = [event["id"] for event in events if event["kind"] == "message"][-1]
    account.call("PUT", f"{path}/read", {"message": last, "nonce": account.next_nonce()})


def _refused(account: Account, subscription: Json, code: str) -> str | None:
    try:
        account.call("PUT", "/v1/push", subscription)
        return "it was taken"
    except Refused as refused:
        return _differs(refused.code, code)


def _token_wrong(headers: dict[str, str], key: str, origin: str) -> str | None:
    """What is wrong with a token (RFC 8292), as far as we see."""
    scheme, _, parameters = headers["authorization"].partition(" ")
    said = dict(part.strip().split("=", 1) for part in parameters.split(","))
    if scheme != "vapid" or said["k"] != key:
        return headers["authorization"]
    signed, _, signature = said["t"].rpartition(".")
    raw = _bytes(signature)
    numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(key))
    # An exception here is a finding of its own.
    public.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(_bytes(signed.split(".")[1]))
    is_soon = time.time() < claims["exp"] <= time.time() + 24 * 3600
    is_right = claims["aud"] == origin and claims["sub"].startswith("mailto:") and is_soon
    return None if is_right else str(claims)


def _differs(found: object, expected: object) -> str | None:
    return None if found == expected else f"expected {expected}, got {found}"


def _comes(is_so: Callable[[], bool], what: str) -> str | None:
    try:
        _until(is_so, what)
        return None
    except Failed as failed:
        return str(failed)


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _TOLD_S_MAX
    while not is_so():
        if time.monotonic() > deadline:
            raise Failed(f"waited {_TOLD_S_MAX:.0f} s for {what}")
        time.sleep(_WAIT_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
