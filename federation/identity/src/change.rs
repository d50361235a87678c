//! A change of a node's key: which key follows which, signed by the key before or by the recovery
//! key.
//!
//! On the wire a change is COSE_Sign1 (RFC 9052) over deterministic CBOR, under its own context
//! string, so that no other signature of a node can be taken for one.

use std::fmt;

use comity_protocol::cbor;
use comity_protocol::cose::Sign1;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::KEY_CHANGE_BYTES_MAX;
use minicbor::{Decode, Encode};

use crate::secret::{NodeKey, RecoveryKey};

/// Domain separation of the signatures over key changes.
pub const KEY_CHANGE_CONTEXT: &[u8] = b"comity key change v1";
/// What a change says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyChange {
    /// The lineage that goes on.
    #[n(0)]
    pub lineage: LineageId,
    /// The place in the lineage's chain of changes, from 1; so an old change cannot be played
    /// again.
    #[n(1)]
    pub number: u64,
    /// The key before.
    #[n(2)]
    pub before: NodePublicKey,
    /// The key from now on.
    #[n(3)]
    pub after: NodePublicKey,
    /// The recovery key where it signs; of it the lineage knows only the hash.
    #[n(4)]
    pub recovery: Option<NodePublicKey>,
}

/// A change as it travels. That it is signed by whom it names is checked; that the lineage accepts
/// it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedKeyChange {
    change: KeyChange,
    bytes: Vec<u8>,
}

/// Why bytes are no signed change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// The bytes do not have the form of a change.
    Malformed,
    /// The signature is not that of the signer whom the change names.
    Signature,
}

impl KeyChange {
    /// The key that has to sign.
    fn signer(&self) -> &NodePublicKey {
        self.recovery.as_ref().unwrap_or(&self.before)
    }

    fn seal(self, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> SignedKeyChange {
        let bytes = Sign1::seal(KEY_CHANGE_CONTEXT, cbor::encode(&self), sign);
        SignedKeyChange { change: self, bytes }
    }
}

impl SignedKeyChange {
    /// Signs with the key before.
    pub fn by_key(lineage: LineageId, number: u64, before: &NodeKey, after: NodePublicKey) -> Self {
        let change = KeyChange { lineage, number, before: before.public(), after, recovery: None };
        change.seal(|message| before.sign(message))
    }

    /// Signs with the recovery key, the key before being lost.
    pub fn by_recovery(
        lineage: LineageId,
        number: u64,
        before: NodePublicKey,
        after: NodePublicKey,
        recovery: &RecoveryKey,
    ) -> Self {
        let change =
            KeyChange { lineage, number, before, after, recovery: Some(recovery.public()) };
        change.seal(|message| recovery.sign(message))
    }

    /// Reads a change and verifies its signature under the signer that it names.
    pub fn open(bytes: &[u8]) -> Result<Self, ChangeError> {
        let malformed = |_| ChangeError::Malformed;
        let sign1 = Sign1::decode(bytes, KEY_CHANGE_BYTES_MAX).map_err(malformed)?;
        let change: KeyChange =
            cbor::decode(sign1.payload(), KEY_CHANGE_BYTES_MAX).map_err(malformed)?;
        let signature = sign1.signature().ok_or(ChangeError::Malformed)?;
        if !change.signer().verifies(&sign1.to_be_signed(KEY_CHANGE_CONTEXT), signature) {
            return Err(ChangeError::Signature);
        }
        Ok(Self { change, bytes: bytes.to_vec() })
    }

    /// What it says.
    pub fn change(&self) -> &KeyChange {
        &self.change
    }

    /// The bytes that travel.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the bytes are not a signed change of a node key",
            Self::Signature => "the signature over the change of a node key does not verify",
        })
    }
}

impl std::error::Error for ChangeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_as_they_went_and_forged_ones_do_not() {
        let old = NodeKey::from_seed(&[1; 32]);
        let new = NodeKey::from_seed(&[2; 32]).public();
        let recovery = RecoveryKey::from_seed(&[3; 32]);
        let lineage = LineageId([4; 32]);
        let rotated = SignedKeyChange::by_key(lineage, 1, &old, new);
        let recovered = SignedKeyChange::by_recovery(lineage, 1, old.public(), new, &recovery);
        for signed in [rotated, recovered] {
            let bytes = signed.as_bytes().to_vec();
            assert!(bytes.len() <= KEY_CHANGE_BYTES_MAX);
            assert_eq!(SignedKeyChange::open(&bytes), Ok(signed));
            let mut forged = bytes.clone();
            *forged.last_mut().unwrap() ^= 1;
            assert_eq!(SignedKeyChange::open(&forged), Err(ChangeError::Signature));
            let cut = &bytes[..bytes.len() - 1];
            assert_eq!(SignedKeyChange::open(cut), Err(ChangeError::Malformed));
        }
    }

    #[test]
    fn a_signature_for_another_purpose_is_no_change() {
        let old = NodeKey::from_seed(&[1; 32]);
        let after = NodeKey::from_seed(&[2; 32]).public();
        let change = KeyChange {
            lineage: LineageId([4; 32]),
            number: 1,
            before: old.public(),
            after,
            recovery: None,
        };
        // The same bytes without the context string.
        let alien = change.clone().seal(|_| old.sign(&cbor::encode(&change)));
        assert_eq!(SignedKeyChange::open(alien.as_bytes()), Err(ChangeError::Signature));
    }
}
