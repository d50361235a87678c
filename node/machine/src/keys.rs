//! The keys of organisations (`docs/protocol/` section 5.3): how each one's key has changed, as far
//! as it is known here, and by which key a head is judged. A chain of changes proves itself, so it
//! is taken from whoever shows it; it must not be taken where what is known counts before it.

use comity_identity::{KeyChain, Standing};
use comity_protocol::checkpoint::Checkpoint;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, KeyChanges, Organisation};
use comity_protocol::frame::VectorEntry;
use comity_protocol::head::HeadProof;
use comity_protocol::id::{LineageId, LogId, LogName};
use comity_protocol::key::{KeyId, NodePublicKey};
use comity_protocol::keys::SignedHead;

use crate::answer::Answer;
use crate::channel::{Channel, ChannelNo};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Groups in whose control logs one command states another key; in the others it is stated once it
/// matters.
const GROUPS_AT_ONCE_MAX: usize = 256;
/// Organisations whose keys are kept though nothing is shared with them: those of groups that are
/// just being joined.
const STRANGERS_MAX: usize = 1_000;

impl State {
    /// How the key of an organisation has changed; `None` where it never did, as far as is known.
    pub fn chain(&self, lineage: &LineageId) -> Option<&KeyChain> {
        self.chains.get(lineage)
    }

    /// Organisations whose keys have changed.
    pub fn changed(&self) -> impl Iterator<Item = (&LineageId, &KeyChain)> {
        self.chains.iter()
    }

    /// The key that an organisation has now.
    pub fn key_of(&self, lineage: &LineageId) -> Option<NodePublicKey> {
        let changed = self.chains.get(lineage).map(KeyChain::key);
        changed.or_else(|| self.first(lineage).map(|known| known.first_key))
    }

    /// An organisation that is known, with the changes of its key: ours, one that was introduced,
    /// or one of our groups.
    pub fn organisation_of(&self, lineage: &LineageId) -> Option<Organisation> {
        let changed = self.chains.get(lineage).map(KeyChain::organisation);
        changed.or_else(|| self.first(lineage))
    }

    /// Whether what is shown of an organisation's key goes beyond what is known, and is to be kept.
    pub fn is_key_news(&self, shown: &Organisation) -> bool {
        let Some(lineage) = shown.lineage() else { return false };
        let is_longer = |chain: &KeyChain| chain.changes().len() < shown.changes.len();
        let may_differ = |chain: &KeyChain| chain.signed() != shown.changes;
        let known = self.chains.get(&lineage);
        let is_news = known.map_or(!shown.changes.is_empty(), |chain| {
            is_longer(chain) || may_differ(chain) && self.standing(chain, shown) == Standing::Newer
        });
        is_news && self.keeps_keys_of(&lineage)
    }

    fn standing(&self, known: &KeyChain, shown: &Organisation) -> Standing {
        KeyChain::of(shown).map_or(Standing::Older, |chain| chain.standing(known))
    }

    /// The key by which a head of an organisation's is judged: the one of its keys that is named,
    /// where it counts, else its present one. `first` is the key that it began with.
    pub(crate) fn signer(
        &self,
        lineage: &LineageId,
        first: NodePublicKey,
        named: KeyId,
    ) -> NodePublicKey {
        let chain = self.chains.get(lineage);
        chain.map_or(first, |chain| chain.named(named).unwrap_or(chain.key()))
    }

    /// Takes what somebody shows of an organisation's key.
    pub(crate) fn take_keys(
        &mut self,
        shown: &Organisation,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let chain = KeyChain::of(shown).map_err(|_| Code::DomainKeyChanged)?;
        let lineage = chain.lineage().id;
        if !self.keeps_keys_of(&lineage) {
            return Err(Code::LogUnknown);
        }
        let standing = match self.chains.get(&lineage) {
            Some(known) => chain.standing(known),
            None if chain.changes().is_empty() => Standing::Same,
            None => Standing::Newer,
        };
        match standing {
            Standing::Same | Standing::Older => return Ok(Answer::Done),
            Standing::Split => return Err(Code::DomainKeyChanged),
            Standing::Newer => {}
        }
        self.chains.insert(lineage, chain);
        fx.dirty(RowKey::Keys(lineage));
        self.state_keys(lineage, fx);
        Ok(Answer::Done)
    }

