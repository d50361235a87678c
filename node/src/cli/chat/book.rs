//! The channels as the user names them: by number, by a group's name, by an account, by id. A name
//! that others chose (a group's) must never stand for anything else, so `name@domain` is always the
//! account and a number always the list's. Pure; what it answers is fit for a terminal.

use std::collections::HashMap;
use std::fmt;

use comity_client::Channel;

use super::text::clean;

/// The list of channels and which one is open.
pub(super) struct Book {
    me: String,
    channels: Vec<Channel>,
    open: Option<String>,
    /// The group that lets the user in soon and is opened then.
    awaited: Option<String>,
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
    /// Several channels are called so.
    Ambiguous {
        /// What was typed.
        name: String,
        /// What it could be, each as a command can name it.
        candidates: String,
    },
    /// No name was typed.
    Missing,
    /// Nothing is called so.
    Unknown(String),
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous { name, candidates } => {
                write!(f, "{} could be {candidates}: take its number", clean(name))
            }
            Self::Missing => f.write_str("which one? name@domain, #group, or its number in /list"),
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
        Self { me: me.to_owned(), channels: Vec::new(), open: None, awaited: None }
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

    /// Puts the channels in the order in which a window shows them, which has its numbers.
    pub(super) fn arrange(&mut self, order: &[String]) {
        if self.channels.iter().map(|c| &c.id).eq(order) {
            return;
        }
        let places: HashMap<&String, usize> = order.iter().zip(0..).collect();
        self.channels.sort_by_key(|c| places.get(&c.id).copied().unwrap_or(usize::MAX));
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.channels.iter().any(|c| c.id == id)
    }

    /// The open channel's id.
    pub(super) fn open(&self) -> Option<&str> {
        self.open.as_deref()
    }

    /// Opens a channel, or none; nothing is awaited any more.
    pub(super) fn set_open(&mut self, id: Option<String>) {
        self.open = id;
        self.awaited = None;
    }

    /// The group that is opened when it lets the user in.
    pub(super) fn awaited(&self) -> Option<&str> {
        self.awaited.as_deref()
    }

    /// Closes what is open until this group lets the user in.
    pub(super) fn set_awaited(&mut self, id: String) {
        self.open = None;
        self.awaited = Some(id);
    }

    /// Whether this group was awaited, which it is no longer: of several who ask, one is told.
    pub(super) fn take_awaited(&mut self, id: &str) -> bool {
        self.awaited.take_if(|awaited| awaited == id).is_some()
    }

    pub(super) fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|c| c.id == id)
    }

    /// What a channel is called.
    pub(super) fn title(&self, id: &str) -> String {
        match self.channel(id) {
            Some(Channel { with: Some(with), .. }) => clean(with),
            Some(Channel { name: Some(name), .. }) => group_title(name),
            Some(Channel { inviter: Some(inviter), .. }) => strange_title(inviter),
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

    /// What a name stands for: an id; with an `@` the account, whatever groups are called; a number
    /// the list's; otherwise a group, or somebody of the user's own organisation with whom there is
    /// a channel. After a `#` only a group.
    pub(super) fn find(&self, name: &str) -> Result<Found, FindError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(FindError::Missing);
        }
        let unknown = || FindError::Unknown(name.to_owned());
        let found = |c: &Channel| Found::Channel(c.id.clone());
        if let Some(channel) = self.channel(name) {
            return Ok(found(channel));
        }
        if name.contains('@') && !name.starts_with('#') {
            let account = self.account(name);
            let with = self.channels.iter().find(|c| c.with.as_deref() == Some(&*account));
            return Ok(with.map_or(Found::Account(account), found));
        }
        if is_number(name) {
            let place = name.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
            return place.and_then(|n| self.channels.get(n)).map(found).ok_or_else(unknown);
        }
        let candidates: Vec<_> = self.channels.iter().filter(|c| self.is_called(c, name)).collect();
        match candidates[..] {
            [] => Err(unknown()),
            [only] => Ok(found(only)),
            _ => Err(FindError::Ambiguous {
                name: name.to_owned(),
                candidates: self.listed(&candidates),
            }),
        }
    }

    /// Whether a name that is no account and no number is this channel's.
    fn is_called(&self, channel: &Channel, name: &str) -> bool {
        let same = |own: &str, typed: &str| own.to_lowercase() == typed.to_lowercase();
        match (&channel.with, &channel.name) {
            (Some(with), _) => *with == self.account(name),
            (None, Some(own)) if own.contains('@') || is_number(own) => false,
            (None, Some(own)) => {
                same(own, name) || name.strip_prefix('#').is_some_and(|typed| same(own, typed))
            }
            (None, None) => false,
        }
    }

    /// Channels with their numbers: `4 (#lunch of globex.test) or 7 (#Lunch)`.
    fn listed(&self, channels: &[&Channel]) -> String {
        let shown = |c: &&Channel| {
            let home = c.home.as_deref().map(|home| format!(" of {}", clean(home)));
            format!("{} ({}{})", self.hint(&c.id), self.title(&c.id), home.unwrap_or_default())
        };
        channels.iter().map(shown).collect::<Vec<_>>().join(" or ")
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
                ("kept", _) => "shared no longer, to read".to_owned(),
                (_, Some(role)) if channel.kind == "group" => format!("group, {}", clean(role)),
                _ => clean(&channel.kind),
            };
            text.push_str(&format!("{mark}{number:>3}  {}  ({what})\n", self.title(&channel.id)));
        }
        text
    }
}

