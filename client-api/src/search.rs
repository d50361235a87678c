//! The part of the port that is about finding messages by their words. Nothing here knows how a
//! node finds them.

use std::sync::Arc;

use comity_protocol::id::ChannelId;
use comity_protocol::name::AccountLabel;

use crate::backend::{Caller, FeedEvent, Refusal};

/// What is looked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What a person typed.
    pub text: String,
    /// In this channel alone.
    pub channel: Option<ChannelId>,
    /// Of this account alone.
    pub author: Option<AccountLabel>,
    /// From this time on, in Unix milliseconds.
    pub from_unix_ms: Option<u64>,
    /// Up to before this time, in Unix milliseconds.
    pub until_unix_ms: Option<u64>,
    /// What comes first.
    pub order: SearchOrder,
    /// Without so many that came before.
    pub skip: usize,
    /// At most so many.
    pub limit: usize,
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchOrder {
    /// What fits best.
    #[default]
    Rank,
    /// What is newest.
    Newest,
}

/// A message that has what was looked for.
#[derive(Clone, Debug)]
pub struct SearchResult {
    /// The message.
    pub event: Arc<FeedEvent>,
    /// A piece of its text around the first place.
    pub snippet: Snippet,
}

/// A piece of a text, in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// Its parts in order, each with whether it is what was looked for.
    pub parts: Vec<(String, bool)>,
    /// Whether something stands before it.
    pub is_cut_before: bool,
    /// Whether something stands after it.
    pub is_cut_after: bool,
}

/// Some of what was found.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// Messages in the order that was asked for.
    pub results: Vec<SearchResult>,
    /// With which `skip` to go on, where there may be more.
    pub next: Option<usize>,
    /// How much of what is there can be found, in percent, where that is not all.
    pub indexed_percent: Option<u8>,
}

/// The most results of one answer.
pub const SEARCH_LIMIT_MAX: usize = 50;
/// The most results that can be skipped.
pub const SEARCH_SKIP_MAX: usize = 1_000;

/// A node, as far as search goes.
pub trait SearchBackend {
    /// Messages that the caller may read and that have what is looked for.
    fn search(
        &self,
        caller: &Caller,
        search: Search,
    ) -> impl Future<Output = Result<SearchPage, Refusal>> + Send;
}
