//! What somebody looks for: parts that must all be in a text. A part is what stands between spaces,
//! or in quotation marks; its tokens must be neighbours in the text.

use std::fmt;
use std::ops::Range;

use crate::token::{Kind, Token, tokens};

/// Longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 256;
/// Parts of a query.
pub const PARTS_MAX: usize = 16;
/// Fewest characters before a `*`, of scripts with spaces.
pub const PREFIX_CHARS_MIN: usize = 2;

/// A query that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(crate) parts: Vec<Part>,
}

/// Tokens that are neighbours in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) tokens: Vec<String>,
    /// Whether the last is only how a token begins.
    pub(crate) is_prefix: bool,
}

/// Why a query cannot be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// Nothing of it can be found in any text.
    Empty,
    /// It is longer than [`QUERY_CHARS_MAX`].
    TooLong,
    /// It has more than [`PARTS_MAX`] parts.
    TooManyParts,
    /// Less than [`PREFIX_CHARS_MIN`] characters stand before a `*`.
    PrefixTooShort,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it has no letter and no digit"),
            Self::TooLong => write!(f, "it has more than {QUERY_CHARS_MAX} characters"),
            Self::TooManyParts => write!(f, "it has more than {PARTS_MAX} words"),
            Self::PrefixTooShort => {
                write!(f, "a `*` needs at least {PREFIX_CHARS_MIN} characters before it")
            }
        }
    }
}

impl std::error::Error for QueryError {}

impl Query {
    /// Reads a query as a person types it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_CHARS_MAX * 4 || text.chars().count() > QUERY_CHARS_MAX {
            return Err(QueryError::TooLong);
        }
        let mut parts = Vec::new();
        for (chunk, is_quoted) in chunks(text) {
            parts.extend(part(chunk, is_quoted)?);
        }
        parts.dedup();
        match parts.len() {
            0 => Err(QueryError::Empty),
            1..=PARTS_MAX => Ok(Self { parts }),
            _ => Err(QueryError::TooManyParts),
        }
    }

    /// Where a text has what is looked for, in order and not overlapping; `None` where it does not
    /// have all of it.
    pub fn find(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let tokens = tokens(text);
        let mut found = Vec::new();
        for part in &self.parts {
            let before = found.len();
            part.find(&tokens, &mut found);
            if found.len() == before {
                return None;
            }
        }
        found.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match merged.last_mut().filter(|last| range.start < last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => merged.push(range),
            }
        }
        Some(merged)
    }
}

impl Part {
    fn find(&self, tokens: &[Token], found: &mut Vec<Range<usize>>) {
        for window in tokens.windows(self.tokens.len()) {
            let Some((last, firsts)) = window.split_last() else { continue };
            let Some((last_sought, sought)) = self.tokens.split_last() else { continue };
            let is_last = match self.is_prefix {
                true => last.text.starts_with(last_sought),
                false => last.text == *last_sought,
            };
            if is_last && firsts.iter().map(|token| &token.text).eq(sought) {
                let end = match last.kind {
                    // Of a pair only what was looked for is shown.
                    Kind::Pair if self.is_prefix => last.range.start + first_len(last, tokens),
                    _ => last.range.end,
                };
                found.push(window[0].range.start..end);
            }
        }
    }
}

/// How many bytes of a pair are its first character's: up to where the next token begins.
fn first_len(pair: &Token, tokens: &[Token]) -> usize {
    let next = tokens.get(pair.position + 1).map_or(pair.range.end, |next| next.range.start);
    next.min(pair.range.end) - pair.range.start
}

/// What stands between spaces or in quotation marks.
fn chunks(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let quoted = text.split('"').enumerate();
    quoted.flat_map(|(at, piece)| {
        let is_quoted = at % 2 == 1;
        let inner: Vec<&str> = match is_quoted {
            true => vec![piece],
            false => piece.split_whitespace().collect(),
        };
        inner.into_iter().map(move |chunk| (chunk, is_quoted))
    })
}

fn part(chunk: &str, is_quoted: bool) -> Result<Option<Part>, QueryError> {
    let mut found = tokens(chunk);
    let wants_prefix = !is_quoted && chunk.ends_with('*');
    // In a text the run may go on.
    if found.len() > 1
        && found.last().is_some_and(|last| last.kind == Kind::Last)
        && found[found.len() - 2].kind == Kind::Pair
    {
        found.pop();
    }
    let Some(last) = found.last() else { return Ok(None) };
    let is_word = last.kind == Kind::Word;
    if wants_prefix && is_word && last.text.chars().count() < PREFIX_CHARS_MIN {
        return Err(QueryError::PrefixTooShort);
    }
    // One character of a run is how pairs begin.
    let is_prefix = last.kind == Kind::Last || wants_prefix && is_word;
    Ok(Some(Part { tokens: found.into_iter().map(|token| token.text).collect(), is_prefix }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str, text: &str) -> Option<Vec<String>> {
        let ranges = Query::parse(query).unwrap().find(text)?;
        Some(ranges.into_iter().map(|range| text[range].to_owned()).collect())
    }

    #[test]
    fn all_parts_must_be_there() {
        assert_eq!(found("tea five", "Five o'clock TEA"), Some(vec!["Five".into(), "TEA".into()]));
        assert_eq!(found("tea six", "Five o'clock TEA"), None);
        assert_eq!(
            found("\"o'clock tea\"", "five o'clock, tea"),
            Some(vec!["o'clock, tea".into()])
        );
        assert_eq!(found("\"tea o'clock\"", "five o'clock tea"), None);
        assert_eq!(found("find_by_id", "call find_by_id(7)"), Some(vec!["find_by_id".into()]));
        assert_eq!(found("acme.example/a", "see https://acme.example/a-b").unwrap().len(), 1);
        assert_eq!(found("resume", "mein Résumé"), Some(vec!["Résumé".into()]));
    }

    #[test]
    fn words_are_found_within_runs() {
        assert_eq!(found("京都", "東京都から"), Some(vec!["京都".into()]));
        assert_eq!(found("東京都", "東京都から"), Some(vec!["東京都".into()]));
        assert_eq!(found("京", "東京都から"), Some(vec!["京".into()]));
        assert_eq!(found("ら", "東京都から"), Some(vec!["ら".into()]));
        assert_eq!(found("서울", "서울에서 만나요"), Some(vec!["서울".into()]));
        assert_eq!(found("東都", "東京都から"), None);
        assert_eq!(found("👍", "ok 👍👍"), Some(vec!["👍".into(), "👍".into()]));
        assert_eq!(found("v2東京", "v2東京都"), Some(vec!["v2東京".into()]));
    }

    #[test]
    fn a_star_is_how_a_word_goes_on() {
        assert_eq!(found("kaff*", "Die Kaffeemaschine"), Some(vec!["Kaffeemaschine".into()]));
        assert_eq!(found("kaff", "Die Kaffeemaschine"), None);
        assert_eq!(Query::parse("k*"), Err(QueryError::PrefixTooShort));
        assert_eq!(Query::parse("*"), Err(QueryError::Empty));
    }

    #[test]
    fn what_cannot_be_searched_is_said() {
        assert_eq!(Query::parse(" \u{0}…\" "), Err(QueryError::Empty));
        assert_eq!(Query::parse(&"x".repeat(257)), Err(QueryError::TooLong));
        let many: Vec<String> = (0..17).map(|number| format!("w{number}")).collect();
        assert_eq!(Query::parse(&many.join(" ")), Err(QueryError::TooManyParts));
        assert!(Query::parse(&many[..16].join(" ")).is_ok());
    }
}