/// How a group is shown: never to be taken for an account.
pub(super) fn group_title(name: &str) -> String {
    format!("#{}", clean(name))
}

/// What a group is called whose name is not told, since a stranger invites to it.
pub(super) fn strange_title(inviter: &str) -> String {
    format!("a group of {}", clean(inviter))
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
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
            inviter: None,
            role: None,
            last_message_time: None,
            unread: None,
            mentions: None,
            read: None,
            members: Vec::new(),
            aliases: Vec::new(),
            organisations: Vec::new(),
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
        check("#team", "c3");
        let twice = book.find("Twice").unwrap_err().to_string();
        assert_eq!(twice, "Twice could be 4 (#Twice) or 5 (#twice): take its number");
        for typed in ["0", "6", "bob", "#carol"] {
            assert_eq!(book.find(typed), Err(FindError::Unknown(typed.to_owned())), "{typed}");
        }
        assert_eq!(book.find(" "), Err(FindError::Missing));
    }

    #[test]
    fn no_name_of_a_group_stands_for_somebody_or_for_another_channel() {
        let mut book = Book::new("alice@acme.test");
        book.replace(vec![
            channel("c1", None, Some("bob@globex.test"), "invited"),
            channel("c2", None, Some("4"), "joined"),
            channel("c3", None, Some("carol"), "joined"),
            channel("c4", Some("carol@acme.test"), None, "joined"),
            channel("c5", None, Some("c1"), "joined"),
        ]);
        let found = |id: &str| Ok(Found::Channel(id.to_owned()));
        let bob = Found::Account("bob@globex.test".to_owned());
        assert_eq!(book.find("Bob@globex.test"), Ok(bob));
        assert_eq!((book.find("4"), book.find("carol@acme.test")), (found("c4"), found("c4")));
        assert_eq!((book.find("1"), book.find("c1")), (found("c1"), found("c1")));
        assert_eq!(book.find("#carol"), found("c3"));
        let carol = book.find("carol").unwrap_err().to_string();
        assert_eq!(carol, "carol could be 3 (#carol) or 4 (carol@acme.test): take its number");
        for typed in ["#bob@globex.test", "#4", "9"] {
            assert_eq!(book.find(typed), Err(FindError::Unknown(typed.to_owned())), "{typed}");
        }
        assert_eq!(
            (&*book.title("c1"), &*book.title("c4")),
            ("#bob@globex.test", "carol@acme.test")
        );
    }

    #[test]
    fn an_awaited_group_takes_the_place_of_the_open_channel() {
        let mut book = book();
        book.set_open(Some("c1".to_owned()));
        book.set_awaited("c3".to_owned());
        assert_eq!((book.open(), book.awaited()), (None, Some("c3")));
        assert!(!book.take_awaited("c1") && book.take_awaited("c3") && !book.take_awaited("c3"));
        book.set_awaited("c3".to_owned());
        book.set_open(Some("c2".to_owned()));
        assert!(!book.take_awaited("c3"), "who opened another channel is not taken away from it");
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
    fn a_window_says_what_the_numbers_are() {
        let mut book = book();
        book.arrange(&["c3", "c5", "c1", "c4", "c2"].map(str::to_owned));
        let hints = ["c1", "c2", "c3", "c4", "c5"].map(|id| book.hint(id));
        assert_eq!(hints, ["3", "5", "1", "4", "2"]);
        let twice = book.find("Twice").unwrap_err().to_string();
        assert_eq!(twice, "Twice could be 2 (#twice) or 4 (#Twice): take its number");
    }

    #[test]
    fn the_list_says_how_to_accept_and_shows_nothing_raw() {
        let mut book = book();
        assert!(book.listing().contains("  3  #Team  (invited: /accept 3 or /decline 3)\n"));
        book.replace(vec![channel("c1", None, Some("a\x1b[2Jb\n"), "joined")]);
        assert!(book.listing().chars().all(|c| c == '\n' || !c.is_control()));
    }
}
