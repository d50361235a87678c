//! The key by which push services know this node (RFC 8292): `push.key` in the data directory, made
//! at the first use. Where it is lost, devices have to subscribe anew.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use comity_protocol::name::ServerName;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use zeroize::Zeroizing;

use crate::keys::{self, KeysError};

/// The file of the key.
pub const PUSH_KEY_FILE: &str = "push.key";
/// How long a token counts, in seconds: at most a day (RFC 8292 section 2).
const TOKEN_S: u64 = 12 * 60 * 60;
/// A token is used again so long, in seconds.
const TOKEN_USED_S: u64 = 60 * 60;
/// Tokens that are kept.
const TOKENS_MAX: usize = 1_024;

/// The key, with the tokens that it has signed.
pub struct PushKey {
    pair: EcdsaKeyPair,
    is_new: bool,
    contact: String,
    /// By whom they are for, each with when it was signed, in Unix seconds.
    tokens: Mutex<HashMap<String, (u64, String)>>,
}

impl PushKey {
    /// The key of a data directory; makes one where there is none.
    pub fn open_or_create(data_dir: &Path, domain: &ServerName) -> Result<Self, KeysError> {
        let path = data_dir.join(PUSH_KEY_FILE);
        if let Some(text) = keys::read_text(&path)? {
            let document = BASE64.decode(text.trim().as_bytes()).map(Zeroizing::new).ok();
            let key = document.and_then(|document| Self::of(&document, domain, false));
            return key.ok_or(KeysError::Push { path });
        }
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| {
            let error = std::io::Error::other("the system gives no random numbers");
            KeysError::Io { path: path.clone(), error }
        })?;
        let text = Zeroizing::new(BASE64.encode(made.as_ref()) + "\n");
        keys::write_once(&path, &text)?;
        Self::of(made.as_ref(), domain, true).ok_or(KeysError::Push { path })
    }

    /// Whether there was none, and it was made.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    fn of(document: &[u8], domain: &ServerName, is_new: bool) -> Option<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document, &random);
        let contact = format!("mailto:postmaster@{domain}");
        Some(Self { pair: pair.ok()?, is_new, contact, tokens: Mutex::default() })
    }

    /// The public key, as clients give it to their push service when they subscribe.
    pub fn public(&self) -> String {
        BASE64URL_NOPAD.encode(self.pair.public_key().as_ref())
    }

    /// What a request to an origin (`https://host`) says of who sends it; `None` where the system
    /// gives no random numbers.
    pub fn authorization(&self, origin: &str, unix_s: u64) -> Option<String> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, token)) = tokens.get(origin)
            && unix_s.checked_sub(*at).is_some_and(|age| age < TOKEN_USED_S)
        {
            return Some(token.clone());
        }
        let token = self.sign(origin, unix_s)?;
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(origin.to_owned(), (unix_s, token.clone()));
        Some(token)
    }

    fn sign(&self, origin: &str, unix_s: u64) -> Option<String> {
        let header = r#"{"typ":"JWT","alg":"ES256"}"#;
        let claims = serde_json::json!({
            "aud": origin,
            "exp": unix_s + TOKEN_S,
            "sub": self.contact,
        });
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let signed = format!("{}.{}", part(header), part(&claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        let signature = BASE64URL_NOPAD.encode(signature.as_ref());
        Some(format!("vapid t={signed}.{signature}, k={}", self.public()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_token_is_signed_for_one_service_by_the_kept_key() {
        let dir = tempfile::tempdir().unwrap();
        let domain: ServerName = "acme.test".parse().unwrap();
        let key = PushKey::open_or_create(dir.path(), &domain).unwrap();
        let again = PushKey::open_or_create(dir.path(), &domain).unwrap();
        assert_eq!((key.public(), key.is_new()), (again.public(), true));
        assert!(!again.is_new());
        let said = key.authorization("https://push.example", 1_000).unwrap();
        let (token, public) = said.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        assert_eq!(public, key.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        let verifier = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes(public));
        verifier.verify(signed.as_bytes(), &bytes(signature)).unwrap();
        let claims = bytes(signed.split_once('.').unwrap().1);
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let expected = serde_json::json!({
            "aud": "https://push.example", "exp": 44_200, "sub": "mailto:postmaster@acme.test"
        });
        assert_eq!(claims, expected);
        assert_eq!(key.authorization("https://push.example", 4_599), Some(said.clone()));
        assert_ne!(key.authorization("https://push.example", 4_600), Some(said.clone()));
        assert_ne!(key.authorization("https://other.example", 1_000), Some(said));
    }

    #[test]
    fn a_damaged_key_is_said_to_be_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(PUSH_KEY_FILE), "nonsense").unwrap();
        let opened = PushKey::open_or_create(dir.path(), &"acme.test".parse().unwrap());
        assert!(matches!(opened, Err(KeysError::Push { .. })));
    }
}
