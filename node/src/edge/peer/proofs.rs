//! Our own checkpoints: proofs of heads, signed when a link needs them and shared by all links.
//! They are not state: they are made from it after the sync, and again at will.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

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
    key: RwLock<Arc<NodeKey>>,
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
        Self { domain, lineage, key: RwLock::new(key), blinds, kept: Mutex::default() }
    }

    /// Proves an older head of a log of ours, which nobody else will ask for soon.
    pub(super) fn prove_once(&self, head: Head) -> Option<HeadProof> {
        self.prove_all_once(&[head]).pop()
    }

    /// The same of many, under one signature.
    pub(super) fn prove_all_once(&self, heads: &[Head]) -> Vec<HeadProof> {
        let blinds: Vec<[u8; 16]> = heads.iter().map(|_| (self.blinds)()).collect();
        let key = self.key();
        let sign = |message: &[u8]| key.sign(message);
        match heads.is_empty() {
            true => Vec::new(),
            false => {
                let domain = self.domain.as_str();
                prove(heads, &blinds, domain, self.lineage, &key.public(), sign)
            }
        }
    }

    /// Goes on under another key: all that was proven is proven anew when it is needed.
    pub(super) fn change_key(&self, key: Arc<NodeKey>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        kept.clear();
    }

    fn key(&self) -> Arc<NodeKey> {
        Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Proves heads of our logs, in their order, with at most one new signature.
    pub(super) fn prove(&self, heads: &[Head]) -> Vec<HeadProof> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |head: &Head, proof: &HeadProof| {
            proof.seq == head.seq && proof.hash == head.hash && proof.time == head.time
        };
        let known: Vec<Option<HeadProof>> = heads
            .iter()
            .map(|head| kept.get(&head.log).filter(|proof| fits(head, proof)).cloned())
            .collect();
        let is_new = |(head, known): (&Head, &Option<HeadProof>)| known.is_none().then_some(*head);
        let new: Vec<Head> = heads.iter().zip(&known).filter_map(is_new).collect();
        let mut made = Vec::new();
        if !new.is_empty() {
            if kept.len() + new.len() > KEPT_MAX {
                kept.clear();
            }
            let blinds: Vec<[u8; 16]> = new.iter().map(|_| (self.blinds)()).collect();
            let key = self.key();
            let sign = |message: &[u8]| key.sign(message);
            let public = key.public();
            made = prove(&new, &blinds, self.domain.as_str(), self.lineage, &public, sign);
            kept.extend(new.iter().map(|head| head.log).zip(made.iter().cloned()));
        }
        // Not looked up once more: a log may have two heads here, of which one is kept.
        let mut made = made.into_iter();
        known.into_iter().filter_map(|known| known.or_else(|| made.next())).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use comity_protocol::clock::HybridTime;
    use comity_protocol::hash::Hash;
    use comity_protocol::id::{ChannelId, LogName};

    /// Pins: of a log with two ranges in a batch, as a member has who was out in between, only one
    /// head was proven, and the proofs of all later ranges were taken for their neighbours'.
    #[test]
    fn a_log_may_have_two_heads_at_once() {
        let key = NodeKey::from_seed(&[1; 32]);
        let (public, lineage) = (key.public(), LineageId([2; 32]));
        let domain = "acme.test".parse().unwrap();
        let proofs = Proofs::new(domain, lineage, Arc::new(key), Box::new(|| [3; 16]));
        let head = |channel, seq: u8| {
            let name = LogName::Control { home: lineage, term: 1 };
            let log = LogId { channel: ChannelId([channel; 32]), name };
            Head { log, seq: seq.into(), hash: Hash([seq; 32]), time: HybridTime(seq.into()) }
        };
        let heads = [head(1, 16), head(1, 18), head(2, 5)];
        for _ in 0..2 {
            let proven = proofs.prove(&heads);
            assert_eq!(proven.len(), heads.len());
            for (head, proof) in heads.iter().zip(proven) {
                assert_eq!(proof.verify(head.log, &lineage, &public), Ok(*head));
            }
        }
    }
}
