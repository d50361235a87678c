//! Accounts of other organisations that ours watch: leased while a link is up, heard by entries of
//! which the newest counts, unknown without a link.

use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountId, AccountNumber, LineageId};
use comity_protocol::limits::{LEASE_MS, PRESENCES_MAX};
use comity_protocol::presence::{PresenceEntry, PresenceState};

use crate::leases::Peer;
use crate::limits::{COALESCE_MS, RENEW_MS, RETRY_MS};
use crate::model::{Now, Shown};
use crate::presence::{Outgoing, Presence};
use crate::sink::Sink;
use crate::user::{Heard, Slot};

impl<S: Sink> Presence<S> {
    /// A link to a peer is up; `run` names the run of its process.
    pub fn handle_link_up(&mut self, peer: LineageId, link: u64, run: u64, now: Now) {
        let known = self.peers.entry(peer).or_insert_with(|| Peer::new(now.ms));
        let is_other = known.run != run;
        known.links.insert(link, run);
        known.run = run;
        if is_other {
            let slots: Vec<Slot> = known.wanted.iter().copied().collect();
            for slot in slots {
                if let Some(user) = self.users.get_mut(slot) {
                    // A run counts for itself.
                    user.heard.version = 0;
                }
            }
        }
        self.lease_all(peer, now.ms);
    }

    /// A link is over: without another one nobody of theirs is known to be there or not.
    pub fn handle_link_down(&mut self, peer: LineageId, link: u64, now: Now) {
        let Some(known) = self.peers.get_mut(&peer) else { return };
        if known.links.remove(&link).is_none() {
            return;
        }
        if let Some((_, run)) = known.links.last_key_value() {
            known.run = *run;
            // What was under way on the other one may be lost.
            return self.lease_all(peer, now.ms);
        }
        known.outgoing.clear();
        known.fresh.clear();
        known.released.clear();
        (known.renew_ms, known.retry_ms) = (None, None);
        let wanted: Vec<Slot> = known.wanted.iter().copied().collect();
        for slot in wanted {
            if let Some(user) = self.users.get_mut(slot) {
                user.heard = Heard::default();
            }
            self.mark(slot, now.ms);
        }
        let leased: Vec<Slot> =
            self.peers.get(&peer).into_iter().flat_map(|peer| peer.leased.clone()).collect();
        leased.into_iter().for_each(|slot| self.end_lease(slot, peer));
        self.forget_idle(peer);
    }

    /// A peer tells of accounts. What nobody asked about, or what is older than what is known, says
    /// nothing. How many nobody has ever asked about.
    pub fn handle_presence(
        &mut self,
        peer: LineageId,
        link: u64,
        entries: Vec<PresenceEntry>,
        now: Now,
    ) -> u64 {
        if !self.peers.get(&peer).is_some_and(|peer| peer.hears(link)) {
            return 0;
        }
        let mut unknown = 0;
        for entry in entries {
            let account = AccountId { lineage: peer, number: entry.account };
            let Some(slot) = self.users.find(account) else {
                unknown += 1;
                continue;
            };
            let Some(user) = self.users.get_mut(slot) else { continue };
            if user.watchers.is_empty() || entry.version <= user.heard.version {
                continue;
            }
            let is_unknown = entry.state == PresenceState::Unknown;
            let pause_ms = user.heard.retry.map_or(RETRY_MS, |(_, pause_ms)| pause_ms * 2);
            let retry =
                (is_unknown && pause_ms < RENEW_MS).then_some((now.ms + pause_ms, pause_ms));
            let label = user.shown.label.clone();
            user.heard = Heard {
                version: entry.version,
                until_ms: now.ms + LEASE_MS,
                retry,
                shown: (!is_unknown).then(|| shown(label, entry)),
            };
            if let Some((at_ms, _)) = retry {
                self.arm_retry(peer, at_ms);
            }
            self.mark(slot, now.ms);
        }
        unknown
    }

    /// Somebody of a peer's is watched.
    pub(crate) fn want(&mut self, slot: Slot, peer: LineageId, now_ms: u64) {
        let known = self.peers.entry(peer).or_insert_with(|| Peer::new(now_ms));
        known.wanted.insert(slot);
        if known.is_up() {
            known.fresh.push(slot);
            self.arm_peers(now_ms + COALESCE_MS);
        }
    }

    /// Or no longer.
    pub(crate) fn want_no_more(&mut self, slot: Slot, account: AccountId) {
        let user = self.users.get_mut(slot);
        if let Some(user) = user {
            user.heard = Heard::default();
            user.shown = user.remote();
            user.card = S::card(&user.shown);
        }
        let Some(peer) = self.peers.get_mut(&account.lineage) else { return };
        peer.wanted.remove(&slot);
        peer.fresh.retain(|fresh| *fresh != slot);
        if peer.is_up() {
            peer.released.push(account.number);
            self.arm_peers(0);
        } else {
            self.forget_idle(account.lineage);
        }
    }

