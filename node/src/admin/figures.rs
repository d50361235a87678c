//! How much the node does, in numbers.

use serde::Serialize;

/// The numbers of a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The release that runs.
    pub version: &'static str,
    /// Since when it runs, in Unix milliseconds.
    pub started_unix_ms: u64,
    /// Connections of clients that are open, sockets and requests together.
    pub connections: u64,
    /// Messages that the node took in a second, of its users and of other organisations.
    pub messages_in_per_second: f64,
    /// Messages that went out in a second, counted for each device and each organisation.
    pub messages_out_per_second: f64,
    /// How long messages of users took; absent where there were none of late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
    /// Bytes of the database's files; absent, as below, where they cannot be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_bytes: Option<u64>,
    /// Bytes of the journal's files, those included that wait to be written over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_bytes: Option<u64>,
    /// Bytes of the search index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_bytes: Option<u64>,
    /// What waits in the node.
    pub queues: Vec<QueueLine>,
}

/// From when a message came until it was on disk and acknowledged, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50: f64,
    /// All but one in a hundred took no longer.
    pub p99: f64,
}

/// How much waits for one part of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QueueLine {
    /// For what.
    pub name: &'static str,
    /// How much waits.
    pub length: usize,
    /// How much may; absent where each subscriber, or each channel, has a bound of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<usize>,
}
