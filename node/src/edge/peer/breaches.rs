//! What is to be counted at the end of a link: what the peer broke below its frames, for which the
//! transport ended it; and why it was never known who the peer is.

use comity_federation::{CloseReason, Link, LinkError};
use comity_protocol::code::Code;

use super::Context;
use super::conduct::Wrong;
use super::end::LinkEnd;
use super::strangers::{Sighting, Strange};
use crate::clock;

impl Context {
    /// A link is over, by a code that one end gave or by an error.
    pub(super) fn part(&self, end: &LinkEnd, link: &Link, ended: Result<Code, &LinkError>) {
        if end.is_proven() {
            if let Some(wrong) = ended.err().and_then(breach) {
                end.note(wrong, None);
            }
            return;
        }
        // Of whom we dial `comity peers` says what went wrong.
        let strange = strange(ended, end.peer().is_some()).filter(|_| !link.dialled());
        if let Some((strange, code)) = strange {
            let last = Sighting {
                unix_ms: clock::unix_ms(),
                addr: Some(link.remote_addr().ip()),
                domain: end.peer().cloned(),
                code,
            };
            self.strangers.note(strange, 1, last, clock::monotonic_ms());
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

/// Why it was never known who the peer of a link is, where that is its own fault; `is_named` where
/// it has said who it is.
fn strange(ended: Result<Code, &LinkError>, is_named: bool) -> Option<(Strange, Option<Code>)> {
    let code = match ended {
        Ok(code) => code,
        Err(LinkError::Closed(CloseReason::Transport)) => return Some((Strange::Hello, None)),
        Err(error) => error.code()?,
    };
    let strange = match code {
        // Whom the admin does not let in, and what has nothing to do with who it is.
        Code::DomainRefused
        | Code::DomainWaits
        | Code::Internal
        | Code::LinkReplaced
        | Code::Overloaded
        | Code::ShuttingDown
        | Code::StorageFailed => return None,
        Code::PeerTooSlow if !is_named => Strange::Silent,
        Code::FrameMalformed | Code::FrameUnexpected => Strange::Hello,
        _ if is_named => Strange::Identity,
        _ => Strange::Hello,
    };
    Some((strange, Some(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nobody_is_known_is_one_of_few_kinds() {
        let by_code = |code, is_named| strange(Ok(code), is_named).map(|(strange, _)| strange);
        assert_eq!(by_code(Code::PeerTooSlow, false), Some(Strange::Silent));
        assert_eq!(by_code(Code::PeerTooSlow, true), Some(Strange::Identity));
        assert_eq!(by_code(Code::PeerNameMismatch, false), Some(Strange::Hello));
        assert_eq!(by_code(Code::PeerNameMismatch, true), Some(Strange::Identity));
        assert_eq!(by_code(Code::DomainNotFound, true), Some(Strange::Identity));
        assert_eq!(by_code(Code::DomainWaits, true), None, "the admin is asked");
        assert_eq!(by_code(Code::ShuttingDown, false), None);
        let gone = LinkError::Closed(CloseReason::Peer(None));
        assert_eq!(strange(Err(&gone), false), None, "it looked whether we are there");
        let broken = Some((Strange::Hello, Some(Code::FrameUnexpected)));
        assert_eq!(strange(Err(&LinkError::FrameUnexpected), false), broken);
    }
}