    /// Does for each peer what is due.
    pub(crate) fn serve_peers(&mut self, now_ms: u64) {
        if self.peers_ms.is_none_or(|at_ms| at_ms > now_ms) {
            return;
        }
        self.peers_ms = None;
        let ids: Vec<LineageId> = self.peers.keys().copied().collect();
        for id in ids {
            self.serve_peer(id, now_ms);
            if let Some(peer) = self.peers.get(&id) {
                let next = [peer.renew_ms, peer.retry_ms, peer.sweep_ms];
                next.into_iter().flatten().min().into_iter().for_each(|ms| self.arm_peers(ms));
            }
            self.forget_idle(id);
        }
    }

    pub(crate) fn arm_peers(&mut self, at_ms: u64) {
        self.peers_ms = Some(self.peers_ms.map_or(at_ms, |armed_ms| armed_ms.min(at_ms)));
    }

    fn serve_peer(&mut self, id: LineageId, now_ms: u64) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let is_due = |at_ms: Option<u64>| at_ms.is_some_and(|at_ms| at_ms <= now_ms);
        if is_due(peer.sweep_ms) {
            peer.sweep_ms = None;
            self.sweep(id, now_ms);
        }
        let Some(peer) = self.peers.get_mut(&id) else { return };
        if !peer.leased.is_empty() {
            peer.sweep_ms.get_or_insert(now_ms + LEASE_MS);
        }
        if !peer.is_up() {
            return;
        }
        let mut slots = std::mem::take(&mut peer.fresh);
        let released = std::mem::take(&mut peer.released);
        let mut over = Vec::new();
        if is_due(peer.renew_ms) {
            slots = peer.wanted.iter().copied().collect();
            over.extend(slots.iter().copied());
        } else if is_due(peer.retry_ms) {
            let heard = |slot: &Slot| self.users.get(*slot).and_then(|user| user.heard.retry);
            let due = |slot: &Slot| heard(slot).is_some_and(|(at_ms, _)| at_ms <= now_ms);
            slots.extend(peer.wanted.iter().copied().filter(due));
        }
        peer.retry_ms = None;
        if peer.wanted.is_empty() {
            peer.renew_ms = None;
        } else if !over.is_empty() || peer.renew_ms.is_none() {
            peer.renew_ms = Some(now_ms + RENEW_MS);
        }
        self.send_leases(id, &slots, released);
        over.into_iter().for_each(|slot| self.expire(slot, now_ms));
        self.arm_retries(id, now_ms);
    }

    fn send_leases(&mut self, id: LineageId, slots: &[Slot], released: Vec<AccountNumber>) {
        let of = |slot: &Slot| self.users.get(*slot).map(|user| user.account.number);
        let mut accounts: Vec<AccountNumber> = slots.iter().filter_map(of).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        for part in released.chunks(PRESENCES_MAX) {
            peer.send(Outgoing::Stream(Frame::Release { accounts: part.to_vec() }));
        }
        for part in accounts.chunks(PRESENCES_MAX) {
            peer.send(Outgoing::Stream(Frame::Lease { accounts: part.to_vec() }));
        }
    }

    /// Who was not heard of for the time of a lease is unknown.
    fn expire(&mut self, slot: Slot, now_ms: u64) {
        let Some(user) = self.users.get_mut(slot) else { return };
        if user.heard.shown.is_some() && user.heard.until_ms <= now_ms {
            user.heard.shown = None;
            self.mark(slot, now_ms);
        }
    }

    /// When who is still unknown is asked for again.
    fn arm_retries(&mut self, id: LineageId, now_ms: u64) {
        let Some(peer) = self.peers.get(&id) else { return };
        let retries = peer.wanted.iter().filter_map(|slot| self.users.get(*slot)?.heard.retry);
        let next = retries.map(|(at_ms, _)| at_ms).filter(|at_ms| *at_ms > now_ms).min();
        if let Some(at_ms) = next {
            self.arm_retry(id, at_ms);
        }
    }

    fn arm_retry(&mut self, id: LineageId, at_ms: u64) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.retry_ms = Some(peer.retry_ms.map_or(at_ms, |armed_ms| armed_ms.min(at_ms)));
        self.arm_peers(at_ms);
    }

    /// All that is watched of a peer's is leased anew.
    fn lease_all(&mut self, id: LineageId, now_ms: u64) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.outgoing.clear();
        peer.fresh = peer.wanted.iter().copied().collect();
        if !peer.fresh.is_empty() {
            self.arm_peers(now_ms);
        }
    }

    fn forget_idle(&mut self, id: LineageId) {
        let is_idle =
            |peer: &Peer| !peer.is_up() && peer.wanted.is_empty() && peer.leased.is_empty();
        if self.peers.get(&id).is_some_and(is_idle) {
            self.peers.remove(&id);
        }
    }
}

fn shown(label: comity_protocol::name::AccountLabel, entry: PresenceEntry) -> Shown {
    let is_offline = entry.state == PresenceState::Offline;
    let last_active = entry.last_active_s.filter(|_| is_offline);
    Shown {
        label,
        state: entry.state,
        status: entry.status.map(Into::into),
        last_active_unix_ms: last_active.map(|seconds| seconds.saturating_mul(1_000)),
    }
}
