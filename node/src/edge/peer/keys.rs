//! By whose key what a peer shows must be proven; the state knows. It must not verify anything.

use comity_protocol::frame::Range;
use comity_protocol::id::{LineageId, LogId};
use comity_protocol::key::NodePublicKey;
use comity_replica::Keys;

use super::serving::writer_of;
use crate::writer::Shared;

/// The keys by which what a peer shows is proven.
pub(super) struct PeerKeys<'a> {
    pub(super) shared: &'a Shared,
    /// The peer, once it is known.
    pub(super) peer: Option<LineageId>,
}

impl Keys for PeerKeys<'_> {
    fn origin_key(&self, range: &Range) -> Option<(LineageId, NodePublicKey)> {
        self.shared.state().origin_key(self.peer?, range)
    }

    fn log_key(&self, log: &LogId) -> Option<(LineageId, NodePublicKey)> {
        let state = self.shared.state();
        let own = || Some((state.lineage(), state.identity.as_ref()?.key));
        let is_ours = writer_of(&log.name) == state.lineage();
        state.log_key(log).or_else(|| own().filter(|_| is_ours))
    }
}
