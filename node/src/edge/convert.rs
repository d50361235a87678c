//! Between the client API's values and the machine's, by hand.

use comity_client_api::{
    Contact, ContactStanding, ContactStep, Cursor, DeviceId, NotificationLevel, Outcome, Refusal,
    Role, Unread,
};
use comity_machine::{Act, Answer, GroupAct, RefusedCode};
use comity_protocol::code::Code;
use comity_protocol::cursor;
use comity_protocol::id::ChannelId;
use comity_protocol::limits::TEXT_CHARS_MAX;
use comity_protocol::{control, event, name::AccountLabel};

use crate::writer::ProposeError;

pub(super) fn role(role: control::Role) -> Role {
    match role {
        control::Role::Member => Role::Member,
        control::Role::Moderator => Role::Moderator,
        control::Role::Owner => Role::Owner,
    }
}

pub(super) fn role_back(role: Role) -> control::Role {
    match role {
        Role::Member => control::Role::Member,
        Role::Moderator => control::Role::Moderator,
        Role::Owner => control::Role::Owner,
    }
}

pub(super) fn level(level: comity_machine::Level) -> NotificationLevel {
    match level {
        comity_machine::Level::All => NotificationLevel::All,
        comity_machine::Level::Mentions => NotificationLevel::Mentions,
        comity_machine::Level::Nothing => NotificationLevel::Nothing,
    }
}

pub(super) fn contact_step(step: event::ContactStep) -> ContactStep {
    match step {
        event::ContactStep::Accept => ContactStep::Accepted,
        event::ContactStep::Ask => ContactStep::Asked,
        event::ContactStep::End => ContactStep::Ended,
    }
}

/// What somebody is to an account, as its owner sees it.
pub(super) fn contact(known: &comity_machine::Contact) -> Option<Contact> {
    use comity_machine::ContactStanding as Held;
    let standing = match known.standing {
        Held::Agreed => ContactStanding::Contact,
        Held::Asked => ContactStanding::Asked,
        Held::Asking => ContactStanding::Asking,
        Held::Declined => ContactStanding::Declined,
    };
    let account = known.label.parse().ok()?;
    Some(Contact { account, standing, since_unix_ms: known.since_unix_ms })
}

pub(super) fn unread(unread: comity_machine::Unread) -> Unread {
    let comity_machine::Unread { messages, mentions, read } = unread;
    Unread { messages, mentions, read }
}

pub(super) fn cursor(cursor: cursor::Cursor) -> Cursor {
    Cursor(cursor.to_bytes())
}

pub(super) fn device(device: comity_machine::DeviceId) -> DeviceId {
    DeviceId(device.0)
}

pub(super) fn device_back(device: DeviceId) -> comity_machine::DeviceId {
    comity_machine::DeviceId(device.0)
}

pub(super) fn outcome(
    answer: Answer,
    cursor_at: impl FnOnce(cursor::Pos) -> Cursor,
) -> Result<Outcome, Refusal> {
    match answer {
        Answer::Channel(channel) => Ok(Outcome::Channel(channel)),
        Answer::Done => Ok(Outcome::Done),
        Answer::Requested => Ok(Outcome::Requested),
        Answer::Stored { id, pos, .. } => {
            Ok(Outcome::Stored { message: id, cursor: cursor_at(pos) })
        }
        Answer::Reported { to } => {
            Ok(Outcome::Reported { to: to.and_then(|domain| domain.parse().ok()) })
        }
        Answer::Refused(RefusedCode(code)) => Err(code.into()),
        Answer::History(_) | Answer::Ranges(_) | Answer::Tested { .. } => {
            Err(Code::Internal.into())
        }
    }
}

/// Nothing but success or a refusal.
pub(super) fn done(answer: Answer) -> Result<(), Refusal> {
    match answer {
        Answer::Refused(RefusedCode(code)) => Err(code.into()),
        _ => Ok(()),
    }
}

pub(super) fn not_proposed(error: ProposeError) -> Refusal {
    match error {
        ProposeError::Ended => Code::StorageFailed.into(),
        ProposeError::Overloaded => Refusal {
            retry_after: Some(std::time::Duration::from_secs(1)),
            ..Code::Overloaded.into()
        },
    }
}

/// Refuses an over-long text, with the limit and the length found.
pub(super) fn check_length(text: &str) -> Result<(), Refusal> {
    // Counting is needed only where the bytes leave it open.
    let found = if text.len() > TEXT_CHARS_MAX { text.chars().count() } else { 0 };
    if found <= TEXT_CHARS_MAX {
        return Ok(());
    }
    let sentence =
        format!("The text has {found} characters; a message has at most {TEXT_CHARS_MAX}.");
    Err(Refusal { sentence, ..Code::TextTooLong.into() })
}

/// The label of an account that a stored record names but no state knows any more.
pub(super) fn unknown_label(domain: &str) -> Option<AccountLabel> {
    format!("unknown@{domain}").parse().ok()
}

/// An act on a group.
pub(super) fn govern(channel: ChannelId, act: control::ControlAct) -> Act {
    Act::Govern { channel, act: GroupAct(Box::new(act)) }
}
