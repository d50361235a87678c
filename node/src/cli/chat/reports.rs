//! Reports of abuse from the terminal.

use comity_client::{Content, HistoryEvent, Page};

use super::input::Input;
use super::text::clean;
use crate::cli::Failure;

/// Messages among which the one that is reported is looked for: a page is no larger.
const LOOKED_AT: usize = 200;

impl Input {
    /// Reports the newest message of somebody in the open channel.
    pub(super) async fn report(&self, typed: &str) -> Result<(), Failure> {
        let Some((who, reason, comment)) = parse(typed) else {
            return Err(
                "whom, and why? /report name@domain spam, and what the admins should know \
                        (spam, harassment, illegal or other)"
                    .into(),
            );
        };
        let channel = self.open_channel()?;
        let account = self.shared.book().account(who);
        let page = self.shared.http.history(&channel, &Page::Latest, LOOKED_AT).await?;
        let Some(message) = newest(&page.events, &account) else {
            let account = clean(&account);
            return Err(format!("there is no text of {account} among the newest here").into());
        };
        let place = (channel.as_str(), message);
        let sent_to = self.shared.http.report(place, reason, comment).await?;
        let and = sent_to.map(|domain| format!(", and that of {}", clean(&domain)));
        let notice = format!("reported: your admin has it{}", and.unwrap_or_default());
        Ok(self.shared.screen.notice(&notice)?)
    }
}

/// Whom, why, and what is to be said about it.
fn parse(typed: &str) -> Option<(&str, &str, &str)> {
    let (who, rest) = typed.trim().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let (reason, comment) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some((who, reason, comment.trim()))
}

/// The newest message of an account that has a text.
fn newest<'a>(events: &'a [HistoryEvent], account: &str) -> Option<&'a str> {
    let is_it = |event: &&HistoryEvent| {
        event.sender == account && matches!(event.content, Content::Message { text: Some(_) })
    };
    events.iter().rev().find(is_it).map(|event| event.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_why_and_what_is_said_about_it() {
        assert_eq!(parse("bob spam"), Some(("bob", "spam", "")));
        assert_eq!(parse(" bob@b.c  other  he  says "), Some(("bob@b.c", "other", "he  says")));
        assert_eq!((parse("bob"), parse("")), (None, None));
    }

    #[test]
    fn the_newest_text_of_an_account_is_meant() {
        let event = |id: &str, sender: &str, text: Option<&str>| HistoryEvent {
            id: id.to_owned(),
            time: String::new(),
            sender: sender.to_owned(),
            content: Content::Message { text: text.map(str::to_owned) },
            is_late: false,
            extra: None,
        };
        let events = [
            event("1", "bob@b.c", Some("first")),
            event("2", "bob@b.c", Some("second")),
            event("3", "bob@b.c", None),
            event("4", "eve@b.c", Some("third")),
        ];
        assert_eq!(newest(&events, "bob@b.c"), Some("2"));
        assert_eq!(newest(&events, "carol@b.c"), None);
    }
}
