//! Who a peer is: its key must be proven to belong to the domain that it claims.

use comity_machine::{Admission, Answer, Command, RefusedCode};
use comity_protocol::code::Code;
use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;

use super::Context;
use super::links::Asker;

impl Context {
    /// Proves that the key seen on a link is that of the domain and the lineage that the peer
    /// claims, and makes the organisation known.
    pub(super) async fn identify(
        &self,
        domain: &ServerName,
        lineage: LineageId,
        key: NodePublicKey,
    ) -> Result<(), Code> {
        let admission = self.exchange.admission(domain);
        if admission == Admission::Refused {
            return Err(Code::DomainRefused);
        }
        // A pin that contradicts refuses the domain, whatever was known before.
        if let Some(pin) = self.pins.0.get(domain)
            && (pin.key != key || pin.lineage(domain.clone()).id != lineage)
        {
            return Err(Code::DomainKeyChanged);
        }
        // Once an organisation is known its lineage counts, and DNS is not asked again.
        if let Some(known) = self.exchange.recognises(domain, lineage, key) {
            return known;
        }
        let introduced = self.resolver.introduce(domain).await.map_err(|error| error.code())?;
        let introduction = introduced.introduction;
        if introduction.key != key || introduction.lineage != lineage {
            return Err(Code::PeerNameMismatch);
        }
        if admission == Admission::Waits {
            self.links.asks(domain, Asker::Itself);
            return Err(Code::DomainWaits);
        }
        self.links.proven(domain, key, introduction.proof);
        self.make_known(domain, key, introduction.recovery).await
    }

    async fn make_known(
        &self,
        domain: &ServerName,
        key: NodePublicKey,
        recovery: Hash,
    ) -> Result<(), Code> {
        let command = Command::Introduce { domain: domain.to_string(), key, recovery };
        match self.writer.perform(command).await {
            Ok(Answer::Refused(RefusedCode(code))) => Err(code),
            Ok(_) => Ok(()),
            Err(_) => Err(Code::StorageFailed),
        }
    }
}
