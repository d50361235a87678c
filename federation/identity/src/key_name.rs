//! The short name by which admins and DNS tell one node key from the next, such as `2026a`.

use std::fmt;
use std::str::FromStr;

/// Longest key name, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 32;

/// The name of a key: 1 to 32 of `a-z`, `0-9` and `-`. It names; it carries no authority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Box<str>);

/// The text is no key name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyNameError;

impl KeyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let length_ok = (1..=KEY_NAME_BYTES_MAX).contains(&text.len());
        if length_ok && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(KeyNameError)
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key name has 1 to 32 of the characters a-z, 0-9 and '-'")
    }
}

impl std::error::Error for KeyNameError {}
