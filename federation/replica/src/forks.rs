//! Forks on a link: heads of all shared logs are stated to the peer, heads that contradict ours are
//! followed down to the record at which the histories part, and proofs are passed on
//! (`docs/protocol/` section 8.8). It must not know what a log is about, nor keep a proof.
//!
//! One log is searched at a time. The peer shows links from a head of its history down to a record
//! that we name; the hashes in them are held against ours, and each answer narrows the records
//! between which the histories part, until it is one.

use std::collections::VecDeque;

use comity_identity::keys_of;
use comity_protocol::cbor::ByteString;
use comity_protocol::chain::{follow, path, skip};
use comity_protocol::fork::{Branch, ForkProof};
use comity_protocol::frame::{Frame, VectorEntry, WireLog};
use comity_protocol::hash::Hash;
use comity_protocol::id::LogId;
use comity_protocol::limits::VECTOR_ENTRIES_MAX;

use crate::action::Action;
use crate::fault::Fault;
use crate::limits::{
    COMPARISON_MS, FORK_FRAMES_MAX, SEARCH_ROUNDS_MAX, SHOW_ANSWER_MS, SHOWS_MAX, SUSPECTS_MAX,
    VECTOR_PARTS_MAX,
};
use crate::verify::Keys;

/// How far a search has come.
#[derive(Debug, Default)]
enum Phase {
    /// No log is searched.
    #[default]
    Idle,
    /// The peer is to show its history.
    Asked { down_to: u64, due_ms: u64 },
    /// It has shown some; the driver is to say what ours is.
    Shown { down_to: u64, claims: Vec<(u64, Hash)>, branch: Branch },
    /// The driver was asked.
    Comparing { down_to: u64, claims: Vec<(u64, Hash)>, branch: Branch },
}

/// A log of which the peer holds another history than we do.
#[derive(Debug)]
struct Search {
    log: WireLog,
    /// The highest record that is known to be the same.
    low: u64,
    /// The lowest record that is known to differ; 0 where none is yet.
    high: u64,
    rounds: u32,
}

/// What is compared, searched and passed on.
#[derive(Debug, Default)]
pub(crate) struct Forks {
    /// When our heads are to be stated, once the peer can take them.
    due_ms: Option<u64>,
    phase: Phase,
    search: Option<Search>,
    suspects: VecDeque<WireLog>,
    /// Asks whose answer did not come in time and may still come.
    late: usize,
    /// What the peer wants to be shown, and whether the driver is at it.
    shows: VecDeque<(WireLog, u64)>,
    is_showing: bool,
    /// Frames that the peer has sent since heads were stated last.
    frames: usize,
}

impl Forks {
    /// The peer is up too: from now on it takes what we state.
    pub(crate) fn handle_resumed(&mut self, now_ms: u64) {
        self.due_ms = Some(now_ms);
    }

    /// States our heads, where there is somebody to hear them. The last frame is one that is not
    /// full. What finds no room is stated in none, which finds fewer forks and loses nothing.
    pub(crate) fn state_heads(
        &mut self,
        entries: Option<Vec<VectorEntry>>,
        now_ms: u64,
    ) -> Vec<Frame> {
        self.due_ms = Some(now_ms + COMPARISON_MS);
        self.frames = 0;
        let Some(mut entries) = entries else { return Vec::new() };
        entries.truncate(VECTOR_PARTS_MAX * VECTOR_ENTRIES_MAX - 1);
        let parts = entries.len() / VECTOR_ENTRIES_MAX + 1;
        let mut entries = entries.into_iter();
        let mut part = || entries.by_ref().take(VECTOR_ENTRIES_MAX).collect();
        (0..parts).map(|_| Frame::Heads { entries: part() }).collect()
    }

