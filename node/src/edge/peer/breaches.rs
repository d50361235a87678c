//! What a peer breaks below its frames: its streams, their lengths, QUIC itself. The transport ends
//! the link for it; here it is counted.

use comity_federation::{CloseReason, LinkError};

use super::conduct::Wrong;
use super::end::LinkEnd;

impl LinkEnd {
    /// The link has failed; where the peer broke a rule, that is counted.
    pub(super) fn note_broken(&self, error: &LinkError) {
        if let Some(wrong) = breach(error).filter(|_| self.is_proven()) {
            self.note(wrong, None);
        }
    }
}

/// What a peer did wrong where a link failed; most that fail do for another reason.
fn breach(error: &LinkError) -> Option<Wrong> {
    match error {
        LinkError::Closed(CloseReason::Transport) => Some(Wrong::Transport),
        error => error.code().map(Wrong::Fault),
    }
}
