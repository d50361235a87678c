"""Lies about who one is: in every field of the hello, in the handshake, and before either."""

from __future__ import annotations

import datetime
import ssl
from typing import Any, Awaitable, Callable

from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import paths  # noqa: F401  # makes the next one importable
import cbor
import wire as transport
from identity import Identity
from peer import BATCH, HELLO, RESUME, Peer
from stage import BAD_HELLO, HANDSHAKE, IDENTITY, OTHER, SILENT, Lie, Stage

_MISMATCH, _MALFORMED, _UNEXPECTED = "peer_name_mismatch", "frame_malformed", "frame_unexpected"

# TLS alerts as QUIC closes with them (RFC 9001 section 4.8).
_CERTIFICATE_REQUIRED, _DECRYPT_ERROR, _NO_ALPN = (
    "transport 0x174", "transport 0x133", "transport 0x178"
)


def _says(
    by: str = "", **changes: Any
) -> Callable[[Stage], Awaitable[str]]:
    """A hello that is true but for some fields."""
    async def tell(stage: Stage) -> str:
        peer = stage.other if by == OTHER else stage.peer
        wire = await peer.greet(**changes)
        return await wire.closed()
    return tell


def _says_bytes(change: Callable[[bytes], bytes]) -> Callable[[Stage], Awaitable[str]]:
    async def tell(stage: Stage) -> str:
        wire = await stage.peer.dial()
        wire.say_bytes(transport.LINK, change(cbor.encode([HELLO, [stage.peer.hello()]])))
        return await wire.closed()
    return tell


def _begins_with(number: int, *fields: Any) -> Callable[[Stage], Awaitable[str]]:
    async def tell(stage: Stage) -> str:
        wire = await stage.peer.dial()
        wire.say(number, *fields)
        return await wire.closed()
    return tell


async def _claims_a_partner(stage: Stage) -> str:
    """The name and the lineage of an organisation that the node knows, under another key."""
    partner = Peer(Identity("globex.test", stage.peer.identity.key, b""), stage.node)
    wire = await stage.peer.greet(domain=partner.identity.domain, lineage=stage.partner)
    return await wire.closed()


async def _shows_another_key(stage: Stage) -> str:
    """The key of its certificate is not that of its zone."""
    peer = Peer(Identity.of(OTHER, 99), stage.node)
    wire = await peer.greet(lineage=stage.other.identity.lineage)
    return await wire.closed()


async def _repeats_hello(stage: Stage) -> str:
    session = await stage.peer.link()
    session.say(HELLO, stage.peer.hello())
    return await session.closed()


async def _says_hello_twice_at_once(stage: Stage) -> str:
    """Both hellos are there before the first is judged."""
    wire = await stage.peer.dial()
    frame = cbor.encode([HELLO, [stage.peer.hello()]])
    framed = len(frame).to_bytes(4, "big") + frame
    wire.pour(transport.LINK, framed + framed)
    return await wire.closed()


async def _says_nothing(stage: Stage) -> str:
    """A connection without a hello."""
    wire = await stage.peer.dial()
    return await wire.closed()


def _handshake(change: Callable[[QuicConfiguration], None]) -> Callable[[Stage], Awaitable[str]]:
    """A handshake that the node must not finish."""
    async def tell(stage: Stage) -> str:
        config = transport.configuration(stage.peer.identity)
        change(config)
        wire = await transport.dial(stage.node.address, config)
        return await wire.closed()
    return tell


def _without_certificate(config: QuicConfiguration) -> None:
    config.certificate = config.private_key = None


def _with_a_p256_certificate(config: QuicConfiguration) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(now)
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    config.certificate, config.private_key = builder.sign(key, hashes.SHA256()), key


def _with_anothers_certificate(config: QuicConfiguration) -> None:
    """A certificate to which it has no key."""
    config.certificate = Identity.of("globex.test", 1).certificate()


def _of_another_protocol(config: QuicConfiguration) -> None:
    config.alpn_protocols = ["h3"]
    config.verify_mode = ssl.CERT_NONE


