//! Public node keys and signatures (Ed25519, RFC 8032). Verification is strict and single: a batch
//! accepts signatures that strict verification refuses, and nodes must agree.

use std::fmt;

use ed25519_dalek::{Signature as DalekSignature, VerifyingKey};
use minicbor::{Decode, Encode};

use crate::hash::{Hash, Hasher, tag};
use crate::id::LineageId;
use crate::name::ServerName;

/// The public key of a node: a valid, canonical point that is not of small order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NodePublicKey(VerifyingKey);

/// The bytes are no usable Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these 32 bytes are not a usable Ed25519 public key")
    }
}

impl std::error::Error for KeyError {}

impl NodePublicKey {
    /// Checks and takes the key's bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError)?;
        if key.is_weak() || key.as_bytes() != bytes { Err(KeyError) } else { Ok(Self(key)) }
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The short name of the key in checkpoints: the first 8 bytes of its hash would tell no more
    /// than these.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0.as_bytes()[..8]);
        KeyId(id)
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &DalekSignature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for NodePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodePublicKey({})", data_encoding::BASE64.encode(&self.0.as_bytes()[..]))
    }
}

impl<C> Encode<C> for NodePublicKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for NodePublicKey {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let bytes: &[u8; 32] = d
            .bytes()?
            .try_into()
            .map_err(|_| minicbor::decode::Error::message("a key has 32 bytes"))?;
        Self::from_bytes(bytes).map_err(|_| minicbor::decode::Error::message("not a usable key"))
    }
}

/// The name of a node key within its lineage: the first 8 bytes of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct KeyId(#[cbor(with = "minicbor::bytes")] pub [u8; 8]);

/// What DNS and lineages show of a recovery key.
pub fn recovery_hash(recovery_key: &NodePublicKey) -> Hash {
    Hasher::new(tag::RECOVERY_KEY).fixed(recovery_key.as_bytes()).finish()
}

/// The lineage of an organisation: its domain, first node key and the hash of its recovery key.
pub fn lineage_id(domain: &ServerName, first_key: &NodePublicKey, recovery: &Hash) -> LineageId {
    let hash = Hasher::new(tag::LINEAGE)
        .var(domain.as_str().as_bytes())
        .fixed(first_key.as_bytes())
        .fixed(&recovery.0)
        .finish();
    LineageId(hash.0)
}
