//! The lines of the admin's socket. Both ends are this program, of the same version or one just
//! upgraded.

use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Ask {
    /// Make an account.
    AddUser { name: String, password: String },
    /// Make an invite.
    Invite { uses: u32, expires_in_seconds: u64 },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The account that was made.
    Added { account: String },
    /// The invite that was made.
    Invite { token: String, expires_unix_ms: u64 },
    /// A refusal.
    Refused { code: String, message: String },
}

/// The longest line: a password of 1,024 characters, all escaped, and its surroundings.
pub(super) const LINE_BYTES_MAX: usize = 16 * 1024;
