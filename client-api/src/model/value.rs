//! Single values as clients write them: ids, nonces, labels, names, texts. Each parser refuses with
//! the sentence that helps; it must not know which request the value stands in.

use comity_protocol::body::Format;
use comity_protocol::code::Code;
use comity_protocol::event::Reaction;
use comity_protocol::id::{ChannelId, MessageId};
use comity_protocol::limits::{
    CHANNEL_NAME_CHARS_MAX, CHANNEL_TOPIC_CHARS_MAX, MEMBERS_MAX, TEXT_CHARS_MAX,
};
use comity_protocol::line::{LineError, check_line, check_lines};
use comity_protocol::name::{
    AccountLabel, AccountLabelError, AccountName, ChannelAlias, ServerName,
};
use comity_protocol::presence::check_status;
use comity_protocol::profile::check_display_name;
use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;

use super::time::parse_unix_ms;
use crate::backend::{ContactStanding, ContactStep, Cursor, DeviceId, Mark, Refusal, Role};

/// A refusal for what was not understood.
pub(crate) fn malformed(sentence: impl Into<String>) -> Refusal {
    refusal(Code::Malformed, sentence)
}

/// A refusal with a sentence of its own.
pub(crate) fn refusal(code: Code, sentence: impl Into<String>) -> Refusal {
    Refusal { code, sentence: sentence.into(), retry_after: None }
}

/// Reads a JSON object, and says where the text goes wrong. Shapes would also read from an array,
/// by position; what a client meant by one nobody can know.
pub(crate) fn json_object<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    if !text.trim_start_matches(JSON_SPACES).starts_with('{') {
        return Err(malformed("A JSON object is expected, `{` first."));
    }
    serde_json::from_str(text)
        .map_err(|error| malformed(format!("The JSON is not as expected: {error}.")))
}

/// A number with a comma at each thousand, as sentences write it.
pub(crate) fn with_separators(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn channel_id(text: &str) -> Result<ChannelId, Refusal> {
    text.parse()
        .map_err(|_| malformed("A channel id is 43 characters of base64url, as a node gave it."))
}

pub(crate) fn message_id(text: &str) -> Result<MessageId, Refusal> {
    text.parse()
        .map_err(|_| malformed("A message id is 26 characters of base32, as a node gave it."))
}

pub(crate) fn device_id(text: &str) -> Result<DeviceId, Refusal> {
    let hex = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let id = if hex { u64::from_str_radix(text, 16).ok() } else { None };
    id.map(DeviceId).ok_or_else(|| malformed("A device id is 16 hexadecimal digits."))
}

pub(crate) fn device_text(id: DeviceId) -> String {
    format!("{:016x}", id.0)
}

/// A cursor of any origin.
pub(crate) fn cursor(text: &str) -> Result<Cursor, Refusal> {
    poll_cursor(text).map(|(cursor, _)| cursor)
}

/// A cursor, and the mark that comes with it where a poll gave it.
pub(crate) fn poll_cursor(text: &str) -> Result<(Cursor, Option<Mark>), Refusal> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default();
    let (cursor, mark) = bytes.split_at_checked(24).ok_or(Code::CursorInvalid)?;
    let cursor = Cursor(cursor.try_into().map_err(|_| Code::CursorInvalid)?);
    let mark = match mark {
        [] => None,
        mark => Some(Mark(u64::from_be_bytes(mark.try_into().map_err(|_| Code::CursorInvalid)?))),
    };
    Ok((cursor, mark))
}

pub(crate) fn poll_cursor_text(cursor: Cursor, Mark(mark): Mark) -> String {
    BASE64URL_NOPAD.encode(&[&cursor.0[..], &mark.to_be_bytes()].concat())
}

pub(crate) fn cursor_text(cursor: Cursor) -> String {
    BASE64URL_NOPAD.encode(&cursor.0)
}

/// A nonce: 1 and up, no sign, no leading zero, so that one number has one text.
pub(crate) fn nonce(text: &str) -> Result<u64, Refusal> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    let number = if canonical { text.parse().ok() } else { None };
    number.ok_or_else(|| {
        malformed(
            "A nonce is a decimal number from 1 to 18446744073709551615, written as a string.",
        )
    })
}

/// `name@domain` as a person may have typed it.
pub(crate) fn label(text: &str) -> Result<AccountLabel, Refusal> {
    AccountLabel::normalise(text)
        .map_err(|e| refusal(Code::NameInvalid, format!("This is not an account: {e}.")))
}

