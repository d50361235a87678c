//! The well-known document of a domain, as its peers read it (`docs/protocol/` section 8.1).
//! Members that we don't know are passed over, so that later versions may add some; those that we
//! know have one form. Does not fetch it, and does not say whether it counts.
//!
//! ```text
//! {"version": 1, "domain": "acme.example", "node": {
//!     "lineage": "<id>", "recovery": "<hash>",
//!     "key": {"type": "ed25519", "id": "2026a", "public": "<key>"},
//!     "hosts": [{"host": "node1.acme.example", "port": 4433, "priority": 10, "weight": 5}]}}
//! ```

use std::fmt;
use std::marker::PhantomData;

use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::srv::{SRV_RECORDS_MAX, SrvRecord};
use crate::txt::{PublishedKey, bytes};

/// The path of the document at its domain.
pub const DOCUMENT_PATH: &str = "/.well-known/comity";
/// Longest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024;
/// Most hosts that a document may name: as many as there may be SRV records.
pub const DOCUMENT_HOSTS_MAX: usize = SRV_RECORDS_MAX;
/// The only version that there is.
const VERSION: u64 = 1;

/// What a domain's document says of its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The domain, which is the one that was asked.
    pub domain: ServerName,
    /// The key, of the lineage that the document names.
    pub published: PublishedKey,
    /// Where the node listens: 1 to 16 hosts.
    pub hosts: Vec<SrvRecord>,
}

/// Why a text is not a usable document of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// There is no host, there are too many, or one is no host name with a port.
    Hosts,
    /// The key is not a usable Ed25519 key in base64.
    Key,
    /// The key's id is not a key name.
    KeyName,
    /// The key's type is not `ed25519`.
    KeyType,
    /// The lineage is not the one of this key, and of the first one, at this domain.
    Lineage,
    /// It says where clients connect, and nothing for peers.
    NoNode,
    /// It is another domain's.
    OtherDomain,
    /// The recovery key's hash is not 32 bytes in base64.
    Recovery,
    /// It is no JSON object of this form; where the text goes wrong.
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The place in the line, from 1.
        column: usize,
    },
    /// Longer than 64 KiB.
    TooLong,
    /// It is of another version.
    Version,
}

impl Document {
    /// Reads the document that was found at a domain.
    pub fn parse(text: &[u8], domain: &ServerName) -> Result<Self, DocumentError> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLong);
        }
        // Another version may have another form, so this is judged before the rest is read.
        let head: Object<HeadShape> = read(text)?;
        if head.0.version != VERSION {
            return Err(DocumentError::Version);
        }
        let whole: Object<WholeShape> = read(text)?;
        if whole.0.domain != domain.as_str() {
            return Err(DocumentError::OtherDomain);
        }
        let node = whole.0.node.ok_or(DocumentError::NoNode)?.0;
        let published = node.published()?;
        let lineage: LineageId = node.lineage.parse().map_err(|_| DocumentError::Lineage)?;
        if lineage != published.lineage(domain.clone()).id {
            return Err(DocumentError::Lineage);
        }
        Ok(Self { domain: domain.clone(), published, hosts: hosts(&node.hosts)? })
    }
}

fn read<'t, T: Deserialize<'t>>(text: &'t [u8]) -> Result<T, DocumentError> {
    serde_json::from_slice(text)
        .map_err(|e| DocumentError::Syntax { line: e.line(), column: e.column() })
}

#[derive(Deserialize)]
struct HeadShape {
    version: u64,
}

#[derive(Deserialize)]
struct WholeShape {
    domain: String,
    node: Option<Object<NodeShape>>,
}

#[derive(Deserialize)]
struct NodeShape {
    lineage: String,
    key: Object<KeyShape>,
    recovery: String,
    hosts: Vec<Object<HostShape>>,
}

#[derive(Deserialize)]
struct KeyShape {
    r#type: String,
    id: String,
    public: String,
    first: Option<String>,
}

#[derive(Deserialize)]
struct HostShape {
    host: String,
    port: u16,
    priority: u16,
    weight: u16,
}

impl NodeShape {
    fn published(&self) -> Result<PublishedKey, DocumentError> {
        let key = &self.key.0;
        if key.r#type != "ed25519" {
            return Err(DocumentError::KeyType);
        }
        let usable = |text: &str| {
            let key = bytes(text).and_then(|bytes| NodePublicKey::from_bytes(&bytes).ok());
            key.ok_or(DocumentError::Key)
        };
        let first = key.first.as_deref().map(usable);
        Ok(PublishedKey {
            key_name: key.id.parse().map_err(|_| DocumentError::KeyName)?,
            key: usable(&key.public)?,
            recovery: Hash(bytes(&self.recovery).ok_or(DocumentError::Recovery)?),
            first_key: first.transpose()?,
        })
    }
}

fn hosts(shapes: &[Object<HostShape>]) -> Result<Vec<SrvRecord>, DocumentError> {
    if !(1..=DOCUMENT_HOSTS_MAX).contains(&shapes.len()) {
        return Err(DocumentError::Hosts);
    }
    let host = |Object(shape): &Object<HostShape>| {
        let name: ServerName = shape.host.parse().map_err(|_| DocumentError::Hosts)?;
        let HostShape { port, priority, weight, .. } = *shape;
        let target = format!("{name}.");
        if port == 0 {
            return Err(DocumentError::Hosts);
        }
        Ok(SrvRecord { priority, weight, port, target })
    };
    shapes.iter().map(host).collect()
}

