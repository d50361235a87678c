//! What others wrote, made fit for a terminal. Everything that comes from a node passes through
//! here: a control character in a text could move the cursor, change the window's title or fake
//! another message.

use comity_client::{Content, Organisation};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::book::group_title;

/// A text on one line: control characters, line breaks and marks that turn the direction of writing
/// are shown as their numbers.
pub(in crate::cli) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut cleaned, c);
    }
    cleaned
}

/// A text of several lines: those after the first stand behind a bar, so that none can look like a
/// message of its own.
fn clean_lines(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => cleaned.push_str("\n      | "),
            '\t' => cleaned.push_str("    "),
            _ => push(&mut cleaned, c),
        }
    }
    cleaned
}

/// A text of several lines for a window of its own, where no line can look like something else.
pub(in crate::cli) fn clean_block(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => cleaned.push('\n'),
            '\t' => cleaned.push_str("    "),
            _ => push(&mut cleaned, c),
        }
    }
    cleaned
}

/// That an organisation's node does not have all that was said here, and why; nothing where it has.
pub(super) fn behind(other: &Organisation) -> Option<String> {
    let domain = clean(&other.domain);
    let since = other.behind_since_time.as_ref().and_then(|time| time.parse::<Timestamp>().ok());
    let since = since.map(|time| time.to_zoned(TimeZone::system()).strftime("%F %H:%M"));
    if other.refused {
        let since = since.map(|since| format!(", and has nothing since {since}"));
        let since = since.unwrap_or_default();
        return Some(format!("{domain} is not let in by your organisation's admin{since}"));
    }
    match (since, other.linked) {
        (Some(since), true) => Some(format!("{domain} has not everything yet, since {since}")),
        (Some(since), false) => {
            Some(format!("{domain} cannot be reached, and has nothing since {since}"))
        }
        (None, false) => Some(format!("{domain} cannot be reached at the moment")),
        (None, true) => None,
    }
}

fn push(cleaned: &mut String, c: char) {
    if c.is_control() || is_deceptive(c) {
        cleaned.extend(c.escape_unicode());
    } else {
        cleaned.push(c);
    }
}

/// Direction marks reorder what stands around them; line and paragraph separators break lines; tag
/// characters and the byte order mark are invisible. Joiners stay: many scripts and emoji need
/// them.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// What an event says, behind its sender and without its time. `hint` tells how a channel is named
/// in a command.
pub(super) fn said(
    content: &Content,
    hint: impl Fn(&str) -> String,
    channel: &str,
    (sender, me): (&str, &str),
) -> String {
    match content {
        Content::Banned { account } => format!("* banned {}", clean(account)),
        Content::HandedOver { home } => format!("* handed the group over to {}", clean(home)),
        Content::RuleChanged { rule } => format!("* changed a rule: {}", clean(rule)),
        Content::Unbanned { account } => format!("* ended the ban of {}", clean(account)),
        Content::Contact { account, step } => contact_step(account, step, me),
        Content::Created { name } => format!("* created the group {}", clean(name)),
        Content::Invited { account, name } if account == me => {
            let hint = hint(channel);
            let title = if name.is_empty() { "a group".to_owned() } else { group_title(name) };
            format!("* invites you to {title}: /accept {hint} or /decline {hint}")
        }
        Content::Invited { account, .. } => format!("* invited {}", clean(account)),
        Content::Joined { account } => format!("* {} joined", clean(account)),
        Content::Left { account } => format!("* {} left", clean(account)),
        Content::Message { text: Some(text) } => clean_lines(text),
        Content::Edited { text: Some(text), .. } => {
            format!("* changed a message to: {}", clean_lines(text))
        }
        Content::Edited { text: None, .. } => "* changed a message".to_owned(),
        Content::Pinned { on: true, .. } => "* pinned a message".to_owned(),
        Content::Pinned { on: false, .. } => "* took a pin off a message".to_owned(),
        Content::Reacted { reaction, on: true, .. } => {
            format!("* reacted with {}", clean(reaction))
        }
        Content::Reacted { reaction, on: false, .. } => {
            format!("* took {} back", clean(reaction))
        }
        Content::Erased { .. } => "* erased a message".to_owned(),
        Content::ErasedMessage => "* (this message was erased)".to_owned(),
        Content::ExpiredMessage => "* (this message is older than what is kept)".to_owned(),
        Content::Message { text: None } => "* (this message's text is not held here)".to_owned(),
        Content::Other { kind } => format!("* ({}: this version does not know it)", clean(kind)),
        // Nobody removes himself: an admin has put his organisation out.
        Content::Removed { account } if account == sender => {
            let domain = account.rsplit_once('@').map_or(account.as_str(), |(_, domain)| domain);
            let domain = clean(domain);
            format!("* is out: an admin has ended the sharing of the group with {domain}")
        }
        Content::Removed { account } => format!("* removed {}", clean(account)),
        Content::Renamed { name } => format!("* renamed the group to {}", clean(name)),
        Content::RequestRefused { code } => format!("* your request was refused: {}", clean(code)),
        Content::RoleChanged { account, role } => {
            format!("* made {} {}", clean(account), clean(role))
        }
        Content::TopicChanged { topic } => format!("* changed the topic to {}", clean(topic)),
    }
}

/// A step towards being contacts, as one of the two reads it, behind the name of who took it.
fn contact_step(account: &str, step: &str, me: &str) -> String {
    let whom = if account == me { "you".to_owned() } else { clean(account) };
    match step {
        "asked" if account == me => "* asks you to be contacts: see /contacts".to_owned(),
        "accepted" => format!("* has accepted {whom} as a contact"),
        "asked" => format!("* asks {whom} to be contacts"),
        "ended" => format!("* has ended the contact with {whom}"),
        _ => "* took a step between contacts that this version does not know".to_owned(),
    }
}

