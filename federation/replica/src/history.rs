//! History on a link: what this node lacks is asked for, one ask at a time, the newest first; and
//! what the peer asks for is handed to the driver. It must not know what a range says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use comity_protocol::frame::Frame;
use comity_protocol::history::{Backfill, HistoryAsk, LogRef};
use comity_protocol::id::ChannelId;

use crate::action::{Action, AppliedHistory};
use crate::fault::Fault;
use crate::limits::{
    FIRST_PAGE_RECORDS, HELD_MS, HISTORY_AGAIN_MS, HISTORY_ANSWER_MS, HISTORY_NAMES_MAX,
    HISTORY_OFFERED_MAX, HISTORY_SERVING_MAX, HISTORY_WINDOW_RECORDS,
};

/// How far the asking has got.
#[derive(Debug, Default)]
enum Phase {
    /// Nothing is lacking that the peer is known to have.
    #[default]
    Idle,
    /// The driver is to be asked what is lacking.
    Due,
    /// The driver was asked.
    Choosing,
    /// The peer was asked.
    Asked { ask: HistoryAsk, due_ms: u64 },
    /// It has answered.
    Answered { ask: HistoryAsk, frame: Vec<u8>, silent: Vec<LogRef>, missing: Missing },
    /// The driver applies the answer.
    Applying { ask: HistoryAsk, missing: Missing },
}

/// What an answer leaves out.
#[derive(Debug)]
enum Missing {
    /// These logs, for good.
    Logs(Vec<LogRef>),
    /// The peer does not know of our admission yet.
    NotYet,
    /// It came unasked: what it leaves out is asked for.
    Unasked,
}

/// A page of a channel that came before it was asked for.
#[derive(Debug)]
struct Offered {
    page: Backfill,
    frame: Vec<u8>,
}

/// A channel of which a peer knows nothing yet.
#[derive(Debug)]
struct Later {
    due_ms: Option<u64>,
    tries: u32,
}

/// What is fetched of a peer's history, and what this link has learnt by it.
#[derive(Debug, Default)]
pub struct Histories {
    phase: Phase,
    /// Channels of which something came.
    paged: BTreeSet<ChannelId>,
    /// Channels of which the peer has said how far its own logs reach.
    heard: BTreeSet<ChannelId>,
    /// Channels that are to be asked for again.
    later: BTreeMap<ChannelId, Later>,
    /// Logs that the peer does not serve now.
    unserved: BTreeSet<(ChannelId, LogRef)>,
    /// When it is asked for those again: what it holds, and what we may read, changes.
    again_ms: Option<u64>,
    /// How often that brought nothing.
    agains: u32,
    /// Pages that nobody has asked for yet, the newest last: a home brings one with the admission,
    /// and an answer may be late.
    offered: VecDeque<Offered>,
    /// What the peer asked for and was not answered yet.
    serving: VecDeque<HistoryAsk>,
    is_serving: bool,
}

impl Histories {
    /// How many records to ask for: few for the first page, so that it is there at once.
    pub fn count_for(&self, channel: &ChannelId) -> u16 {
        if self.is_paged(channel) { HISTORY_WINDOW_RECORDS } else { FIRST_PAGE_RECORDS }
    }

    /// Whether something of a channel came over this link.
    pub fn is_paged(&self, channel: &ChannelId) -> bool {
        self.paged.contains(channel)
    }

    /// Whether the peer has said how far its own logs of a channel reach.
    pub fn is_heard(&self, channel: &ChannelId) -> bool {
        self.heard.contains(channel)
    }

    /// Whether the peer may have something to tell of a channel by now.
    pub fn may_ask(&self, channel: &ChannelId) -> bool {
        self.later.get(channel).is_none_or(|later| later.due_ms.is_none())
    }

    /// Whether the peer may serve a log, as far as is known.
    pub fn serves(&self, channel: &ChannelId, log: LogRef) -> bool {
        !self.unserved.contains(&(*channel, log))
    }

    /// Something may be lacking that the peer has, also where it was heard before: who was out and
    /// comes back begins anew.
    pub(crate) fn poke(&mut self) {
        self.heard.clear();
        let names = self.unserved.len() + self.heard.len() + self.later.len();
        let is_full = names >= HISTORY_NAMES_MAX;
        if matches!(self.phase, Phase::Idle) && !is_full {
            self.phase = Phase::Due;
        }
    }

    /// What the driver found to be lacking.
    pub(crate) fn ask(&mut self, ask: Option<HistoryAsk>, now_ms: u64) -> Option<Frame> {
        if !matches!(self.phase, Phase::Choosing) {
            return None;
        }
        let Some(ask) = ask else {
            self.phase = Phase::Idle;
            if !self.unserved.is_empty() && self.again_ms.is_none() {
                self.again_ms = Some(now_ms + HISTORY_AGAIN_MS.after(self.agains));
                self.agains = self.agains.saturating_add(1);
            }
            return None;
        };
        if let Some(at) = self.offered.iter().position(|o| o.page.channel == ask.channel)
            && let Some(Offered { page, frame }) = self.offered.remove(at)
        {
            let silent = ask.silent(&page);
            self.phase = Phase::Answered { ask, frame, silent, missing: Missing::Unasked };
            return None;
        }
        let due_ms = now_ms + HISTORY_ANSWER_MS;
        self.phase = Phase::Asked { ask: ask.clone(), due_ms };
        Some(Frame::History(ask))
    }

