//! The values of settings that have a form of their own, and how each is read. A value that exists
//! is valid.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use comity_client_api::{Network, Origins};
use comity_discovery::{Proof, PublishedKey, Trust};
use comity_protocol::name::ServerName;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A base URL under which clients reach the node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicUrl {
    /// `http://` or `https://`, host, optional port and path, no trailing slash.
    #[serde(deserialize_with = "base_url")]
    pub url: String,
    /// Lower is tried first.
    #[serde(default = "priority_default")]
    pub priority: u16,
    /// Share among equals.
    #[serde(default = "weight_default")]
    pub weight: u16,
}

/// A resolver to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nameserver(pub SocketAddr);

/// A host name with an address record: lower-case labels, no trailing dot, no IP literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(ServerName);

impl HostName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for HostName {
    type Err = <ServerName as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl FromStr for Nameserver {
    type Err = NameserverError;

    fn from_str(text: &str) -> Result<Self, NameserverError> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self(SocketAddr::new(ip, DNS_PORT)));
        }
        text.parse().map(Self).map_err(|_| NameserverError)
    }
}

impl<'de> Deserialize<'de> for Nameserver {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// A text that is no address of a resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameserverError;

impl fmt::Display for NameserverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a nameserver is an IP address with or without a port: 192.0.2.53, [::1]:5353")
    }
}

/// Why a text is no filter for logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilterError {
    part: String,
}

impl fmt::Display for LogFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part } = self;
        write!(
            f,
            "{part:?} is no log level: off, error, warn, info, debug or trace, also by part, such \
             as info,comity::writer=debug"
        )
    }
}

impl std::error::Error for LogFilterError {}

/// Judges a filter for logs: levels, and levels of parts. The library that obeys it takes any word
/// for a part, and would ignore a misspelt level.
pub fn check_log_filter(text: &str) -> Result<(), LogFilterError> {
    for part in text.split(',') {
        let (target, level) = match part.split_once('=') {
            Some((target, level)) => (Some(target), level),
            None => (None, part),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        let target_is_one = target.is_none_or(|t| !t.is_empty() && t.chars().all(plain));
        if !target_is_one || !LOG_LEVELS.contains(&level.to_ascii_lowercase().as_str()) {
            return Err(LogFilterError { part: part.to_owned() });
        }
    }
    Ok(())
}

/// An IP address and a port.
pub(super) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let hint = |error| {
        let example = "write an IP address and a port, such as 127.0.0.1:8008 or [::]:4433";
        D::Error::custom(format!("{error}: {example}; host names are not looked up here"))
    };
    String::deserialize(deserializer)?.parse().map_err(hint)
}

/// A filter for logs.
pub(super) fn log_filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    check_log_filter(&text).map_err(D::Error::custom)?;
    Ok(text)
}

/// Any text with a parser.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// The same for a setting without default.
pub(super) fn parsed_option<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    parsed(deserializer).map(Some)
}

/// A duration written as a number of milliseconds.
pub(super) fn milliseconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

/// A list of networks.
pub(super) fn networks<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network =
        |text: &String| text.parse().map_err(|e| D::Error::custom(format!("{text:?}: {e}")));
    texts.iter().map(network).collect()
}

/// A list of origins, or of `*` alone.
pub(super) fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Origins, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts == ["*"] {
        return Ok(Origins::Any);
    }
    let origin =
        |text: &String| text.parse().map_err(|e| D::Error::custom(format!("{text:?}: {e}")));
    texts.iter().map(origin).collect::<Result<_, _>>().map(Origins::Listed)
}

/// A table of domains and the keys that they publish.
pub(super) fn pins<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<ServerName, PublishedKey>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
    let pin = |(domain, text): (String, String)| {
        let name = domain.parse().map_err(|e| D::Error::custom(format!("{domain}: {e}")))?;
        let key = text.parse().map_err(|e| D::Error::custom(format!("{domain}: {e}")))?;
        Ok((name, key))
    };
    texts.into_iter().map(pin).collect()
}

/// A list of proofs, at least one.
pub(super) fn trust<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Trust, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let proof = |name: &String| {
        name.parse::<Proof>().map_err(|e| D::Error::custom(format!("{name:?}: {e}")))
    };
    let proofs: Vec<Proof> = names.iter().map(proof).collect::<Result<_, _>>()?;
    Trust::new(proofs).ok_or_else(|| {
        D::Error::custom("without any proof no other organisation could ever be met")
    })
}

fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>');
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain) => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err(D::Error::custom(
            "a public URL begins with https:// (or http://) and has a host, no query, no spaces",
        )),
    }
}

fn priority_default() -> u16 {
    10
}

fn weight_default() -> u16 {
    1
}

const LOG_LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Where resolvers listen unless another port is written.
const DNS_PORT: u16 = 53;
