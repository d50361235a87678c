//! The machine: messages come and are read, entries come due and are judged, go to services in
//! turn, and are taken or fail.
//!
//! Order of calls: `message`, `read` or `forget` for what happened and `done` for what came of a
//! job; then `poll_due` until it gives nothing, each answered by `judge`; then `poll_job` until it
//! gives nothing; then wait for more, at most until `poll_timeout`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use comity_protocol::cursor::Pos;

use crate::entry::{Entry, Key, Stage, Wait, What};
use crate::limits::{
    ENTRIES_MAX, GATHER_MAX_MS, GATHER_MS, IN_FLIGHT_MAX, PAUSE_MS, RETRY_AFTER_MAX_MS,
    RETRY_FIRST_MS, RETRY_MAX_MS, SERVICES_KEPT, WITHDRAW_MS,
};
use crate::service::Service;

/// What is to be judged: whether it is still to be told, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Who, and of what.
    pub key: Key,
    /// What.
    pub what: What,
    /// What is new goes up to here.
    pub newest: Pos,
}

/// What becomes of what is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It goes to a service, by its name.
    Send(Arc<str>),
    /// It is asked for again at a time, in ms.
    Hold(u64),
    /// Nothing is to be told any more.
    Drop,
}

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// To whom, and of what.
    pub key: Key,
    /// What.
    pub what: What,
    /// What is new goes up to here.
    pub newest: Pos,
}

/// What came of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service took it.
    Took,
    /// It refused what is for this device; of others that says nothing.
    Refused {
        /// How long it wants to be left alone with it, in ms, where it says so.
        retry_after_ms: Option<u64>,
    },
    /// It did not.
    Failed {
        /// How long it wants to be left alone, in ms, where it says so.
        retry_after_ms: Option<u64>,
    },
}

/// That a service is another one than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It has failed so often in a row that it is left alone for a while.
    Closed,
    /// It takes what it gets, after it was left alone.
    Opened,
}

/// What devices are to be told.
#[derive(Debug, Default)]
pub struct Queue {
    entries: BTreeMap<Key, Entry>,
    /// Entries that wait, by when they are due.
    due: BTreeSet<(u64, Key)>,
    services: BTreeMap<Arc<str>, Service>,
    /// Services to which something may go, in turn.
    turns: VecDeque<Arc<str>>,
    /// Services that are left alone, by until when.
    closed: BTreeSet<(u64, Arc<str>)>,
    in_flight: usize,
    /// How many services may be remembered before those that nobody needs are forgotten.
    services_max: usize,
    /// Whether something found no room.
    is_short: bool,
}

impl Queue {
    /// A device is to be told of a message at a pos; soon where it is urgent.
    pub fn message(&mut self, key: Key, pos: Pos, is_urgent: bool, now_ms: u64) {
        if !self.entries.contains_key(&key) {
            self.begin(key, What::Tell, pos, now_ms);
        }
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let is_first =
            entry.what == What::Withdraw || matches!(entry.stage, Stage::Waiting(_, Wait::Told));
        entry.newest = entry.newest.max(pos);
        entry.what = What::Tell;
        if is_first {
            entry.first_ms = now_ms;
        }
        let is_gathering = matches!(entry.stage, Stage::Waiting(_, Wait::Gathering | Wait::Told));
        if !is_gathering {
            return;
        }
        let gathered_ms = (now_ms + GATHER_MS).min(entry.first_ms + GATHER_MAX_MS);
        let paused_ms = entry.told_ms.map_or(0, |told_ms| told_ms + PAUSE_MS);
        // What was urgent stays so, whatever comes after it.
        let at_ms = match entry.stage {
            Stage::Waiting(at_ms, Wait::Gathering) if !is_first && at_ms < paused_ms => gathered_ms,
            _ if is_urgent => gathered_ms,
            _ => gathered_ms.max(paused_ms),
        };
        self.wait(key, at_ms, Wait::Gathering);
    }

    /// A channel was read on another device. Whether the device shows something of it is known to
    /// whoever asks.
    pub fn read(&mut self, key: Key, is_shown: bool, now_ms: u64) {
        match self.entries.get_mut(&key) {
            Some(entry) => {
                entry.what = What::Withdraw;
                match entry.stage {
                    // It is withdrawn once it is known to have come.
                    Stage::Flying(..) => {}
                    _ if is_shown => self.wait(key, now_ms + WITHDRAW_MS, Wait::Gathering),
                    _ => self.drop_entry(key),
                }
            }
            None if is_shown => {
                self.begin(key, What::Withdraw, Pos(0), now_ms);
                self.wait(key, now_ms + WITHDRAW_MS, Wait::Gathering);
            }
            None => {}
        }
    }

