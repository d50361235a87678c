//! The TXT record that introduces a node's key: `tag=value` pairs between semicolons, as in DKIM
//! (RFC 6376 section 3.2). Tags that we don't know are passed over, so that later versions may add
//! some.

use std::fmt;
use std::str::FromStr;

use comity_identity::{KeyName, Lineage};
use comity_protocol::hash::Hash;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;

/// Longest record that is read, all its strings together, in bytes.
pub const TXT_BYTES_MAX: usize = 1_024;

/// The strings of one TXT record; what they say is all of them glued together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxtRecord(pub Vec<Vec<u8>>);

/// What a domain publishes about its node's key. Also the text of an admin's pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// The key's name.
    pub key_name: KeyName,
    /// The key.
    pub key: NodePublicKey,
    /// The hash of the organisation's recovery key.
    pub recovery: Hash,
    /// The organisation's first key, where this is another.
    pub first_key: Option<NodePublicKey>,
}

/// Why a text is not a published key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxtError {
    /// A tag occurs twice.
    Duplicate,
    /// The tag `f` is not a usable Ed25519 key in base64.
    FirstKey,
    /// The tag `p` is not a usable Ed25519 key in base64.
    Key,
    /// The tag `id` is not a key name.
    KeyName,
    /// The tag `k` is not `ed25519`.
    KeyType,
    /// A tag that is needed is missing; which.
    Missing(&'static str),
    /// It does not begin with `v=comity1`: a record of something else, or of a later version.
    NotComity,
    /// The tag `r` is not a hash of 32 bytes in base64.
    Recovery,
    /// A part is not of the form `tag=value`, or the text is not ASCII.
    Syntax,
    /// Longer than 1,024 bytes.
    TooLong,
}

impl PublishedKey {
    /// The lineage that this key is of at `domain`.
    pub fn lineage(&self, domain: ServerName) -> Lineage {
        Lineage::begin(domain, self.first_key.unwrap_or(self.key), self.recovery)
    }

    /// Reads a record.
    pub fn from_record(record: &TxtRecord) -> Result<Self, TxtError> {
        let length: usize = record.0.iter().map(Vec::len).sum();
        if length > TXT_BYTES_MAX {
            return Err(TxtError::TooLong);
        }
        let glued = record.0.concat();
        // What is not text may be anybody's record under this name.
        std::str::from_utf8(&glued).map_err(|_| TxtError::NotComity)?.parse()
    }
}

impl FromStr for PublishedKey {
    type Err = TxtError;

    fn from_str(text: &str) -> Result<Self, TxtError> {
        if text.len() > TXT_BYTES_MAX {
            return Err(TxtError::TooLong);
        }
        let tags = Tags::parse(text)?;
        if tags.value("k") != Some("ed25519") {
            return Err(tags.value("k").map_or(TxtError::Missing("k"), |_| TxtError::KeyType));
        }
        let key_name = tags.value("id").ok_or(TxtError::Missing("id"))?;
        let key = tags.value("p").ok_or(TxtError::Missing("p"))?;
        let recovery = tags.value("r").ok_or(TxtError::Missing("r"))?;
        let usable = |value: &str| NodePublicKey::from_bytes(&bytes(value)?).ok();
        let first = tags.value("f").map(|value| usable(value).ok_or(TxtError::FirstKey));
        Ok(Self {
            key_name: key_name.parse().map_err(|_| TxtError::KeyName)?,
            key: usable(key).ok_or(TxtError::Key)?,
            recovery: Hash(bytes(recovery).ok_or(TxtError::Recovery)?),
            first_key: first.transpose()?,
        })
    }
}

impl fmt::Display for PublishedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, recovery) = (BASE64.encode(self.key.as_bytes()), BASE64.encode(&self.recovery.0));
        write!(f, "v=comity1; k=ed25519; id={}; p={key}; r={recovery}", self.key_name)?;
        match &self.first_key {
            Some(first) => write!(f, "; f={}", BASE64.encode(first.as_bytes())),
            None => Ok(()),
        }
    }
}

struct Tags<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Tags<'t> {
    fn parse(text: &'t str) -> Result<Self, TxtError> {
        let mut parts = text.split(';').map(trim);
        if parts.next().and_then(|first| first.split_once('=')).map(trim_both)
            != Some(("v", "comity1"))
        {
            return Err(TxtError::NotComity);
        }
        let mut parts: Vec<&str> = parts.collect();
        // One semicolon at the end is allowed.
        if parts.last() == Some(&"") {
            parts.pop();
        }
        let mut tags: Vec<(&str, &str)> = vec![("v", "comity1")];
        for part in parts {
            let (tag, value) = trim_both(part.split_once('=').ok_or(TxtError::Syntax)?);
            let name_ok = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric());
            if !name_ok || !value.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(TxtError::Syntax);
            }
            if tags.iter().any(|(t, _)| *t == tag) {
                return Err(TxtError::Duplicate);
            }
            tags.push((tag, value));
        }
        Ok(Self(tags))
    }

    fn value(&self, tag: &str) -> Option<&'t str> {
        self.0.iter().find(|(t, _)| *t == tag).map(|(_, value)| *value)
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn trim_both<'t>((tag, value): (&'t str, &'t str)) -> (&'t str, &'t str) {
    (trim(tag), trim(value))
}

