//! The channels as the user names them: by number, by a group's name, by an account, by id. Pure;
//! what it answers is fit for a terminal.

use std::fmt;

use comity_client::Channel;

use super::text::clean;

/// The list of channels and which one is open.
pub(super) struct Book {
    me: String,
    channels: Vec<Channel>,
    open: Option<String>,
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A channel of the list, by id.
    Channel(String),
    /// An account with which there is no channel yet.
    Account(String),
}

/// Why a name stands for nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FindError {
    /// Several groups are called so.
    Ambiguous(String),
    /// Nothing is called so.
    Unknown(String),
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous(name) => {
                write!(f, "several groups are called {}: take its number in /list", clean(name))
            }
            Self::Unknown(name) => write!(
                f,
                "there is no channel {}: /list shows them; for a person write name@domain",
                clean(name)
            ),
        }
    }
}

impl std::error::Error for FindError {}

impl Book {
    pub(super) fn new(me: &str) -> Self {
        Self { me: me.to_owned(), channels: Vec::new(), open: None }
    }

    /// The user's own account.
    pub(super) fn me(&self) -> &str {
        &self.me
    }

    /// Takes a new list. Numbers that the user has seen stay: channels keep their places, new ones
    /// come last.
    pub(super) fn replace(&mut self, mut channels: Vec<Channel>) {
        let place = |id: &str| self.channels.iter().position(|c| c.id == id);
        channels.sort_by_key(|c| place(&c.id).unwrap_or(usize::MAX));
        if self.open.as_ref().is_some_and(|open| channels.iter().all(|c| c.id != *open)) {
            self.open = None;
        }
        self.channels = channels;
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.channels.iter().any(|c| c.id == id)
    }

    /// The open channel's id.
    pub(super) fn open(&self) -> Option<&str> {
        self.open.as_deref()
    }

    pub(super) fn set_open(&mut self, id: Option<String>) {
        self.open = id;
    }

