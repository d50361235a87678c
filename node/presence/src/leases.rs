//! Other organisations: which of our accounts they lease, and what they are told. Each lease is
//! checked when it comes, when it is renewed, and when relations change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountId, AccountNumber, LineageId};
use comity_protocol::limits::{DATAGRAM_BYTES_MAX, LEASE_MS, PRESENCE_GAP_MS, PRESENCES_MAX};
use comity_protocol::presence::PresenceEntry;

use crate::bucket::Bucket;
use crate::limits::{
    ASKED_BURST, ASKED_PER_S, LEASES_PER_PEER_MAX, OUTGOING_MAX, PEER_TYPING_BURST,
    PEER_TYPING_PER_S,
};
use crate::model::{Now, Relations, Shown};
use crate::presence::{Outgoing, Presence};
use crate::sink::Sink;
use crate::user::Slot;

/// What became of a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leased {
    /// How many of the accounts are not there or not to be seen, or were too many.
    pub denied: u64,
}

/// Another organisation.
pub(crate) struct Peer {
    /// Links that are up, each with the run of the peer's process.
    pub(crate) links: BTreeMap<u64, u64>,
    /// The run that is heard.
    pub(crate) run: u64,
    /// Accounts of theirs that ours watch.
    pub(crate) wanted: BTreeSet<Slot>,
    /// Those of them that are to be leased with the next telling.
    pub(crate) fresh: Vec<Slot>,
    /// Accounts that are to be let go with it.
    pub(crate) released: Vec<AccountNumber>,
    /// When leases are renewed.
    pub(crate) renew_ms: Option<u64>,
    /// When accounts are asked for again that their node did not tell of.
    pub(crate) retry_ms: Option<u64>,
    /// Accounts of ours that they lease.
    pub(crate) leased: BTreeSet<Slot>,
    /// When those are looked through for leases that have ended.
    pub(crate) sweep_ms: Option<u64>,
    pub(crate) outgoing: VecDeque<Outgoing>,
    pub(crate) asked: Bucket,
    pub(crate) typing: Bucket,
}

impl Peer {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            links: BTreeMap::new(),
            run: 0,
            wanted: BTreeSet::new(),
            fresh: Vec::new(),
            released: Vec::new(),
            renew_ms: None,
            retry_ms: None,
            leased: BTreeSet::new(),
            sweep_ms: None,
            outgoing: VecDeque::new(),
            asked: Bucket::new(ASKED_PER_S, ASKED_BURST, now_ms),
            typing: Bucket::new(PEER_TYPING_PER_S, PEER_TYPING_BURST, now_ms),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        !self.links.is_empty()
    }

    /// Whether a link is one on which the run that is heard speaks.
    pub(crate) fn hears(&self, link: u64) -> bool {
        self.links.get(&link) == Some(&self.run)
    }

    pub(crate) fn send(&mut self, outgoing: Outgoing) {
        if self.is_up() && self.outgoing.len() < OUTGOING_MAX {
            self.outgoing.push_back(outgoing);
        }
    }
}

impl<S: Sink> Presence<S> {
    /// What is to go to a peer on a link; only the newest of several carries it.
    pub fn poll_outgoing(&mut self, peer: LineageId, link: u64) -> Option<Outgoing> {
        let peer = self.peers.get_mut(&peer)?;
        let is_newest = peer.links.last_key_value().is_some_and(|(newest, _)| *newest == link);
        if is_newest { peer.outgoing.pop_front() } else { None }
    }

    /// A peer leases accounts of ours: it is answered in full, and told of changes for a while.
    pub fn handle_lease(
        &mut self,
        peer: LineageId,
        accounts: &[AccountNumber],
        relations: &impl Relations,
        now: Now,
    ) -> Leased {
        let mut leased = Leased::default();
        let mut entries = Vec::with_capacity(accounts.len());
        for number in accounts {
            self.version += 1;
            entries.push(match self.lease(peer, *number, relations, now.ms) {
                Some(slot) => self.entry_of(slot, self.version),
                None => {
                    leased.denied += 1;
                    PresenceEntry::unknown(*number, self.version)
                }
            });
        }
        if let Some(peer) = self.peers.get_mut(&peer) {
            while !entries.is_empty() {
                let rest = entries.split_off(entries.len().min(PRESENCES_MAX));
                peer.send(Outgoing::Stream(Frame::Presence { entries }));
                entries = rest;
            }
        }
        leased
    }

    /// A peer lets accounts of ours go.
    pub fn handle_release(&mut self, peer: LineageId, accounts: &[AccountNumber]) {
        let own = self.users.own();
        for number in accounts {
            if let Some(slot) = self.users.find(AccountId { lineage: own, number: *number }) {
                self.end_lease(slot, peer);
            }
        }
    }

    /// Somebody types at a peer's. Whether that may be shown: not too much of it.
    pub fn handle_typing(&mut self, peer: LineageId, now: Now) -> bool {
        self.peers.get_mut(&peer).is_some_and(|peer| peer.typing.take(now.ms))
    }