/// 32 bytes in base64, as keys and hashes are published.
pub(crate) fn bytes(value: &str) -> Option<[u8; 32]> {
    BASE64.decode(value.as_bytes()).ok()?.try_into().ok()
}

impl fmt::Display for TxtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "a tag occurs twice",
            Self::FirstKey => "the tag f is not a usable Ed25519 key in base64",
            Self::Key => "the tag p is not a usable Ed25519 key in base64",
            Self::KeyName => "the tag id is not a key name",
            Self::KeyType => "the tag k is not ed25519",
            Self::Missing(tag) => {
                return write!(f, "the tag {tag} is missing");
            }
            Self::NotComity => "the record does not begin with v=comity1",
            Self::Recovery => "the tag r is not a hash of 32 bytes in base64",
            Self::Syntax => "a part of the record is not of the form tag=value",
            Self::TooLong => "the record is longer than 1,024 bytes",
        })
    }
}

impl std::error::Error for TxtError {}

#[cfg(test)]
mod tests {
    use super::*;
    use comity_identity::{NodeKey, RecoveryKey};

    const TEXT: &str = "v=comity1; k=ed25519; id=2026a; \
        p=iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=; \
        r=RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRQ=";

    fn published() -> PublishedKey {
        PublishedKey {
            key_name: "2026a".parse().unwrap(),
            key: NodeKey::from_seed(&[1; 32]).public(),
            recovery: RecoveryKey::from_seed(&[9; 32]).hash(),
            first_key: None,
        }
    }

    #[test]
    fn a_key_that_followed_another_names_the_first() {
        let first_key = Some(NodeKey::from_seed(&[1; 32]).public());
        let key = NodeKey::from_seed(&[2; 32]).public();
        let later = PublishedKey { key, first_key, ..published() };
        assert_eq!(later.to_string().parse(), Ok(later.clone()));
        let domain: ServerName = "acme.example".parse().unwrap();
        assert_eq!(later.lineage(domain.clone()), published().lineage(domain));
        assert_eq!(format!("{TEXT}; f=x").parse::<PublishedKey>(), Err(TxtError::FirstKey));
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let text = published().to_string();
        assert_eq!(text.parse(), Ok(published()));
        assert!(text.len() <= 255, "fits one string of a TXT record");
        let (head, tail) = text.split_at(40);
        let split = TxtRecord(vec![head.into(), tail.into()]);
        assert_eq!(PublishedKey::from_record(&split), Ok(published()));
    }

    #[test]
    fn records_are_read_strictly() {
        use TxtError::*;
        let check = |text: &str, expected: Result<(), TxtError>| {
            assert_eq!(text.parse::<PublishedKey>().map(|_| ()), expected, "{text}");
        };
        check(TEXT, Ok(()));
        check(&TEXT.replace("; ", ";"), Ok(()));
        check(&format!("{TEXT};"), Ok(()));
        check(&format!("{TEXT}; x9=anything"), Ok(()));
        check(&TEXT.replace("comity1", "comity2"), Err(NotComity));
        check("v=spf1 -all", Err(NotComity));
        check(&format!("k=ed25519; {TEXT}"), Err(NotComity));
        check(&format!("{TEXT};;"), Err(Syntax));
        check(&format!("{TEXT}; p"), Err(Syntax));
        check(&format!("{TEXT}; note=two words"), Err(Syntax));
        check(&format!("{TEXT}; id=2026b"), Err(Duplicate));
        check(&format!("{TEXT}; x=1; x=1"), Err(Duplicate));
        check(&format!("{TEXT}; v=comity1"), Err(Duplicate));
        check(&TEXT.replace("ed25519", "rsa"), Err(KeyType));
        check(&TEXT.replace("k=ed25519; ", ""), Err(Missing("k")));
        check(&TEXT.replace("id=2026a; ", ""), Err(Missing("id")));
        check(&TEXT.replace("2026a", "2026 A"), Err(Syntax));
        check(&TEXT.replace("2026a", "2026A"), Err(KeyName));
        check(&TEXT.replace("b1w=", "b1w"), Err(Key));
        let weak = data_encoding::BASE64.encode(&[0; 32]);
        check(&TEXT.replace("iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=", &weak), Err(Key));
        check(&TEXT.replace("RRQ=", "RRR="), Err(Recovery));
        check(&format!("{TEXT}; x={}", "y".repeat(TXT_BYTES_MAX)), Err(TooLong));
        let alien = TxtRecord(vec![vec![0xff, 0xfe]]);
        assert_eq!(PublishedKey::from_record(&alien), Err(NotComity));
    }
}
