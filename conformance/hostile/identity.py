"""An organisation's keys: its lineage, its records in DNS, its certificate, and what it signs
(`docs/protocol/` sections 5.2, 5.3, 8.1 and 8.2). It must not know frames or logs."""

from __future__ import annotations

import base64
import datetime
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

import paths  # noqa: F401  # makes the next two importable
import cbor
from check import CHECKPOINT_CONTEXT, PROTECTED, digest, var

_KEY_NAME = "2026a"
_CERTIFICATE_DAYS = 3_650


@dataclass(frozen=True)
class Identity:
    """A domain with the keys that stand for it."""

    domain: str
    key: Ed25519PrivateKey
    recovery: bytes

    @staticmethod
    def of(domain: str, seed: int) -> Identity:
        """An organisation whose keys come from a small number, the same in every run."""
        key = Ed25519PrivateKey.from_private_bytes(_secret(seed))
        recovery = Ed25519PrivateKey.from_private_bytes(_secret(seed + 128))
        return Identity(domain, key, digest("rcvry", public_bytes(recovery.public_key())))

    @property
    def public(self) -> bytes:
        """The node key."""
        return public_bytes(self.key.public_key())

    @property
    def lineage(self) -> bytes:
        """What stands for the organisation in everything hashed."""
        return digest("lnage", var(self.domain.encode()), self.public, self.recovery)

    def organisation(self) -> list[Any]:
        """As a genesis or a join names it."""
        return [self.domain, self.public, self.recovery, []]

    def records(self, host: str, address: str, port: int) -> list[str]:
        """The lines of its zone."""
        key, recovery = (base64.b64encode(data).decode() for data in (self.public, self.recovery))
        introduction = f"v=comity1; k=ed25519; id={_KEY_NAME}; p={key}; r={recovery}"
        return [
            f"_comity._udp.{self.domain}. SRV 10 5 {port} {host}.",
            f'_comity.{self.domain}. TXT "{introduction}"',
            f"{host}. A {address}",
        ]

    def certificate(self) -> x509.Certificate:
        """One that it has signed itself; nothing in it means anything but the key."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=_CERTIFICATE_DAYS))
        )
        return builder.sign(self.key, None)

    def checkpoint(self, count: int, over: bytes, **changes: Any) -> bytes:
        """A signature over a tree of heads; `changes` make it state something else."""
        said = {
            "domain": self.domain, "lineage": self.lineage, "key": self.public[:8], "version": 1,
            "leaves": count, "root": over, **changes,
        }
        payload = cbor.encode(dict(enumerate(said.values())))
        message = cbor.encode(["Signature1", PROTECTED, CHECKPOINT_CONTEXT, payload])
        return cbor.encode([PROTECTED, {}, payload, self.key.sign(message)])


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """A public key's 32 bytes."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _secret(seed: int) -> bytes:
    """A seed of a key. One of a repeated byte is everybody's, and refused."""
    return bytes([seed ^ 0xff]) + bytes([seed]) * 31
