//! By whose key what a peer shows must be proven; the state knows. And what links tell each other
//! of keys: how those of others have changed, and heads of logs under a new one. It must not verify
//! a batch, nor decide which key counts.

use comity_machine::Channel;
use comity_protocol::control::Organisation;
use comity_protocol::frame::{Frame, Range, VectorEntry};
use comity_protocol::head::Head;
use comity_protocol::id::{LineageId, LogId};
use comity_protocol::key::{KeyId, NodePublicKey};
use comity_protocol::keys::SignedHead;
use comity_protocol::limits::{ORGANISATIONS_MAX, SIGNED_MAX};
use comity_replica::{Action, Keys};

use super::conduct::Wrong;
use super::end::LinkEnd;
use super::exchange::Exchange;
use super::forks::is_shared;
use super::serving::{Tracked, writer_of};
use super::task::Task;
use crate::writer::Shared;

/// The keys by which what a peer shows is proven.
pub(super) struct PeerKeys<'a> {
    pub(super) shared: &'a Shared,
    /// The peer, once it is known.
    pub(super) peer: Option<LineageId>,
}

impl Keys for PeerKeys<'_> {
    fn origin_key(&self, range: &Range, named: KeyId) -> Option<(LineageId, NodePublicKey)> {
        self.shared.state().origin_key(self.peer?, range, named)
    }

    fn log_key(&self, log: &LogId, named: KeyId) -> Option<(LineageId, NodePublicKey)> {
        let state = self.shared.state();
        let own = state.lineage();
        if writer_of(&log.name) != own {
            return state.log_key(log, named);
        }
        let counting = state.chain(&own).and_then(|chain| chain.named(named));
        Some((own, counting.or_else(|| state.key_of(&own))?))
    }
}

impl Exchange {
    /// Organisations whose keys have changed and that share a group with us and a peer, but for the
    /// peer and us.
    fn keys_for(&self, peer: LineageId) -> Vec<Organisation> {
        let state = self.shared.state();
        let is_known = |channel: &Channel, lineage: &LineageId| {
            let group = channel.group().filter(|_| is_shared(channel, peer));
            group.is_some_and(|group| group.state.organisations.contains_key(lineage))
        };
        let others = state.changed().filter(|(lineage, _)| **lineage != peer);
        let others = others.filter(|(lineage, _)| **lineage != self.lineage);
        let known = others.filter(|(lineage, _)| {
            state.channels.values().any(|channel| is_known(channel, lineage))
        });
        known.map(|(_, chain)| chain.organisation()).collect()
    }

    /// Our heads of those logs under the key that we have now, where we hold just so much of them;
    /// and how many of the logs are none that the peer may see.
    fn sign_anew(&self, peer: LineageId, asked: &[VectorEntry]) -> (Vec<SignedHead>, u64) {
        let state = self.shared.state();
        let mut denied = 0;
        let mut ours = |entry: &VectorEntry| {
            let id = LogId::from(entry.log);
            let shared = state.channel(&id.channel).filter(|(_, found)| is_shared(found, peer));
            let log = shared.and_then(|(_, channel)| channel.logs.get(&id.name));
            let Some(log) = log.filter(|_| writer_of(&id.name) == self.lineage) else {
                denied += 1;
                return None;
            };
            let (seq, hash) = self.head_of(&id.name, log)?;
            let is_it = seq == entry.seq && entry.hash == hash.into();
            is_it.then_some((entry.log, Head { log: id, seq, hash, time: log.time }))
        };
        let (logs, heads): (Vec<_>, Vec<_>) = asked.iter().filter_map(&mut ours).unzip();
        drop(state);
        let proven = self.proofs.prove_all_once(&heads);
        let signed = logs.into_iter().zip(proven).map(|(log, head)| SignedHead { log, head });
        (signed.collect(), denied)
    }
}

impl LinkEnd {
    /// The link is up: the peer hears of others' keys, and its logs are to be held under its
    /// present one.
    pub(super) fn begin_keys(&mut self, peer: LineageId) {
        self.poke_keys();
        self.to_sign = self.exchange.shared.state().signed_before(peer).into();
        self.ask_more_signed();
    }

    /// What the peer says of keys; everything else is passed over.
    pub(super) fn hear_keys(&mut self, peer: LineageId, action: Action<Tracked>) -> Option<Task> {
        match action {
            Action::SignAnew(asked) => self.answer_signed(peer, &asked),
            Action::TakeKeys(shown) => return self.take_keys(shown),
            Action::TakeSigned(heads) => return self.take_signed(peer, heads),
            _ => {}
        }
        None
    }

    fn ask_more_signed(&mut self) {
        let count = self.to_sign.len().min(SIGNED_MAX);
        let asked: Vec<VectorEntry> = self.to_sign.drain(..count).collect();
        if !asked.is_empty() {
            self.replica.send(Frame::Signed { asked, heads: Vec::new() });
        }
    }

    /// The peer wants heads of ours under our present key. It is answered with nothing only where
    /// there is nothing to say.
    fn answer_signed(&mut self, peer: LineageId, asked: &[VectorEntry]) {
        let (heads, denied) = self.exchange.sign_anew(peer, asked);
        self.note_times(Wrong::Denied, denied, None);
        if !heads.is_empty() {
            self.replica.send(Frame::Signed { asked: Vec::new(), heads });
        }
    }

    /// The peer has signed heads anew; those that are proven under its present key are taken.
    fn take_signed(&mut self, peer: LineageId, mut heads: Vec<SignedHead>) -> Option<Task> {
        let now = self.exchange.shared.state().key_of(&peer)?;
        heads.retain(|SignedHead { log, head }| {
            log.origin == peer && head.verify(LogId::from(*log), &peer, &now).is_ok()
        });
        self.ask_more_signed();
        (!heads.is_empty()).then_some(Task::TakeSigned { peer, heads })
    }

    /// The peer shows how keys of others have changed; what is news is to be taken.
    fn take_keys(&mut self, mut shown: Vec<Organisation>) -> Option<Task> {
        let state = self.exchange.shared.state();
        shown.retain(|shown| shown.lineage() != Some(self.exchange.lineage));
        shown.retain(|shown| state.is_key_news(shown));
        (!shown.is_empty()).then_some(Task::TakeKeys(shown))
    }

    /// Tells the peer how keys of others have changed, once for each change.
    pub fn poke_keys(&mut self) {
        let Some((_, peer)) = self.peer.clone().filter(|_| self.replica.is_up()) else { return };
        let mut news = self.exchange.keys_for(peer);
        news.retain(|known| {
            let lineage = known.lineage().unwrap_or(peer);
            self.keys_told.insert(lineage, known.changes.clone()) != Some(known.changes.clone())
        });
        while !news.is_empty() {
            let count = news.len().min(ORGANISATIONS_MAX as usize);
            let organisations = news.drain(..count).collect();
            self.replica.send(Frame::Keys { organisations });
        }
    }
}