/// `#name@domain` as a person may have typed it, with or without the `#`.
pub(crate) fn alias(text: &str) -> Result<ChannelAlias, Refusal> {
    ChannelAlias::normalise(text)
        .map_err(|error| match error {
            AccountLabelError::MissingAt => "an alias is written #name@domain".to_owned(),
            error => error.to_string(),
        })
        .map_err(|wrong| refusal(Code::NameInvalid, format!("This is not an alias: {wrong}.")))
}

/// A domain of an organisation.
pub(crate) fn domain(text: &str) -> Result<ServerName, Refusal> {
    text.parse().map_err(|_| refusal(Code::NameInvalid, format!("`{text}` is not a domain.")))
}

/// An account name on the node for `domain`, with or without `@domain`.
pub(crate) fn own_name(text: &str, domain: &ServerName) -> Result<AccountName, Refusal> {
    let Some((name, at)) = text.trim().rsplit_once('@') else {
        return account_name(text);
    };
    if at.to_ascii_lowercase() != domain.as_str() {
        let sentence = format!("This node keeps the accounts of {domain} only.");
        return Err(refusal(Code::NameInvalid, sentence));
    }
    account_name(name)
}

fn account_name(text: &str) -> Result<AccountName, Refusal> {
    AccountName::normalise(text)
        .map_err(|e| refusal(Code::NameInvalid, format!("This is not an account name: {e}.")))
}

pub(super) const fn contact_step_text(step: ContactStep) -> &'static str {
    match step {
        ContactStep::Accepted => "accepted",
        ContactStep::Asked => "asked",
        ContactStep::Ended => "ended",
    }
}

pub(super) const fn contact_standing_text(standing: ContactStanding) -> &'static str {
    match standing {
        ContactStanding::Asked => "asked",
        ContactStanding::Asking => "asking",
        ContactStanding::Contact => "contact",
        ContactStanding::Declined => "declined",
    }
}

/// A message's text; a refusal says the limit and the length found.
pub(crate) fn message_text(text: String) -> Result<String, Refusal> {
    if text.is_empty() {
        return Err(Code::TextEmpty.into());
    }
    // A scalar value has at least one byte, so most texts need no count.
    if text.len() > TEXT_CHARS_MAX {
        let found = text.chars().count();
        if found > TEXT_CHARS_MAX {
            let (found, max) = (with_separators(found), with_separators(TEXT_CHARS_MAX));
            let sentence = format!("The text has {found} characters; the limit is {max}.");
            return Err(refusal(Code::TextTooLong, sentence));
        }
    }
    Ok(text)
}

/// What a text is written in; plain where that is not said.
pub(crate) fn format(text: Option<&str>) -> Result<Format, Refusal> {
    match text {
        None | Some("plain") => Ok(Format::Plain),
        Some("markdown") => Ok(Format::Markdown),
        Some(_) => Err(malformed("A `format` is \"plain\" or \"markdown\".")),
    }
}

/// What a text is written in, where that has to be said.
pub(super) const fn format_text(format: Format) -> Option<&'static str> {
    match format {
        Format::Plain => None,
        Format::Markdown => Some("markdown"),
    }
}

pub(crate) fn reaction(text: String) -> Result<String, Refusal> {
    if Reaction::is_sound(&text) { Ok(text) } else { Err(Code::ReactionInvalid.into()) }
}

pub(crate) fn channel_name(text: &str) -> Result<String, Refusal> {
    let name = text.trim();
    let checked = check_line(name, CHANNEL_NAME_CHARS_MAX);
    checked
        .map_err(|error| not_a_line(Code::NameInvalid, "This is not a channel's name", error))?;
    Ok(name.to_owned())
}

pub(crate) fn channel_topic(text: String) -> Result<String, Refusal> {
    let checked = check_lines(&text, CHANNEL_TOPIC_CHARS_MAX);
    checked
        .map_err(|error| not_a_line(Code::NameInvalid, "This is not a channel's topic", error))?;
    Ok(text)
}

/// A display name, trimmed; none where nothing is left.
pub(crate) fn display_name(text: &str) -> Result<Option<String>, Refusal> {
    let name = text.trim();
    if name.is_empty() {
        return Ok(None);
    }
    check_display_name(name).map_err(|error| {
        not_a_line(Code::DisplayNameInvalid, "This is not a display name", error)
    })?;
    Ok(Some(name.to_owned()))
}

/// A status, trimmed; empty where there is to be none.
pub(crate) fn status(text: &str) -> Result<String, Refusal> {
    let status = text.trim();
    if !status.is_empty() {
        let checked = check_status(status);
        checked.map_err(|error| not_a_line(Code::StatusInvalid, "This is not a status", error))?;
    }
    Ok(status.to_owned())
}

