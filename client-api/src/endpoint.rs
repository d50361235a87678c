//! Where a node is, for its clients and for other nodes, as the well-known document says it.

use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;

/// Where clients connect, for the well-known document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The base URL of HTTP, without a trailing slash; the socket is `/v1/socket` under it.
    pub url: String,
    /// Lower is tried first.
    pub priority: u16,
    /// Share among equals.
    pub weight: u16,
}

/// What the well-known document says to other nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIntroduction {
    /// The organisation's lineage.
    pub lineage: LineageId,
    /// The name of the node's key.
    pub key_name: String,
    /// The node's key.
    pub key: NodePublicKey,
    /// The organisation's first key, where that is another.
    pub first_key: Option<NodePublicKey>,
    /// The hash of the organisation's recovery key.
    pub recovery: Hash,
    /// Where the node listens for others.
    pub hosts: Vec<NodeHost>,
}

/// Where a node listens for others, by UDP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeHost {
    /// The host's name, which has an address record.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Lower is tried first.
    pub priority: u16,
    /// Share among equals.
    pub weight: u16,
}
