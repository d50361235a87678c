//! Messages by their words, in all channels.

use comity_client::FoundMessage;

use super::input::Input;
use super::text::{When, clean, line};
use crate::cli::Failure;

/// Messages in one list; a terminal is no place for more.
const LISTED_MAX: usize = 20;

impl Input {
    /// Lists the newest messages that have some words.
    pub(super) async fn find(&self, words: &str) -> Result<(), Failure> {
        if words.is_empty() {
            return Err("which words? /find WORDS".into());
        }
        let found = self.shared.http.search(words, LISTED_MAX).await?;
        let short = self.shared.screen.is_terminal();
        let title = |id: &str| self.shared.book().title(id);
        Ok(self.shared.screen.arrival(&listing(&found, title, short))?)
    }
}

/// Messages as the user sees them, the newest last, what was looked for between stars.
fn listing(found: &[FoundMessage], title: impl Fn(&str) -> String, short: bool) -> String {
    if found.is_empty() {
        return "nothing found\n".to_owned();
    }
    let shown = found.iter().rev().map(|message| {
        let when = When { time: &message.event.time, is_late: false, short };
        let said = line(when, Some(&title(&message.channel)), &message.event.sender, "");
        format!("{said}{}\n", snippet(message))
    });
    shown.collect()
}

fn snippet(message: &FoundMessage) -> String {
    let ellipsis = |is_cut| if is_cut { "…" } else { "" };
    let parts = message.snippet.iter().map(|part| {
        let text = clean(&part.text.replace('\n', " "));
        if part.found { format!("*{text}*") } else { text }
    });
    let text: String = parts.collect();
    format!("{}{text}{}", ellipsis(message.cut_before), ellipsis(message.cut_after))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_looked_for_stands_out_and_nothing_is_shown_raw() {
        let found = |sender: &str| -> FoundMessage {
            serde_json::from_value(serde_json::json!({
                "channel": "c",
                "event": { "id": "m", "time": "2026-11-23T03:27:27.123Z", "sender": sender },
                "snippet": [{ "text": "at the\n\u{1b}[2J " }, { "text": "Thai", "found": true }],
                "cut_after": true,
            }))
            .unwrap()
        };
        let text = listing(&[found("new@a.b"), found("old@a.b")], |_| "Tea".to_owned(), true);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with(" [Tea] old@a.b: at the \\u{1b}[2J *Thai*…"), "{text}");
        assert!(lines[1].contains("new@a.b") && lines.len() == 2, "{text}");
        assert_eq!(listing(&[], |_| String::new(), true), "nothing found\n");
    }
}
