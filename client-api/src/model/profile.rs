//! The JSON of profiles and of searches for accounts. It must not know where they come from.

use std::borrow::Cow;

use comity_protocol::hash::Hash;
use comity_protocol::limits::DISPLAY_NAME_CHARS_MAX;
use comity_protocol::name::AccountLabel;
use comity_protocol::profile::search_form;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::outgoing::ErrorShape;
use super::request::{limit, optional_nonce};
use super::value;
use crate::backend::Refusal;
use crate::profile::{Asked, DIRECTORY_LIMIT_MAX, Profile};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProfileShape<'a> {
    account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorShape<'a>>,
}

impl<'a> From<&'a Profile> for ProfileShape<'a> {
    fn from(profile: &'a Profile) -> Self {
        Self {
            account: profile.account.to_string(),
            display_name: profile.display_name.as_deref().map(Cow::Borrowed),
            avatar: profile.avatar.map(avatar_text),
            status: profile.status.as_deref().map(Cow::Borrowed),
            error: None,
        }
    }
}

impl<'a> From<&'a Asked> for ProfileShape<'a> {
    fn from((account, found): &'a Asked) -> Self {
        let account = account.to_string();
        match found {
            Ok(profile) => Self { account, ..profile.into() },
            Err(refusal) => {
                let (display_name, avatar, status) = (None, None, None);
                Self { account, display_name, avatar, status, error: Some(refusal.into()) }
            }
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ProfilesAnswer<'a> {
    profiles: Vec<ProfileShape<'a>>,
}

impl<'a, T> From<&'a [T]> for ProfilesAnswer<'a>
where
    ProfileShape<'a>: From<&'a T>,
{
    fn from(profiles: &'a [T]) -> Self {
        Self { profiles: profiles.iter().map(Into::into).collect() }
    }
}

/// What an avatar is known by, as clients see it.
pub(crate) fn avatar_text(id: Hash) -> String {
    BASE64URL_NOPAD.encode(&id.0)
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DisplayNameRequest {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

impl DisplayNameRequest {
    pub(crate) fn into_parts(self) -> Result<(Option<u64>, Option<String>), Refusal> {
        Ok((optional_nonce(self.nonce)?, value::display_name(&self.name)?))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct DirectoryQuery {
    q: Option<String>,
    limit: Option<String>,
}

/// What is sought in the directory.
pub(crate) enum Sought {
    /// One account, of whatever domain.
    Account(AccountLabel),
    /// Accounts of this node, by what their names begin with.
    Names(String),
}

impl DirectoryQuery {
    pub(crate) fn into_parts(self) -> Result<(Sought, usize), Refusal> {
        let text = self.q.unwrap_or_default();
        // What is sought is made comparable only where it is short.
        let limit = limit(self.limit.as_deref(), DIRECTORY_LIMIT_MAX, DIRECTORY_LIMIT_MAX)?;
        if let Ok(account) = AccountLabel::normalise(&text) {
            return Ok((Sought::Account(account), limit));
        }
        let is_short = text.len() <= QUERY_CHARS_MAX * 4 && text.chars().count() <= QUERY_CHARS_MAX;
        if !is_short || search_form(&text).is_empty() {
            let sentence = format!("The query needs `q`, 1 to {QUERY_CHARS_MAX} characters.");
            return Err(value::malformed(sentence));
        }
        Ok((Sought::Names(text), limit))
    }
}

/// Nothing that is sought is longer.
const QUERY_CHARS_MAX: usize = DISPLAY_NAME_CHARS_MAX;
