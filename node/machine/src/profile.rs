//! What accounts of ours show of themselves, and how they are searched. An avatar's bytes are made
//! by whoever proposes the command and pass through: the state knows them by their hash alone.

use std::collections::BTreeSet;

use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::AccountNumber;
use comity_protocol::limits::AVATAR_BYTES_MAX;
use comity_protocol::profile::{avatar_id, check_display_name, search_form};

use crate::account::Account;
use crate::answer::Answer;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Accounts by what they are searched by: their names, and their display names from each word on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing(BTreeSet<(String, String)>);

impl Listing {
    /// Adds an account that is there, with what it shows.
    pub(crate) fn list(&mut self, account: &Account) {
        self.0.extend(forms(account).map(|form| (form, account.name.clone())));
    }

    fn unlist(&mut self, account: &Account) {
        for form in forms(account) {
            self.0.remove(&(form, account.name.clone()));
        }
    }

    /// The names of accounts that something begins with, at most `max`, by what it begins with.
    fn find<'a>(&'a self, form: &str, max: usize) -> Vec<&'a str> {
        let from = self.0.range((form.to_owned(), String::new())..);
        let mut found: Vec<&str> = Vec::new();
        for (_, name) in from.take_while(|(known, _)| known.starts_with(form)) {
            if found.len() == max {
                break;
            }
            if !found.contains(&name.as_str()) {
                found.push(name);
            }
        }
        found
    }
}

/// What an account is searched by.
fn forms(account: &Account) -> impl Iterator<Item = String> {
    let shown = account.display_name.as_deref().map(search_form).unwrap_or_default();
    let begins = |at: usize, c: char| {
        c.is_alphanumeric() && !shown[..at].ends_with(|before: char| before.is_alphanumeric())
    };
    let starts = shown.char_indices().filter(|(at, c)| begins(*at, *c));
    let words: Vec<String> = starts.map(|(at, _)| shown[at..].to_owned()).collect();
    let name = (!account.is_deleted).then(|| search_form(&account.name));
    name.into_iter().chain(words)
}

impl State {
    /// Accounts of ours whose name, or a word of whose display name, begins with a text; at most
    /// `max`.
    pub fn search_accounts(&self, text: &str, max: usize) -> Vec<AccountNumber> {
        let found = self.listing.find(&search_form(text), max).into_iter();
        found.filter_map(|name| self.account_named(name)).collect()
    }

    /// Whether an account has changed what it shows after a place in the feed.
    pub fn profile_changed(&self, account: AccountNumber, since: Pos) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.profile_changed > since)
    }

    pub(crate) fn set_display_name(
        &mut self,
        number: AccountNumber,
        name: Option<&str>,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if name.is_some_and(|name| check_display_name(name).is_err()) {
            return Err(Code::DisplayNameInvalid);
        }
        let account = self.accounts.get_mut(&number).ok_or(Code::AccountNotFound)?;
        if account.display_name.as_deref() != name {
            self.listing.unlist(account);
            account.display_name = name.map(str::to_owned);
            self.listing.list(account);
            account.profile_changed = Pos::new(fx.command, 0);
            fx.dirty(RowKey::Account(number));
        }
        Ok(Answer::Done)
    }

    pub(crate) fn set_avatar(
        &mut self,
        number: AccountNumber,
        image: Option<&ByteString>,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if image.is_some_and(|image| image.is_empty() || image.len() > AVATAR_BYTES_MAX) {
            return Err(Code::ImageInvalid);
        }
        let account = self.accounts.get_mut(&number).ok_or(Code::AccountNotFound)?;
        let id = image.map(|image| avatar_id(image));
        if account.avatar != id {
            account.avatar = id;
            account.profile_changed = Pos::new(fx.command, 0);
            fx.avatars.push((number, image.cloned()));
            fx.dirty(RowKey::Account(number));
        }
        Ok(Answer::Done)
    }

    /// Shows nothing of an account that is deleted, and lists it no more.
    pub(crate) fn forget_profile(&mut self, number: AccountNumber, fx: &mut Effects) {
        let Some(account) = self.accounts.get_mut(&number) else { return };
        self.listing.unlist(account);
        account.display_name = None;
        if account.avatar.take().is_some() {
            fx.avatars.push((number, None));
        }
        fx.dirty(RowKey::Account(number));
    }
}
