//! The proof that an organisation wrote two histories of one log (`docs/protocol/` section 5.4):
//! two heads that it signed, each with the links down to the record at which they part. It carries
//! the organisation as its lineage hashes it, so that anybody can check it without asking anybody.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::cbor::{self, DecodeError};
use crate::chain::{Link, follow, link, path};
use crate::checkpoint::CheckpointError;
use crate::control::Organisation;
use crate::frame::WireLog;
use crate::hash::Hash;
use crate::head::{Head, HeadError, HeadProof};
use crate::id::LogId;
use crate::key::NodePublicKey;
use crate::limits::{FORK_PROOF_BYTES_MAX, KEY_CHANGE_BYTES_MAX, KEY_CHANGES_MAX, LINKS_MAX};

/// Two histories of one log, each signed by its origin.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ForkProof {
    /// The log's origin.
    #[n(0)]
    pub organisation: Organisation,
    /// The log.
    #[n(1)]
    pub log: WireLog,
    /// The record at which the histories part: the lowest that has two hashes.
    #[n(2)]
    pub seq: u64,
    /// One history.
    #[n(3)]
    pub one: Branch,
    /// The other.
    #[n(4)]
    pub other: Branch,
}

/// One of two histories, from a signed head down to the record at which they part.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Branch {
    /// The links of the path from the head down to that record.
    #[n(0)]
    pub links: Vec<Link>,
    /// The head.
    #[n(1)]
    pub head: HeadProof,
}

/// What a proof proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The log.
    pub log: LogId,
    /// The keys that signed them, in the proof's order.
    pub keys: [NodePublicKey; 2],
    /// The record that has two hashes.
    pub seq: u64,
    /// Both, in the proof's order.
    pub hashes: [Hash; 2],
    /// The heads that lead to them.
    pub heads: [Head; 2],
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkError {
    /// A head is not proven.
    Head(HeadError),
    /// The links of a branch do not lead from its head to the record.
    Links,
    /// The histories differ below the record too: it is not where they part.
    NotLowest,
    /// The organisation is not the log's origin, or lists changes of its key that do not hold.
    Organisation,
    /// Both branches show the same record.
    SameRecord,
}

impl fmt::Display for ForkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(HeadError::Checkpoint(CheckpointError::Signature)) => {
                "a checkpoint's signature does not verify under the organisation's key"
            }
            Self::Head(HeadError::Checkpoint(CheckpointError::OtherKey)) => {
                "a checkpoint names another key than the organisation's"
            }
            Self::Head(HeadError::Checkpoint(CheckpointError::OtherOrigin)) => {
                "a checkpoint is another organisation's"
            }
            Self::Head(HeadError::Checkpoint(CheckpointError::Malformed)) => {
                "what should be a checkpoint is none"
            }
            Self::Head(HeadError::Checkpoint(CheckpointError::Version)) => {
                "a checkpoint has a version that is not known here"
            }
            Self::Head(HeadError::NotIncluded) => "a head is not in its checkpoint",
            Self::Links => "the links of a history do not lead from its head to the record",
            Self::NotLowest => "the histories part below the record that is named",
            Self::Organisation => {
                "domain, key and recovery hash are not those of the log's organisation"
            }
            Self::SameRecord => "both histories show the same record",
        })
    }
}

impl std::error::Error for ForkError {}

impl ForkProof {
    /// Reads a proof from its one encoding. What it says is not checked yet.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        cbor::decode(bytes, FORK_PROOF_BYTES_MAX)
    }

    /// The proof's bytes.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Checks the proof by nothing but itself: the log's name contains its origin's lineage, which
    /// is the hash of the organisation shown, which contains the first key; `keys` are those that
    /// the changes it lists lead to, the first one among them, and none where they do not hold.
    pub fn verify(
        &self,
        keys: impl FnOnce(&Organisation) -> Vec<NodePublicKey>,
    ) -> Result<Fork, ForkError> {
        let log = LogId::from(self.log);
        let organisation = &self.organisation;
        let keys = keys(organisation);
        let is_origin = organisation.lineage() == Some(self.log.origin);
        if !is_origin || keys.is_empty() {
            return Err(ForkError::Organisation);
        }
        let steps = [self.one.step(&log, self.seq)?, self.other.step(&log, self.seq)?];
        let hashes = steps.map(|s| link(&log, self.seq, &s.previous, &s.skipped, &s.inner));
        if hashes[0] == hashes[1] {
            return Err(ForkError::SameRecord);
        }
        if steps[0].previous != steps[1].previous {
            return Err(ForkError::NotLowest);
        }
        let head = |branch: &Branch| {
            let named = branch.head.key();
            let key = *keys.iter().find(|key| Some(key.id()) == named).unwrap_or(&keys[0]);
            let head = branch.head.verify(log, &self.log.origin, &key).map_err(ForkError::Head)?;
            Ok((head, key))
        };
        let ((one, first), (other, second)) = (head(&self.one)?, head(&self.other)?);
        let (keys, heads) = ([first, second], [one, other]);
        Ok(Fork { log, keys, seq: self.seq, hashes, heads })
    }
}

