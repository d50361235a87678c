//! Each way in which a peer can be wrong, and the code that it is told.

use comity_protocol::code::Code;

/// What a peer did wrong; each ends the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It makes us answer and does not read the answers.
    AnswersUnread,
    /// It asks for more history than it may at a time.
    AsksTooMany,
    /// It acknowledges a cursor that it was not sent, or an older one than before.
    CursorUnknown,
    /// A checkpoint is not its origin's, or its signature is not.
    CheckpointForged,
    /// A checkpoint is of a version that this node does not know.
    CheckpointVersion,
    /// What should prove that a log has two histories does not.
    ForkUnproven,
    /// A frame is not in its one encoding, or holds what no honest peer sends.
    FrameMalformed,
    /// A frame came in a state in which it may not.
    FrameUnexpected,
    /// A head is not in its checkpoint's tree.
    HeadForged,
    /// The link was not up in time.
    HelloLate,
    /// Its hello names a domain that is none, or another than the one dialled.
    HelloMisnamed,
    /// Its hello is for another domain than ours.
    HelloMisdirected,
    /// Its hello names ourselves.
    HelloOwn,
    /// More look-ups than may be open.
    LookupsTooMany,
    /// It acknowledged nothing for too long.
    Unacknowledged,
    /// Its vector has more parts than it may.
    VectorTooLong,
    /// It speaks no version that we do.
    VersionUnknown,
    /// It sent more than may be on its way.
    WindowExceeded,
}

impl Fault {
    /// What the peer is told.
    pub const fn code(self) -> Code {
        match self {
            Self::CursorUnknown => Code::CursorInvalid,
            Self::CheckpointForged => Code::CheckpointForged,
            Self::CheckpointVersion | Self::VersionUnknown => Code::VersionUnsupported,
            Self::ForkUnproven => Code::ForkUnproven,
            Self::FrameMalformed => Code::FrameMalformed,
            Self::FrameUnexpected => Code::FrameUnexpected,
            Self::HeadForged => Code::HeadForged,
            Self::HelloMisnamed | Self::HelloMisdirected | Self::HelloOwn => Code::PeerNameMismatch,
            Self::AsksTooMany | Self::LookupsTooMany => Code::RateLimited,
            Self::VectorTooLong => Code::TooLarge,
            Self::AnswersUnread | Self::HelloLate | Self::Unacknowledged | Self::WindowExceeded => {
                Code::PeerTooSlow
            }
        }
    }

    /// Whether somebody broke the rules, which an admin should know, and was not merely slow or of
    /// another version.
    pub const fn is_misconduct(self) -> bool {
        !matches!(
            self,
            Self::CheckpointVersion | Self::HelloLate | Self::Unacknowledged | Self::VersionUnknown
        )
    }
}