/// A JSON object. A shape alone would also be read from an array, by position.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hosts => "its hosts are not 1 to 16 host names, each with a port",
            Self::Key => "its key is not a usable Ed25519 key in base64",
            Self::KeyName => "its key's id is not a key name",
            Self::KeyType => "its key's type is not ed25519",
            Self::Lineage => "its lineage does not begin with its key at this domain",
            Self::NoNode => "it has no member \"node\": it says nothing for other nodes",
            Self::OtherDomain => "it is another domain's",
            Self::Recovery => "its recovery hash is not 32 bytes in base64",
            Self::Syntax { line, column } => {
                let place = format!("line {line}, column {column}");
                return write!(f, "it is no JSON object of the right form ({place})");
            }
            Self::TooLong => "it is longer than 64 KiB",
            Self::Version => "it is not of version 1",
        })
    }
}

impl std::error::Error for DocumentError {}

#[cfg(test)]
mod tests {
    use super::*;
    use DocumentError::*;
    use comity_identity::{NodeKey, RecoveryKey};

    const KEY: &str = concat!(
        r#"{"type":"ed25519","id":"2026a","#,
        r#""public":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="}"#
    );
    const HOST: &str = r#"{"host":"node1.acme.example","port":4433,"priority":10,"weight":5}"#;

    fn acme() -> ServerName {
        "acme.example".parse().unwrap()
    }

    fn published() -> PublishedKey {
        PublishedKey {
            key_name: "2026a".parse().unwrap(),
            key: NodeKey::from_seed(&[1; 32]).public(),
            recovery: RecoveryKey::from_seed(&[9; 32]).hash(),
            first_key: None,
        }
    }

    fn text() -> String {
        let recovery = data_encoding::BASE64.encode(&published().recovery.0);
        let lineage = published().lineage(acme()).id;
        format!(
            "{{\"version\":1,\"domain\":\"acme.example\",\"endpoints\":[],\"node\":\
             {{\"lineage\":\"{lineage}\",\"key\":{KEY},\"recovery\":\"{recovery}\",\
             \"hosts\":[{HOST}]}}}}"
        )
    }

    #[test]
    fn a_document_says_whose_key_and_which_hosts() {
        let read = Document::parse(text().as_bytes(), &acme()).unwrap();
        let target = "node1.acme.example.".to_owned();
        let host = SrvRecord { priority: 10, weight: 5, port: 4433, target };
        let expected = Document { domain: acme(), published: published(), hosts: vec![host] };
        assert_eq!(read, expected);
    }

    #[test]
    fn documents_are_read_strictly() {
        let check = |text: &str, expected: Result<(), DocumentError>| {
            let read = Document::parse(text.as_bytes(), &acme()).map(|_| ());
            match (read, expected) {
                (Err(Syntax { .. }), Err(Syntax { .. })) => {}
                (read, expected) => assert_eq!(read, expected, "{text}"),
            }
        };
        let syntax = Err(Syntax { line: 0, column: 0 });
        let with = |from: &str, to: &str| {
            assert!(text().contains(from), "{from}");
            text().replace(from, to)
        };
        check(&text(), Ok(()));
        check(&format!(" {}\n", text()), Ok(()));
        check(&with("\"port\"", "\"later\":[1,{}],\"port\""), Ok(()));
        check(&with("\"endpoints\":[]", "\"endpoints\":null,\"x\":1"), Ok(()));
        // Another version need not have any of the other members.
        check("{\"version\":2}", Err(Version));
        check(&with("acme.example\",\"end", "globex.example\",\"end"), Err(OtherDomain));
        check(&with("acme.example\",\"end", "Acme.example\",\"end"), Err(OtherDomain));
        check("{\"version\":1,\"domain\":\"acme.example\",\"endpoints\":[]}", Err(NoNode));
        check(&with("ed25519", "rsa"), Err(KeyType));
        check(&with("2026a", "2026 A"), Err(KeyName));
        check(&with("b1w=", "b1w"), Err(Key));
        check(&with("\"recovery\":\"", "\"recovery\":\"A"), Err(Recovery));
        check(&with("\"lineage\":\"", "\"lineage\":\"A"), Err(Lineage));
        let other = published().lineage("globex.example".parse().unwrap()).id.to_string();
        check(&with(&published().lineage(acme()).id.to_string(), &other), Err(Lineage));
        check(&with(HOST, ""), Err(Hosts));
        check(&with(HOST, &[HOST; DOCUMENT_HOSTS_MAX].join(",")), Ok(()));
        check(&with(HOST, &[HOST; DOCUMENT_HOSTS_MAX + 1].join(",")), Err(Hosts));
        check(&with("node1.acme.example", "192.0.2.1"), Err(Hosts));
        check(&with("node1.acme.example", "node1.acme.example."), Err(Hosts));
        check(&with("4433", "0"), Err(Hosts));
        check(&with("4433", "65536"), syntax);
        check(&with("4433", "\"4433\""), syntax);
        check(&with("\"weight\":5", "\"weight\":5,\"weight\":5"), syntax);
        check(&with(",\"weight\":5", ""), syntax);
        check(&with(HOST, "[\"node1.acme.example\",4433,10,5]"), syntax);
        check(&with(KEY, "[\"ed25519\",\"2026a\",\"\"]"), syntax);
        check(&format!("{}{{}}", text()), syntax);
        check("[1,\"acme.example\",null]", syntax);
        check("<!doctype html>", syntax);
        check("", syntax);
        check(&"[".repeat(1_000), syntax);
        let padding = " ".repeat(DOCUMENT_BYTES_MAX);
        check(&format!("{}{padding}", text()), Err(TooLong));
        let alien = Document::parse(&[0xff, 0xfe], &acme());
        assert!(matches!(alien, Err(Syntax { .. })));
    }
}
