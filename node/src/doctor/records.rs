//! The DNS records of a node (`docs/protocol/` section 8.1): what `comity dns` prints, the doctor
//! compares with, and the demo serves.

use std::fmt;
use std::net::IpAddr;

use comity_discovery::PublishedKey;
use comity_identity::NodeKeyFile;
use comity_protocol::name::ServerName;

/// What a node publishes about its key.
pub(crate) fn published(keys: &NodeKeyFile) -> PublishedKey {
    let (key, first) = (keys.key.public(), keys.lineage().first_key);
    PublishedKey {
        key_name: keys.name.clone(),
        key,
        recovery: keys.recovery(),
        first_key: Some(first).filter(|first| *first != key),
    }
}

/// What an organisation publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Records {
    /// The organisation.
    pub(crate) domain: ServerName,
    /// The node's host name, without trailing dot.
    pub(crate) host: String,
    /// The node's UDP port.
    pub(crate) port: u16,
    /// Lower is tried first.
    pub(crate) priority: u16,
    /// Share among equals.
    pub(crate) weight: u16,
    /// The key's introduction, whole.
    pub(crate) txt: String,
}

impl Records {
    /// The records of a node that is alone in its organisation.
    pub(crate) fn of(keys: &NodeKeyFile, host: &str, port: u16) -> Self {
        Self::of_published(keys.domain(), &published(keys), host, port)
    }

    /// The same, of what is public.
    pub(crate) fn of_published(
        domain: &ServerName,
        published: &PublishedKey,
        host: &str,
        port: u16,
    ) -> Self {
        Self {
            domain: domain.clone(),
            host: host.to_owned(),
            port,
            priority: 10,
            weight: 5,
            txt: published.to_string(),
        }
    }

    /// The owner of the SRV record, without trailing dot.
    pub(crate) fn srv_name(&self) -> String {
        format!("_comity._udp.{}", self.domain)
    }

    /// The owner of the TXT record, without trailing dot.
    pub(crate) fn txt_name(&self) -> String {
        format!("_comity.{}", self.domain)
    }

    /// The SRV record, as a line of a zone file.
    pub(crate) fn srv_line(&self) -> String {
        let Self { host, port, priority, weight, .. } = self;
        let srv = self.srv_name();
        format!("{srv}. {TTL_SECONDS} IN SRV {priority} {weight} {port} {host}.")
    }

    /// The TXT record, as a line of a zone file.
    pub(crate) fn txt_line(&self) -> String {
        let mut line = format!("{}. {TTL_SECONDS} IN TXT", self.txt_name());
        for string in self.txt_strings() {
            let quoted = string.replace('\\', "\\\\").replace('"', "\\\"");
            line.push_str(&format!(" \"{quoted}\""));
        }
        line
    }

    /// The address record of the host, as a line of a zone file.
    pub(crate) fn address_line(&self, address: Option<IpAddr>) -> String {
        let (kind, address) = match address {
            Some(ip @ IpAddr::V4(_)) => ("A", ip.to_string()),
            Some(ip @ IpAddr::V6(_)) => ("AAAA", ip.to_string()),
            None => ("A", "<the public IPv4 address of this machine>".to_owned()),
        };
        format!("{}. {TTL_SECONDS} IN {kind} {address}", self.host)
    }

    /// The introduction in strings of at most 255 bytes, as TXT records hold it.
    pub(crate) fn txt_strings(&self) -> Vec<String> {
        let mut strings = vec![String::new()];
        for c in self.txt.chars() {
            if strings.last().is_some_and(|s| s.len() + c.len_utf8() > TXT_STRING_BYTES_MAX) {
                strings.push(String::new());
            }
            if let Some(last) = strings.last_mut() {
                last.push(c);
            }
        }
        strings
    }
}

/// As lines of a zone file (RFC 1035 section 5).
impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.srv_line(), self.txt_line())
    }
}

/// An hour: a new key or address is seen by everybody within it.
pub(crate) const TTL_SECONDS: u32 = 3_600;
/// A string of a TXT record has one byte for its length.
const TXT_STRING_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn records_are_zone_file_lines() {
        let mut records = Records {
            domain: "acme.example".parse().unwrap(),
            host: "node1.acme.example".to_owned(),
            port: 4433,
            priority: 10,
            weight: 5,
            txt: "v=comity1; k=ed25519".to_owned(),
        };
        assert_eq!(
            records.to_string(),
            "_comity._udp.acme.example. 3600 IN SRV 10 5 4433 node1.acme.example.\n\
             _comity.acme.example. 3600 IN TXT \"v=comity1; k=ed25519\"\n"
        );
        records.txt = format!("{}é\"", "x".repeat(254));
        assert_eq!(records.txt_strings().iter().map(String::len).collect::<Vec<_>>(), [254, 3]);
        assert!(records.to_string().ends_with("x\" \"é\\\"\"\n"));
    }
}
