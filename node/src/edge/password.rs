//! Passwords: Argon2id (RFC 9106), a bounded number at a time, never on the threads that serve
//! sockets.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use comity_client_api::Refusal;
use comity_protocol::code::Code;

use super::work::Work;

/// Hashes at a time: each takes 19 MiB and tens of milliseconds of a core.
const HASHES_AT_ONCE_MAX: usize = 2;
/// Hashes that wait or run; more are refused, so that a flood of log-ins costs no memory.
const HASHES_WAITING_MAX: usize = 64;

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub(super) struct Passwords(Work);

impl Passwords {
    pub(super) fn new() -> Self {
        let crowded = "Too many passwords are looked at; try again in a moment.";
        Self(Work::new(HASHES_AT_ONCE_MAX, HASHES_WAITING_MAX, crowded))
    }

    /// How many wait or run, and how many may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        self.0.waiting()
    }

    /// The hash to keep, in PHC form.
    pub(super) async fn hash(&self, password: String) -> Result<String, Refusal> {
        check(&password)?;
        self.0
            .run(move || {
                let hashed = Argon2::default().hash_password(password.as_bytes());
                hashed.map(|hash| hash.to_string()).map_err(|_| Code::Internal)
            })
            .await
    }

    /// Whether a password fits a kept hash. Without a hash (no such account) the same work is done
    /// in vain, so that time does not tell which names exist.
    pub(super) async fn fits(
        &self,
        password: String,
        kept: Option<String>,
    ) -> Result<bool, Refusal> {
        self.0
            .run(move || {
                let Some(kept) = kept else {
                    let _ = Argon2::default().hash_password(password.as_bytes());
                    return Ok::<_, Code>(false);
                };
                let hash = PasswordHash::new(&kept).map_err(|_| Code::Internal)?;
                Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await
    }
}

/// Bounds of a password, in characters.
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=1_024;

fn check(password: &str) -> Result<(), Code> {
    if PASSWORD_CHARS.contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(Code::PasswordWeak)
    }
}