_FIELDS = [
    Lie("another's name with its own lineage", _says(domain="globex.test"),
        "domain_key_changed", IDENTITY),
    Lie("another's name and lineage", _claims_a_partner, _MISMATCH, IDENTITY),
    Lie("another's lineage under its own name", _says(lineage=bytes(32)),
        "domain_key_changed", IDENTITY),
    Lie("a stranger's lineage that its zone does not introduce",
        _says(OTHER, lineage=b"\7" * 32), _MISMATCH, IDENTITY, of=OTHER),
    Lie("a stranger's key that its zone does not introduce", _shows_another_key, _MISMATCH,
        IDENTITY, of=OTHER),
    Lie("a domain that publishes nothing", _says(domain="nowhere.test"),
        "domain_not_found", IDENTITY),
    Lie("the node's own name", _says(domain="acme.test"), _MISMATCH, BAD_HELLO),
    Lie("a name in upper case", _says(domain="LIAR.test"), _MISMATCH, BAD_HELLO),
    Lie("a name of one label", _says(domain="liar"), _MISMATCH, BAD_HELLO),
    Lie("a name with a final dot", _says(domain="liar.test."), _MISMATCH, BAD_HELLO),
    Lie("an address for a name", _says(domain="10.77.0.14"), _MISMATCH, BAD_HELLO),
    Lie("an empty name", _says(domain=""), _MISMATCH, BAD_HELLO),
    Lie("a name of 100,000 bytes", _says(domain="a" * 100_000), _MISMATCH, BAD_HELLO),
    Lie("a name that is bytes", _says(domain=b"liar.test"), _MALFORMED, BAD_HELLO),
    Lie("meant for somebody else", _says(to="globex.test"), _MISMATCH, BAD_HELLO),
    Lie("meant for nobody", _says(to=""), _MISMATCH, BAD_HELLO),
    Lie("a lineage of 31 bytes", _says(lineage=bytes(31)), _MALFORMED, BAD_HELLO),
    Lie("a lineage of 33 bytes", _says(lineage=bytes(33)), _MALFORMED, BAD_HELLO),
    Lie("a run that is a text", _says(run="1"), _MALFORMED, BAD_HELLO),
    Lie("no run", _says(run=None), _MALFORMED, BAD_HELLO),
    Lie("no versions", _says(versions=[]), "version_unsupported", BAD_HELLO),
    Lie("a version that nobody speaks", _says(versions=[2]), "version_unsupported", BAD_HELLO),
    Lie("65 versions", _says(versions=[1] * 65), "version_unsupported", BAD_HELLO),
    Lie("a version beyond 16 bits", _says(versions=[65_536]), _MALFORMED, BAD_HELLO),
    Lie("versions that are a number", _says(versions=1), _MALFORMED, BAD_HELLO),
    Lie("a field too many", _says(more=1), _MALFORMED, BAD_HELLO),
]

_FORMS = [
    Lie("keys out of order", _says_bytes(lambda data: data.replace(b"\x03\x1b", b"\x09\x1b", 1)),
        _MALFORMED, BAD_HELLO),
    Lie("a byte after its end", _says_bytes(lambda data: data + b"\0"), _MALFORMED, BAD_HELLO),
    Lie("cut off", _says_bytes(lambda data: data[:-1]), _MALFORMED, BAD_HELLO),
    Lie("a subscription before it", _begins_with(RESUME), _UNEXPECTED, BAD_HELLO),
    Lie("a batch before it", _begins_with(BATCH, [[], [], b"1"]), _UNEXPECTED,
        BAD_HELLO),
    Lie("none at all", _says_nothing, "peer_too_slow", SILENT),
]

_LINKED = [
    Lie("twice on a link", _repeats_hello, _UNEXPECTED),
    Lie("twice at once", _says_hello_twice_at_once, _UNEXPECTED),
]

_HANDSHAKES = [
    Lie("without a certificate", _handshake(_without_certificate), _CERTIFICATE_REQUIRED,
        HANDSHAKE),
    Lie("with a certificate of another kind", _handshake(_with_a_p256_certificate),
        _CERTIFICATE_REQUIRED, HANDSHAKE),
    Lie("with somebody else's certificate", _handshake(_with_anothers_certificate),
        _DECRYPT_ERROR, HANDSHAKE),
    Lie("for another protocol", _handshake(_of_another_protocol), _NO_ALPN, HANDSHAKE),
]

AT_ONCE = {"hello": [*_FIELDS, *_FORMS], "handshake": _HANDSHAKES}
"""No link comes of these, so that they may be told beside each other."""
TABLE = {"hello": _LINKED}