    /// The peer's logs whose heads are held under another key than its present one, as far as they
    /// are held: they are to be signed anew, so that others can be shown them.
    pub fn signed_before(&self, peer: LineageId) -> Vec<VectorEntry> {
        let Some(now) = self.chains.get(&peer).map(|chain| chain.key().id()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for channel in self.channels.values() {
            for (name, log) in &channel.logs {
                let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) =
                    *name;
                let is_old = || log.proof.as_ref().and_then(HeadProof::key) != Some(now);
                if origin == peer && log.end.seq() > 0 && log.proof.is_some() && is_old() {
                    let log_id = LogId { channel: channel.id, name: *name }.into();
                    let hash = log.end.hash().into();
                    found.push(VectorEntry { log: log_id, seq: log.end.seq(), hash });
                }
            }
        }
        found
    }

    /// Keeps heads that a peer has signed anew, where they are those of what is held.
    pub(crate) fn take_signed(
        &mut self,
        peer: LineageId,
        heads: &[SignedHead],
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let now = self.key_of(&peer).ok_or(Code::PeerNotMember)?;
        for SignedHead { log, head } in heads {
            let id = LogId::from(*log);
            let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = id.name;
            // Another key may have followed since the signature was verified.
            let is_now = || {
                let claim = Checkpoint::claim(&head.checkpoint).ok();
                claim.is_some_and(|claim| claim.lineage == peer && claim.key == now.id())
            };
            let Some((no, channel)) = self.channel(&id.channel).filter(|_| origin == peer) else {
                continue;
            };
            let held = channel.logs.get(&id.name).map(|log| (log.end.seq(), log.end.hash()));
            if held == Some((head.seq, head.hash)) && is_now() {
                let log = self.log_mut(no, id.name);
                log.above.clear();
                log.proof = Some(head.clone());
                fx.dirty(RowKey::Log(no, id.name));
            }
        }
        Ok(Answer::Done)
    }

    /// A record that was accepted names an organisation of a group.
    pub(crate) fn learn_keys(&mut self, no: ChannelNo, lineage: LineageId, fx: &mut Effects) {
        let group = self.channels.get(&no).and_then(Channel::group);
        let named = group.and_then(|group| group.state.organisations.get(&lineage)).cloned();
        if let Some(named) = named.filter(|named| self.is_key_news(named)) {
            // It was judged before it got there.
            let _ = self.take_keys(&named, fx);
        }
    }

    /// Lets a group that we are home of know of an organisation's present key, before a record that
    /// has to be judged by it.
    pub(crate) fn keys_ahead(
        &mut self,
        no: ChannelNo,
        lineage: LineageId,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        let group = self.channels.get(&no).and_then(Channel::group);
        let stated = group.and_then(|group| group.state.organisations.get(&lineage));
        let (Some(stated), Some(known)) = (stated, self.chains.get(&lineage)) else {
            return Ok(());
        };
        let stated = KeyChain::of(stated).map_err(|_| Code::Internal)?;
        if known.standing(&stated) != Standing::Newer {
            return Ok(());
        }
        let act = ControlAct::ChangeKeys(KeyChanges { lineage, changes: known.signed() });
        self.append_one(no, None, &act, None, fx)
    }

    /// States an organisation's key in the groups that we are home of.
    fn state_keys(&mut self, lineage: LineageId, fx: &mut Effects) {
        let concerned = self.channels.iter().filter(|(no, channel)| {
            let group = channel.group();
            self.is_home(**no)
                && self.has_authority(**no)
                && group.is_some_and(|group| group.state.organisations.contains_key(&lineage))
        });
        let concerned: Vec<ChannelNo> =
            concerned.map(|(no, _)| *no).take(GROUPS_AT_ONCE_MAX).collect();
        for no in concerned {
            // Where the group takes no record now, it is stated once it matters.
            let _ = self.keys_ahead(no, lineage, fx);
        }
    }

    /// Whether an organisation is one whose keys matter here.
    fn keeps_keys_of(&self, lineage: &LineageId) -> bool {
        self.chains.contains_key(lineage)
            || self.first(lineage).is_some()
            || (!self.invited.is_empty() && self.chains.len() < self.peers.len() + STRANGERS_MAX)
    }

    /// An organisation as it began.
    fn first(&self, lineage: &LineageId) -> Option<Organisation> {
        let of = |domain: &String, first_key, recovery| Organisation {
            domain: domain.clone(),
            first_key,
            recovery,
            changes: Vec::new(),
        };
        if let Some(own) = self.identity.as_ref().filter(|own| own.lineage == *lineage) {
            return Some(of(&own.domain, own.key, own.recovery));
        }
        if let Some(peer) = self.peers.get(lineage) {
            return Some(of(&peer.domain, peer.key, peer.recovery));
        }
        let mut groups = self.channels.values().filter_map(Channel::group);
        let known = groups.find_map(|group| group.state.organisations.get(lineage))?;
        Some(Organisation { changes: Vec::new(), ..known.clone() })
    }
}
