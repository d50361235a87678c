//! Logs that come by way of a third (`docs/protocol/` section 8.5): who is away, of which logs
//! others hold more than we do, and who is asked for which of them, one at a time. It must not know
//! what a log is about; what is lacking is told by the caller.

use std::collections::{BTreeMap, BTreeSet};

use comity_protocol::frame::{VectorEntry, Want, WireLog};
use comity_protocol::id::LineageId;

use crate::limits::{AWAY_MS, OFFERS_AT_ONCE_MAX, OFFERS_MAX, PATIENCE_MS, RELAY_MS, SUPPLY_MS};

/// What all links share: with whom a link is up, who is away, and which link brings which log of
/// somebody else's.
#[derive(Debug, Default)]
pub struct Relays {
    /// Links that are up to each peer, and since when there is one.
    up: BTreeMap<LineageId, (usize, u64)>,
    /// Since when members that were looked for have been without a link.
    down: BTreeMap<LineageId, u64>,
    /// When it was looked last, and who is away from each peer's point of view.
    looked_ms: Option<u64>,
    away: BTreeMap<LineageId, BTreeSet<LineageId>>,
    suppliers: BTreeMap<WireLog, Supplier>,
    /// Counts how often something came of an origin's logs.
    came: BTreeMap<LineageId, u64>,
}

/// Whoever was asked for a log.
#[derive(Clone, Copy, Debug)]
struct Supplier {
    link: u64,
    until_ms: u64,
}

impl Relays {
    /// A link with a peer is up.
    pub fn handle_up(&mut self, peer: LineageId, now_ms: u64) {
        let (links, _) = self.up.entry(peer).or_insert((0, now_ms));
        *links += 1;
        self.down.remove(&peer);
    }

    /// A link is over: others may bring what it was asked for.
    pub fn handle_down(&mut self, link: u64, peer: Option<LineageId>) {
        self.suppliers.retain(|_, supplier| supplier.link != link);
        let Some(peer) = peer else { return };
        if let Some((links, _)) = self.up.get_mut(&peer) {
            *links -= 1;
            if *links == 0 {
                self.up.remove(&peer);
            }
        }
    }

    /// Something of an origin's logs came.
    pub fn handle_came(&mut self, origin: LineageId) {
        *self.came.entry(origin).or_default() += 1;
    }

    /// How often something came of these origins' logs.
    pub fn came_of(&self, origins: &BTreeSet<LineageId>) -> u64 {
        origins.iter().filter_map(|origin| self.came.get(origin)).sum()
    }

    /// When to look who is away; never while there is nobody to tell.
    pub fn next_look_ms(&self) -> Option<u64> {
        let next_ms = self.looked_ms.map_or(0, |at_ms| at_ms + RELAY_MS);
        (!self.up.is_empty()).then_some(next_ms)
    }

    /// Looks who is away: `groups` are the other members of each group that we are in. Returns the
    /// peers from whose point of view that has changed.
    pub fn look<M>(&mut self, groups: impl Iterator<Item = M>, now_ms: u64) -> BTreeSet<LineageId>
    where
        M: Iterator<Item = LineageId> + Clone,
    {
        self.looked_ms = Some(now_ms);
        let before = std::mem::take(&mut self.away);
        let mut without = BTreeSet::new();
        for members in groups {
            let down: Vec<LineageId> =
                members.clone().filter(|member| !self.up.contains_key(member)).collect();
            if down.is_empty() {
                continue;
            }
            let is_away = |at_ms: &u64| at_ms.saturating_add(AWAY_MS) <= now_ms;
            without.extend(down.iter().copied());
            let away = down.iter().filter(|member| self.down.get(member).is_some_and(is_away));
            let away: Vec<LineageId> = away.copied().collect();
            for peer in members.filter(|member| !away.is_empty() && self.up.contains_key(member)) {
                self.away.entry(peer).or_default().extend(away.iter().copied());
            }
        }
        self.down.retain(|member, _| without.contains(member));
        for member in without {
            self.down.entry(member).or_insert(now_ms);
        }
        let peers = before.keys().chain(self.away.keys());
        peers.filter(|peer| before.get(peer) != self.away.get(peer)).copied().collect()
    }