/// When something was said.
#[derive(Clone, Copy)]
pub(super) struct When<'a> {
    /// In RFC 3339.
    pub(super) time: &'a str,
    /// Whether it came long after that.
    pub(super) is_late: bool,
    /// Whether hours and minutes are enough.
    pub(super) short: bool,
}

/// A whole line: local time, whether it came late, channel where it is not the open one, sender,
/// and what was said.
pub(super) fn line(when: When<'_>, title: Option<&str>, sender: &str, said: &str) -> String {
    let mut time = local(when.time, when.short, TimeZone::system());
    if when.is_late {
        time.push_str(" (late)");
    }
    let title = title.map(|t| format!("[{t}] ")).unwrap_or_default();
    // What is no message begins with a star and needs no colon.
    let colon = if said.starts_with("* ") { "" } else { ":" };
    format!("{time} {title}{}{colon} {said}", clean(sender))
}

/// RFC 3339 as the clock on the wall: hours and minutes for a person, all of it for a pipe.
fn local(time: &str, short: bool, zone: TimeZone) -> String {
    let Ok(timestamp) = time.parse::<Timestamp>() else { return clean(time) };
    let form = if short { "%H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    timestamp.to_zoned(zone).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const BOB: &str = "bob@globex.test";

    #[test]
    fn an_organisation_that_is_not_let_in_is_not_said_to_be_out_of_reach() {
        let read = |refused, behind_since_time: Option<&str>| {
            let behind_since_time = behind_since_time.map(str::to_owned);
            let domain = "globex.test".to_owned();
            behind(&Organisation { domain, linked: false, behind_since_time, refused }).unwrap()
        };
        assert_eq!(read(false, None), "globex.test cannot be reached at the moment");
        let blocked = "globex.test is not let in by your organisation's admin";
        assert_eq!(read(true, None), blocked);
        let since = read(true, Some("2026-11-23T03:27:27Z"));
        assert!(since.starts_with(&format!("{blocked}, and has nothing since 2026-11-2")));
    }

    #[test]
    fn who_is_put_out_with_his_organisation_has_not_removed_himself() {
        let read = |sender: &str| {
            let removed = Content::Removed { account: BOB.to_owned() };
            said(&removed, str::to_owned, "c", (sender, "alice@a.b"))
        };
        assert_eq!(read("alice@a.b"), "* removed bob@globex.test");
        let by_admin = "* is out: an admin has ended the sharing of the group with globex.test";
        assert_eq!(read(BOB), by_admin);
    }

    #[test]
    fn no_text_reaches_the_terminal_raw() {
        assert_eq!(clean("a\x1b]0;x\x07b"), "a\\u{1b}]0;x\\u{7}b");
        assert_eq!(clean("\u{9b}31m\u{202e}evil\r\n"), "\\u{9b}31m\\u{202e}evil\\u{d}\\u{a}");
        assert_eq!(clean("안녕 👩‍👩‍👧 नमस्ते שלום"), "안녕 👩‍👩‍👧 नमस्ते שלום");
        let text = Content::Message { text: Some("one\n12:00 bob: two\u{2028}\x08".to_owned()) };
        let said = said(&text, str::to_owned, "c", (BOB, "alice@a.b"));
        assert_eq!(said, "one\n      | 12:00 bob: two\\u{2028}\\u{8}");
    }

    #[test]
    fn what_came_late_is_marked_beside_its_time() {
        let time = "2026-11-23T03:27:27.123Z";
        let shown = |is_late| line(When { time, is_late, short: true }, None, "bob@a.b", "hello");
        let (early, late) = (shown(false), shown(true));
        assert!(early.ends_with(" bob@a.b: hello") && !early.contains("late"), "{early}");
        assert_eq!(late, early.replace(" bob", " (late) bob"));
    }

    #[test]
    fn invitations_say_how_to_accept() {
        let content =
            Content::Invited { account: "alice@a.b".to_owned(), name: "Te\x1bam".to_owned() };
        let hint = |_: &str| "3".to_owned();
        let mine = said(&content, hint, "c", (BOB, "alice@a.b"));
        assert_eq!(mine, "* invites you to #Te\\u{1b}am: /accept 3 or /decline 3");
        assert_eq!(said(&content, hint, "c", (BOB, "carol@a.b")), "* invited alice@a.b");
    }

    #[test]
    fn steps_between_contacts_read_well_on_both_sides() {
        let read = |step: &str, me: &str| {
            let content = Content::Contact { account: "bob@a.b".to_owned(), step: step.to_owned() };
            said(&content, str::to_owned, "c", (BOB, me))
        };
        assert_eq!(read("asked", "bob@a.b"), "* asks you to be contacts: see /contacts");
        assert_eq!(read("asked", "alice@a.b"), "* asks bob@a.b to be contacts");
        assert_eq!(read("accepted", "bob@a.b"), "* has accepted you as a contact");
        assert_eq!(read("ended", "alice@a.b"), "* has ended the contact with bob@a.b");
    }

    #[test]
    fn times_are_local() {
        let seoul = TimeZone::fixed(jiff::tz::offset(9));
        assert_eq!(local("2026-11-23T03:27:27.123Z", true, seoul.clone()), "12:27");
        assert_eq!(local("2026-11-23T18:27:27Z", false, seoul.clone()), "2026-11-24 03:27:27");
        assert_eq!(local("\x1bnow", true, seoul), "\\u{1b}now");
    }
}