    /// The peer states something that we did not ask for.
    pub(crate) fn handle_statement<T>(&mut self, frame: Frame) -> Result<Action<T>, Fault> {
        self.count()?;
        match frame {
            Frame::Away { origins } => Ok(Action::TakeAway(origins)),
            Frame::Fork { proof } => take_fork(proof),
            Frame::Heads { entries } => {
                let is_last = entries.len() < VECTOR_ENTRIES_MAX;
                Ok(Action::CompareHeads { entries, is_last })
            }
            Frame::Keys { organisations } => Ok(Action::TakeKeys(organisations)),
            Frame::News { entries } => Ok(Action::TakeNews(entries)),
            Frame::Signed { asked, heads } if heads.is_empty() => Ok(Action::SignAnew(asked)),
            Frame::Signed { asked, heads } if asked.is_empty() => Ok(Action::TakeSigned(heads)),
            _ => Err(Fault::FrameUnexpected),
        }
    }

    /// The peer holds another history of this log, as far as we know.
    pub(crate) fn suspect(&mut self, log: WireLog) {
        let is_known = self.suspects.contains(&log)
            || self.search.as_ref().is_some_and(|search| search.log == log);
        if !is_known && self.suspects.len() < SUSPECTS_MAX {
            self.suspects.push_back(log);
        }
    }

    /// The peer wants to be shown our history of a log.
    pub(crate) fn handle_show(&mut self, log: WireLog, down_to: u64) -> Result<(), Fault> {
        if self.shows.len() >= SHOWS_MAX {
            return Err(Fault::AsksTooMany);
        }
        self.shows.push_back((log, down_to));
        Ok(())
    }

    /// A frame may answer what the driver is showing.
    pub(crate) fn handle_answer(&mut self, frame: &Frame) {
        if matches!(frame, Frame::Branch { .. }) {
            self.is_showing = false;
        }
    }

    /// The peer shows its history, or does not. What does not prove itself counts as not shown.
    pub(crate) fn handle_branch(
        &mut self,
        log: WireLog,
        branch: Option<Branch>,
        keys: &dyn Keys,
    ) -> Result<(), Fault> {
        let is_asked = self.search.as_ref().is_some_and(|search| search.log == log);
        match std::mem::take(&mut self.phase) {
            Phase::Asked { down_to, .. } if is_asked => {
                let shown = branch.and_then(|branch| {
                    let claims = claims(&log.into(), &branch, down_to, keys)?;
                    Some(Phase::Shown { down_to, claims, branch })
                });
                match shown {
                    Some(shown) => self.phase = shown,
                    None => self.search = None,
                }
                Ok(())
            }
            phase => {
                self.phase = phase;
                self.late = self.late.checked_sub(1).ok_or(Fault::FrameUnexpected)?;
                Ok(())
            }
        }
    }

    /// The hashes that we hold of the records asked for, in their order. Where they show at which
    /// record the histories part, it is told.
    pub(crate) fn handle_hashes<T>(&mut self, hashes: &[Option<Hash>]) -> Option<Action<T>> {
        let phase = std::mem::take(&mut self.phase);
        let Phase::Comparing { down_to, claims, branch } = phase else {
            self.phase = phase;
            return None;
        };
        let search = self.search.as_mut()?;
        let before = (search.low, search.high);
        for ((seq, theirs), ours) in claims.iter().zip(hashes) {
            match ours {
                Some(ours) if ours != theirs && (search.high == 0 || *seq < search.high) => {
                    search.high = *seq;
                }
                _ => {}
            }
        }
        for ((seq, theirs), ours) in claims.iter().zip(hashes) {
            if *ours == Some(*theirs) && (search.high == 0 || *seq < search.high) {
                search.low = search.low.max(*seq);
            }
        }
        search.rounds += 1;
        let (log, low, high) = (search.log, search.low, search.high);
        if high == low + 1 && down_to == high {
            self.search = None;
            return Some(Action::ForkFound { log, seq: high, branch });
        }
        if before == (low, high) || high == 0 || search.rounds > SEARCH_ROUNDS_MAX {
            self.search = None;
            return None;
        }
        let next = if high == low + 1 { high } else { low + (high - low) / 2 };
        self.phase = Phase::Asked { down_to: next, due_ms: 0 };
        None
    }

