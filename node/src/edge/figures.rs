//! How much the node does, put together from those who count, and by which settings.

use comity_client_api::{Connections, Refusal};
use comity_protocol::code::Code;

use super::client::ClientEdge;
use crate::admin::{Directories, Figures, QueueLine, SettingLine, bytes_in};
use crate::clock;

/// What the process knows of itself.
#[derive(Clone, Debug)]
pub struct Process {
    started_unix_ms: u64,
    directories: Directories,
    connections: Connections,
    settings: Vec<SettingLine>,
}

impl Process {
    /// One that begins now.
    pub fn begin(
        started_unix_ms: u64,
        directories: Directories,
        settings: Vec<SettingLine>,
    ) -> Self {
        Self { started_unix_ms, directories, connections: Connections::default(), settings }
    }
}

impl ClientEdge {
    /// Where connections of clients are counted.
    pub fn connections(&self) -> Connections {
        self.settings().process.connections.clone()
    }

    pub(super) async fn read_figures(&self) -> Result<Figures, Refusal> {
        let Process { started_unix_ms, directories, connections, .. } = &self.settings().process;
        let directories = directories.clone();
        let sizes = move || {
            [&directories.store, &directories.journal, &directories.search].map(|dir| bytes_in(dir))
        };
        let sizes = tokio::task::spawn_blocking(sizes).await.map_err(|_| Code::Internal)?;
        let [store_bytes, journal_bytes, search_bytes] = sizes;
        let (taken, handed_on) = self.measures().per_second(clock::monotonic_ms());
        Ok(Figures {
            version: env!("CARGO_PKG_VERSION"),
            started_unix_ms: *started_unix_ms,
            connections: connections.count() as u64,
            messages_in_per_second: taken,
            messages_out_per_second: handed_on,
            latency_ms: self.measures().latency(clock::monotonic_us()),
            store_bytes,
            journal_bytes,
            search_bytes,
            queues: self.queues(),
        })
    }

    pub(super) fn listed_settings(&self) -> Vec<SettingLine> {
        self.settings().process.settings.clone()
    }

    fn queues(&self) -> Vec<QueueLine> {
        let bounded = |name, (length, max)| QueueLine { name, length, max: Some(max) };
        let open = |name, length| QueueLine { name, length, max: None };
        let (devices, organisations) = self.hub().waiting();
        vec![
            bounded("writer", self.writer().waiting()),
            open("devices", devices),
            open("organisations", organisations),
            bounded("notifications", self.push().waiting()),
            open("indexing", self.searching().lagging()),
            bounded("searches", self.searching().waiting()),
            bounded("passwords", self.passwords().waiting()),
        ]
    }
}