    pub(super) fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|c| c.id == id)
    }

    /// What a channel is called.
    pub(super) fn title(&self, id: &str) -> String {
        match self.channel(id) {
            Some(Channel { with: Some(with), .. }) => clean(with),
            Some(Channel { name: Some(name), .. }) => clean(name),
            _ => clean(&id.chars().take(8).collect::<String>()),
        }
    }

    /// How a command names a channel.
    pub(super) fn hint(&self, id: &str) -> String {
        let place = self.channels.iter().position(|c| c.id == id);
        place.map_or_else(|| clean(id), |place| (place + 1).to_string())
    }

    /// The channels to which the user is invited.
    pub(super) fn invitations(&self) -> Vec<&Channel> {
        self.channels.iter().filter(|c| c.standing == "invited").collect()
    }

    /// What a name stands for. A bare name that is no group's is an account of the user's own
    /// organisation where there is a channel with it.
    pub(super) fn find(&self, name: &str) -> Result<Found, FindError> {
        let name = name.trim();
        let channel = |c: &Channel| Ok(Found::Channel(c.id.clone()));
        if let Ok(number) = name.parse::<usize>()
            && let Some(found) = number.checked_sub(1).and_then(|n| self.channels.get(n))
        {
            return channel(found);
        }
        let named = |c: &&Channel| {
            c.name.as_deref().is_some_and(|n| n.to_lowercase() == name.to_lowercase())
        };
        let groups: Vec<_> = self.channels.iter().filter(named).collect();
        match groups[..] {
            [] => {}
            [found] => return channel(found),
            _ => return Err(FindError::Ambiguous(name.to_owned())),
        }
        let account = self.account(name);
        let with = |c: &&Channel| c.id == name || c.with.as_deref() == Some(account.as_str());
        if let Some(found) = self.channels.iter().find(with) {
            return channel(found);
        }
        if name.contains('@') {
            return Ok(Found::Account(account));
        }
        Err(FindError::Unknown(name.to_owned()))
    }

    /// An account as typed, with the user's own domain where none was.
    pub(super) fn account(&self, typed: &str) -> String {
        let typed = typed.trim().to_lowercase();
        match (typed.contains('@'), self.me.rsplit_once('@')) {
            (false, Some((_, domain))) => format!("{typed}@{domain}"),
            _ => typed,
        }
    }

    /// The list as the user sees it.
    pub(super) fn listing(&self) -> String {
        if self.channels.is_empty() {
            return "no channels yet: /open name@domain, or /new NAME for a group\n".to_owned();
        }
        let mut text = String::new();
        for (place, channel) in self.channels.iter().enumerate() {
            let number = place + 1;
            let mark = if self.open.as_ref() == Some(&channel.id) { '>' } else { ' ' };
            let what = match (channel.standing.as_str(), &channel.role) {
                ("invited", _) => format!("invited: /accept {number} or /decline {number}"),
                ("joining", _) => "joining".to_owned(),
                (_, Some(role)) if channel.kind == "group" => format!("group, {}", clean(role)),
                _ => clean(&channel.kind),
            };
            text.push_str(&format!("{mark}{number:>3}  {}  ({what})\n", self.title(&channel.id)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn channel(id: &str, with: Option<&str>, name: Option<&str>, standing: &str) -> Channel {
        let kind = if with.is_some() { "direct" } else { "group" };
        Channel {
            id: id.to_owned(),
            kind: kind.to_owned(),
            with: with.map(str::to_owned),
            name: name.map(str::to_owned),
            topic: None,
            home: None,
            member_limit: None,
            standing: standing.to_owned(),
            role: None,
            last_message_time: None,
            members: Vec::new(),
        }
    }

    fn book() -> Book {
        let mut book = Book::new("alice@acme.test");
        book.replace(vec![
            channel("c1", Some("bob@globex.test"), None, "joined"),
            channel("c2", Some("carol@acme.test"), None, "joined"),
            channel("c3", None, Some("Team"), "invited"),
            channel("c4", None, Some("Twice"), "joined"),
            channel("c5", None, Some("twice"), "joined"),
        ]);
        book
    }

    #[test]
    fn channels_are_found_by_what_a_user_would_type() {
        let book = book();
        let check = |typed: &str, id: &str| {
            assert_eq!(book.find(typed), Ok(Found::Channel(id.to_owned())), "{typed}");
        };
        check("1", "c1");
        check("bob@globex.test", "c1");
        check(" Carol ", "c2");
        check("team", "c3");
        check("c4", "c4");
        let dave = Found::Account("dave@globex.test".to_owned());
        assert_eq!(book.find("Dave@globex.test"), Ok(dave));
        assert_eq!(book.find("Twice"), Err(FindError::Ambiguous("Twice".to_owned())));
        for typed in ["0", "6", "bob", ""] {
            assert_eq!(book.find(typed), Err(FindError::Unknown(typed.to_owned())), "{typed}");
        }
    }

    #[test]
    fn numbers_stay_when_the_list_changes() {
        let mut book = book();
        book.set_open(Some("c3".to_owned()));
        book.replace(vec![
            channel("c9", None, Some("New"), "joined"),
            channel("c3", None, Some("Team"), "joined"),
            channel("c1", Some("bob@globex.test"), None, "joined"),
        ]);
        assert_eq!(
            (book.hint("c1"), book.hint("c3"), book.hint("c9")),
            ("1".into(), "2".into(), "3".into())
        );
        assert_eq!(book.open(), Some("c3"));
        book.replace(vec![]);
        assert_eq!(book.open(), None);
    }

    #[test]
    fn the_list_says_how_to_accept_and_shows_nothing_raw() {
        let mut book = book();
        assert!(book.listing().contains("  3  Team  (invited: /accept 3 or /decline 3)\n"));
        book.replace(vec![channel("c1", None, Some("a\x1b[2Jb\n"), "joined")]);
        assert!(book.listing().chars().all(|c| c == '\n' || !c.is_control()));
    }
}
