//! What a link lacks and asks for: one entry for each log, asked when due, asked again with growing
//! waits. It must not know how ranges are applied.

use std::collections::BTreeMap;

use comity_protocol::code::Code;
use comity_protocol::frame::{Exception, LogKind, Want, WireLog};
use comity_protocol::id::{ChannelId, LineageId};
use comity_protocol::limits::BATCH_RECORDS_MAX;

use crate::limits::{HELD_MS, WANT_ANSWER_MS, WANTS_IN_FLIGHT_MAX, WANTS_MAX};

/// Why a range is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// It is wanted without having been shown.
    Unseen,
    /// It comes before records that were shown.
    Gap,
    /// It was shown, and waits for what it depends on.
    Held,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    reason: Reason,
    /// The first record wanted.
    from: u64,
    /// The last record shown so far; the entry is done once it is applied.
    until: u64,
    /// Whether it was asked for and not answered yet.
    asked: bool,
    /// When the answer is due, or when to ask.
    due_ms: u64,
    tries: u32,
}

/// Ranges that are wanted from one peer.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    entries: BTreeMap<WireLog, Entry>,
    /// Whose feed it is: what others write is in no feed of his, and holds no cursor.
    peer: Option<LineageId>,
}

impl Wants {
    pub(crate) fn handle_peer(&mut self, peer: LineageId) {
        self.peer = Some(peer);
    }

    /// Whether another batch can be applied, even if all of its ranges come to be wanted.
    pub(crate) fn have_room(&self) -> bool {
        self.entries.len() + BATCH_RECORDS_MAX <= WANTS_MAX
    }

    /// Whether keeping a cursor now would forget something.
    pub(crate) fn hold_cursor(&self) -> bool {
        self.entries.iter().any(|(log, entry)| self.is_fed(log) && entry.is_shown())
    }

    /// Whether this log is a reason for that.
    pub(crate) fn hold_cursor_for(&self, log: &WireLog) -> bool {
        self.is_fed(log) && self.entries.get(log).is_some_and(Entry::is_shown)
    }