    /// Who is away of those that share a group with us and with a peer.
    pub fn away_from(&self, peer: LineageId) -> BTreeSet<LineageId> {
        self.away.get(&peer).cloned().unwrap_or_default()
    }

    /// Whether just these are.
    pub fn are_away_from(&self, peer: LineageId, told: &BTreeSet<LineageId>) -> bool {
        self.away.get(&peer).map_or(told.is_empty(), |away| away == told)
    }

    /// When somebody else may be asked for what an origin writes, of which was heard at a time.
    fn patience_ends_ms(&self, origin: LineageId, heard_ms: u64) -> u64 {
        match self.up.get(&origin) {
            Some((_, since_ms)) => heard_ms.max(*since_ms) + PATIENCE_MS,
            None => self.down.get(&origin).map_or(heard_ms, |at_ms| *at_ms) + AWAY_MS,
        }
    }

    /// Whether a link may be asked for a log; from then on no other one may, for a while.
    fn claim(&mut self, log: WireLog, link: u64, now_ms: u64) -> bool {
        let is_free = |known: &Supplier| known.link == link || known.until_ms <= now_ms;
        let may = self.suppliers.get(&log).is_none_or(is_free);
        if may {
            let until_ms = now_ms + SUPPLY_MS.first_ms;
            self.suppliers.insert(log, Supplier { link, until_ms });
        }
        may
    }

    fn release(&mut self, log: &WireLog, link: u64) {
        if self.suppliers.get(log).is_some_and(|known| known.link == link) {
            self.suppliers.remove(log);
        }
    }
}

/// What is lacking of a log, as far as a peer may bring it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// Nothing.
    Nothing,
    /// Something that cannot be taken yet.
    Later,
    /// All from a record on.
    From(u64),
}

/// The logs of others of which one link's peer holds more than we do.
#[derive(Debug)]
pub struct Offers {
    link: u64,
    known: BTreeMap<WireLog, Offer>,
}

#[derive(Clone, Copy, Debug)]
struct Offer {
    /// The last record that the peer holds.
    seq: u64,
    heard_ms: u64,
    /// From which record on the peer was asked for it, where it was.
    asked: Option<u64>,
    tries: u32,
    /// When to ask, or to ask again.
    due_ms: u64,
}

