//! The JSON of presence and typing. An entry is encoded once and shared by all devices that it goes
//! to. It must not know who sees whom.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comity_protocol::name::AccountLabel;
use serde::{Deserialize, Serialize};

use super::outgoing::{NodeFrame, encode};
use super::time::format_unix_ms;
use super::value;
use crate::backend::Refusal;
use crate::presence::{ACCOUNTS_ASKED_MAX, Presence, PresenceChange, PresenceState, Typing};

/// An account within a frame or an answer.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PresenceShape<'a> {
    account: String,
    state: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_active_time: Option<String>,
}

impl<'a> From<&'a Presence> for PresenceShape<'a> {
    fn from(presence: &'a Presence) -> Self {
        Self {
            account: presence.account.to_string(),
            state: presence.state.name().into(),
            status: presence.status.as_deref().map(Cow::Borrowed),
            last_active_time: presence.last_active_unix_ms.map(format_unix_ms),
        }
    }
}

/// The body of `PUT /v1/me/presence`, and the fields of the frame.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct PresenceRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl PresenceRequest {
    pub(super) fn new(state: Option<String>, status: Option<String>) -> Self {
        Self { state, status }
    }

    pub(crate) fn into_change(self) -> Result<PresenceChange, Refusal> {
        if self.state.is_none() && self.status.is_none() {
            return Err(value::malformed("Give `state`, `status` or both."));
        }
        let state = self.state.as_deref().map(chosen).transpose()?;
        Ok(PresenceChange { state, status: self.status.as_deref().map(value::status).transpose()? })
    }
}

/// The accounts of `GET /v1/presence` and `GET /v1/profiles`.
pub(crate) fn asked_accounts(query: Vec<(String, String)>) -> Result<Vec<AccountLabel>, Refusal> {
    let named = query.iter().filter(|(name, _)| name == "account");
    let accounts = named.map(|(_, account)| value::label(account));
    let accounts: Vec<AccountLabel> = accounts.collect::<Result<_, _>>()?;
    match accounts.len() {
        0 => Err(value::malformed("The query needs `account`, once for each account.")),
        1..=ACCOUNTS_ASKED_MAX => Ok(accounts),
        _ => Err(value::malformed(format!(
            "At most {ACCOUNTS_ASKED_MAX} accounts can be asked for at once."
        ))),
    }
}

/// The frame that shows accounts.
pub(crate) fn presence_frame(presences: &[Arc<Presence>]) -> Bytes {
    list(b"{\"type\":\"presence\",\"presences\":[", presences)
}

/// The same over HTTP.
pub(crate) fn presences_answer(presences: &[Arc<Presence>]) -> Bytes {
    list(b"{\"presences\":[", presences)
}

/// The frame that says who types.
pub(crate) fn typing_frame(typing: &Typing) -> Bytes {
    let frame = || {
        encode(&NodeFrame::Typing {
            channel: typing.channel.to_string(),
            account: typing.account.to_string(),
            typing: typing.is_typing,
        })
    };
    typing.encoded.get_or_init(frame).clone()
}

/// The frame that asks for another pace.
pub(crate) fn heartbeat_frame(interval: Duration) -> Bytes {
    encode(&NodeFrame::Heartbeat { heartbeat_ms: interval.as_millis().to_string() })
}

/// Entries as they are, between what is around them.
fn list(head: &[u8], presences: &[Arc<Presence>]) -> Bytes {
    let entries = presences
        .iter()
        .map(|presence| presence.encoded.get_or_init(|| encode(&PresenceShape::from(&**presence))));
    let bytes: usize = entries.clone().map(|entry| entry.len() + 1).sum();
    let mut text = Vec::with_capacity(head.len() + bytes + 2);
    text.extend_from_slice(head);
    for (at, entry) in entries.enumerate() {
        if at > 0 {
            text.push(b',');
        }
        text.extend_from_slice(entry);
    }
    text.extend_from_slice(b"]}");
    text.into()
}

fn chosen(text: &str) -> Result<PresenceState, Refusal> {
    Ok(match text {
        "online" => PresenceState::Online,
        "away" => PresenceState::Away,
        "busy" => PresenceState::Busy,
        _ => {
            let sentence = "A device's `state` is \"online\", \"away\" or \"busy\".";
            return Err(value::malformed(sentence));
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use comity_protocol::code::Code;

    use super::*;

    fn refused(state: Option<&str>, status: Option<&str>) -> (Code, String) {
        let request = PresenceRequest::new(state.map(Into::into), status.map(Into::into));
        let refusal = request.into_change().unwrap_err();
        (refusal.code, refusal.sentence)
    }

    #[test]
    fn what_is_wrong_with_a_presence_is_said() {
        let long = "é".repeat(101);
        let (code, sentence) = refused(None, Some(&long));
        assert_eq!(code, Code::StatusInvalid);
        assert!(sentence.contains("has 101 characters"), "{sentence}");
        let status = PresenceRequest::new(None, Some(long.chars().skip(1).collect()));
        assert_eq!(status.into_change().unwrap().status.unwrap().chars().count(), 100);
        for wrong in [
            refused(None, None),
            refused(Some("offline"), None),
            refused(Some("unknown"), None),
            refused(Some(""), None),
        ] {
            assert_eq!(wrong.0, Code::Malformed, "{}", wrong.1);
        }
    }

    #[test]
    fn so_many_accounts_are_asked_for_and_no_more() {
        let query = |count: usize| {
            let named = |number| ("account".to_owned(), format!("u{number}@acme.test"));
            asked_accounts((0..count).map(named).collect())
        };
        assert_eq!(query(100).unwrap().len(), 100);
        assert_eq!(query(101).unwrap_err().code, Code::Malformed);
        assert_eq!(query(0).unwrap_err().code, Code::Malformed);
        let other = vec![("account".to_owned(), "nobody".to_owned())];
        assert_eq!(asked_accounts(other).unwrap_err().code, Code::NameInvalid);
    }
}