/// A time as a person or a program writes it, in Unix milliseconds.
pub(crate) fn time(text: &str) -> Result<u64, Refusal> {
    let sentence = "A date is in UTC: 2026-11-23 or 2026-11-23T03:27:27.123Z.";
    parse_unix_ms(text).ok_or_else(|| malformed(sentence))
}

/// A device's name, trimmed; it may be left out.
pub(crate) fn device_name(text: Option<String>) -> Result<String, Refusal> {
    let text = text.unwrap_or_default();
    let name = text.trim();
    if !name.is_empty() {
        let checked = check_line(name, DEVICE_NAME_CHARS_MAX);
        checked
            .map_err(|error| not_a_line(Code::NameInvalid, "This is not a device's name", error))?;
    }
    Ok(name.to_owned())
}

fn not_a_line(code: Code, what: &str, error: LineError) -> Refusal {
    refusal(code, format!("{what}: {error}."))
}

pub(crate) fn member_limit(limit: Option<u32>) -> Result<Option<u32>, Refusal> {
    match limit {
        Some(limit) if !(2..=MEMBERS_MAX).contains(&limit) => {
            Err(malformed(format!("A group's member limit is 2 to {MEMBERS_MAX}.")))
        }
        limit => Ok(limit),
    }
}

/// A new password.
pub(crate) fn new_password(text: String) -> Result<String, Refusal> {
    if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&text.chars().count()) {
        return Ok(text);
    }
    Err(Code::PasswordWeak.into())
}

/// A password to be checked; one that no account can have is not worth the hashing.
pub(crate) fn known_password(text: String) -> Result<String, Refusal> {
    if text.chars().count() > PASSWORD_CHARS_MAX {
        return Err(Code::CredentialsWrong.into());
    }
    Ok(text)
}

pub(crate) fn role(text: &str) -> Result<Role, Refusal> {
    match text {
        "member" => Ok(Role::Member),
        "moderator" => Ok(Role::Moderator),
        "owner" => Ok(Role::Owner),
        _ => Err(malformed("A role is \"member\", \"moderator\" or \"owner\".")),
    }
}

const JSON_SPACES: [char; 4] = [' ', '\t', '\n', '\r'];
const DEVICE_NAME_CHARS_MAX: usize = 100;
const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_CHARS_MAX: usize = 1_024;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_scalar_values_and_is_named_with_the_length() {
        for longest in ["x".repeat(100_000), "😀".repeat(100_000)] {
            assert!(message_text(longest).is_ok());
        }
        let refused = message_text("가".repeat(101_000)).unwrap_err();
        assert_eq!(refused.code, Code::TextTooLong);
        assert_eq!(refused.sentence, "The text has 101,000 characters; the limit is 100,000.");
        assert_eq!(message_text(String::new()).unwrap_err().code, Code::TextEmpty);
    }

    #[test]
    fn what_stands_in_a_line_is_trimmed_and_refused_with_what_is_wrong() {
        assert_eq!(channel_name(" Tea ").unwrap(), "Tea");
        assert_eq!(status(" \t").unwrap(), "");
        assert_eq!(device_name(Some(" phone".into())).unwrap(), "phone");
        assert_eq!(display_name("  ").unwrap(), None);
        let refused = channel_name("").unwrap_err();
        assert_eq!(refused.sentence, "This is not a channel's name: nothing of it shows.");
        let refused = status("two\nlines").unwrap_err();
        assert_eq!(refused.code, Code::StatusInvalid);
        let sentence = "This is not a status: it has a character that does not show, U+000A.";
        assert_eq!(refused.sentence, sentence);
        let refused = channel_topic("x".repeat(1_001)).unwrap_err();
        let sentence =
            "This is not a channel's topic: it has 1001 characters, and 1000 are the most.";
        assert_eq!(refused.sentence, sentence);
    }

    #[test]
    fn a_nonce_has_one_text() {
        assert_eq!(nonce("7").unwrap(), 7);
        assert_eq!(nonce("18446744073709551615").unwrap(), u64::MAX);
        for text in ["", "0", "07", "+7", "-1", "7 ", "18446744073709551616", "x"] {
            assert_eq!(nonce(text).unwrap_err().code, Code::Malformed, "{text}");
        }
    }

    #[test]
    fn names_of_other_domains_are_not_logged_in_here() {
        let domain: ServerName = "acme.test".parse().unwrap();
        for text in ["alice", " Alice ", "alice@acme.test", "alice@Acme.Test"] {
            assert_eq!(own_name(text, &domain).unwrap().as_str(), "alice");
        }
        let refused = own_name("bob@globex.test", &domain).unwrap_err();
        assert!(refused.sentence.contains("acme.test"), "{}", refused.sentence);
    }
}
