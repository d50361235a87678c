//! What events say of other messages: edits, reactions, pins, and that a message belongs to a
//! thread (`docs/protocol/` section 3.7). It must not know what has become of the message: an event
//! may come before the one that it speaks of.

use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::MessageId;
use minicbor::{Decode, Encode};

/// What an event says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The message.
    pub message: MessageId,
    /// What.
    pub what: Remark,
}

/// What may be said of a message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Remark {
    /// Its author gives it another text: the event's body.
    #[n(0)]
    Edit,
    /// It is pinned, or is no longer.
    #[n(1)]
    Pin {
        /// Whether it is.
        #[n(0)]
        on: bool,
    },
    /// Somebody reacts to it, or no longer.
    #[n(2)]
    Reaction {
        /// How.
        #[n(0)]
        reaction: String,
        /// Whether from now on.
        #[n(1)]
        on: bool,
    },
    /// The event is a message of its thread.
    #[n(3)]
    Reply,
}

impl Annotation {
    /// What an event says of a message, where it says anything.
    pub fn of(act: &EventAct) -> Option<Self> {
        let (message, what) = match act {
            EventAct::Edit(edit) => (edit.message, Remark::Edit),
            EventAct::Message(message) => (message.thread?, Remark::Reply),
            EventAct::Pin(pin) => (pin.message, Remark::Pin { on: pin.on }),
            EventAct::Reaction(of) => {
                let what = Remark::Reaction { reaction: of.reaction.clone(), on: of.on };
                (of.message, what)
            }
            _ => return None,
        };
        Some(Self { message, what })
    }

    /// What the event of a header says of a message.
    pub fn of_header(header: &[u8]) -> Option<Self> {
        Self::of(&EventHeader::decode(header).ok()?.act().ok()?)
    }

    /// Whether the event has a place of its own in its channel's history, rather than showing at
    /// the message alone.
    pub fn is_listed(&self) -> bool {
        self.what == Remark::Reply
    }
}
