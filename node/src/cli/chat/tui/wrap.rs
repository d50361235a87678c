//! Where lines end. Counts columns as a terminal does: a Hangul syllable or an emoji takes two, a
//! combining mark none; never cuts what is read as one character. Pure.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// The lines of a text, as ranges of its bytes, each at most `width` columns wide: broken at line
/// feeds, else at blanks, between two wide characters, or, where a word is wider than the line,
/// anywhere.
pub(super) fn wrap(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(2);
    let mut lines = Vec::new();
    let mut at = 0;
    for part in text.split('\n') {
        wrap_part(part, at, width, &mut lines);
        at += part.len() + 1;
    }
    lines
}

fn wrap_part(part: &str, offset: usize, width: usize, lines: &mut Vec<Range<usize>>) {
    // The line's start; where it could end and the next begin; how wide it is, and was there.
    let (mut start, mut used) = (0, 0);
    let mut blank: Option<(usize, usize, usize)> = None;
    let mut was_wide = false;
    for (at, grapheme) in part.grapheme_indices(true) {
        let columns = grapheme.width();
        let is_wide = columns > 1;
        if is_wide || was_wide {
            blank = Some((at, at, used));
        }
        if grapheme == " " {
            // A blank may stand beyond the end, where nobody sees it.
            blank = Some((at, at + 1, used + 1));
            used += 1;
            was_wide = false;
            continue;
        }
        if used + columns > width && at > start {
            let (end, next, before) =
                blank.filter(|(end, ..)| *end > start).unwrap_or((at, at, used));
            let end = start + part[start..end].trim_end_matches(' ').len();
            lines.push(offset + start..offset + end);
            start = next;
            used = used.saturating_sub(before);
            blank = None;
        }
        used += columns;
        was_wide = is_wide;
    }
    lines.push(offset + start..offset + part.len());
}

/// The beginning of a text, cut to a number of columns with an ellipsis where it is longer.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used + 1 > width {
            break;
        }
        cut.push_str(grapheme);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: usize) -> Vec<&str> {
        wrap(text, width).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn lines_end_at_blanks_where_they_can() {
        assert_eq!(lines("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(lines("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(lines("incomprehensibilities", 8), ["incompre", "hensibil", "ities"]);
        assert_eq!(lines("see incomprehensible", 8), ["see", "incompre", "hensible"]);
        assert_eq!(lines("ten chars  x", 9), ["ten chars", "x"], "blanks vanish");
        assert_eq!(lines("", 5), [""]);
    }

    #[test]
    fn wide_characters_take_two_columns_and_are_never_cut() {
        assert_eq!(lines("안녕하세요 여러분", 9), ["안녕하세", "요 여러분"]);
        assert_eq!(lines("日本語テキスト", 6), ["日本語", "テキス", "ト"]);
        assert_eq!(lines("ab한글", 5), ["ab한", "글"]);
        let family = "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧";
        assert_eq!(lines(family, 4), ["👩‍👩‍👧👩‍👩‍👧", "👩‍👩‍👧"]);
        assert_eq!(lines("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        for width in 2..20 {
            let text = "Tea 차 at 五 o'clock 👩‍👩‍👧 in the 정원, naturally";
            for line in lines(text, width) {
                assert!(columns(line.trim_end()) <= width, "{line:?} in {width}");
            }
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello there", 6), "hello…");
        assert_eq!(cut("안녕하세요", 6), "안녕…");
        assert_eq!(cut("x", 0), "");
    }
}
