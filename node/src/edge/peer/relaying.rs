//! Logs that come by way of a third, over one link (`docs/protocol/` section 8.5): what is asked of
//! the peer that others write, and what the peer hears of those that it has no link with. Whom to
//! ask, and when, is the replica's to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};

use comity_machine::{Lack, RangeOutcome, RangeReport, State};
use comity_protocol::frame::{Frame, VectorEntry, Want, WireLog};
use comity_protocol::id::{LineageId, LogId};
use comity_protocol::limits::VECTOR_ENTRIES_MAX;
use comity_replica::limits::RELAY_MS;
use comity_replica::{Lacking, Offers, Relays};

use super::exchange::Exchange;

/// One link's part in passing logs on.
pub(super) struct Relaying {
    exchange: Arc<Exchange>,
    link: u64,
    /// The peer, once the link is up.
    peer: Option<LineageId>,
    offers: Offers,
    /// Who is away from us, as the peer knows it.
    told: BTreeSet<LineageId>,
    /// Who is away from the peer.
    watched: BTreeSet<LineageId>,
    /// How far it was told that their logs have come.
    stated: BTreeMap<WireLog, u64>,
    /// How often something of them had come then.
    seen: Option<u64>,
    /// When to look around, once the peer takes what is stated.
    due_ms: Option<u64>,
}

impl Relaying {
    pub(super) fn new(exchange: Arc<Exchange>, link: u64) -> Self {
        Self {
            exchange,
            link,
            peer: None,
            offers: Offers::new(link),
            told: BTreeSet::new(),
            watched: BTreeSet::new(),
            stated: BTreeMap::new(),
            seen: None,
            due_ms: None,
        }
    }

    /// The link is up.
    pub(super) fn handle_up(&mut self, peer: LineageId, now_ms: u64) {
        self.peer = Some(peer);
        relays(&self.exchange).handle_up(peer, now_ms);
    }

    /// The peer takes what is stated to it.
    pub(super) fn begin(&mut self, now_ms: u64) {
        self.due_ms.get_or_insert(now_ms);
    }

    /// The peer states heads; it may hold more of somebody else's log than we do.
    pub(super) fn handle_heads(&mut self, entries: &[VectorEntry], now_ms: u64) {
        let Some(peer) = self.peer else { return };
        let state = self.exchange.shared.state();
        let lacks = |log: &WireLog, seq| lacking(&state, peer, log, seq);
        self.offers.handle_heads(entries, now_ms, &lacks);
    }

    /// The peer says who is away from it.
    pub(super) fn handle_away(&mut self, origins: Vec<LineageId>, now_ms: u64) {
        self.watched = origins.into_iter().collect();
        self.stated.retain(|log, _| self.watched.contains(&log.origin));
        (self.seen, self.due_ms) = (None, Some(now_ms));
    }

    /// The peer does not bring a log, or what it brings is not taken.
    pub(super) fn handle_refused(&mut self, log: &WireLog) {
        self.offers.handle_refused(log, &mut relays(&self.exchange));
    }

    /// Ranges were applied, or not.
    pub(super) fn handle_applied(&self, reports: &[RangeReport]) {
        let mut relays = relays(&self.exchange);
        let applied = reports.iter().filter(|report| report.outcome == RangeOutcome::Applied);
        applied.for_each(|report| relays.handle_came(report.log.origin));
    }

    /// What to ask the peer for now.
    pub(super) fn wants(&mut self, now_ms: u64) -> Vec<Want> {
        let Some(peer) = self.peer else { return Vec::new() };
        let state = self.exchange.shared.state();
        let lacks = |log: &WireLog, seq| lacking(&state, peer, log, seq);
        self.offers.choose(&mut relays(&self.exchange), now_ms, &lacks)
    }

    /// When to look around next.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// Looks who is away, and what there is to be told of those who are away from the peer.
    pub(super) fn look(&mut self, now_ms: u64) -> Vec<Frame> {
        self.due_ms = Some(now_ms + RELAY_MS);
        let Some(peer) = self.peer else { return Vec::new() };
        let away = self.exchange.away_from(peer, now_ms);
        let mut frames = Vec::new();
        if away != self.told {
            let origins = away.iter().copied().take(VECTOR_ENTRIES_MAX).collect();
            self.told = away;
            frames.push(Frame::Away { origins });
        }
        let entries = self.news(peer);
        if !entries.is_empty() {
            frames.push(Frame::News { entries });
        }
        frames
    }

    /// Heads that the peer was not told of yet, of those who are away from it.
    fn news(&mut self, peer: LineageId) -> Vec<VectorEntry> {
        let came = relays(&self.exchange).came_of(&self.watched);
        if self.watched.is_empty() || self.seen == Some(came) {
            return Vec::new();
        }
        let mut entries = self.exchange.heads_of(peer, |origin| self.watched.contains(&origin));
        entries.retain(|entry| self.stated.get(&entry.log).is_none_or(|seq| *seq < entry.seq));
        // What finds no room has its turn the next time.
        self.seen = (entries.len() <= VECTOR_ENTRIES_MAX).then_some(came);
        entries.truncate(VECTOR_ENTRIES_MAX);
        self.stated.extend(entries.iter().map(|entry| (entry.log, entry.seq)));
        entries
    }
}

impl Drop for Relaying {
    fn drop(&mut self) {
        relays(&self.exchange).handle_down(self.link, self.peer);
    }
}

impl Exchange {
    /// Who is away of those that share a group with us and with a peer.
    fn away_from(&self, peer: LineageId, now_ms: u64) -> BTreeSet<LineageId> {
        let state = self.shared.state();
        let mut relays = relays(self);
        if relays.is_look_due(now_ms) {
            let groups = state.channels.values().filter(|channel| channel.group().is_some());
            relays.look(groups.map(|channel| channel.sharing_peers()), now_ms);
        }
        relays.away_from(peer)
    }
}

fn relays(exchange: &Exchange) -> MutexGuard<'_, Relays> {
    exchange.relays.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lacking(state: &State, peer: LineageId, log: &WireLog, seq: u64) -> Lacking {
    match state.lack_of(peer, &LogId::from(*log), seq) {
        Lack::Nothing => Lacking::Nothing,
        Lack::Later => Lacking::Later,
        Lack::From(from) => Lacking::From(from),
    }
}
