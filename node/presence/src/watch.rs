//! Who watches whom, and what watchers are told. What a watcher may see is derived when somebody
//! comes or relations change, never when somebody's state does.

use std::cmp::Ordering;

use comity_protocol::id::AccountId;
use comity_protocol::presence::PresenceState;

use crate::limits::{CARDS_MAX, GAP_MS, WATCHED_MAX};
use crate::model::{Relations, Shown};
use crate::presence::Presence;
use crate::sink::Sink;
use crate::user::Slot;

impl<S: Sink> Presence<S> {
    /// An account of ours has come: it watches whom it may see, itself included.
    pub(crate) fn start_watching(&mut self, slot: Slot, relations: &impl Relations, now_ms: u64) {
        let watched = self.watched_of(slot, relations);
        for target in &watched {
            self.watch(*target, slot, now_ms);
        }
        if let Some(user) = self.users.get_mut(slot) {
            user.watched = watched;
        }
    }

    /// It has gone.
    pub(crate) fn stop_watching(&mut self, slot: Slot) {
        let Some(user) = self.users.get_mut(slot) else { return };
        for target in std::mem::take(&mut user.watched) {
            self.unwatch(target, slot);
        }
    }

    /// Shows a socket everybody that its account watches and who is not offline.
    pub(crate) fn show_all(&self, slot: Slot, sink: &S) {
        let watched = self.users.get(slot).map(|user| user.watched.as_slice()).unwrap_or_default();
        let users = watched.iter().filter_map(|slot| self.users.get(*slot));
        let there = users.filter(|user| user.shown.state != PresenceState::Offline);
        let cards: Vec<S::Card> = there.map(|user| user.card.clone()).collect();
        cards.chunks(CARDS_MAX).for_each(|cards| sink.show(cards));
    }

    /// Brings in line whom accounts watch, and who leases them, where relations may have changed.
    pub(crate) fn settle(&mut self, relations: &impl Relations, now_ms: u64) {
        for number in std::mem::take(&mut self.unsettled) {
            let account = AccountId { lineage: self.users.own(), number };
            let Some(slot) = self.users.find(account) else { continue };
            self.check_leases(slot, relations);
            if self.users.get(slot).is_some_and(|user| user.is_there()) {
                self.watch_anew(slot, relations, now_ms);
            }
            self.users.let_go(slot);
        }
    }

    /// Tells watchers what changed.
    pub(crate) fn tell(&mut self, now_ms: u64) {
        let dirty = std::mem::take(&mut self.dirty);
        let mut told: Vec<(Slot, Slot)> = Vec::new();
        let mut changed = Vec::new();
        for slot in &dirty {
            let own = self.users.own();
            let Some(user) = self.users.get_mut(*slot) else { continue };
            let free_ms = user.told_ms.map_or(0, |at_ms| at_ms + GAP_MS);
            if free_ms > now_ms {
                self.dirty.push(*slot);
                self.arm_flush(free_ms);
                continue;
            }
            user.is_dirty = false;
            let shown = if user.account.lineage == own { user.local() } else { user.remote() };
            if shown != user.shown {
                user.card = S::card(&shown);
                user.shown = shown;
                user.told_ms = Some(now_ms);
                told.extend(user.watchers.iter().map(|watcher| (*watcher, *slot)));
                if !user.leases.is_empty() {
                    changed.push(*slot);
                }
            }
        }
        let frames = self.show(told);
        self.rest(frames, now_ms);
        self.tell_peers(&changed, now_ms);
        dirty.into_iter().for_each(|slot| self.users.let_go(slot));
    }

    /// Shows watchers accounts: all of one watcher together. How many frames that takes.
    fn show(&self, mut told: Vec<(Slot, Slot)>) -> u64 {
        told.sort_unstable();
        let mut frames = 0;
        let mut cards: Vec<S::Card> = Vec::new();
        for of_one in told.chunk_by(|a, b| a.0 == b.0) {
            let Some(watcher) = self.users.get(of_one[0].0) else { continue };
            cards.clear();
            let seen = of_one.iter().filter_map(|(_, slot)| self.users.get(*slot));
            cards.extend(seen.map(|user| user.card.clone()));
            for sink in watcher.sinks() {
                for cards in cards.chunks(CARDS_MAX) {
                    sink.show(cards);
                    frames += 1;
                }
            }
        }
        frames
    }

    fn watched_of(&mut self, slot: Slot, relations: &impl Relations) -> Vec<Slot> {
        let Some(number) = self.users.get(slot).map(|user| user.account.number) else {
            return Vec::new();
        };
        let mut watched = vec![slot];
        for account in relations.watched_by(number).into_iter().take(WATCHED_MAX) {
            watched.extend(self.users.make(account, || relations.person(account, number)));
        }
        watched.sort_unstable();
        watched.dedup();
        watched
    }

    /// Whom an account watches may have changed: it is shown who is new to it, and that it sees no
    /// more of who is not.
    fn watch_anew(&mut self, slot: Slot, relations: &impl Relations, now_ms: u64) {
        let after = self.watched_of(slot, relations);
        let before = match self.users.get_mut(slot) {
            Some(user) => std::mem::replace(&mut user.watched, after.clone()),
            None => return,
        };
        let (added, removed) = differences(&before, &after);
        let mut cards: Vec<S::Card> = Vec::new();
        for target in added {
            self.watch(target, slot, now_ms);
            let user = self.users.get(target);
            let seen = user.filter(|user| user.shown.state != PresenceState::Offline);
            cards.extend(seen.map(|user| user.card.clone()));
        }
        for target in removed {
            let label = self.users.get(target).map(|user| user.shown.label.clone());
            cards.extend(label.map(|label| S::card(&Shown::unknown(label))));
            self.unwatch(target, slot);
        }
        for sink in self.users.get(slot).into_iter().flat_map(|user| user.sinks()) {
            cards.chunks(CARDS_MAX).for_each(|cards| sink.show(cards));
        }
    }

    fn watch(&mut self, target: Slot, watcher: Slot, now_ms: u64) {
        let own = self.users.own();
        let Some(user) = self.users.get_mut(target) else { return };
        if let Err(at) = user.watchers.binary_search(&watcher) {
            user.watchers.insert(at, watcher);
        }
        let (account, is_first) = (user.account, user.watchers.len() == 1);
        if is_first && account.lineage != own {
            self.want(target, account.lineage, now_ms);
        }
    }

    fn unwatch(&mut self, target: Slot, watcher: Slot) {
        let own = self.users.own();
        let Some(user) = self.users.get_mut(target) else { return };
        if let Ok(at) = user.watchers.binary_search(&watcher) {
            user.watchers.remove(at);
        }
        let (account, is_last) = (user.account, user.watchers.is_empty());
        if is_last && account.lineage != own {
            self.want_no_more(target, account);
        }
        self.users.let_go(target);
    }
}

/// What is in the second of two ordered lists alone, and what in the first.
fn differences(before: &[Slot], after: &[Slot]) -> (Vec<Slot>, Vec<Slot>) {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return (added, removed),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.cmp(new),
        };
        if order.is_le() {
            let gone = old.next();
            removed.extend(gone.filter(|_| order.is_lt()));
        }
        if order.is_ge() {
            let come = new.next();
            added.extend(come.filter(|_| order.is_gt()));
        }
    }
}
