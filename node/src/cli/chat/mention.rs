//! Who is called in a text: `@name` or `@name@domain`. Pure.

use std::collections::BTreeSet;
use std::ops::Range;

use comity_client::{Content, Draft, HistoryEvent};

/// Where a text calls an account, as ranges of its bytes: by its whole label, or by its name alone.
pub(super) fn calls(text: &str, account: &str) -> Vec<Range<usize>> {
    let name = account.split('@').next().unwrap_or_default();
    let is_me = |called: &str| {
        let called = called.to_lowercase();
        called == account || called == name
    };
    called(text).filter(|range| is_me(&text[range.start + 1..range.end])).collect()
}

/// What a text that is sent says of whom it calls: of the accounts that are known here those that
/// it names, and everybody for `@channel`.
pub(super) fn draft<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Draft {
    let mut draft = Draft::from(text);
    let names: Vec<String> =
        called(text).map(|range| text[range.start + 1..range.end].to_lowercase()).collect();
    let is_called = |account: &str| {
        let name = account.split('@').next().unwrap_or_default();
        names.iter().any(|called| called == account || called == name)
    };
    let mentions: BTreeSet<&str> = known.filter(|account| is_called(account)).collect();
    draft.mentions = mentions.into_iter().take(MENTIONS_MAX).map(str::to_owned).collect();
    draft.mention_all = names.iter().any(|name| name == EVERYBODY);
    draft
}

/// Everything in a text that looks like a call, its mark included.
fn called(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find('@')?;
            let rest = &text[start + 1..];
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let named = rest[..length].trim_end_matches(['.', '-', '@']);
            from = start + 1 + length;
            let before = text[..start].chars().next_back();
            // In the middle of a word it is an address.
            if !named.is_empty() && before.is_none_or(|c| !c.is_alphanumeric()) {
                return Some(start..start + 1 + named.len());
            }
        }
    })
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@')
}

/// Whether a message calls an account, as the node says, whose counts go by that.
pub(super) fn is_said_to_call(event: &HistoryEvent, me: &str) -> bool {
    let said = event.extra.as_ref();
    said.is_some_and(|x| x.mention_all || x.mentions.iter().any(|m| m == me))
}

/// Whether a text calls anybody.
pub(super) fn has_call(text: &str) -> bool {
    called(text).next().is_some()
}

/// Whether a message calls an account: as the node says, or as its text reads.
pub(super) fn mentions_me(event: &HistoryEvent, me: &str) -> bool {
    let is_said = is_said_to_call(event, me);
    let Content::Message { text: Some(text) } = &event.content else { return is_said };
    is_said || !calls(text, me).is_empty()
}

/// What calls everybody.
const EVERYBODY: &str = "channel";
/// The most that a node takes.
const MENTIONS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_names_whom_it_calls() {
        let known = ["bob@globex.test", "bob@acme.test", "carol@acme.test", "dave@acme.test"];
        let sent = |text: &str| draft(text, known.into_iter());
        let both = sent("@bob and @Carol@acme.test: look");
        assert_eq!(both.mentions, ["bob@acme.test", "bob@globex.test", "carol@acme.test"]);
        assert!(!both.mention_all && sent("@channel: look").mention_all);
        assert_eq!(sent("mail dave@acme.test"), Draft::from("mail dave@acme.test"));
    }

    #[test]
    fn a_call_is_a_name_behind_a_mark() {
        let found = |text: &str| {
            let found = calls(text, "alice@acme.test");
            found.into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("@alice: hi, @Alice@acme.test."), ["@alice", "@Alice@acme.test"]);
        assert_eq!(found("(@alice)"), ["@alice"]);
        for text in ["alice", "@alicea", "bob@alice", "@alice@globex.test", "@", "@@", "@. x"] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
        assert_eq!(calls("@김 씨", "김@acme.test").first(), Some(&(0..4)));
    }
}
