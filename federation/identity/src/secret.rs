//! The two secrets of an organisation. They sign, and tell their public halves; they are never
//! printed, and wiped when dropped.

use std::fmt;

use comity_protocol::hash::{Hash, Hasher, Tag};
use comity_protocol::key::{NodePublicKey, recovery_hash};
use ed25519_dalek::{Signer, SigningKey};
use zeroize::Zeroizing;

/// Bytes of the seed from which a key is made.
pub const SEED_BYTES: usize = 32;

/// What a node derives from its key for its own use (never shown to a peer as such).
const DERIVE: Tag = Tag(*b"comity.derive.v1");

/// The secret key by which a node proves itself on links and signs checkpoints.
pub struct NodeKey(Secret);

/// The secret key that an organisation keeps offline, to continue its lineage when the node key is
/// lost.
pub struct RecoveryKey(Secret);

impl NodeKey {
    /// The key of a seed, which has to come from a secure source of randomness.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        Self(Secret::from_seed(seed))
    }

    /// The public half.
    pub fn public(&self) -> NodePublicKey {
        self.0.public
    }

    /// Signs. The caller separates domains: every kind of message has its own context string.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.signing.sign(message).to_bytes()
    }

    /// Bytes that only this key's holder can know, the same after a restart; one value for each
    /// purpose.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let hash = Hasher::new(DERIVE).fixed(self.0.signing.as_bytes()).var(purpose.as_bytes());
        Zeroizing::new(hash.finish().0)
    }

    pub(crate) fn seed(&self) -> Zeroizing<[u8; SEED_BYTES]> {
        self.0.seed()
    }
}

impl RecoveryKey {
    /// The key of a seed, which has to come from a secure source of randomness.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        Self(Secret::from_seed(seed))
    }

    /// The public half; it is shown only when the key is used.
    pub fn public(&self) -> NodePublicKey {
        self.0.public
    }

    /// What DNS and the lineage show of it.
    pub fn hash(&self) -> Hash {
        recovery_hash(&self.0.public)
    }

    /// Signs a change of the node key.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.signing.sign(message).to_bytes()
    }

    pub(crate) fn seed(&self) -> Zeroizing<[u8; SEED_BYTES]> {
        self.0.seed()
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeKey").field("public", &self.0.public).finish_non_exhaustive()
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryKey").field("hash", &self.hash()).finish_non_exhaustive()
    }
}

/// `SigningKey` wipes itself when dropped (ed25519-dalek's feature `zeroize`).
struct Secret {
    signing: SigningKey,
    public: NodePublicKey,
}

impl Secret {
    fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        let signing = SigningKey::from_bytes(seed);
        // A clamped scalar times the base point is canonical and never of small order.
        let public = NodePublicKey::from_bytes(signing.verifying_key().as_bytes())
            .expect("the public half of a secret key is a usable key");
        Self { signing, public }
    }

    fn seed(&self) -> Zeroizing<[u8; SEED_BYTES]> {
        Zeroizing::new(self.signing.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_rfc_8032_says() {
        // RFC 8032 section 7.1, test 2.
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = NodeKey::from_seed(&seed.try_into().unwrap());
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(key.public().as_bytes().as_slice(), public);
        let signature = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
        assert_eq!(key.sign(&[0x72]).as_slice(), signature);
        assert!(key.public().verifies(&[0x72], &signature.try_into().unwrap()));
    }

    #[test]
    fn debug_shows_no_secret() {
        let seed = [0xabu8; SEED_BYTES];
        let shown = format!("{:?} {:?}", NodeKey::from_seed(&seed), RecoveryKey::from_seed(&seed));
        assert!(!shown.contains("171") && !shown.to_lowercase().contains("abab"), "{shown}");
    }

    #[test]
    fn derived_bytes_differ_by_purpose_and_by_key() {
        let key = NodeKey::from_seed(&[1; 32]);
        assert_eq!(key.derive("a"), NodeKey::from_seed(&[1; 32]).derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(key.derive("a"), NodeKey::from_seed(&[2; 32]).derive("a"));
    }
}
