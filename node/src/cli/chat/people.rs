//! How people want to be called. Anybody may take any name, so that it stands behind the account
//! and never in its place. Asked in batches, kept for a while, within bounds. Pure.

use std::collections::BTreeMap;

use comity_client::Profile;

use super::text::clean;

/// What is known of people.
#[derive(Debug, Default)]
pub(super) struct People {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    name: Option<String>,
    /// From then on it is asked anew.
    until_ms: i64,
}

/// Somebody in a list, and what the list says of him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) account: String,
    pub(super) what: String,
}

impl People {
    /// How an account wants to be called, on one line and fit for a terminal; `None` where that
    /// adds nothing.
    pub(super) fn name(&self, account: &str) -> Option<&str> {
        self.known.get(account)?.name.as_deref()
    }

    /// Of these accounts those that are to be asked about now, no more than one request takes.
    pub(super) fn missing<'a>(
        &self,
        accounts: impl Iterator<Item = &'a str>,
        now_ms: i64,
    ) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for account in accounts {
            let is_known = self.known.get(account).is_some_and(|known| known.until_ms > now_ms);
            if !is_known && missing.iter().all(|other| other != account) {
                missing.push(account.to_owned());
                if missing.len() == ASKED_MAX {
                    break;
                }
            }
        }
        missing
    }

    /// Takes what was answered about accounts; who is not in it stays what he was and is asked
    /// about again after a while.
    pub(super) fn take(&mut self, asked: Vec<String>, profiles: Vec<Profile>, now_ms: i64) {
        let answered = profiles.into_iter().filter(|profile| profile.error.is_none());
        let mut answered: BTreeMap<String, Option<String>> =
            answered.map(|profile| (profile.account, profile.display_name)).collect();
        for account in asked {
            let (name, until_ms) = match answered.remove(&account) {
                Some(name) => (name.and_then(|name| shown(&name, &account)), now_ms + FRESH_MS),
                None => {
                    let before = self.known.remove(&account).and_then(|known| known.name);
                    (before, now_ms + RETRY_MS)
                }
            };
            self.known.insert(account, Known { name, until_ms });
        }
        while self.known.len() > PEOPLE_MAX {
            self.known.pop_first();
        }
    }

    /// What is known of an account is old.
    pub(super) fn expire(&mut self, account: &str) {
        if let Some(known) = self.known.get_mut(account) {
            known.until_ms = i64::MIN;
        }
    }

    /// A list as text: the account first, so that no name can be taken for one, nor for a role.
    pub(super) fn listing(&self, listed: &[Listed]) -> String {
        let mut text = String::new();
        for Listed { account, what } in listed {
            let name = self.name(account).map(|name| format!("  {name}")).unwrap_or_default();
            text.push_str(&format!("  {}  ({what}){name}\n", clean(account)));
        }
        text
    }
}

fn shown(name: &str, account: &str) -> Option<String> {
    let name = clean(&name.split_whitespace().collect::<Vec<_>>().join(" "));
    let is_news = !name.is_empty() && account.split('@').next() != Some(&name);
    is_news.then_some(name)
}

/// The most that a node takes in one request.
const ASKED_MAX: usize = 100;
/// As long as a node keeps what another one said.
const FRESH_MS: i64 = 5 * 60_000;
const RETRY_MS: i64 = 60_000;
const PEOPLE_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(account: &str, name: Option<&str>) -> Profile {
        Profile {
            account: account.to_owned(),
            display_name: name.map(str::to_owned),
            avatar: None,
            status: None,
            error: None,
        }
    }

    #[test]
    fn names_are_asked_in_batches_and_kept_for_a_while() {
        let mut people = People::default();
        let accounts: Vec<String> = (0..150).map(|n| format!("u{n}@acme.test")).collect();
        let missing = |people: &People, now_ms| {
            people.missing(accounts.iter().chain(&accounts).map(String::as_str), now_ms)
        };
        let first = missing(&people, 0);
        assert_eq!(first, accounts[..100], "each once");
        people.take(first, vec![profile("u0@acme.test", Some("Zero"))], 0);
        assert_eq!(missing(&people, 0), accounts[100..]);
        people.take(accounts[100..].to_vec(), Vec::new(), 0);
        assert_eq!(missing(&people, RETRY_MS - 1), [""; 0]);
        // Who was not answered is asked about first; a name is kept longer.
        assert_eq!(missing(&people, RETRY_MS), accounts[1..101]);
        assert_eq!(missing(&people, FRESH_MS)[0], "u0@acme.test");
        people.take(vec!["u0@acme.test".to_owned()], Vec::new(), FRESH_MS);
        assert_eq!(people.name("u0@acme.test"), Some("Zero"), "no answer takes no name away");
        people.expire("u0@acme.test");
        assert_eq!(missing(&people, FRESH_MS)[0], "u0@acme.test");
        let crowd: Vec<String> = (0..PEOPLE_MAX + 50).map(|n| format!("v{n}@acme.test")).collect();
        people.take(crowd, Vec::new(), 0);
        assert_eq!(people.known.len(), PEOPLE_MAX);
    }

    #[test]
    fn no_name_can_be_taken_for_an_account_or_a_role() {
        let mut people = People::default();
        let mut list = Vec::new();
        for (account, name) in [
            ("mallory@evil.test", Some("alice@acme.test\u{1b}[2J\n\n    (owner)")),
            ("carol@acme.test", Some("carol")),
            ("dave@acme.test", Some("  ")),
            ("erin@acme.test", None),
        ] {
            people.take(vec![account.to_owned()], vec![profile(account, name)], 0);
            list.push(Listed { account: account.to_owned(), what: "member".to_owned() });
        }
        let expected = "  mallory@evil.test  (member)  alice@acme.test\\u{1b}[2J (owner)
  carol@acme.test  (member)
  dave@acme.test  (member)
  erin@acme.test  (member)
";
        assert_eq!(people.listing(&list), expected);
    }
}