impl Branch {
    /// The branch from a head down to a record, with the links that `step` knows; `None` where it
    /// lacks one.
    pub fn from_steps(
        head: HeadProof,
        seq: u64,
        mut step: impl FnMut(u64) -> Option<Link>,
    ) -> Option<Self> {
        let links: Option<Vec<Link>> = path(head.seq, seq).into_iter().map(&mut step).collect();
        Some(Self { links: links?, head })
    }

    /// The link of a record, where the links lead to it.
    fn step(&self, log: &LogId, seq: u64) -> Result<Link, ForkError> {
        let found = follow(log, self.head.seq, &self.head.hash, seq, &self.links);
        found.and_then(|_| self.links.last().copied()).ok_or(ForkError::Links)
    }
}

/// The longest encoding of one link in a proof, and of what stands beside the links.
const LINK_BYTES_MAX: usize = 1 + 3 * 34;
const BRANCH_REST_BYTES_MAX: usize = 64 + 34 + 32 * 34 + 32 + 1_024;
const _: () = assert!(
    2 * (LINKS_MAX * LINK_BYTES_MAX + BRANCH_REST_BYTES_MAX) + 512 + 128 + CHANGES_BYTES_MAX
        < FORK_PROOF_BYTES_MAX
);
/// The longest encoding of the changes of an organisation's key.
const CHANGES_BYTES_MAX: usize = KEY_CHANGES_MAX * (KEY_CHANGE_BYTES_MAX + 3);

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_possible_truncation)]

    use super::*;
    use crate::chain::ChainEnd;
    use crate::clock::HybridTime;
    use crate::head::prove;
    use crate::id::{ChannelId, LineageId, LogName, WriterId};
    use ed25519_dalek::{Signer, SigningKey};

    /// The key of an organisation that lists no changes.
    fn first(organisation: &Organisation) -> Vec<NodePublicKey> {
        if organisation.changes.is_empty() { vec![organisation.first_key] } else { Vec::new() }
    }

    struct Origin {
        secret: SigningKey,
        organisation: Organisation,
    }

    impl Origin {
        fn new(seed: u8) -> Self {
            let secret = SigningKey::from_bytes(&[seed; 32]);
            let first_key = NodePublicKey::from_bytes(secret.verifying_key().as_bytes()).unwrap();
            let organisation = Organisation {
                domain: "acme.example".into(),
                first_key,
                recovery: Hash([9; 32]),
                changes: Vec::new(),
            };
            Self { secret, organisation }
        }

        fn lineage(&self) -> LineageId {
            self.organisation.lineage().unwrap()
        }

        fn log(&self, channel: u8) -> LogId {
            let name = LogName::Message { origin: self.lineage(), writer: WriterId(3) };
            LogId { channel: ChannelId([channel; 32]), name }
        }

        /// A history of `count` records that takes its own way from the record `part` on.
        fn branch(&self, log: LogId, way: u8, (part, shown): (u64, u64), count: u64) -> Branch {
            let (mut end, mut steps) = (ChainEnd::default(), Vec::new());
            for seq in 1..=count {
                let (previous, skipped) = end.targets();
                let inner = Hash([if seq < part { 0 } else { way }; 32]);
                steps.push(Link { previous, skipped, inner });
                end.push(&log, &inner);
            }
            let head = Head { log, seq: count, hash: end.hash(), time: HybridTime(count) };
            let sign = |m: &[u8]| self.secret.sign(m).to_bytes();
            let organisation = &self.organisation;
            let (domain, key) = (&organisation.domain, &organisation.first_key);
            let proof = prove(&[head], &[[7; 16]], domain, self.lineage(), key, sign).remove(0);
            Branch::from_steps(proof, shown, |seq| steps.get(seq as usize - 1).copied()).unwrap()
        }

        /// Histories of 50 and 90 records that part at the record 41.
        fn proof(&self) -> ForkProof {
            let log = self.log(1);
            ForkProof {
                organisation: self.organisation.clone(),
                log: log.into(),
                seq: 41,
                one: self.branch(log, 1, (41, 41), 50),
                other: self.branch(log, 2, (41, 41), 90),
            }
        }
    }

    #[test]
    fn two_signed_histories_prove_where_they_part() {
        let proof = Origin::new(7).proof();
        let bytes = proof.encode();
        assert_eq!(ForkProof::decode(&bytes), Ok(proof.clone()));
        let fork = proof.verify(first).unwrap();
        assert_eq!((fork.log, fork.seq), (proof.log.into(), 41));
        assert_eq!(fork.heads.map(|head| head.seq), [50, 90]);
        assert_ne!(fork.hashes[0], fork.hashes[1]);
        // The order of the histories says nothing.
        let ForkProof { one, other, .. } = proof.clone();
        let swapped = ForkProof { one: other, other: one, ..proof };
        assert_eq!(swapped.verify(first).map(|fork| fork.seq), Ok(41));
    }

    #[test]
    fn what_proves_nothing_is_named() {
        let acme = Origin::new(7);
        let genuine = acme.proof();
        let log = acme.log(1);
        let check = |change: &dyn Fn(&mut ForkProof), expected: ForkError| {
            let mut proof = genuine.clone();
            change(&mut proof);
            assert_eq!(proof.verify(first).map(|fork| fork.seq), Err(expected), "{proof:?}");
        };
        let included = ForkError::Head(HeadError::NotIncluded);
        let checkpoint = |error| ForkError::Head(HeadError::Checkpoint(error));
        check(&|p| p.other = p.one.clone(), ForkError::SameRecord);
        check(&|p| p.other = acme.branch(log, 1, (41, 41), 90), ForkError::SameRecord);
        check(&|p| p.seq = 40, ForkError::Links);
        check(&|p| p.one.links[0].inner = Hash([8; 32]), ForkError::Links);
        check(&|p| p.one.links.clear(), ForkError::Links);
        check(&|p| p.other.head.hash = Hash([8; 32]), ForkError::Links);
        check(&|p| p.other.head.time = HybridTime(8), included);
        check(&|p| p.log.channel = ChannelId([2; 32]), ForkError::Links);
        check(&|p| p.log.origin = LineageId([2; 32]), ForkError::Organisation);
        check(&|p| p.organisation.domain = "globex.example".into(), ForkError::Organisation);
        check(&|p| p.organisation.changes.push(vec![1].into()), ForkError::Organisation);
        // Histories of another log, and of one that parts lower down.
        check(&|p| p.other = acme.branch(acme.log(2), 2, (41, 41), 90), ForkError::Links);
        let lower = |p: &mut ForkProof| p.other = acme.branch(log, 2, (30, 41), 90);
        check(&lower, ForkError::NotLowest);
        // Signed by somebody else in the organisation's name.
        let mut thief = Origin::new(8);
        thief.organisation = acme.organisation.clone();
        let other = thief.branch(log, 2, (41, 41), 90);
        check(&|p| p.other = other.clone(), checkpoint(CheckpointError::Signature));
        check(&|p| p.other.head.checkpoint.0.clear(), checkpoint(CheckpointError::Malformed));
    }

    #[test]
    fn the_first_record_may_be_the_one_that_differs() {
        let acme = Origin::new(7);
        let log = acme.log(1);
        let mut proof = acme.proof();
        proof.seq = 1;
        (proof.one, proof.other) =
            (acme.branch(log, 1, (1, 1), 1), acme.branch(log, 2, (1, 1), 60_000));
        assert_eq!(proof.verify(first).map(|fork| fork.seq), Ok(1));
        assert!(proof.encode().len() < FORK_PROOF_BYTES_MAX / 3);
    }
}
