//! Our own checkpoints: proofs of heads, signed when a link needs them and shared by all links.
//! They are not state: they are made from it after the sync, and again at will.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use comity_identity::NodeKey;
use comity_protocol::head::{Head, HeadProof, prove};
use comity_protocol::id::{LineageId, LogId};
use comity_protocol::name::ServerName;

/// Proofs kept for other links; beyond it all are forgotten, since they can be made again.
const KEPT_MAX: usize = 8_192;

/// Draws what hides a leaf of a checkpoint's tree from those who are shown another.
pub type Blinds = Box<dyn Fn() -> [u8; 16] + Send + Sync>;

pub(super) struct Proofs {
    domain: ServerName,
    lineage: LineageId,
    key: Arc<NodeKey>,
    blinds: Blinds,
    kept: Mutex<HashMap<LogId, HeadProof>>,
}

impl Proofs {
    pub(super) fn new(
        domain: ServerName,
        lineage: LineageId,
        key: Arc<NodeKey>,
        blinds: Blinds,
    ) -> Self {
        Self { domain, lineage, key, blinds, kept: Mutex::default() }
    }

    /// Proves heads of our logs, in their order, with at most one new signature.
    pub(super) fn prove(&self, heads: &[Head]) -> Vec<HeadProof> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |head: &Head, proof: &HeadProof| {
            proof.seq == head.seq && proof.hash == head.hash && proof.time == head.time
        };
        let known = |kept: &HashMap<LogId, HeadProof>, head: &Head| {
            kept.get(&head.log).filter(|proof| fits(head, proof)).cloned()
        };
        let new: Vec<Head> =
            heads.iter().filter(|head| known(&kept, head).is_none()).copied().collect();
        if !new.is_empty() {
            if kept.len() + new.len() > KEPT_MAX {
                kept.clear();
            }
            let blinds: Vec<[u8; 16]> = new.iter().map(|_| (self.blinds)()).collect();
            let sign = |message: &[u8]| self.key.sign(message);
            let key = self.key.public();
            let proofs = prove(&new, &blinds, self.domain.as_str(), self.lineage, &key, sign);
            kept.extend(new.iter().map(|head| head.log).zip(proofs));
        }
        heads.iter().filter_map(|head| known(&kept, head)).collect()
    }
}
