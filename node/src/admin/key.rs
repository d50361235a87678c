//! The node's key, as the admin sees it change.

use serde::{Deserialize, Serialize};

/// The node's key, and the one that is to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyState {
    /// The key's name.
    pub name: String,
    /// The key, in base64.
    pub key: String,
    /// The next one, where there is one.
    pub next: Option<NextKey>,
}

/// A key that is to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextKey {
    /// Its name.
    pub name: String,
    /// The key, in base64.
    pub key: String,
    /// The TXT record that introduces it.
    pub record: String,
    /// In how many milliseconds it follows; absent while its record is not seen.
    pub switches_in_ms: Option<u64>,
}
