//! Dialling a domain's node: where it may be, in the order that its records give, the next place as
//! soon as the one before has failed or is silent. It decides neither whom to dial nor when.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use comity_federation::{ConnectError, DiscoverError, Introduction, Link};
use comity_identity::is_well_known;
use comity_protocol::code::Code;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;
use tokio::task::JoinSet;

use super::Context;
use super::exchange::Exchange;
use super::links::Trouble;

/// How long a place may be silent until the next one is tried beside it.
const SILENT: Duration = Duration::from_secs(1);

/// What the admin reads where a domain is another organisation's by now, as it seems.
fn replaced(domain: &ServerName, key: &NodePublicKey) -> Trouble {
    let key = BASE64.encode(key.as_bytes());
    let why = format!(
        "{domain} publishes the key {key} of another organisation than the one that this node \
         knows. Nothing is taken from it. Ask its admin on another way what happened; where the \
         old keys are lost for good: comity keys accept {domain} {key}"
    );
    Trouble { code: Code::DomainKeyChanged, why }
}

type Tried = (SocketAddr, Result<Link, ConnectError>);

impl Context {
    /// Finds and dials a domain's node.
    pub(super) async fn dial(self: &Arc<Self>, domain: &ServerName) -> Result<Link, Trouble> {
        if *domain == self.exchange.domain {
            return Err(Code::PeerNameMismatch.into());
        }
        let introduced = self.resolver.introduce(domain).await;
        let unknown = |error: DiscoverError| Trouble { code: error.code(), why: error.to_string() };
        let introduced = introduced.map_err(unknown)?;
        let introduction = introduced.introduction;
        if introduction.keys.iter().any(is_well_known) {
            return Err(Code::KeyNotSecret.into());
        }
        let known = self.known(domain);
        if known.is_some_and(|known| known.lineage().id != introduction.lineage) {
            self.links.replaced(domain, introduction.key);
            return Err(replaced(domain, &introduction.key));
        }
        let keys = keys_at(&self.exchange, &introduction);
        let addrs = introduced.targets.into_iter().flat_map(|target| target.addrs);
        let dialled = self.dial_places(domain, addrs, &keys).await;
        if let Ok(link) = &dialled {
            self.links.proven(domain, link.peer_key(), introduction.proof);
        }
        let may_be_old = |trouble: &Trouble| {
            matches!(trouble.code, Code::DomainUnreachable | Code::PeerNameMismatch)
        };
        if dialled.as_ref().is_err_and(may_be_old) {
            // Its address or its key may have changed: look again the next time.
            self.resolver.forget(domain);
        }
        dialled
    }

    /// The first place that answers with one of the keys has the link; others are given up.
    async fn dial_places(
        self: &Arc<Self>,
        domain: &ServerName,
        mut left: impl Iterator<Item = SocketAddr>,
        keys: &[NodePublicKey],
    ) -> Result<Link, Trouble> {
        let mut dials = JoinSet::<Tried>::new();
        let mut failed = Vec::new();
        let mut next = left.next();
        loop {
            if let Some(addr) = next.take() {
                let (context, keys) = (Arc::clone(self), keys.to_vec());
                dials.spawn(async move { (addr, context.endpoint.connect(addr, &keys).await) });
                next = left.next();
            }
            let (addr, error) = tokio::select! {
                ended = dials.join_next() => match ended {
                    Some(Ok((_, Ok(link)))) => return Ok(link),
                    Some(Ok((addr, Err(error)))) => (addr, error),
                    // A dial that panicked says nothing.
                    Some(Err(_)) => continue,
                    None => break,
                },
                () = tokio::time::sleep(SILENT), if next.is_some() => continue,
            };
            if let ConnectError::WrongKey(shown) = error {
                return Err(another(domain, addr, &shown));
            }
            failed.push(format!("{addr}/udp: {error}"));
        }
        let why = format!("No address of it answers as it should. {}.", failed.join("; "));
        Err(Trouble { code: Code::DomainUnreachable, why })
    }
}

/// The keys under one of which a domain's node is to answer: records may lag behind a key that
/// changes, or be ahead of it.
pub(super) fn keys_at(exchange: &Exchange, introduction: &Introduction) -> Vec<NodePublicKey> {
    let mut keys = introduction.keys.clone();
    let known = exchange.shared.state().key_of(&introduction.lineage);
    keys.extend(known.filter(|known| !keys.contains(known)));
    keys
}

/// Another node answers where a domain's is to be.
fn another(domain: &ServerName, addr: SocketAddr, key: &NodePublicKey) -> Trouble {
    let key = BASE64.encode(key.as_bytes());
    let why = format!(
        "Another node than the one of {domain} answers at {addr}/udp: it shows the key {key}. \
         Either the records of {domain} name a wrong address, or its node has another key than \
         they say."
    );
    Trouble { code: Code::PeerNameMismatch, why }
}
