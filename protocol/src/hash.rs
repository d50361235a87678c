//! The one hash function (`docs/protocol/` section 3): SHA-256 over a 16-byte tag, then the fields
//! in order. Integers are 8 bytes big-endian, ids and hashes have their fixed length, anything of
//! variable length comes after its length in 4 bytes.

use std::fmt;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Hash(#[cbor(with = "minicbor::bytes")] pub [u8; 32]);

impl Hash {
    /// `hash(0)` of every log.
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({})", data_encoding::HEXLOWER.encode(&self.0[..4]))
    }
}

/// A domain-separation tag of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub [u8; 16]);

/// Every tag in use. A tag is never used for a second purpose; another layout gets another version.
pub mod tag {
    use super::Tag;

    /// An avatar's bytes: what it is known by.
    pub const AVATAR: Tag = Tag(*b"comity.avatr.v1\0");
    /// A body with its salt and content type.
    pub const BODY: Tag = Tag(*b"comity.bodyh.v1\0");
    /// The logs of a group that are closed.
    pub const CLOSED_LOGS: Tag = Tag(*b"comity.close.v1\0");
    /// The leaf of a control log's head in a checkpoint.
    pub const CONTROL_HEAD: Tag = Tag(*b"comity.chead.v1\0");
    /// A link of a control log.
    pub const CONTROL_LINK: Tag = Tag(*b"comity.clink.v1\0");
    /// The state of a control log, as snapshots name it.
    pub const CONTROL_STATE: Tag = Tag(*b"comity.state.v1\0");
    /// Salts and nonces that a node derives from the random bytes of one command; never on the
    /// wire.
    pub const DERIVED: Tag = Tag(*b"comity.deriv.v1\0");
    /// The id of a direct channel.
    pub const DIRECT_CHANNEL: Tag = Tag(*b"comity.dirch.v1\0");
    /// The leaf of a message log's head in a checkpoint.
    pub const EVENT_HEAD: Tag = Tag(*b"comity.ehead.v1\0");
    /// A link of a message log.
    pub const EVENT_LINK: Tag = Tag(*b"comity.elink.v1\0");
    /// A header with its body's hash.
    pub const INNER: Tag = Tag(*b"comity.inner.v1\0");
    /// A lineage.
    pub const LINEAGE: Tag = Tag(*b"comity.lnage.v1\0");
    /// The id of a link channel.
    pub const LINK_CHANNEL: Tag = Tag(*b"comity.lnkch.v1\0");
    /// A recovery key, as DNS and lineages show it.
    pub const RECOVERY_KEY: Tag = Tag(*b"comity.rcvry.v1\0");
    /// A device's or an invite's token, as a node keeps it; never on the wire.
    pub const TOKEN: Tag = Tag(*b"comity.token.v1\0");
}

/// A hash under way.
#[derive(Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// A hash under a tag.
    pub fn new(tag: Tag) -> Self {
        let mut sha = Sha256::new();
        sha.update(tag.0);
        Self(sha)
    }

    /// Adds an integer.
    #[must_use]
    pub fn int(mut self, value: u64) -> Self {
        self.0.update(value.to_be_bytes());
        self
    }

    /// Adds an id or a hash, whose length its place implies.
    #[must_use]
    pub fn fixed<const N: usize>(mut self, bytes: &[u8; N]) -> Self {
        self.0.update(bytes);
        self
    }

    /// Adds a field of variable length. Fields are bounded by `limits`, far below 4 GiB.
    #[must_use]
    pub fn var(mut self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// The hash.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}
