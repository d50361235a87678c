//! What all links of a node share and that waits for nothing: the state, the feed's hub, proofs of
//! our heads, and how far each peer has come. The drivers and the simulator stand on it alike; it
//! opens no connection and proposes no command.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use comity_identity::{KeyChain, NodeKey};
use comity_machine::{Admission, Stance};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;
use tokio::sync::watch;

use super::conduct::Conduct;
use super::filling::Filling;
use super::finality::Finality;
use super::forks::Forks;
use super::marks::Marks;
use super::probing::Probes;
use super::progress::{Acknowledged, Progress};
use super::proofs::{Blinds, Proofs};
use super::relaying::Relayed;
use crate::feed::Hub;
use crate::presence::Presences;
use crate::writer::Shared;

/// What all links of a node share.
pub struct Exchange {
    pub(super) domain: ServerName,
    pub(super) lineage: LineageId,
    pub(super) start: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) hub: Hub,
    pub(super) presences: Presences,
    pub(super) proofs: Proofs,
    pub(super) progress: Progress,
    pub(super) acknowledged: Arc<Acknowledged>,
    pub(super) forks: Forks,
    pub(super) conduct: Conduct,
    pub(super) finality: Finality,
    pub(super) marks: Marks,
    pub(super) relays: Mutex<Relayed>,
    pub(super) probes: Probes,
    /// Counts the changes of keys taken.
    keyed: watch::Sender<u64>,
    /// Fetches history that is lacking.
    pub filling: Filling,
}

impl Exchange {
    /// For the run that the state's last start began. `blinds` draws what hides the other leaves of
    /// a checkpoint's tree.
    pub fn new(
        domain: ServerName,
        lineage: LineageId,
        key: Arc<NodeKey>,
        (shared, hub, presences): (Arc<Shared>, Hub, Presences),
        blinds: Blinds,
    ) -> Self {
        let run = shared.state().run();
        let (start, command) = run.map_or((0, 0), |run| (run.start, run.command));
        let acknowledged = Arc::new(Acknowledged::new(Pos::new(command, 0)));
        let progress = Progress::new(Arc::clone(&shared), Arc::clone(&acknowledged));
        let proofs = Proofs::new(domain.clone(), lineage, key, blinds);
        let filling = Filling::new(Arc::clone(&shared), hub.clone());
        let marks = Marks::new(Arc::clone(&shared), hub.clone());
        Self {
            domain,
            lineage,
            start,
            shared,
            hub,
            presences,
            proofs,
            progress,
            acknowledged,
            forks: Forks::default(),
            conduct: Conduct::default(),
            finality: Finality::default(),
            marks,
            relays: Mutex::default(),
            probes: Probes::default(),
            keyed: watch::Sender::new(0),
            filling,
        }
    }

    /// Whether somebody of a domain is let in.
    pub(super) fn admission(&self, domain: &ServerName) -> Admission {
        self.shared.state().admission(domain.as_str())
    }

    /// How many records of a domain are taken in a minute, where the admin limits them.
    pub(super) fn records_per_minute(&self, domain: &ServerName) -> Option<u32> {
        let state = self.shared.state();
        state.policy().rules.get(domain.as_str())?.records_per_minute
    }

    /// Whether who claims a domain and a lineage shows the key that we know it by. `None` where the
    /// organisation is not known yet.
    pub fn recognises(
        &self,
        domain: &ServerName,
        lineage: LineageId,
        key: NodePublicKey,
    ) -> Option<Result<(), Code>> {
        let state = self.shared.state();
        let known = *state.peer_domains.get(domain.as_str())?;
        let known_key = state.key_of(&known);
        Some(if known != lineage {
            Err(Code::DomainKeyChanged)
        } else if known_key == Some(key) {
            Ok(())
        } else {
            Err(Code::PeerNameMismatch)
        })
    }

    /// All changes of our key, as links show them.
    pub(super) fn changes(&self) -> Vec<ByteString> {
        let state = self.shared.state();
        state.chain(&self.lineage).map(KeyChain::signed).unwrap_or_default()
    }

    /// Goes on under another key of ours.
    pub fn change_key(&self, key: Arc<NodeKey>) {
        self.proofs.change_key(key);
    }

    /// Wakes whenever a key was learnt to have changed.
    pub(super) fn keyed(&self) -> watch::Receiver<u64> {
        self.keyed.subscribe()
    }

    /// What somebody showed of an organisation's key was applied: all links pass it on.
    pub fn keys_taken(&self, domain: &str, taken: Result<(), Code>) {
        match taken {
            Ok(()) => {
                tracing::warn!(%domain, "another organisation has changed its key, as it may");
                self.keyed.send_modify(|count| *count += 1);
            }
            Err(code) => tracing::error!(
                %domain,
                %code,
                "changes of an organisation's key contradict those that are known: somebody else \
                 has one of its keys. Ask its admin; what is known goes on to count"
            ),
        }
    }

    /// The domain of an organisation that we know, or that shares a group with us.
    pub fn domain_of(&self, lineage: &LineageId) -> Option<ServerName> {
        self.shared.state().domain_of(lineage)?.parse().ok()
    }

    /// Everybody with whom a channel may be shared, the fellows of our groups included that were
    /// never heard of otherwise.
    pub(super) fn partners(&self) -> BTreeSet<LineageId> {
        let state = self.shared.state();
        let own = state.lineage();
        let groups = state.channels.values().filter_map(|channel| channel.group());
        let ours = groups.filter(|group| group.follows(own));
        let fellows = ours.flat_map(|group| group.state.organisations.keys().copied());
        let all = fellows.chain(state.peers.keys().copied());
        all.filter(|lineage| *lineage != own).collect()
    }

    /// Domains that the admin has allowed: they are linked, whether there is anything to say or
    /// not, so that he sees how that is.
    pub(super) fn allowed(&self) -> Vec<ServerName> {
        let state = self.shared.state();
        let rules = state.policy().rules.iter();
        let allowed = rules.filter(|(_, rule)| rule.stance != Stance::Block);
        allowed.filter_map(|(domain, _)| domain.parse().ok()).collect()
    }

    /// Whether a domain is one of theirs, or is allowed.
    pub(super) fn is_partner(&self, domain: &ServerName) -> bool {
        let state = self.shared.state();
        let rule = state.policy().rules.get(domain.as_str());
        if rule.is_some_and(|rule| rule.stance != Stance::Block) {
            return true;
        }
        let own = state.lineage();
        let groups = state.channels.values().filter_map(|channel| channel.group());
        let mut fellows = groups
            .filter(|group| group.follows(own))
            .flat_map(|group| group.state.organisations.values());
        state.peer_domains.contains_key(domain.as_str())
            || fellows.any(|fellow| fellow.domain == domain.as_str())
    }
}
