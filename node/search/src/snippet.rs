//! A short piece of a text around what was found in it.

use std::ops::Range;

/// Longest snippet, in characters.
pub const SNIPPET_CHARS_MAX: usize = 200;
/// Characters before the first place that was found.
const LEAD_CHARS: usize = 40;

/// A piece of a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its text.
    pub text: &'a str,
    /// Whether it is what was looked for.
    pub is_found: bool,
}

/// A snippet, and whether the text goes on before and after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet<'a> {
    /// Its pieces, in order.
    pub pieces: Vec<Piece<'a>>,
    /// Whether something stands before it.
    pub is_cut_before: bool,
    /// Whether something stands after it.
    pub is_cut_after: bool,
}

/// The snippet around the first of the places, which are in order and do not overlap.
pub fn snippet<'a>(text: &'a str, found: &[Range<usize>]) -> Snippet<'a> {
    let first = found.first().map_or(0, |range| range.start);
    let start = start_before(text, first);
    let end = text[start..]
        .char_indices()
        .nth(SNIPPET_CHARS_MAX)
        .map_or(text.len(), |(at, _)| end_before(text, start, start + at));
    let mut pieces = Vec::new();
    let mut at = start;
    let mut put = |range: Range<usize>, is_found| {
        if !range.is_empty() {
            pieces.push(Piece { text: &text[range], is_found });
        }
    };
    for range in found {
        let (from, to) = (range.start.clamp(at, end), range.end.clamp(at, end));
        put(at..from, false);
        put(from..to, true);
        at = to;
    }
    put(at..end, false);
    Snippet { pieces, is_cut_before: start > 0, is_cut_after: end < text.len() }
}

/// Where a snippet begins whose first place is at `first`: some characters before, after a space if
/// there is one.
fn start_before(text: &str, first: usize) -> usize {
    let lead = &text[..first];
    let Some((cut, _)) = lead.char_indices().rev().nth(LEAD_CHARS - 1).filter(|(at, _)| *at > 0)
    else {
        return 0;
    };
    let space = text[cut..first].char_indices().find(|(_, c)| c.is_whitespace());
    space.map_or(cut, |(at, space)| cut + at + space.len_utf8())
}

/// Where it ends that would be cut at `cut`: before a space near there, if there is one.
fn end_before(text: &str, start: usize, cut: usize) -> usize {
    let mut last = text[start..cut].char_indices().rev().take(LEAD_CHARS);
    last.find(|(_, c)| c.is_whitespace()).map_or(cut, |(at, _)| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;

    fn shown(query: &str, text: &str) -> String {
        let found = Query::parse(query).unwrap().find(text).unwrap();
        let snippet = snippet(text, &found);
        let mut shown = String::from(if snippet.is_cut_before { "…" } else { "" });
        for piece in &snippet.pieces {
            match piece.is_found {
                true => shown.push_str(&format!("[{}]", piece.text)),
                false => shown.push_str(piece.text),
            }
        }
        shown + if snippet.is_cut_after { "…" } else { "" }
    }

    #[test]
    fn a_short_text_is_shown_whole() {
        assert_eq!(shown("tea", "Tea at five: tea!"), "[Tea] at five: [tea]!");
        assert_eq!(shown("東京", "明日東京へ"), "明日[東京]へ");
    }

    #[test]
    fn a_long_one_is_cut_at_spaces() {
        let text = format!("{}needle {}", "word ".repeat(50), "tail ".repeat(100));
        let shown = shown("needle", &text);
        assert!(shown.starts_with("…word word"), "{shown}");
        assert!(shown.contains("word [needle] tail"), "{shown}");
        assert!(shown.ends_with("tail…"), "{shown}");
        assert!(shown.chars().count() <= SNIPPET_CHARS_MAX + 4, "{shown}");
    }

    #[test]
    fn one_without_spaces_is_cut_between_characters() {
        let text = format!("{}東京{}", "あ".repeat(100), "い".repeat(500));
        let shown = shown("東京", &text);
        assert_eq!(shown, format!("…{}[東京]{}…", "あ".repeat(40), "い".repeat(158)));
    }

    #[test]
    fn what_was_found_and_is_longer_is_cut_too() {
        let text = "x".repeat(32 * 20);
        let found = Query::parse(&text[..256]).unwrap().find(&text).unwrap();
        let snippet = snippet(&text, &found);
        assert_eq!(snippet.pieces.len(), 1);
        assert_eq!(snippet.pieces[0].text.len(), SNIPPET_CHARS_MAX);
    }
}