    /// Tells a peer that somebody of ours types, where there is a link.
    pub fn send_typing(&mut self, peer: LineageId, typing: Frame) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.send(Outgoing::Datagram(typing));
        }
    }

    /// Peers for which something waits.
    pub fn spoken_to(&self) -> impl Iterator<Item = LineageId> {
        self.peers.iter().filter(|(_, peer)| !peer.outgoing.is_empty()).map(|(id, _)| *id)
    }

    fn lease(
        &mut self,
        peer: LineageId,
        number: AccountNumber,
        relations: &impl Relations,
        now_ms: u64,
    ) -> Option<Slot> {
        let known = self.peers.entry(peer).or_insert_with(|| Peer::new(now_ms));
        if !known.asked.take(now_ms) || !relations.may_lease(number, peer) {
            return None;
        }
        let account = AccountId { lineage: self.users.own(), number };
        let slot = self.users.make(account, || relations.person(account, number))?;
        let is_new = !known.leased.contains(&slot);
        if is_new && known.leased.len() >= LEASES_PER_PEER_MAX {
            self.users.let_go(slot);
            return None;
        }
        known.leased.insert(slot);
        let sweep_ms = *known.sweep_ms.get_or_insert(now_ms + LEASE_MS);
        let until_ms = now_ms + LEASE_MS;
        let leases = &mut self.users.get_mut(slot)?.leases;
        match leases.iter_mut().find(|(holder, _)| *holder == peer) {
            Some((_, known_ms)) => *known_ms = until_ms,
            None => leases.push((peer, until_ms)),
        }
        self.arm_peers(sweep_ms);
        Some(slot)
    }

    pub(crate) fn end_lease(&mut self, slot: Slot, peer: LineageId) {
        if let Some(user) = self.users.get_mut(slot) {
            user.leases.retain(|(holder, _)| *holder != peer);
        }
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.leased.remove(&slot);
        }
        self.users.let_go(slot);
    }

    /// Relations of an account of ours changed: who may not lease it any more is told so.
    pub(crate) fn check_leases(&mut self, slot: Slot, relations: &impl Relations) {
        let Some(user) = self.users.get(slot) else { return };
        let number = user.account.number;
        let holders = user.leases.iter().map(|(holder, _)| *holder);
        let denied = holders.filter(|holder| !relations.may_lease(number, *holder));
        for holder in denied.collect::<Vec<_>>() {
            self.version += 1;
            let entries = vec![PresenceEntry::unknown(number, self.version)];
            self.end_lease(slot, holder);
            if let Some(peer) = self.peers.get_mut(&holder) {
                peer.send(Outgoing::Stream(Frame::Presence { entries }));
            }
        }
    }

    /// Tells those who lease accounts that these changed, or notes that they are to be told later.
    pub(crate) fn tell_peers(&mut self, changed: &[Slot], now_ms: u64) {
        let mut news: BTreeMap<LineageId, Vec<PresenceEntry>> = BTreeMap::new();
        for slot in changed {
            let Some(user) = self.users.get_mut(*slot) else { continue };
            if user.is_waiting {
                continue;
            }
            let free_ms = user.sent_ms.map_or(0, |at_ms| at_ms + PRESENCE_GAP_MS);
            if free_ms > now_ms {
                user.is_waiting = true;
                self.waiting.insert((free_ms, *slot));
                continue;
            }
            user.leases.retain(|(_, until_ms)| *until_ms > now_ms);
            user.sent_ms = Some(now_ms);
            let holders: Vec<LineageId> = user.leases.iter().map(|(holder, _)| *holder).collect();
            self.version += 1;
            for holder in holders {
                news.entry(holder).or_default().push(self.entry_of(*slot, self.version));
            }
        }
        for (peer, entries) in news {
            let Some(peer) = self.peers.get_mut(&peer) else { continue };
            for entries in datagrams(entries) {
                peer.send(Outgoing::Datagram(Frame::Presence { entries }));
            }
        }
    }

    /// Tells of changes that had to wait.
    pub(crate) fn tell_waiting(&mut self, now_ms: u64) {
        let mut due = Vec::new();
        while let Some((at_ms, slot)) = self.waiting.first().copied()
            && at_ms <= now_ms
        {
            self.waiting.pop_first();
            if let Some(user) = self.users.get_mut(slot) {
                user.is_waiting = false;
                due.push(slot);
            }
        }
        self.tell_peers(&due, now_ms);
        due.into_iter().for_each(|slot| self.users.let_go(slot));
    }

    /// Forgets leases of a peer that have ended.
    pub(crate) fn sweep(&mut self, id: LineageId, now_ms: u64) {
        let Some(peer) = self.peers.get(&id) else { return };
        let is_over = |slot: &Slot| {
            let leases = self.users.get(*slot).map(|user| user.leases.as_slice());
            let lease = leases.unwrap_or_default().iter().find(|(holder, _)| *holder == id);
            lease.is_none_or(|(_, until_ms)| *until_ms <= now_ms)
        };
        let over: Vec<Slot> = peer.leased.iter().copied().filter(is_over).collect();
        over.into_iter().for_each(|slot| self.end_lease(slot, id));
    }

    fn entry_of(&self, slot: Slot, version: u64) -> PresenceEntry {
        let Some(user) = self.users.get(slot) else {
            return PresenceEntry::unknown(AccountNumber(0), version);
        };
        let Shown { state, status, last_active_unix_ms, .. } = &user.shown;
        PresenceEntry {
            account: user.account.number,
            version,
            state: *state,
            last_active_s: last_active_unix_ms.map(|unix_ms| unix_ms / 1_000),
            status: status.as_deref().map(str::to_owned),
        }
    }
}

/// As many datagrams as it takes.
fn datagrams(entries: Vec<PresenceEntry>) -> Vec<Vec<PresenceEntry>> {
    let mut datagrams: Vec<Vec<PresenceEntry>> = Vec::new();
    let mut room = 0;
    for entry in entries {
        let bytes = entry.bytes_max();
        match datagrams.last_mut().filter(|_| bytes <= room) {
            Some(last) => last.push(entry),
            None => {
                room = DATAGRAM_BYTES_MAX - FRAME_BYTES;
                datagrams.push(vec![entry]);
            }
        }
        room -= bytes;
    }
    datagrams
}

/// What a frame takes around its entries.
const FRAME_BYTES: usize = 16;
