//! The addresses of hosts that are nobody's node, from the same name servers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::ResolverError;
use super::query::Dns;

/// How long an answer may take in all.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Finds addresses, unproven: whoever connects has to prove who it is. Cheap to clone.
#[derive(Clone)]
pub struct Addresses(Arc<Dns>);

impl Addresses {
    /// Asks these name servers, or those of the system. Has to be called within a tokio runtime.
    pub fn new(nameservers: &[SocketAddr]) -> Result<Self, ResolverError> {
        Dns::new(nameservers, None).map(|dns| Self(Arc::new(dns)))
    }

    /// The addresses of a host; `None` where it has none, or nobody says.
    pub async fn of(&self, host: &str) -> Option<Vec<IpAddr>> {
        let absolute = if host.ends_with('.') { host.to_owned() } else { format!("{host}.") };
        let found = tokio::time::timeout(ANSWER_MAX, self.0.addrs(&absolute)).await;
        Some(found.ok()?.ok()?.0)
    }
}
