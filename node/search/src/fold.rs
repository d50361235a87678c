//! Characters in the form in which they are searched: without case, accents, width and other
//! variants; each with where it stands in the text. What makes words of them is [`crate::token`].

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a character is to a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Of a script that writes words with spaces between them.
    Word,
    /// Of a script that does not, or whose words carry their particles; an emoji.
    Gram,
    /// What stands between words.
    Gap,
}

/// A character as it is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) char: char,
    pub(crate) class: Class,
    /// The bytes of the text that it comes of.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Hands the folded characters of a text to `visit`, in their order.
pub(crate) fn fold(text: &str, mut visit: impl FnMut(Folded)) {
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        let mut end = start + first.len_utf8();
        while let Some((at, next)) = rest.peek().copied().filter(|(_, next)| joins(*next)) {
            end = at + next.len_utf8();
            rest.next();
        }
        let mut put = |char: char| visit(Folded { char, class: class_of(char), start, end });
        if end == start + first.len_utf8() && is_plain(first) {
            put(first.to_ascii_lowercase());
        } else {
            fold_cluster(&text[start..end], &mut put);
        }
    }
}

/// Folds a character with what joins it.
fn fold_cluster(cluster: &str, put: &mut impl FnMut(char)) {
    for char in cluster.nfkc() {
        // Hangul and kana stay whole: their parts are no accents.
        if class_of(char) == Class::Gram {
            put(char);
            continue;
        }
        for part in std::iter::once(char).nfkd().filter(|part| !is_dropped(*part)) {
            for lower in part.to_lowercase().filter(|lower| !is_dropped(*lower)) {
                match expansion(lower) {
                    Some(letters) => letters.chars().for_each(&mut *put),
                    None => put(lower),
                }
            }
        }
    }
}

/// Whether a character alone is as it is searched, but for the case of ASCII.
fn is_plain(c: char) -> bool {
    matches!(c,
        '\0'..='\x7f'
        | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Whether a character belongs to the one before it.
fn joins(c: char) -> bool {
    !c.is_ascii()
        && (is_dropped(c)
            || matches!(
                c,
                '\u{3099}' | '\u{309a}' | '\u{ff9e}' | '\u{ff9f}' | '\u{1160}'..='\u{11ff}'
            ))
}

/// Accents, points that may be left out, and what is not seen.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5bd}'
        | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Letters that no normalisation takes apart, as people type them who do not have them.
fn expansion(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'þ' => "th",
        'ς' => "σ",
        _ => return None,
    })
}

fn class_of(c: char) -> Class {
    match c {
        '0'..='9' | 'a'..='z' | 'A'..='Z' => Class::Word,
        '\0'..='\x7f' => Class::Gap,
        // Thai and Lao, Myanmar, Khmer.
        '\u{e01}'..='\u{e4e}' | '\u{e81}'..='\u{ece}' | '\u{edc}'..='\u{edf}'
        | '\u{1000}'..='\u{103f}' | '\u{1780}'..='\u{17d3}'
        // Hangul.
        | '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}'
        // Kana, bopomofo, ideographs.
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}'
        // Emoji.
        | '\u{2600}'..='\u{27bf}' | '\u{1f1e6}'..='\u{1faff}' => Class::Gram,
        c if c.is_alphanumeric() || is_combining_mark(c) => Class::Word,
        _ => Class::Gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut found = String::new();
        fold(text, |folded| found.push(folded.char));
        found
    }

    #[test]
    fn case_accents_and_variants_are_folded() {
        for (text, form) in [
            ("Éva ÅNGSTRÖM", "eva angstrom"),
            ("E\u{301}va", "eva"),
            ("Straße STRASSE", "strasse strasse"),
            ("İpek ırmak", "ipek irmak"),
            ("ＢＯＢ ﬁne", "bob fine"),
            ("Ёлка Йод", "елка иод"),
            ("Ὀδυσσεύς", "οδυσσευσ"),
            ("soft\u{ad}hyphen zero\u{200b}width", "softhyphen zerowidth"),
            ("مُحَمَّد", "محمد"),
        ] {
            assert_eq!(folded(text), form, "{text}");
        }
    }

    #[test]
    fn scripts_without_accents_stay_what_they_are() {
        for (text, form) in [
            ("서울특별시", "서울특별시"),
            ("\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}", "서울"),
            ("がぎ は゛", "がぎ は゛".split('゛').next().unwrap_or_default()),
            ("か\u{3099}", "が"),
            ("ｶﾞﾗｽ", "ガラス"),
            ("नमस्ते", "नमस्ते"),
        ] {
            assert!(folded(text).starts_with(form), "{text}: {}", folded(text));
        }
    }

    #[test]
    fn characters_know_where_they_stand() {
        let mut places = Vec::new();
        fold("aE\u{301}ß", |folded| places.push((folded.char, folded.start, folded.end)));
        assert_eq!(places, [('a', 0, 1), ('e', 1, 4), ('s', 4, 6), ('s', 4, 6)]);
    }
}