    pub(crate) fn handle_backfill(&mut self, backfill: Backfill, frame: Vec<u8>) {
        match std::mem::take(&mut self.phase) {
            Phase::Asked { ask, .. } if ask.channel == backfill.channel => {
                let silent = ask.silent(&backfill);
                let missing = match backfill.ends {
                    Some(_) => Missing::Logs(backfill.missing),
                    None => Missing::NotYet,
                };
                self.phase = Phase::Answered { ask, frame, silent, missing };
            }
            phase => {
                self.phase = phase;
                if self.offered.len() >= HISTORY_OFFERED_MAX {
                    self.offered.pop_front();
                }
                self.offered.push_back(Offered { page: backfill, frame });
            }
        }
    }

    /// What became of an answer; `None` where it could not be applied at all.
    pub(crate) fn handle_applied(&mut self, applied: Option<AppliedHistory>, now_ms: u64) {
        let Phase::Applying { ask, missing } = std::mem::take(&mut self.phase) else { return };
        self.phase = Phase::Due;
        let refused = applied.map(|applied| (applied.taken, applied.refused));
        let (taken, refused) = refused.unwrap_or_default();
        let missing = match missing {
            Missing::Logs(missing) => missing,
            Missing::NotYet => return self.put_off(ask.channel, now_ms),
            Missing::Unasked => {
                if taken > 0 {
                    self.paged.insert(ask.channel);
                }
                return;
            }
        };
        // What it says of other logs changes nothing: so each answer brings something, or there is
        // less to ask for.
        let asked: BTreeSet<LogRef> = ask.logs.iter().map(LogRef::from).collect();
        let mut unserved: BTreeSet<LogRef> = missing.into_iter().chain(refused).collect();
        unserved.retain(|log| asked.contains(log));
        // A peer that serves nothing of what it was asked for is not asked for it again.
        if taken == 0 && unserved.is_empty() {
            unserved = asked;
        }
        self.unserved.extend(unserved.into_iter().map(|log| (ask.channel, log)));
        self.heard.insert(ask.channel);
        if taken > 0 {
            self.agains = 0;
            self.paged.insert(ask.channel);
        }
    }

    fn put_off(&mut self, channel: ChannelId, now_ms: u64) {
        let later = self.later.entry(channel).or_insert(Later { due_ms: None, tries: 0 });
        later.due_ms = Some(now_ms + HELD_MS.after(later.tries));
        later.tries = later.tries.saturating_add(1);
    }

    /// Gives up on an answer that did not come in time.
    pub(crate) fn handle_timeout(&mut self, now_ms: u64) {
        let mut is_due = false;
        for later in self.later.values_mut() {
            if later.due_ms.is_some_and(|due_ms| due_ms <= now_ms) {
                later.due_ms = None;
                is_due = true;
            }
        }
        if self.again_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.again_ms = None;
            self.unserved.clear();
            is_due = true;
        }
        if is_due {
            self.poke();
        }
        if !matches!(self.phase, Phase::Asked { due_ms, .. } if due_ms <= now_ms) {
            return;
        }
        let Phase::Asked { ask, .. } = std::mem::take(&mut self.phase) else { return };
        self.heard.insert(ask.channel);
        let logs = ask.logs.iter().map(LogRef::from);
        self.unserved.extend(logs.map(|log| (ask.channel, log)));
        self.phase = Phase::Due;
    }

    /// When an answer is overdue, or a channel is to be asked for again.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        let answer_ms = match &self.phase {
            Phase::Asked { due_ms, .. } => Some(*due_ms),
            _ => None,
        };
        self.later
            .values()
            .filter_map(|later| later.due_ms)
            .chain(answer_ms)
            .chain(self.again_ms)
            .min()
    }

    /// The peer asks for history.
    pub(crate) fn handle_ask(&mut self, ask: HistoryAsk) -> Result<(), Fault> {
        if self.serving.len() >= HISTORY_SERVING_MAX {
            return Err(Fault::AsksTooMany);
        }
        self.serving.push_back(ask);
        Ok(())
    }

    /// A frame may answer what the driver is serving.
    pub(crate) fn handle_answer(&mut self, frame: &Frame) {
        if matches!(frame, Frame::Backfill(_)) {
            self.is_serving = false;
        }
    }

    pub(crate) fn poll<T>(&mut self) -> Option<Action<T>> {
        match std::mem::take(&mut self.phase) {
            Phase::Due => {
                self.phase = Phase::Choosing;
                return Some(Action::ChooseHistory);
            }
            Phase::Answered { ask, frame, silent, missing } => {
                let channel = ask.channel;
                self.phase = Phase::Applying { ask, missing };
                return Some(Action::ApplyHistory { channel, frame, silent });
            }
            phase => self.phase = phase,
        }
        let next = if self.is_serving { None } else { self.serving.pop_front() };
        self.is_serving |= next.is_some();
        next.map(Action::ServeHistory)
    }
}
