//! What accounts show of themselves (`docs/protocol/` section 8.10): display names, avatars, and
//! how names are searched. It must not decode an image.

use minicbor::{Decode, Encode};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::cbor::ByteString;
use crate::hash::{Hash, Hasher, tag};
use crate::limits::{AVATAR_BYTES_MAX, DISPLAY_NAME_CHARS_MAX};

/// What an account of the speaker's shows, except for its status, which is a part of presence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Profile {
    /// How it wants to be called.
    #[n(0)]
    pub display_name: Option<String>,
    /// Its avatar, see [`avatar_id`].
    #[n(1)]
    pub avatar: Option<Hash>,
    /// The avatar's bytes, where they were asked for.
    #[n(2)]
    pub image: Option<ByteString>,
}

impl Profile {
    pub(crate) fn is_bounded(&self) -> bool {
        self.display_name.as_ref().is_none_or(|name| is_display_name(name))
            && self.image.as_ref().is_none_or(|image| image.len() <= AVATAR_BYTES_MAX)
    }
}

/// What an avatar is known by.
pub fn avatar_id(image: &[u8]) -> Hash {
    Hasher::new(tag::AVATAR).var(image).finish()
}

/// Whether a text may be a display name: short, one line, nothing around it that is not seen, and
/// nothing in it that is not seen or that turns what stands beside it around.
pub fn is_display_name(text: &str) -> bool {
    let shows = |c: char| !c.is_whitespace() && !is_joiner(c) && !is_combining_mark(c);
    text.len() <= DISPLAY_NAME_CHARS_MAX * 4
        && text.chars().count() <= DISPLAY_NAME_CHARS_MAX
        && text.trim() == text
        && text.chars().any(shows)
        && !text.chars().any(is_hidden)
}

/// The form in which names are searched: without case and accents, with single spaces.
pub fn search_form(text: &str) -> String {
    let plain = text.nfkd().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c));
    plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// They shape letters and emoji beside them, and are nothing alone.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Controls, line ends, what has no width or no ink, and what overrides the direction of writing.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{200b}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_are_seen_and_turn_nothing_around() {
        for name in ["Alice", "Mary-Jane O'Neill", "김철수", "علي", "नमस्ते", "👩\u{200d}🚀", "É"]
        {
            assert!(is_display_name(name), "{name}");
        }
        assert!(is_display_name(&"é".repeat(64)));
        for name in [
            "",
            " ",
            " Alice",
            "Alice\t",
            "two\nlines",
            "bell\u{7}",
            "\u{202e}ecilA",
            "Alice\u{2066}",
            "\u{200b}",
            "\u{200d}",
            "\u{301}",
            "\u{3164}",
            "\u{2028}Alice",
        ] {
            assert!(!is_display_name(name), "{name:?}");
        }
        assert!(!is_display_name(&"é".repeat(65)));
    }

    #[test]
    fn names_are_searched_without_case_and_accents() {
        for (name, form) in [
            ("  Éva   Kovács ", "eva kovacs"),
            ("ÅNGSTRÖM", "angstrom"),
            ("E\u{301}va", "eva"),
            ("İpek", "ipek"),
            ("ＢＯＢ", "bob"),
            ("\u{301}", ""),
        ] {
            assert_eq!(search_form(name), form, "{name}");
        }
    }
}
