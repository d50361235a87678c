//! Heads: where a log has got to, proven by a leaf of a checkpoint (`docs/protocol/` section 5).

use minicbor::{Decode, Encode};

use crate::cbor::ByteString;
use crate::chain::named;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::clock::HybridTime;
use crate::hash::{Hash, tag};
use crate::id::{LineageId, LogId};
use crate::key::{KeyId, NodePublicKey};
use crate::merkle;

/// A claim about a log: its record `seq` has this hash and this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log.
    pub log: LogId,
    /// The record.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its time.
    pub time: HybridTime,
}

/// Where a head stands in its checkpoint's tree. The blind keeps those who see a path from guessing
/// the heads beside it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Inclusion {
    /// 16 random bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub blind: [u8; 16],
    /// The leaf's index.
    #[n(1)]
    pub index: u64,
    /// The path to the root, bottom first.
    #[n(2)]
    pub path: Vec<Hash>,
}

impl Head {
    /// The leaf's hash in a checkpoint's tree.
    pub fn leaf(&self, blind: &[u8; 16]) -> Hash {
        let data = named(&self.log, tag::EVENT_HEAD, tag::CONTROL_HEAD)
            .fixed(blind)
            .int(self.seq)
            .fixed(&self.hash.0)
            .int(self.time.0)
            .finish();
        merkle::leaf(&data.0)
    }

    /// Whether the head is in a checkpoint that was already verified.
    pub fn is_included(&self, inclusion: &Inclusion, checkpoint: &Checkpoint) -> bool {
        let leaf = self.leaf(&inclusion.blind);
        let root = merkle::root_from(leaf, inclusion.index, checkpoint.size, &inclusion.path);
        root == Some(checkpoint.root)
    }
}

/// A head with all that proves it; anybody who knows the origin's key can check it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct HeadProof {
    /// The record.
    #[n(0)]
    pub seq: u64,
    /// Its hash.
    #[n(1)]
    pub hash: Hash,
    /// Its time.
    #[n(2)]
    pub time: HybridTime,
    /// Its place in the tree.
    #[n(3)]
    pub inclusion: Inclusion,
    /// The checkpoint, as signed.
    #[n(4)]
    pub checkpoint: ByteString,
}

/// Why a head is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// The checkpoint is not taken.
    Checkpoint(CheckpointError),
    /// The head is not in the checkpoint's tree.
    NotIncluded,
}

impl HeadProof {
    /// The head that this is claimed to prove for `log`.
    pub fn head(&self, log: LogId) -> Head {
        Head { log, seq: self.seq, hash: self.hash, time: self.time }
    }

    /// The key by which it is signed, as it claims.
    pub fn key(&self) -> Option<KeyId> {
        Checkpoint::claim(&self.checkpoint).ok().map(|claim| claim.key)
    }

    /// Checks the proof under one key of the log's origin.
    pub fn verify(
        &self,
        log: LogId,
        origin: &LineageId,
        key: &NodePublicKey,
    ) -> Result<Head, HeadError> {
        let checkpoint =
            Checkpoint::open(&self.checkpoint, origin, key).map_err(HeadError::Checkpoint)?;
        let head = self.head(log);
        if head.is_included(&self.inclusion, &checkpoint) {
            Ok(head)
        } else {
            Err(HeadError::NotIncluded)
        }
    }
}

/// Signs one checkpoint over all `heads`; the proofs come in the heads' order. `blinds` gives 16
/// random bytes for each head.
pub fn prove(
    heads: &[Head],
    blinds: &[[u8; 16]],
    domain: &str,
    lineage: LineageId,
    key: &NodePublicKey,
    sign: impl FnOnce(&[u8]) -> [u8; 64],
) -> Vec<HeadProof> {
    debug_assert_eq!(heads.len(), blinds.len());
    let leaves: Vec<Hash> =
        heads.iter().zip(blinds).map(|(head, blind)| head.leaf(blind)).collect();
    let (root, paths) = merkle::tree(&leaves);
    let checkpoint = Checkpoint {
        domain: domain.to_owned(),
        lineage,
        key: key.id(),
        version: crate::checkpoint::CHECKPOINT_VERSION,
        size: leaves.len() as u64,
        root,
    };
    let sealed = checkpoint.seal(sign);
    heads
        .iter()
        .zip(blinds)
        .zip(paths)
        .enumerate()
        .map(|(index, ((head, blind), path))| HeadProof {
            seq: head.seq,
            hash: head.hash,
            time: head.time,
            inclusion: Inclusion { blind: *blind, index: index as u64, path },
            checkpoint: sealed.clone().into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ChannelId, LogName, WriterId};
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn one_signature_proves_many_heads_and_no_forged_one() {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = NodePublicKey::from_bytes(secret.verifying_key().as_bytes()).unwrap();
        let origin = LineageId([1; 32]);
        let heads: Vec<Head> = (0..5_u8)
            .map(|i| {
                let name = match i {
                    0 => LogName::Control { home: origin, term: 1 },
                    _ => LogName::Message { origin, writer: WriterId(u64::from(i)) },
                };
                Head {
                    log: LogId { channel: ChannelId([i; 32]), name },
                    seq: 9,
                    hash: Hash([i; 32]),
                    time: HybridTime(77),
                }
            })
            .collect();
        let sign = |m: &[u8]| secret.sign(m).to_bytes();
        let proofs = prove(&heads, &[[3; 16]; 5], "acme.example", origin, &key, sign);
        for (head, proof) in heads.iter().zip(&proofs) {
            assert_eq!(proof.verify(head.log, &origin, &key), Ok(*head));
            let forged = HeadProof { seq: 10, ..proof.clone() };
            assert_eq!(forged.verify(head.log, &origin, &key), Err(HeadError::NotIncluded));
        }
        // A head proven for one log says nothing of another.
        let found = proofs[1].verify(heads[2].log, &origin, &key);
        assert_eq!(found, Err(HeadError::NotIncluded));
    }
}
