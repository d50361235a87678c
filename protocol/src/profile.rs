//! What accounts show of themselves (`docs/protocol/` section 8.10): display names, avatars, and
//! how names are searched. It must not decode an image.

use minicbor::{Decode, Encode};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::cbor::ByteString;
use crate::hash::{Hash, Hasher, tag};
use crate::limits::{AVATAR_BYTES_MAX, DISPLAY_NAME_CHARS_MAX};
use crate::line::{LineError, check_line};

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
        self.display_name.as_ref().is_none_or(|name| check_display_name(name).is_ok())
            && self.image.as_ref().is_none_or(|image| image.len() <= AVATAR_BYTES_MAX)
    }
}

/// What an avatar is known by.
pub fn avatar_id(image: &[u8]) -> Hash {
    Hasher::new(tag::AVATAR).var(image).finish()
}

/// Whether a text may be a display name.
pub fn check_display_name(text: &str) -> Result<(), LineError> {
    check_line(text, DISPLAY_NAME_CHARS_MAX)
}

/// The form in which names are searched: without case and accents, with single spaces.
pub fn search_form(text: &str) -> String {
    let plain = text.nfkd().flat_map(char::to_lowercase).nfkd().filter(|c| !is_combining_mark(*c));
    plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
