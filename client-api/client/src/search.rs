//! Messages by their words.

use serde::Deserialize;

use crate::error::HttpError;
use crate::http::Http;
use crate::resources::segment;

/// A message that has what was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FoundMessage {
    /// The channel.
    pub channel: String,
    /// The message.
    pub event: FoundEvent,
    /// A piece of its text around the first place, in parts.
    pub snippet: Vec<SnippetPart>,
    /// Whether the text has more before it.
    #[serde(default)]
    pub cut_before: bool,
    /// Whether it has more after it.
    #[serde(default)]
    pub cut_after: bool,
}

/// Which message it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FoundEvent {
    /// Its id.
    pub id: String,
    /// When, in RFC 3339.
    pub time: String,
    /// Who, as `name@domain`.
    pub sender: String,
}

/// A part of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SnippetPart {
    /// Its text.
    pub text: String,
    /// Whether it is what was looked for.
    #[serde(default)]
    pub found: bool,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<FoundMessage>,
}

impl Http {
    /// Messages of all channels that have these words, the newest first; at most `limit`, which is
    /// 1 to 50.
    pub async fn search(&self, words: &str, limit: usize) -> Result<Vec<FoundMessage>, HttpError> {
        let words = segment(words);
        let path = format!("/v1/search?order=newest&limit={limit}&q={words}");
        self.get::<Answer>(&path).await.map(|answer| answer.results)
    }
}
