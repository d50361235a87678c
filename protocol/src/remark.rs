//! What messages say besides their text, and what events say of messages (`docs/protocol/` section
//! 3.7): the arguments of such events. It must not know what has become of a message.

use minicbor::{Decode, Encode};

use crate::id::{AccountId, MessageId};
use crate::limits::{MENTIONS_MAX, REACTION_BYTES_MAX};
use crate::line::check_line;

/// What a message says besides its text. All absent, it has no arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Message {
    /// The message that it answers.
    #[n(0)]
    pub reply_to: Option<MessageId>,
    /// The message whose thread it belongs to.
    #[n(1)]
    pub thread: Option<MessageId>,
    /// Whom it mentions, in ascending order, each once.
    #[n(2)]
    pub mentions: Option<Vec<AccountId>>,
    /// Present, and true, where it mentions all members.
    #[n(3)]
    pub mentions_all: Option<bool>,
}

impl Message {
    /// Whether it is in the one form that a header may state.
    pub fn is_sound(&self) -> bool {
        let mentions = self.mentions.as_ref().is_none_or(|mentions| {
            (1..=MENTIONS_MAX).contains(&mentions.len()) && mentions.is_sorted_by(|a, b| a < b)
        });
        mentions && self.mentions_all.is_none_or(|all| all)
    }
}

/// Another text for a message of the same author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Edit {
    /// The message.
    #[n(0)]
    pub message: MessageId,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reaction {
    /// The message.
    #[n(0)]
    pub message: MessageId,
    /// The reaction, an emoji as a rule.
    #[n(1)]
    pub reaction: String,
    /// Whether it is there from now on.
    #[n(2)]
    pub on: bool,
}

impl Reaction {
    /// Whether a text may be a reaction: a short line without spaces.
    pub fn is_sound(text: &str) -> bool {
        text.len() <= REACTION_BYTES_MAX
            && check_line(text, REACTION_BYTES_MAX).is_ok()
            && !text.contains(char::is_whitespace)
    }
}

/// Whether a message is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Pin {
    /// The message.
    #[n(0)]
    pub message: MessageId,
    /// Whether it is pinned from now on.
    #[n(1)]
    pub on: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cbor::{self, DecodeError};
    use crate::clock::HybridTime;
    use crate::event::{EventAct, EventHeader};
    use crate::id::{AccountNumber, LineageId};

    #[test]
    fn what_a_message_says_besides_has_one_form() {
        let (low, high) = (account(1), account(2));
        let of =
            |mentions: Vec<AccountId>| Message { mentions: Some(mentions), ..Message::default() };
        let read = |message: &Message| {
            let args = Some(cbor::encode(message).into());
            EventHeader { args, ..header(&EventAct::message()) }.act()
        };
        for sound in [of(vec![low]), of(vec![low, high])] {
            assert_eq!(read(&sound), Ok(EventAct::Message(sound)));
        }
        let many: Vec<AccountId> = (0..=MENTIONS_MAX as u64).map(account).collect();
        let none = Message { mentions_all: Some(false), ..Message::default() };
        let broken = [of(vec![]), of(vec![high, low]), of(vec![low, low]), of(many), none];
        for broken in broken.iter().chain([&Message::default()]) {
            assert_eq!(read(broken), Err(DecodeError::Shape), "{broken:?}");
        }
    }

    #[test]
    fn a_reaction_is_short_and_has_no_spaces() {
        for sound in ["👍", "ok", "👩‍👩‍👧‍👦"] {
            assert!(Reaction::is_sound(sound), "{sound}");
        }
        for broken in ["", " ", "a b", "a\u{7}", "\u{2028}", &"x".repeat(65)] {
            let (message, reaction) = (MessageId([1; 16]), broken.to_owned());
            let act = EventAct::Reaction(Reaction { message, reaction, on: true });
            assert!(header(&act).act().is_err(), "{broken:?}");
        }
    }

    fn account(number: u64) -> AccountId {
        AccountId { lineage: LineageId([7; 32]), number: AccountNumber(number) }
    }

    fn header(act: &EventAct) -> EventHeader {
        EventHeader {
            time: HybridTime::from_unix_ms(1_795_404_447_123),
            sender: AccountNumber(1),
            kind: act.kind(),
            after: None,
            args: act.args(),
            start: None,
        }
    }
}
