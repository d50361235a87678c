//! The settings of a node: one TOML file, environment variables over it, defaults under it. Parsed
//! once, at the start; a value that exists is valid. Nothing here opens sockets or keys, and
//! nothing changes while the node runs.

mod clients;
mod in_force;
mod load;
mod reference;
mod table;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use comity_client_api::{Network, Origins};
use comity_discovery::{PublishedKey, Trust};
use comity_protocol::name::ServerName;
use serde::Deserialize;

pub use clients::{CLIENT_PARTS, ClientLimits, Part};
pub use in_force::InForce;
pub use load::{SettingsError, Source};
pub use reference::reference;
pub use table::{Form, SETTINGS, SETTINGS_MAX, Setting, VARIABLE_PREFIX};
pub use values::{HostName, LogFilterError, Nameserver, PublicUrl, check_log_filter};

/// All settings of a node. `docs/operating/settings.md` says what each does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The organisation's domain.
    #[serde(deserialize_with = "values::parsed")]
    pub domain: ServerName,
    /// Keys, journal and database.
    pub data_dir: PathBuf,
    /// The clients' edge.
    pub client: Client,
    /// The peers' edge.
    pub federation: Federation,
    /// The resolver.
    pub dns: Dns,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Who counts as there.
    pub presence: Presence,
    /// Named maxima that depend on the machine.
    pub limits: Limits,
    /// Journal and database.
    pub storage: Storage,
    /// What devices are told while nobody looks at them.
    pub push: Push,
    /// Logs.
    pub log: Log,
    /// All of them as they were read, for the admin.
    #[serde(skip)]
    pub in_force: Vec<InForce>,
}

/// `[client]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Where HTTP and WebSocket are served.
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    /// For the well-known document; empty: the address that it was asked at.
    pub public_urls: Vec<PublicUrl>,
    /// Proxies that are believed when they say for whom they speak.
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<Network>,
    /// Whose web pages may use the node.
    #[serde(deserialize_with = "values::origins")]
    pub origins: Origins,
    /// PEM file of the certificate chain; present exactly when `tls_key` is.
    #[serde(default)]
    pub tls_certificate: Option<PathBuf>,
    /// PEM file of its private key.
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
}

/// `[federation]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// With whom the node federates of whom its admin has said nothing.
    pub mode: FederationMode,
    /// Where QUIC is served.
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    /// The host that peers are told, by DNS and document; the domain itself where absent.
    #[serde(default, deserialize_with = "values::parsed_option")]
    pub host: Option<HostName>,
    /// The port that peers are told; that of `listen` where absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// Node keys that the admin vouches for.
    #[serde(deserialize_with = "values::pins")]
    pub pins: BTreeMap<ServerName, PublishedKey>,
    /// The proofs of which each introduces a key.
    #[serde(deserialize_with = "values::trust")]
    pub trust: Trust,
    /// A PEM file of authorities that count besides those that browsers trust.
    #[serde(default)]
    pub web_roots: Option<PathBuf>,
    /// How long a link may be silent.
    #[serde(rename = "idle_timeout_ms", deserialize_with = "values::milliseconds")]
    pub idle_timeout: Duration,
}

/// With whom a node federates of whom its admin has said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FederationMode {
    /// With nobody.
    Allowlist,
    /// With nobody until he says so, but he is told who asks.
    Ask,
    /// With everybody.
    Open,
}

/// `[dns]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// The resolvers asked; empty: the system's.
    pub nameservers: Vec<Nameserver>,
    /// A file of DNSKEY records; absent: the IANA root keys.
    #[serde(default)]
    pub trust_anchor: Option<PathBuf>,
}

/// `[sign_up]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// Who may make an account.
    pub mode: SignUpMode,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUpMode {
    /// The admin alone.
    Closed,
    /// Whoever has an invite token.
    Invite,
    /// Anybody.
    Open,
}

/// `[push]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// Networks of the organisation's own that may be called.
    #[serde(deserialize_with = "values::networks")]
    pub networks: Vec<Network>,
}

/// `[presence]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// How often a client is to give a sign of life.
    #[serde(rename = "heartbeat_ms", deserialize_with = "values::milliseconds")]
    pub heartbeat: Duration,
    /// After how long without one it counts as gone.
    #[serde(rename = "timeout_ms", deserialize_with = "values::milliseconds")]
    pub timeout: Duration,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The most client connections at once.
    pub sockets_max: usize,
    /// What clients may do.
    pub clients: ClientLimits,
}

/// `[storage]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The journal's bound, and that of what waits in memory.
    pub journal_bytes_max: u64,
    /// The database's page cache.
    pub cache_bytes: usize,
    /// How long texts are kept at most, in seconds; for ever where absent.
    pub retention_seconds: Option<u64>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// What is logged, as `tracing` filters are written.
    #[serde(deserialize_with = "values::log_filter")]
    pub level: String,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Settings {
    /// The host that peers are told.
    pub fn advertised_host(&self) -> &str {
        self.federation.host.as_ref().map_or(self.domain.as_str(), HostName::as_str)
    }

    /// The port that peers are told.
    pub fn advertised_port(&self) -> u16 {
        self.federation.port.unwrap_or(self.federation.listen.port())
    }
}