impl Offers {
    /// Of a link, by its number.
    pub fn new(link: u64) -> Self {
        Self { link, known: BTreeMap::new() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The peer states heads; `lacks` tells what is lacking of a log up to a record.
    pub fn handle_heads(
        &mut self,
        entries: &[VectorEntry],
        now_ms: u64,
        lacks: &dyn Fn(&WireLog, u64) -> Lacking,
    ) {
        for VectorEntry { log, seq, .. } in entries {
            if let Some(offer) = self.known.get_mut(log) {
                offer.seq = offer.seq.max(*seq);
            } else if self.known.len() < OFFERS_MAX && lacks(log, *seq) != Lacking::Nothing {
                let offer =
                    Offer { seq: *seq, heard_ms: now_ms, asked: None, tries: 0, due_ms: now_ms };
                self.known.insert(*log, offer);
            }
        }
    }

    /// The peer does not bring a log, or it is not taken from it.
    pub fn handle_refused(&mut self, log: &WireLog, relays: &mut Relays) {
        if self.known.remove(log).is_some() {
            relays.release(log, self.link);
        }
    }

    /// What to ask the peer for now.
    pub fn choose(
        &mut self,
        relays: &mut Relays,
        now_ms: u64,
        lacks: &dyn Fn(&WireLog, u64) -> Lacking,
    ) -> Vec<Want> {
        let link = self.link;
        self.known.retain(|log, offer| {
            let is_kept = lacks(log, offer.seq) != Lacking::Nothing;
            if !is_kept {
                relays.release(log, link);
            }
            is_kept
        });
        let is_under_way = |offer: &&Offer| offer.asked.is_some() && offer.due_ms > now_ms;
        let mut room =
            OFFERS_AT_ONCE_MAX.saturating_sub(self.known.values().filter(is_under_way).count());
        let mut wants = Vec::new();
        for (log, offer) in &mut self.known {
            let Lacking::From(from) = lacks(log, offer.seq) else { continue };
            if offer.asked.is_some_and(|asked| asked < from) {
                // It brought some: it may go on.
                room += usize::from(offer.due_ms > now_ms);
                (offer.tries, offer.due_ms) = (0, now_ms);
            }
            let patience_ms = relays.patience_ends_ms(log.origin, offer.heard_ms);
            let is_due = offer.due_ms.max(patience_ms) <= now_ms;
            if room == 0 || !is_due || !relays.claim(*log, link, now_ms) {
                continue;
            }
            room -= 1;
            offer.asked = Some(from);
            offer.due_ms = now_ms + SUPPLY_MS.after(offer.tries);
            offer.tries = offer.tries.saturating_add(1);
            wants.push(Want { log: *log, from });
        }
        wants
    }
}

#[cfg(test)]
mod tests {
    use comity_protocol::frame::LogKind;
    use comity_protocol::id::{ChannelId, ShortHash};

    use super::*;

    const BOB: LineageId = LineageId([1; 32]);
    const CAROL: LineageId = LineageId([2; 32]);
    const DAVE: LineageId = LineageId([3; 32]);
    const LOG: WireLog =
        WireLog { channel: ChannelId([9; 32]), kind: LogKind::Message, origin: CAROL, number: 1 };

    fn head(seq: u64) -> VectorEntry {
        VectorEntry { log: LOG, seq, hash: ShortHash([0; 16]) }
    }

    fn look(relays: &mut Relays, now_ms: u64) -> BTreeSet<LineageId> {
        if relays.looked_ms.is_none_or(|at_ms| at_ms + RELAY_MS <= now_ms) {
            relays.look([[BOB, CAROL, DAVE].into_iter()].into_iter(), now_ms);
        }
        relays.away_from(BOB)
    }

    /// What holds so many records, asked what is lacking.
    fn holds(held: u64) -> impl Fn(&WireLog, u64) -> Lacking {
        move |_, seq| if seq > held { Lacking::From(held + 1) } else { Lacking::Nothing }
    }

    #[test]
    fn a_member_is_away_once_no_link_is_up_with_it_for_a_while() {
        let mut relays = Relays::default();
        relays.handle_up(BOB, 0);
        relays.handle_up(CAROL, 0);
        relays.handle_up(CAROL, 0);
        assert_eq!(look(&mut relays, 0), BTreeSet::new());
        // Dave was never there.
        assert_eq!(look(&mut relays, RELAY_MS), BTreeSet::from([DAVE]));
        // One of two links is left.
        relays.handle_down(7, Some(CAROL));
        assert_eq!(look(&mut relays, 2 * RELAY_MS), BTreeSet::from([DAVE]));
        relays.handle_down(8, Some(CAROL));
        assert_eq!(look(&mut relays, 3 * RELAY_MS), BTreeSet::from([DAVE]));
        assert_eq!(look(&mut relays, 4 * RELAY_MS), BTreeSet::from([CAROL, DAVE]));
        // Who is away itself is told nothing; and back is back.
        assert_eq!(relays.away_from(CAROL), BTreeSet::new());
        relays.handle_up(CAROL, 4 * RELAY_MS);
        assert_eq!(look(&mut relays, 5 * RELAY_MS), BTreeSet::from([DAVE]));
        assert_eq!(relays.away_from(CAROL), BTreeSet::from([DAVE]));
    }

    #[test]
    fn a_look_tells_for_whom_it_has_changed_who_is_away() {
        let mut relays = Relays::default();
        let group = || [[BOB, CAROL, DAVE].into_iter()].into_iter();
        assert_eq!(relays.next_look_ms(), None, "there is nobody to tell");
        relays.handle_up(BOB, 0);
        assert_eq!(relays.next_look_ms(), Some(0));
        assert_eq!(relays.look(group(), 0), BTreeSet::new());
        assert_eq!(relays.next_look_ms(), Some(RELAY_MS));
        relays.handle_up(CAROL, 1);
        assert_eq!(relays.look(group(), RELAY_MS), BTreeSet::from([BOB, CAROL]));
        assert_eq!(relays.look(group(), 2 * RELAY_MS), BTreeSet::new(), "as before");
        assert!(relays.are_away_from(BOB, &BTreeSet::from([DAVE])));
        assert!(!relays.are_away_from(BOB, &BTreeSet::new()));
        assert!(relays.are_away_from(DAVE, &BTreeSet::new()));
        relays.handle_up(DAVE, 3 * RELAY_MS);
        assert_eq!(relays.look(group(), 3 * RELAY_MS), BTreeSet::from([BOB, CAROL]));
    }

    #[test]
    fn what_the_origin_brings_in_time_is_asked_of_nobody_else() {
        let mut relays = Relays::default();
        let mut offers = Offers::new(1);
        relays.handle_up(CAROL, 0);
        offers.handle_heads(&[head(5)], 1_000, &holds(2));
        assert_eq!(offers.choose(&mut relays, 1_000, &holds(2)), []);
        let late_ms = 1_000 + PATIENCE_MS;
        assert_eq!(offers.choose(&mut relays, late_ms - 1, &holds(2)), []);
        let mut same = Offers { link: 1, known: offers.known.clone() };
        assert_eq!(same.choose(&mut relays, late_ms, &holds(5)), []);
        assert_eq!(
            offers.choose(&mut relays, late_ms, &holds(2)),
            [Want { log: LOG, from: 3 }],
            "it brings nothing"
        );
    }

    #[test]
    fn of_who_is_away_one_peer_at_a_time_is_asked() {
        let mut relays = Relays::default();
        let (mut one, mut other) = (Offers::new(1), Offers::new(2));
        look(&mut relays, 0);
        for offers in [&mut one, &mut other] {
            offers.handle_heads(&[head(9)], 0, &holds(2));
        }
        assert_eq!(one.choose(&mut relays, AWAY_MS - 1, &holds(2)), [], "it may come yet");
        let mut now_ms = AWAY_MS;
        assert_eq!(one.choose(&mut relays, now_ms, &holds(2)), [Want { log: LOG, from: 3 }]);
        assert_eq!(other.choose(&mut relays, now_ms, &holds(2)), []);
        assert_eq!(one.choose(&mut relays, now_ms, &holds(2)), []);
        // A part came: the rest is asked for at once.
        assert_eq!(one.choose(&mut relays, now_ms, &holds(6)), [Want { log: LOG, from: 7 }]);
        // The rest does not come: another one is asked.
        now_ms += SUPPLY_MS.first_ms;
        assert_eq!(other.choose(&mut relays, now_ms, &holds(6)), [Want { log: LOG, from: 7 }]);
        assert_eq!(one.choose(&mut relays, now_ms, &holds(6)), []);
        // Its link ends, or it refuses: the first one is asked again.
        relays.handle_down(2, None);
        assert_eq!(one.choose(&mut relays, now_ms, &holds(6)), [Want { log: LOG, from: 7 }]);
        one.handle_refused(&LOG, &mut relays);
        assert_eq!(other.choose(&mut relays, now_ms, &holds(9)), [], "all is here");
        assert!(relays.suppliers.is_empty() && one.known.is_empty() && other.known.is_empty());
    }

    #[test]
    fn what_cannot_be_taken_yet_is_remembered() {
        let (mut relays, mut offers) = (Relays::default(), Offers::new(1));
        let later = |_: &WireLog, _| Lacking::Later;
        offers.handle_heads(&[head(5)], 0, &later);
        assert_eq!(offers.choose(&mut relays, AWAY_MS, &later), []);
        assert_eq!(offers.choose(&mut relays, AWAY_MS, &holds(4)), [Want { log: LOG, from: 5 }]);
    }
}