    /// What acknowledgements have to except.
    pub(crate) fn exceptions(&self) -> impl Iterator<Item = Exception> + use<'_> {
        let fed = self.entries.iter().filter(|(log, _)| self.is_fed(log));
        fed.filter_map(|(log, entry)| {
            let code = match entry.reason {
                Reason::Unseen => return None,
                Reason::Gap => Code::LogGap,
                Reason::Held => Code::LogHeld,
            };
            Some(Exception { log: *log, from: entry.from, code: code.number() })
        })
    }

    /// When something is due next.
    pub(crate) fn next_ms(&self, now_ms: u64) -> Option<u64> {
        let waits = |entry: &&Entry| entry.asked || entry.due_ms > now_ms;
        self.entries.values().filter(waits).map(|entry| entry.due_ms).min()
    }

    /// A log is wanted from a record on, up to another at least: one answer, where that is 0.
    /// `false` where no more can be wanted.
    pub(crate) fn add(&mut self, log: WireLog, from: u64, until: u64, now_ms: u64) -> bool {
        if let Some(entry) = self.entries.get_mut(&log) {
            entry.until = entry.until.max(until);
            return true;
        }
        let room = self.entries.len() < WANTS_MAX;
        if room {
            self.entries.insert(log, Entry::new(Reason::Unseen, from, until, now_ms));
        }
        room
    }

    /// Records before a range that was shown are missing.
    pub(crate) fn gap(&mut self, log: WireLog, from: u64, until: u64, now_ms: u64) {
        let Some(entry) = self.entry(log, Reason::Gap, from, until, now_ms) else { return };
        entry.until = entry.until.max(until);
        // What was held may turn out to begin earlier, once it is known what the log is.
        if entry.reason == Reason::Unseen || from < entry.from {
            entry.reason = Reason::Gap;
        }
        if from != entry.from {
            entry.advance(from, now_ms);
        }
    }

    /// A range that was shown waits for something.
    pub(crate) fn held(&mut self, log: WireLog, from: u64, until: u64, now_ms: u64) {
        let Some(entry) = self.entry(log, Reason::Held, from, until, now_ms) else { return };
        entry.until = entry.until.max(until);
        entry.reason = Reason::Held;
        if from > entry.from {
            entry.advance(from, now_ms);
        }
        entry.put_off(now_ms);
    }

    /// A range is applied. Whether it was wanted.
    pub(crate) fn applied(&mut self, log: WireLog, last: u64, now_ms: u64) -> bool {
        let Some(entry) = self.entries.get_mut(&log) else { return false };
        if last >= entry.until {
            self.give_up(&log);
        } else if last >= entry.from {
            entry.advance(last + 1, now_ms);
        } else if entry.asked {
            entry.put_off(now_ms);
        }
        true
    }

    /// A control log got on: what its channel holds may go on too.
    pub(crate) fn hurry(&mut self, channel: ChannelId, now_ms: u64) {
        let from =
            WireLog { channel, kind: LogKind::Control, origin: LineageId([0; 32]), number: 0 };
        let of_channel = self.entries.range_mut(from..).take_while(|(l, _)| l.channel == channel);
        for (_, entry) in of_channel {
            if entry.reason == Reason::Held && !entry.asked {
                entry.due_ms = now_ms;
            }
        }
    }

    /// Nobody will get this range from here. The first record that was wanted, where one was.
    pub(crate) fn give_up(&mut self, log: &WireLog) -> Option<u64> {
        self.entries.remove(log).map(|entry| entry.from)
    }

    /// The peer cannot serve a range now.
    pub(crate) fn put_off(&mut self, log: &WireLog, now_ms: u64) {
        if let Some(entry) = self.entries.get_mut(log) {
            entry.put_off(now_ms);
        }
    }

    /// Takes answers that did not come in time for lost.
    pub(crate) fn handle_timeout(&mut self, now_ms: u64) {
        for entry in self.entries.values_mut() {
            if entry.asked && entry.due_ms <= now_ms {
                entry.asked = false;
            }
        }
    }

    /// What to ask for now; control logs first, since message logs wait for them.
    pub(crate) fn poll(&mut self, now_ms: u64) -> Vec<Want> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let in_flight = self.entries.values().filter(|entry| entry.asked).count();
        let room = WANTS_IN_FLIGHT_MAX.saturating_sub(in_flight);
        let due = |entry: &Entry| !entry.asked && entry.due_ms <= now_ms;
        let ready = |control: bool| {
            let fits = move |log: &WireLog| (log.kind == LogKind::Control) == control;
            self.entries.iter().filter(move |(log, entry)| fits(log) && due(entry))
        };
        let chosen: Vec<WireLog> =
            ready(true).chain(ready(false)).take(room).map(|(log, _)| *log).collect();
        chosen
            .into_iter()
            .filter_map(|log| {
                let entry = self.entries.get_mut(&log)?;
                entry.asked = true;
                entry.due_ms = now_ms + WANT_ANSWER_MS.after(entry.tries);
                entry.tries = entry.tries.saturating_add(1);
                Some(Want { log, from: entry.from })
            })
            .collect()
    }

    fn is_fed(&self, log: &WireLog) -> bool {
        self.peer.is_none_or(|peer| peer == log.origin)
    }

    fn entry(
        &mut self,
        log: WireLog,
        reason: Reason,
        from: u64,
        until: u64,
        now_ms: u64,
    ) -> Option<&mut Entry> {
        // Feeds leave room for all of a batch; what else is shown unasked may find none and is let
        // go.
        if self.entries.len() >= WANTS_MAX && !self.entries.contains_key(&log) {
            return None;
        }
        let fresh = Entry::new(reason, from, until, now_ms);
        Some(self.entries.entry(log).or_insert(fresh))
    }
}

impl Entry {
    fn new(reason: Reason, from: u64, until: u64, now_ms: u64) -> Self {
        Self { reason, from, until, asked: false, due_ms: now_ms, tries: 0 }
    }

    fn is_shown(&self) -> bool {
        self.reason != Reason::Unseen
    }

    fn advance(&mut self, from: u64, now_ms: u64) {
        (self.from, self.asked, self.due_ms, self.tries) = (from, false, now_ms, 0);
    }

    fn put_off(&mut self, now_ms: u64) {
        self.asked = false;
        self.due_ms = now_ms + HELD_MS.after(self.tries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: WireLog = WireLog {
        channel: ChannelId([1; 32]),
        kind: LogKind::Message,
        origin: LineageId([2; 32]),
        number: 3,
    };

    /// Pins: the newest record of a log was held for a control log; when that had come, the record
    /// was asked for again and again, and all before it never.
    #[test]
    fn what_was_held_is_asked_for_from_the_gap_before_it() {
        let mut wants = Wants::default();
        wants.held(LOG, 12, 12, 0);
        let again_ms = HELD_MS.first_ms;
        assert_eq!(wants.poll(again_ms), [Want { log: LOG, from: 12 }]);
        wants.gap(LOG, 1, 12, again_ms);
        assert_eq!(wants.poll(again_ms), [Want { log: LOG, from: 1 }]);
        assert!(wants.applied(LOG, 12, again_ms));
        assert!(!wants.hold_cursor());
    }
}
