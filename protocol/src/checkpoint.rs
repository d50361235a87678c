//! Checkpoints: one signature over many heads (`docs/protocol/` section 5), as COSE_Sign1 (RFC 9052
//! section 4.2) with a domain-separation string as external data. The only thing a node signs about
//! messages.

use minicbor::{Decode, Encode};

use crate::cbor;
use crate::cose::Sign1;
use crate::hash::Hash;
use crate::id::LineageId;
use crate::key::{KeyId, NodePublicKey};
use crate::limits::CHECKPOINT_BYTES_MAX;

/// Domain separation of checkpoint signatures.
pub const CHECKPOINT_CONTEXT: &[u8] = b"comity checkpoint v1";

/// Version of the checkpoint format.
pub const CHECKPOINT_VERSION: u64 = 1;

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    /// The origin's domain, for people; the lineage counts.
    #[n(0)]
    pub domain: String,
    /// The origin.
    #[n(1)]
    pub lineage: LineageId,
    /// Which of its keys signed.
    #[n(2)]
    pub key: KeyId,
    /// [`CHECKPOINT_VERSION`].
    #[n(3)]
    pub version: u64,
    /// Leaves in the tree.
    #[n(4)]
    pub size: u64,
    /// The tree's root.
    #[n(5)]
    pub root: Hash,
}

/// Why a checkpoint is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointError {
    /// The bytes are no checkpoint.
    Malformed,
    /// It names another key than the one it is judged by.
    OtherKey,
    /// It names another lineage than the one expected.
    OtherOrigin,
    /// The signature does not verify.
    Signature,
    /// A version that this node does not know.
    Version,
}

impl Checkpoint {
    /// Signs and encodes; `sign` gets the bytes to be signed.
    pub fn seal(&self, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Vec<u8> {
        Sign1::seal(CHECKPOINT_CONTEXT, cbor::encode(self), sign)
    }

    /// What the bytes claim, unverified: for choosing the key.
    pub fn claim(bytes: &[u8]) -> Result<Self, CheckpointError> {
        parse(bytes).map(|(checkpoint, _)| checkpoint)
    }

    /// Verifies the bytes under one key of one lineage.
    pub fn open(
        bytes: &[u8],
        lineage: &LineageId,
        key: &NodePublicKey,
    ) -> Result<Self, CheckpointError> {
        let (checkpoint, sign1) = parse(bytes)?;
        if checkpoint.version != CHECKPOINT_VERSION {
            return Err(CheckpointError::Version);
        }
        if checkpoint.lineage != *lineage {
            return Err(CheckpointError::OtherOrigin);
        }
        if checkpoint.key != key.id() {
            return Err(CheckpointError::OtherKey);
        }
        let signature = sign1.signature().ok_or(CheckpointError::Malformed)?;
        if key.verifies(&sign1.to_be_signed(CHECKPOINT_CONTEXT), signature) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Signature)
        }
    }
}

fn parse(bytes: &[u8]) -> Result<(Checkpoint, Sign1), CheckpointError> {
    let malformed = |_| CheckpointError::Malformed;
    let sign1 = Sign1::decode(bytes, CHECKPOINT_BYTES_MAX).map_err(malformed)?;
    let checkpoint = cbor::decode(sign1.payload(), CHECKPOINT_BYTES_MAX).map_err(malformed)?;
    Ok((checkpoint, sign1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coset::{CborSerializable, CoseSign1, iana};
    use ed25519_dalek::{Signer, SigningKey};

    fn sample() -> (Checkpoint, SigningKey, NodePublicKey) {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = NodePublicKey::from_bytes(secret.verifying_key().as_bytes()).unwrap();
        let checkpoint = Checkpoint {
            domain: "acme.example".into(),
            lineage: LineageId([1; 32]),
            key: key.id(),
            version: CHECKPOINT_VERSION,
            size: 3,
            root: Hash([2; 32]),
        };
        (checkpoint, secret, key)
    }

    #[test]
    fn another_cose_implementation_verifies_it() {
        let (checkpoint, secret, key) = sample();
        let bytes = checkpoint.seal(|m| secret.sign(m).to_bytes());
        let sign1 = CoseSign1::from_slice(&bytes).unwrap();
        assert_eq!(
            sign1.protected.header.alg,
            Some(coset::Algorithm::Assigned(iana::Algorithm::EdDSA))
        );
        sign1
            .verify_signature(CHECKPOINT_CONTEXT, |signature, message| {
                let signature: [u8; 64] = signature.try_into().unwrap();
                key.verifies(message, &signature).then_some(()).ok_or(())
            })
            .unwrap();
    }

    #[test]
    fn a_forged_checkpoint_is_named() {
        let (checkpoint, secret, key) = sample();
        let bytes = checkpoint.seal(|m| secret.sign(m).to_bytes());
        let open = |bytes: &[u8]| Checkpoint::open(bytes, &LineageId([1; 32]), &key);
        assert_eq!(open(&bytes), Ok(checkpoint.clone()));
        let mut forged = bytes.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(open(&forged), Err(CheckpointError::Signature));
        let other = LineageId([9; 32]);
        assert_eq!(Checkpoint::open(&bytes, &other, &key), Err(CheckpointError::OtherOrigin));
        let wrong = SigningKey::from_bytes(&[8; 32]);
        let wrong = NodePublicKey::from_bytes(wrong.verifying_key().as_bytes()).unwrap();
        let found = Checkpoint::open(&bytes, &LineageId([1; 32]), &wrong);
        assert_eq!(found, Err(CheckpointError::OtherKey));
        assert_eq!(open(&bytes[..bytes.len() - 1]), Err(CheckpointError::Malformed));
        // Signed without our context string: a signature made for another purpose.
        let alien = checkpoint.seal(|m| secret.sign(&m[..m.len() - 1]).to_bytes());
        assert_eq!(open(&alien), Err(CheckpointError::Signature));
    }
}
