//! Who a peer is: its key must be proven to belong to the domain that it claims, by what introduces
//! it the first time, by the changes of its key from then on.

use comity_identity::{KeyChain, Lineage, Standing, is_well_known};
use comity_machine::{Admission, Answer, Command, RefusedCode};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::control::Organisation;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;

use super::Context;
use super::links::Asker;
use crate::clock;

impl Context {
    /// Proves that the key seen on a link is that of the domain and the lineage that the peer
    /// claims, and makes the organisation, and its key, known.
    pub(super) async fn identify(
        &self,
        domain: &ServerName,
        lineage: LineageId,
        key: NodePublicKey,
        changes: &[ByteString],
    ) -> Result<(), Code> {
        let admission = self.exchange.admission(domain);
        if admission == Admission::Refused {
            return Err(Code::DomainRefused);
        }
        if is_well_known(&key) {
            return Err(Code::KeyNotSecret);
        }
        let pin = self.pins.0.get(domain);
        // A pin that contradicts refuses the domain, whatever was known before.
        if pin.is_some_and(|pin| pin.lineage(domain.clone()).id != lineage) {
            return Err(Code::DomainKeyChanged);
        }
        // Once an organisation is known its lineage counts, and DNS is not asked again.
        let (known, introduced) = match self.known(domain) {
            Some(known) => (known, None),
            None => {
                let introduced = self.resolver.introduce(domain).await.map_err(|e| e.code())?;
                let found = introduced.introduction;
                let begun = Lineage::begin(domain.clone(), found.first_key, found.recovery);
                (KeyChain::begin(begun), Some(found))
            }
        };
        if known.lineage().id != lineage {
            return Err(match introduced {
                Some(_) => Code::PeerNameMismatch,
                None => Code::DomainKeyChanged,
            });
        }
        let shown = KeyChain::read(known.lineage().clone(), changes);
        let shown = shown.map_err(|_| Code::DomainKeyChanged)?;
        let has_had = |wanted: &NodePublicKey| shown.keys().any(|had| had == *wanted);
        if shown.key() != key {
            return Err(Code::PeerNameMismatch);
        }
        if pin.is_some_and(|pin| !has_had(&pin.key)) {
            return Err(Code::DomainKeyChanged);
        }
        if let Some(introduction) = introduced {
            if !introduction.keys.iter().any(has_had) {
                return Err(Code::PeerNameMismatch);
            }
            if admission == Admission::Waits {
                self.links.asks(domain, Asker::Itself);
                return Err(Code::DomainWaits);
            }
            self.links.proven(domain, key, introduction.proof);
            self.make_known(domain, &shown).await?;
        }
        match shown.standing(&known) {
            Standing::Same => Ok(()),
            Standing::Newer => self.take_keys(shown.organisation()).await,
            // A key that was followed by another, or a change that its organisation knows nothing
            // of: somebody else has one of its keys.
            Standing::Older | Standing::Split => Err(Code::DomainKeyChanged),
        }
    }

    /// What is known of a domain's organisation; `None` where it is none yet.
    pub(super) fn known(&self, domain: &ServerName) -> Option<KeyChain> {
        let state = self.exchange.shared.state();
        let lineage = state.peer_domains.get(domain.as_str())?;
        KeyChain::of(&state.organisation_of(lineage)?).ok()
    }

    async fn make_known(&self, domain: &ServerName, shown: &KeyChain) -> Result<(), Code> {
        let Lineage { first_key: key, recovery, .. } = *shown.lineage();
        let command = Command::Introduce { domain: domain.to_string(), key, recovery };
        self.performs(command).await
    }

    /// Takes what is shown of an organisation's key.
    pub(super) async fn take_keys(&self, shown: Organisation) -> Result<(), Code> {
        let domain = shown.domain.clone();
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        let taken = self.performs(Command::TakeKeys { shown, unix_ms, random }).await;
        self.exchange.keys_taken(&domain, taken);
        taken
    }

    async fn performs(&self, command: Command) -> Result<(), Code> {
        match self.writer.perform(command).await {
            Ok(Answer::Refused(RefusedCode(code))) => Err(code),
            Ok(_) => Ok(()),
            Err(_) => Err(Code::StorageFailed),
        }
    }
}
