//! What all links of a node share and that waits for nothing: the state, the feed's hub, proofs of
//! our heads, and how far each peer has come. The drivers and the simulator stand on it alike; it
//! opens no connection and proposes no command.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use comity_identity::NodeKey;
use comity_machine::ChannelNo;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;

use super::filling::Filling;
use super::forks::Forks;
use super::proofs::{Blinds, Proofs};
use crate::feed::Hub;
use crate::writer::Shared;

/// What all links of a node share.
pub struct Exchange {
    pub(super) domain: ServerName,
    pub(super) lineage: LineageId,
    pub(super) start: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) hub: Hub,
    pub(super) proofs: Proofs,
    pub(super) progress: Progress,
    pub(super) acknowledged: Arc<Acknowledged>,
    pub(super) forks: Forks,
    /// Fetches history that is lacking.
    pub filling: Filling,
}

impl Exchange {
    /// For the run that the state's last start began. `blinds` draws what hides the other leaves of
    /// a checkpoint's tree.
    pub fn new(
        domain: ServerName,
        lineage: LineageId,
        key: Arc<NodeKey>,
        (shared, hub): (Arc<Shared>, Hub),
        blinds: Blinds,
    ) -> Self {
        let start = {
            let state = shared.state();
            let starts = state.identity.as_ref().map(|identity| identity.starts.as_slice());
            starts.and_then(<[_]>::last).map_or(0, |start| start.start)
        };
        let acknowledged = Arc::<Acknowledged>::default();
        let progress =
            Progress { shared: Arc::clone(&shared), acknowledged: Arc::clone(&acknowledged) };
        let proofs = Proofs::new(domain.clone(), lineage, key, blinds);
        let filling = Filling::new(Arc::clone(&shared), hub.clone());
        let forks = Forks::default();
        Self { domain, lineage, start, shared, hub, proofs, progress, acknowledged, forks, filling }
    }

    /// Whether who claims a domain and a lineage shows the key that we know it by. `None` where the
    /// organisation is not known yet.
    pub fn recognises(
        &self,
        domain: &ServerName,
        lineage: LineageId,
        key: NodePublicKey,
    ) -> Option<Result<(), Code>> {
        let state = self.shared.state();
        let known = *state.peer_domains.get(domain.as_str())?;
        let known_key = state.peers.get(&known).map(|peer| peer.key);
        Some(if known != lineage {
            Err(Code::DomainKeyChanged)
        } else if known_key == Some(key) {
            Ok(())
        } else {
            Err(Code::PeerNameMismatch)
        })
    }

    /// The domain of an organisation that we know, or that shares a group with us.
    pub fn domain_of(&self, lineage: &LineageId) -> Option<ServerName> {
        let state = self.shared.state();
        let of_groups = || {
            let mut groups = state.channels.values().filter_map(|channel| channel.group());
            groups.find_map(|g| g.state.organisations.get(lineage).map(|o| o.domain.clone()))
        };
        let known = state.peers.get(lineage).map(|peer| peer.domain.clone());
        known.or_else(of_groups)?.parse().ok()
    }
}

/// How far each peer has applied our feed.
#[derive(Default)]
pub(super) struct Acknowledged(Mutex<HashMap<LineageId, Pos>>);

impl Acknowledged {
    pub(super) fn raise(&self, peer: LineageId, pos: Pos) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reached = known.entry(peer).or_default();
        *reached = pos.max(*reached);
    }

    pub(super) fn of(&self, peer: &LineageId) -> Pos {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(peer).copied().unwrap_or_default()
    }
}

/// How far messages of ours have come. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    shared: Arc<Shared>,
    acknowledged: Arc<Acknowledged>,
}

impl Progress {
    /// Organisations of a channel that have applied our feed up to a pos, our own included, and all
    /// of them.
    pub(in crate::edge) fn reached(&self, channel: ChannelNo, pos: Pos) -> (u32, u32) {
        let state = self.shared.state();
        let Some(known) = state.channels.get(&channel) else { return (1, 1) };
        let reached = known.sharing_peers().filter(|peer| self.acknowledged.of(peer) >= pos);
        (1 + u32::try_from(reached.count()).unwrap_or(u32::MAX - 1), known.organisations())
    }
}
