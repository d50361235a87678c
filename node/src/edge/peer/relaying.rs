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
use tokio::sync::Notify;

use super::exchange::Exchange;

/// What all links share of it. Who has nothing to tell is not woken to find that out, so that a
/// thousand idle links cost little: a link is woken once there is something for its peer.
#[derive(Default)]
pub(super) struct Relayed {
    relays: Relays,
    /// Links that are up, by number: the peer of each, and what wakes it.
    links: BTreeMap<u64, (LineageId, Arc<Notify>)>,
    /// The links whose peers hear of those that are away from them, by whom they hear of.
    watchers: BTreeMap<LineageId, BTreeSet<u64>>,
}

impl Relayed {
    fn look<M>(&mut self, groups: impl Iterator<Item = M>, now_ms: u64)
    where
        M: Iterator<Item = LineageId> + Clone,
    {
        let changed = self.relays.look(groups, now_ms);
        if changed.is_empty() {
            return;
        }
        for (_, wake) in self.links.values().filter(|(peer, _)| changed.contains(peer)) {
            wake.notify_one();
        }
    }

    fn came(&mut self, origin: LineageId) {
        self.relays.handle_came(origin);
        for link in self.watchers.get(&origin).into_iter().flatten() {
            if let Some((_, wake)) = self.links.get(link) {
                wake.notify_one();
            }
        }
    }

    /// The peer of a link hears of others from now on.
    fn watch(&mut self, link: u64, before: &BTreeSet<LineageId>, now: &BTreeSet<LineageId>) {
        for origin in before.difference(now) {
            if let Some(links) = self.watchers.get_mut(origin) {
                links.remove(&link);
                if links.is_empty() {
                    self.watchers.remove(origin);
                }
            }
        }
        for origin in now.difference(before) {
            self.watchers.entry(*origin).or_default().insert(link);
        }
    }
}

/// One link's part in passing logs on.
pub(super) struct Relaying {
    exchange: Arc<Exchange>,
    link: u64,
    /// The peer, once the link is up.
    peer: Option<LineageId>,
    offers: Offers,
    /// Who is away from us, as the peer knows it; nothing before the first look.
    told: Option<BTreeSet<LineageId>>,
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
            told: None,
            watched: BTreeSet::new(),
            stated: BTreeMap::new(),
            seen: None,
            due_ms: None,
        }
    }

    /// The link is up; `wake` wakes whoever asks when to look.
    pub(super) fn handle_up(&mut self, peer: LineageId, wake: Arc<Notify>, now_ms: u64) {
        self.peer = Some(peer);
        let mut relayed = relayed(&self.exchange);
        relayed.relays.handle_up(peer, now_ms);
        relayed.links.insert(self.link, (peer, wake));
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
        let origins = origins.into_iter().collect();
        relayed(&self.exchange).watch(self.link, &self.watched, &origins);
        self.watched = origins;
        self.stated.retain(|log, _| self.watched.contains(&log.origin));
        (self.seen, self.due_ms) = (None, Some(now_ms));
    }

    /// The peer does not bring a log, or what it brings is not taken.
    pub(super) fn handle_refused(&mut self, log: &WireLog) {
        self.offers.handle_refused(log, &mut relayed(&self.exchange).relays);
    }

    /// Ranges were applied, or not.
    pub(super) fn handle_applied(&self, reports: &[RangeReport]) {
        let mut relayed = relayed(&self.exchange);
        let applied = reports.iter().filter(|report| report.outcome == RangeOutcome::Applied);
        applied.for_each(|report| relayed.came(report.log.origin));
    }

    /// What to ask the peer for now.
    pub(super) fn wants(&mut self, now_ms: u64) -> Vec<Want> {
        let Some(peer) = self.peer else { return Vec::new() };
        let state = self.exchange.shared.state();
        let lacks = |log: &WireLog, seq| lacking(&state, peer, log, seq);
        self.offers.choose(&mut relayed(&self.exchange).relays, now_ms, &lacks)
    }

    /// When to look around next, where there is something to find.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.due_ms.filter(|_| !self.is_idle())
    }

    /// Whether a look would find nothing.
    fn is_idle(&self) -> bool {
        let (Some(peer), Some(told)) = (self.peer, &self.told) else { return false };
        if !self.offers.is_empty() {
            return false;
        }
        let relays = &relayed(&self.exchange).relays;
        let is_told = self.watched.is_empty() || self.seen == Some(relays.came_of(&self.watched));
        is_told && relays.are_away_from(peer, told)
    }

    /// Looks who is away, and what there is to be told of those who are away from the peer.
    pub(super) fn look(&mut self, now_ms: u64) -> Vec<Frame> {
        self.due_ms = Some(now_ms + RELAY_MS);
        let Some(peer) = self.peer else { return Vec::new() };
        self.exchange.look_around(now_ms);
        let away = relayed(&self.exchange).relays.away_from(peer);
        let mut frames = Vec::new();
        let told = self.told.get_or_insert_default();
        if away != *told {
            let origins = away.iter().copied().take(VECTOR_ENTRIES_MAX).collect();
            *told = away;
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
        let came = relayed(&self.exchange).relays.came_of(&self.watched);
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
        let mut relayed = relayed(&self.exchange);
        relayed.relays.handle_down(self.link, self.peer);
        relayed.links.remove(&self.link);
        relayed.watch(self.link, &self.watched, &BTreeSet::new());
    }
}

impl Exchange {
    /// Looks who is away, where it is time to: the one look for all links, of which those are woken
    /// whose peers are to hear of it.
    pub fn look_around(&self, now_ms: u64) {
        if self.next_look_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            let state = self.shared.state();
            let groups = state.channels.values().filter(|channel| channel.group().is_some());
            relayed(self).look(groups.map(|channel| channel.sharing_peers()), now_ms);
        }
    }

    /// When to call `look_around`.
    pub fn next_look_ms(&self) -> Option<u64> {
        relayed(self).relays.next_look_ms()
    }
}

fn relayed(exchange: &Exchange) -> MutexGuard<'_, Relayed> {
    exchange.relays.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lacking(state: &State, peer: LineageId, log: &WireLog, seq: u64) -> Lacking {
    match state.lack_of(peer, &LogId::from(*log), seq) {
        Lack::Nothing => Lacking::Nothing,
        Lack::Later => Lacking::Later,
        Lack::From(from) => Lacking::From(from),
    }
}

#[cfg(test)]
mod tests;
