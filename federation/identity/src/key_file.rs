//! The text of key files: a block between BEGIN and END lines (in the manner of RFC 7468) with
//! header lines that people can read, and the seed in base64. Parses and formats; whoever calls
//! reads and writes the file.

use std::fmt;
use std::str::FromStr;

use comity_protocol::cbor::ByteString;
use comity_protocol::hash::Hash;
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::{KEY_CHANGE_BYTES_MAX, KEY_CHANGES_MAX};
use comity_protocol::name::ServerName;
use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::chain::{ChainError, KeyChain};
use crate::change::SignedKeyChange;
use crate::key_name::KeyName;
use crate::lineage::Lineage;
use crate::secret::{NodeKey, RecoveryKey, SEED_BYTES};

/// What a node's key file holds.
#[derive(Debug)]
pub struct NodeKeyFile {
    /// The key's name.
    pub name: KeyName,
    /// The organisation's keys up to this one.
    pub chain: KeyChain,
    /// The secret key.
    pub key: NodeKey,
}

/// What the file of a recovery key holds.
#[derive(Debug)]
pub struct RecoveryKeyFile {
    /// The organisation's domain.
    pub domain: ServerName,
    /// The secret key.
    pub key: RecoveryKey,
}

/// Why a text is no key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFileError {
    /// A header occurs twice.
    DuplicateHeader,
    /// There is not exactly one block of the expected kind, or a line in it is malformed.
    Form,
    /// A header's value cannot be understood; its name.
    Header(&'static str),
    /// A header is missing; its name.
    MissingHeader(&'static str),
    /// The changes of the key do not lead to the public key; why.
    Chain(ChainError),
    /// The public key in the header does not belong to the secret: the file was damaged or mixed
    /// up.
    PublicKey,
    /// The secret is not 32 bytes in base64.
    Secret,
    /// Longer than a key file can be.
    TooLong,
}

/// Longest key file that is read, in bytes: with as many changes as a key may have.
pub const KEY_FILE_BYTES_MAX: usize = 64 * 1024;
const _: () = assert!(KEY_FILE_BYTES_MAX > KEY_CHANGES_MAX * (KEY_CHANGE_BYTES_MAX * 4 / 3 + 32));

const NODE: &str = "COMITY NODE KEY";
const RECOVERY: &str = "COMITY RECOVERY KEY";

const DOMAIN: &str = "Domain";
const KEY_NAME: &str = "Key-Name";
const PUBLIC_KEY: &str = "Public-Key";
const RECOVERY_HASH: &str = "Recovery-Hash";
const FIRST_KEY: &str = "First-Key";
/// Before the number of the change.
const CHANGE: &str = "Change-";

impl NodeKeyFile {
    /// The first key of an organisation.
    pub fn begin(domain: ServerName, name: KeyName, recovery: Hash, key: NodeKey) -> Self {
        let chain = KeyChain::begin(Lineage::begin(domain, key.public(), recovery));
        Self { name, chain, key }
    }

    /// The next key, which the present one introduces.
    pub fn rotate(&self, name: KeyName, key: NodeKey) -> Result<Self, ChainError> {
        let mut chain = self.chain.clone();
        let (id, number) = (self.lineage().id, chain.next_number());
        chain.follow(SignedKeyChange::by_key(id, number, &self.key, key.public()))?;
        Ok(Self { name, chain, key })
    }

    /// The next key after those of a chain, which are revoked by the recovery key.
    pub fn recover(
        chain: &KeyChain,
        name: KeyName,
        key: NodeKey,
        recovery: &RecoveryKey,
    ) -> Result<Self, ChainError> {
        let mut chain = chain.clone();
        let (id, number, before) = (chain.lineage().id, chain.next_number(), chain.key());
        let after = key.public();
        chain.follow(SignedKeyChange::by_recovery(id, number, before, after, recovery))?;
        Ok(Self { name, chain, key })
    }

    /// The organisation's lineage.
    pub fn lineage(&self) -> &Lineage {
        self.chain.lineage()
    }

    /// The organisation's domain.
    pub fn domain(&self) -> &ServerName {
        &self.lineage().domain
    }

    /// The hash of the organisation's recovery key, which itself is kept elsewhere.
    pub fn recovery(&self) -> Hash {
        self.lineage().recovery
    }

    /// The file's text; it holds the secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut headers = vec![
            (DOMAIN.to_owned(), self.domain().to_string()),
            (KEY_NAME.to_owned(), self.name.to_string()),
            (PUBLIC_KEY.to_owned(), BASE64.encode(self.key.public().as_bytes())),
            (RECOVERY_HASH.to_owned(), BASE64.encode(&self.recovery().0)),
        ];
        let changes = self.chain.changes();
        if !changes.is_empty() {
            let first = BASE64.encode(self.lineage().first_key.as_bytes());
            headers.push((FIRST_KEY.to_owned(), first));
        }
        headers.extend((1..).zip(changes).map(|(number, signed)| {
            (format!("{CHANGE}{number}"), BASE64.encode(signed.as_bytes()))
        }));
        format_block(NODE, &headers, &self.key.seed())
    }
}

