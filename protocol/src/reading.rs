//! What nodes tell each other of how far their accounts have read (`docs/protocol/` section 8.11).

use minicbor::{Decode, Encode};

use crate::id::{AccountNumber, ChannelId, MessageId};

/// How far an account of the speaker's has read a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct MarkEntry {
    /// The channel.
    #[n(0)]
    pub channel: ChannelId,
    /// Who.
    #[n(1)]
    pub account: AccountNumber,
    /// The message up to which it has read; nothing where that is not shown, or no longer.
    #[n(2)]
    pub message: Option<MessageId>,
}