    /// A device is told nothing any more. What is on its way to it is seen to its end.
    pub fn forget(&mut self, device: u64) {
        let of = Key { device, channel: 0 }..=Key { device, channel: u32::MAX };
        let keys: Vec<Key> = self.entries.range(of).map(|(key, _)| *key).collect();
        for key in keys {
            self.drop_entry(key);
        }
    }

    /// What a device waits for is looked at again: its user wants something else, or it is told at
    /// another place.
    pub fn look_again(&mut self, device: u64, now_ms: u64) {
        let of = Key { device, channel: 0 }..=Key { device, channel: u32::MAX };
        let waits =
            |entry: &Entry| matches!(entry.stage, Stage::Waiting(_, Wait::Held | Wait::Failed));
        let waiting = self.entries.range(of).filter(|(_, entry)| waits(entry));
        for key in waiting.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.wait(key, now_ms, Wait::Held);
        }
    }

    /// What is due by now, to be judged.
    pub fn poll_due(&mut self, now_ms: u64) -> Option<Due> {
        loop {
            let (_, key) = self.due.first().copied().filter(|(at_ms, _)| *at_ms <= now_ms)?;
            self.due.pop_first();
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            if matches!(entry.stage, Stage::Waiting(_, Wait::Told)) {
                self.entries.remove(&key);
                continue;
            }
            entry.stage = Stage::Judged;
            return Some(Due { key, what: entry.what, newest: entry.newest });
        }
    }

    /// What becomes of what was due.
    pub fn judge(&mut self, key: Key, judgement: Judgement) {
        if self.entries.get(&key).is_none_or(|entry| entry.stage != Stage::Judged) {
            return;
        }
        match judgement {
            Judgement::Drop => self.drop_entry(key),
            Judgement::Hold(at_ms) => self.wait(key, at_ms, Wait::Held),
            Judgement::Send(name) => {
                let Some(entry) = self.entries.get_mut(&key) else { return };
                entry.stage = Stage::InLine(Arc::clone(&name));
                let service = self.services.entry(Arc::clone(&name)).or_insert_with(Service::new);
                service.line.push_back(key);
                self.enlist(&name, None);
            }
        }
    }

    /// The next thing to send, and to which service.
    pub fn poll_job(&mut self, now_ms: u64) -> Option<(Job, Arc<str>)> {
        self.reopen(now_ms);
        while self.in_flight < IN_FLIGHT_MAX {
            let name = self.turns.pop_front()?;
            let Some(service) = self.services.get_mut(&name) else { continue };
            service.is_in_turn = false;
            if !service.may_send(now_ms) {
                continue;
            }
            let Some(key) = service.line.pop_front() else { continue };
            let entry = self.entries.get_mut(&key);
            let Some(entry) = entry.filter(|entry| entry.stage == Stage::InLine(name.clone()))
            else {
                self.enlist(&name, Some(now_ms));
                continue;
            };
            service.in_flight += 1;
            self.in_flight += 1;
            let (what, newest) = (entry.what, entry.newest);
            entry.stage = Stage::Flying(Arc::clone(&name), what, newest);
            self.enlist(&name, Some(now_ms));
            return Some((Job { key, what, newest }, name));
        }
        None
    }

    /// What came of a job; tells where its service has turned by it.
    pub fn done(
        &mut self,
        key: Key,
        service: &Arc<str>,
        outcome: Outcome,
        now_ms: u64,
    ) -> Option<Turn> {
        self.in_flight -= 1;
        let turn = self.served(service, outcome, now_ms);
        self.enlist(service, Some(now_ms));
        // Looked through only once it has doubled, so that this costs little for each.
        if self.services.len() > self.services_max.max(SERVICES_KEPT) {
            self.services.retain(|_, known| known.is_needed(now_ms));
            self.services_max = 2 * self.services.len();
        }
        self.settle(key, outcome, now_ms);
        turn
    }

    /// What a service did says of it what else it will take.
    fn served(&mut self, service: &Arc<str>, outcome: Outcome, now_ms: u64) -> Option<Turn> {
        let known = self.services.get_mut(service)?;
        let turn = match outcome {
            Outcome::Took => known.took().then_some(Turn::Opened),
            Outcome::Refused { .. } => {
                known.refused();
                None
            }
            Outcome::Failed { retry_after_ms } => {
                known.failed(retry_after_ms, now_ms).then_some(Turn::Closed)
            }
        };
        if let Some(until_ms) = known.closed_until(now_ms) {
            self.closed.insert((until_ms, Arc::clone(service)));
        }
        turn
    }

    /// What becomes of an entry that was on its way.
    fn settle(&mut self, key: Key, outcome: Outcome, now_ms: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Stage::Flying(_, sent, upto) = entry.stage else { return };
        match outcome {
            Outcome::Took => {
                entry.failures = 0;
                self.took(key, sent, upto, now_ms);
            }
            Outcome::Refused { retry_after_ms } | Outcome::Failed { retry_after_ms } => {
                // What was read meanwhile, and may not have come, needs no other try.
                if sent == What::Tell && entry.what == What::Withdraw {
                    self.wait(key, now_ms, Wait::Gathering);
                    return;
                }
                entry.failures += 1;
                let asked_ms = retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MAX_MS);
                let pause_ms = pause_ms(key, entry.failures).max(asked_ms);
                self.wait(key, now_ms + pause_ms, Wait::Failed);
            }
        }
    }

    /// Whether something found no room since this was asked last, and there is room by now: what
    /// is unread is to be looked through once more.
    pub fn take_short(&mut self) -> bool {
        let has_room = self.entries.len() < ENTRIES_MAX / 2;
        has_room && std::mem::take(&mut self.is_short)
    }

    /// When to look again, in ms.
    pub fn poll_timeout(&self) -> Option<u64> {
        let due = self.due.first().map(|(at_ms, _)| *at_ms);
        let closed = self.closed.first().map(|(at_ms, _)| *at_ms);
        due.into_iter().chain(closed).min()
    }

    /// Devices and channels that are thought of.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn took(&mut self, key: Key, sent: What, upto: Pos, now_ms: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        match (sent, entry.what) {
            (What::Withdraw, What::Withdraw) => self.drop_entry(key),
            (What::Tell, What::Withdraw) => self.wait(key, now_ms + WITHDRAW_MS, Wait::Gathering),
            (What::Withdraw, What::Tell) => self.wait(key, now_ms + GATHER_MS, Wait::Gathering),
            (What::Tell, What::Tell) => {
                entry.told_ms = Some(now_ms);
                let wait = if entry.newest > upto { Wait::Gathering } else { Wait::Told };
                self.wait(key, now_ms + PAUSE_MS, wait);
            }
        }
    }

    /// Begins to think of a device and a channel, where there is room.
    fn begin(&mut self, key: Key, what: What, newest: Pos, now_ms: u64) {
        if self.entries.len() >= ENTRIES_MAX {
            self.is_short = true;
            return;
        }
        let stage = Stage::Waiting(now_ms, Wait::Told);
        let (first_ms, told_ms, failures) = (now_ms, None, 0);
        self.entries.insert(key, Entry { what, newest, first_ms, told_ms, failures, stage });
    }

    /// Has an entry wait until a time.
    fn wait(&mut self, key: Key, at_ms: u64, wait: Wait) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if let Stage::Waiting(before_ms, _) = entry.stage {
            self.due.remove(&(before_ms, key));
        }
        entry.stage = Stage::Waiting(at_ms, wait);
        self.due.insert((at_ms, key));
    }

    fn drop_entry(&mut self, key: Key) {
        if let Some(entry) = self.entries.remove(&key)
            && let Stage::Waiting(at_ms, _) = entry.stage
        {
            self.due.remove(&(at_ms, key));
        }
    }

    /// Puts a service that may be sent something at the end of the turns.
    fn enlist(&mut self, name: &Arc<str>, now_ms: Option<u64>) {
        let Some(service) = self.services.get_mut(name) else { return };
        let may_send = now_ms.is_none_or(|now_ms| service.may_send(now_ms));
        if may_send && !service.is_in_turn {
            service.is_in_turn = true;
            self.turns.push_back(Arc::clone(name));
        }
    }

    /// Looks at services that were left alone until now.
    fn reopen(&mut self, now_ms: u64) {
        while let Some((at_ms, _)) = self.closed.first()
            && *at_ms <= now_ms
        {
            let Some((_, name)) = self.closed.pop_first() else { return };
            self.enlist(&name, Some(now_ms));
        }
    }
}

/// How long to wait after so many failures: longer each time, and not as long for everybody.
fn pause_ms(key: Key, failures: u32) -> u64 {
    let pause_ms = (RETRY_FIRST_MS << (failures - 1).min(16)).min(RETRY_MAX_MS);
    let mixed = (key.device ^ u64::from(key.channel) << 32 ^ u64::from(failures))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    pause_ms - pause_ms / 4 + mixed % (pause_ms / 2)
}