impl FromStr for NodeKeyFile {
    type Err = KeyFileError;

    fn from_str(text: &str) -> Result<Self, KeyFileError> {
        let block = Block::parse(NODE, text)?;
        let key = NodeKey::from_seed(&block.seed);
        block.check_public(key.public().as_bytes())?;
        let changes = block.changes()?;
        let first_key = match changes.is_empty() {
            true => key.public(),
            false => NodePublicKey::from_bytes(&block.bytes(FIRST_KEY)?)
                .map_err(|_| KeyFileError::Header(FIRST_KEY))?,
        };
        let recovery = Hash(block.bytes(RECOVERY_HASH)?);
        let lineage = Lineage::begin(block.parsed(DOMAIN)?, first_key, recovery);
        let chain = KeyChain::read(lineage, &changes).map_err(KeyFileError::Chain)?;
        if chain.key() != key.public() {
            return Err(KeyFileError::Chain(ChainError::Broken));
        }
        Ok(Self { name: block.parsed(KEY_NAME)?, chain, key })
    }
}

impl RecoveryKeyFile {
    /// The file's text; it holds the secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        let headers = [
            (DOMAIN.to_owned(), self.domain.to_string()),
            (PUBLIC_KEY.to_owned(), BASE64.encode(self.key.public().as_bytes())),
        ];
        format_block(RECOVERY, &headers, &self.key.seed())
    }
}

impl FromStr for RecoveryKeyFile {
    type Err = KeyFileError;

    fn from_str(text: &str) -> Result<Self, KeyFileError> {
        let block = Block::parse(RECOVERY, text)?;
        let key = RecoveryKey::from_seed(&block.seed);
        block.check_public(key.public().as_bytes())?;
        Ok(Self { domain: block.parsed(DOMAIN)?, key })
    }
}

struct Block<'t> {
    headers: Vec<(&'t str, &'t str)>,
    seed: Zeroizing<[u8; SEED_BYTES]>,
}

impl<'t> Block<'t> {
    /// Headers, an empty line, one line of base64. Headers that we don't know are passed over.
    fn parse(label: &str, text: &'t str) -> Result<Self, KeyFileError> {
        if text.len() > KEY_FILE_BYTES_MAX {
            return Err(KeyFileError::TooLong);
        }
        let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
        let mut lines = text.trim().lines().map(str::trim_end);
        if lines.next() != Some(&begin) {
            return Err(KeyFileError::Form);
        }
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").ok_or(KeyFileError::Form)?;
            if headers.iter().any(|(n, _)| *n == name) {
                return Err(KeyFileError::DuplicateHeader);
            }
            headers.push((name, value));
        }
        let seed = decode_seed(lines.next().ok_or(KeyFileError::Form)?)?;
        if lines.next() != Some(&end) || lines.next().is_some() {
            return Err(KeyFileError::Form);
        }
        Ok(Self { headers, seed })
    }

    fn header(&self, name: &'static str) -> Result<&'t str, KeyFileError> {
        let found = self.headers.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| *value).ok_or(KeyFileError::MissingHeader(name))
    }

    fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, KeyFileError> {
        self.header(name)?.parse().map_err(|_| KeyFileError::Header(name))
    }

    fn bytes(&self, name: &'static str) -> Result<[u8; 32], KeyFileError> {
        let decoded = BASE64.decode(self.header(name)?.as_bytes()).ok();
        decoded.and_then(|b| b.try_into().ok()).ok_or(KeyFileError::Header(name))
    }

    /// The changes of the key, numbered from 1 without gaps.
    fn changes(&self) -> Result<Vec<ByteString>, KeyFileError> {
        let malformed = KeyFileError::Header("Change");
        let mut changes = Vec::new();
        for (name, value) in &self.headers {
            let Some(number) = name.strip_prefix(CHANGE) else { continue };
            if number != (changes.len() + 1).to_string() {
                return Err(malformed);
            }
            changes.push(BASE64.decode(value.as_bytes()).map_err(|_| malformed)?.into());
        }
        Ok(changes)
    }

    fn check_public(&self, public: &[u8; 32]) -> Result<(), KeyFileError> {
        if self.bytes(PUBLIC_KEY)? == *public { Ok(()) } else { Err(KeyFileError::PublicKey) }
    }
}

fn decode_seed(line: &str) -> Result<Zeroizing<[u8; SEED_BYTES]>, KeyFileError> {
    let decoded = BASE64.decode(line.as_bytes()).map_err(|_| KeyFileError::Secret)?;
    let decoded = Zeroizing::new(decoded);
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    if decoded.len() != SEED_BYTES {
        return Err(KeyFileError::Secret);
    }
    seed.copy_from_slice(&decoded);
    Ok(seed)
}

