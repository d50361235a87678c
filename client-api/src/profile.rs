//! The part of the port that is about what accounts show of themselves. Nothing here knows where a
//! node has it from.

use std::sync::Arc;

use bytes::Bytes;
use comity_protocol::hash::Hash;
use comity_protocol::name::AccountLabel;

use crate::backend::{Caller, Refusal};

/// What an account shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub account: AccountLabel,
    /// How it wants to be called.
    pub display_name: Option<String>,
    /// Its avatar.
    pub avatar: Option<Hash>,
    /// What it says of itself, where the caller may see its presence.
    pub status: Option<Arc<str>>,
}

/// An avatar: a JPEG image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// What it is known by.
    pub id: Hash,
    /// Its bytes.
    pub image: Bytes,
}

/// An account that was asked for: what it shows, or why that is not known.
pub type Asked = (AccountLabel, Result<Profile, Refusal>);

/// The most accounts of one answer to a search.
pub const DIRECTORY_LIMIT_MAX: usize = 50;

/// A node, as far as profiles go.
pub trait ProfileBackend {
    /// What accounts show, in their order.
    fn profiles(
        &self,
        caller: &Caller,
        accounts: Vec<AccountLabel>,
    ) -> impl Future<Output = Result<Vec<Asked>, Refusal>> + Send;

    /// The avatar of an account.
    fn avatar(
        &self,
        caller: &Caller,
        account: AccountLabel,
    ) -> impl Future<Output = Result<Avatar, Refusal>> + Send;

    /// Accounts of this node whose name, or a word of whose display name, begins with a text, by
    /// what it begins with; at most `limit`, without what they say of themselves.
    fn directory(&self, caller: &Caller, text: &str, limit: usize) -> Vec<Profile>;
}