    pub(crate) fn handle_timeout(&mut self, now_ms: u64) {
        if matches!(self.phase, Phase::Asked { due_ms, .. } if due_ms > 0 && due_ms <= now_ms) {
            self.phase = Phase::Idle;
            self.search = None;
            self.late += 1;
        }
    }

    /// When heads are to be stated again, or an answer is overdue.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        let answer_ms = match &self.phase {
            Phase::Asked { due_ms, .. } => Some(*due_ms),
            _ => None,
        };
        answer_ms.into_iter().chain(self.due_ms).min()
    }

    pub(crate) fn poll<T>(&mut self, now_ms: u64) -> Option<Action<T>> {
        if self.due_ms.is_some_and(|due_ms| due_ms <= now_ms) {
            self.due_ms = None;
            return Some(Action::StateHeads);
        }
        self.poll_search(now_ms).or_else(|| self.poll_show())
    }

    fn poll_search<T>(&mut self, now_ms: u64) -> Option<Action<T>> {
        if self.search.is_none() {
            let log = self.suspects.pop_front()?;
            self.search = Some(Search { log, low: 0, high: 0, rounds: 0 });
            self.phase = Phase::Asked { down_to: 1, due_ms: 0 };
        }
        let log = self.search.as_ref()?.log;
        match std::mem::take(&mut self.phase) {
            Phase::Asked { down_to, due_ms: 0 } => {
                self.phase = Phase::Asked { down_to, due_ms: now_ms + SHOW_ANSWER_MS };
                Some(Action::Send(Frame::Show { log, down_to }))
            }
            Phase::Shown { down_to, claims, branch } => {
                let seqs = claims.iter().map(|(seq, _)| *seq).collect();
                self.phase = Phase::Comparing { down_to, claims, branch };
                Some(Action::HashesOf { log, seqs })
            }
            phase => {
                self.phase = phase;
                None
            }
        }
    }

    fn poll_show<T>(&mut self) -> Option<Action<T>> {
        let next = if self.is_showing { None } else { self.shows.pop_front() };
        self.is_showing |= next.is_some();
        next.map(|(log, down_to)| Action::ShowBranch { log, down_to })
    }

    /// Counts what makes us look things up without having been asked for it.
    fn count(&mut self) -> Result<(), Fault> {
        self.frames += 1;
        if self.frames > FORK_FRAMES_MAX { Err(Fault::AsksTooMany) } else { Ok(()) }
    }
}

/// The peer shows a proof. One that does not hold is nobody's mistake.
fn take_fork<T>(proof: ByteString) -> Result<Action<T>, Fault> {
    let read = ForkProof::decode(&proof).map_err(|_| Fault::FrameMalformed)?;
    let fork = read.verify(keys_of).map_err(|_| Fault::ForkUnproven)?;
    Ok(Action::TakeFork { log: read.log, seq: fork.seq, proof })
}

/// The hashes that a proven branch claims for the records on its way and for those that they name;
/// `None` where it does not prove itself.
fn claims(log: &LogId, branch: &Branch, down_to: u64, keys: &dyn Keys) -> Option<Vec<(u64, Hash)>> {
    let (origin, key) = keys.log_key(log, branch.head.key()?)?;
    let head = branch.head.verify(*log, &origin, &key).ok()?;
    follow(log, head.seq, &head.hash, down_to, &branch.links)?;
    let mut claims = vec![(head.seq, head.hash)];
    for (seq, link) in path(head.seq, down_to).into_iter().zip(&branch.links) {
        claims.extend([(seq - 1, link.previous), (skip(seq), link.skipped)]);
    }
    claims.retain(|(seq, _)| *seq > 0);
    claims.sort_unstable();
    claims.dedup();
    Some(claims)
}