fn format_block(
    label: &str,
    headers: &[(String, String)],
    seed: &[u8; SEED_BYTES],
) -> Zeroizing<String> {
    // Reserved at once: a growing text would leave copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    BASE64.encode_append(seed, &mut text);
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(error) => write!(f, "the key file's changes of key: {error}"),
            Self::DuplicateHeader => f.write_str("a header of the key file occurs twice"),
            Self::Form => f.write_str("this is not a key file of the expected kind"),
            Self::Header(name) => write!(f, "the key file's header {name} is malformed"),
            Self::MissingHeader(name) => write!(f, "the key file has no header {name}"),
            Self::PublicKey => {
                f.write_str("the key file is damaged: its public key is not that of its secret")
            }
            Self::Secret => f.write_str("the secret in the key file is not 32 bytes in base64"),
            Self::TooLong => f.write_str("the text is too long for a key file"),
        }
    }
}

impl std::error::Error for KeyFileError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> NodeKeyFile {
        NodeKeyFile::begin(
            "acme.example".parse().unwrap(),
            "2026a".parse().unwrap(),
            RecoveryKey::from_seed(&[9; 32]).hash(),
            NodeKey::from_seed(&[1; 32]),
        )
    }

    #[test]
    fn key_files_come_back_as_they_went() {
        let text = sample().to_text();
        let back: NodeKeyFile = text.parse().unwrap();
        assert_eq!(back.lineage(), sample().lineage());
        assert_eq!(back.to_text(), text);
        assert_eq!(text.replace('\n', "\r\n").parse::<NodeKeyFile>().unwrap().to_text(), text);
        let recovery = RecoveryKeyFile {
            domain: "acme.example".parse().unwrap(),
            key: RecoveryKey::from_seed(&[9; 32]),
        };
        let back: RecoveryKeyFile = recovery.to_text().parse().unwrap();
        assert_eq!(back.key.hash(), recovery.key.hash());
    }

    #[test]
    fn a_key_file_holds_how_the_key_came_to_be() {
        let name = |text: &str| text.parse().unwrap();
        let second = sample().rotate(name("2027a"), NodeKey::from_seed(&[2; 32])).unwrap();
        let (third, recovery) = (NodeKey::from_seed(&[3; 32]), RecoveryKey::from_seed(&[9; 32]));
        let third = NodeKeyFile::recover(&second.chain, name("2027b"), third, &recovery).unwrap();
        assert_eq!(third.lineage(), sample().lineage());
        for file in [&second, &third] {
            let back: NodeKeyFile = file.to_text().parse().unwrap();
            assert_eq!((&back.chain, back.to_text()), (&file.chain, file.to_text()));
        }
        let text = third.to_text();
        let check = |text: String| text.parse::<NodeKeyFile>().unwrap_err();
        assert_eq!(check(text.replace("Change-2", "Change-3")), KeyFileError::Header("Change"));
        assert_eq!(check(text.replace("First-Key", "X")), KeyFileError::MissingHeader(FIRST_KEY));
        let cut = text.lines().filter(|line| !line.starts_with("Change-2"));
        let cut = cut.collect::<Vec<_>>().join("\n");
        assert_eq!(check(cut), KeyFileError::Chain(ChainError::Broken));
        let thief = NodeKeyFile::recover(
            &second.chain,
            name("x"),
            NodeKey::from_seed(&[3; 32]),
            &RecoveryKey::from_seed(&[8; 32]),
        );
        assert_eq!(thief.unwrap_err(), ChainError::OtherRecoveryKey);
    }

    #[test]
    fn what_is_wrong_with_a_key_file_is_named() {
        use KeyFileError::*;
        let good = sample().to_text();
        let check = |text: &str, expected: KeyFileError| {
            assert_eq!(text.parse::<NodeKeyFile>().unwrap_err(), expected, "{text}");
        };
        check("", Form);
        check(&good.replace("NODE", "RECOVERY"), Form);
        check(&format!("{}{}", *good, *good), Form);
        check(&good.replace("Domain: acme.example\n", ""), MissingHeader(DOMAIN));
        check(&good.replace("acme.example", "192.0.2.1"), Header(DOMAIN));
        check(&good.replace("2026a", "2026 A"), Header(KEY_NAME));
        check(&good.replace("Key-Name", "Domain"), DuplicateHeader);
        check(&good.replace("AQEBAQ", "AQEBAg"), PublicKey);
        check(&good.replace("AQEBAQ", "*"), Secret);
        check(&"x".repeat(KEY_FILE_BYTES_MAX + 1), TooLong);
        let with_more = good.replace("Domain:", "Comment: kept in the safe\nDomain:");
        assert!(with_more.parse::<NodeKeyFile>().is_ok());
    }
}
