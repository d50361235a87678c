//! The JSON of search. It must not know where anything is found.

use comity_protocol::code::Code;
use serde::{Deserialize, Serialize};

use super::outgoing::EventShape;
use super::request::limit;
use super::value;
use crate::backend::Refusal;
use crate::search::{
    SEARCH_LIMIT_MAX, SEARCH_SKIP_MAX, Search, SearchOrder, SearchPage, SearchResult, Snippet,
};

/// The query of `GET /v1/search`.
#[derive(Debug, Deserialize)]
pub(crate) struct SearchQuery {
    q: Option<String>,
    channel: Option<String>,
    author: Option<String>,
    from: Option<String>,
    until: Option<String>,
    order: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl SearchQuery {
    pub(crate) fn into_search(self) -> Result<Search, Refusal> {
        Ok(Search {
            text: self.q.ok_or_else(|| value::malformed("The query needs `q`."))?,
            channel: self.channel.as_deref().map(value::channel_id).transpose()?,
            author: self.author.as_deref().map(value::label).transpose()?,
            from_unix_ms: self.from.as_deref().map(value::time).transpose()?,
            until_unix_ms: self.until.as_deref().map(value::time).transpose()?,
            order: self.order.as_deref().map(order).transpose()?.unwrap_or_default(),
            skip: self.cursor.as_deref().map(skip).transpose()?.unwrap_or_default(),
            limit: limit(self.limit.as_deref(), LIMIT_DEFAULT, SEARCH_LIMIT_MAX)?,
        })
    }
}

fn order(text: &str) -> Result<SearchOrder, Refusal> {
    match text {
        "rank" => Ok(SearchOrder::Rank),
        "newest" => Ok(SearchOrder::Newest),
        _ => Err(value::malformed("An `order` is \"rank\" or \"newest\".")),
    }
}

fn skip(cursor: &str) -> Result<usize, Refusal> {
    let is_plain = cursor.bytes().all(|b| b.is_ascii_digit());
    let skip = cursor.parse().ok().filter(|skip| is_plain && *skip <= SEARCH_SKIP_MAX);
    skip.ok_or_else(|| Code::CursorInvalid.into())
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct SearchAnswer<'a> {
    results: Vec<ResultShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    indexed_percent: Option<u8>,
}

#[derive(Debug, Serialize)]
struct ResultShape<'a> {
    channel: String,
    event: EventShape<'a>,
    snippet: Vec<PartShape<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut_before: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut_after: bool,
}

#[derive(Debug, Serialize)]
struct PartShape<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    found: bool,
}

impl<'a> From<&'a SearchPage> for SearchAnswer<'a> {
    fn from(page: &'a SearchPage) -> Self {
        Self {
            results: page.results.iter().map(Into::into).collect(),
            cursor: page.next.map(|next| next.to_string()),
            indexed_percent: page.indexed_percent,
        }
    }
}

impl<'a> From<&'a SearchResult> for ResultShape<'a> {
    fn from(result: &'a SearchResult) -> Self {
        let Snippet { parts, is_cut_before, is_cut_after } = &result.snippet;
        let part = |(text, found): &'a (String, bool)| PartShape { text, found: *found };
        Self {
            channel: result.event.channel.to_string(),
            event: (&*result.event).into(),
            snippet: parts.iter().map(part).collect(),
            cut_before: *is_cut_before,
            cut_after: *is_cut_after,
        }
    }
}

const LIMIT_DEFAULT: usize = 20;
