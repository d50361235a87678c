//! What a link needs of the node to find forks and to pass their proofs on: our heads of shared
//! logs, our histories by their rows, and proofs. It must not decide what a proof does.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use comity_identity::keys_of;
use comity_machine::{Answer, Channel, ChannelNo, EventRow, Log, LogNo};
use comity_protocol::cbor::ByteString;
use comity_protocol::chain::{self, Link, skip};
use comity_protocol::fork::{Branch, ForkProof};
use comity_protocol::frame::{LogKind, VectorEntry, WireLog};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, HeadProof};
use comity_protocol::id::{LineageId, LogId, LogName, ShortHash};
use tokio::sync::watch;

use super::exchange::Exchange;
use super::past::Rows;
use super::serving::writer_of;

/// What is known of forks beside the state.
pub(super) struct Forks {
    /// The run of each peer that has heard our heads.
    met: Mutex<HashMap<LineageId, u64>>,
    /// Counts the proofs taken.
    taken: watch::Sender<u64>,
}

impl Default for Forks {
    fn default() -> Self {
        Self { met: Mutex::default(), taken: watch::Sender::new(0) }
    }
}

impl Forks {
    /// Wakes whenever a proof was taken.
    pub(super) fn wakes(&self) -> watch::Receiver<u64> {
        self.taken.subscribe()
    }

    /// Whether this run of a peer has heard our heads.
    pub(super) fn has_met(&self, peer: LineageId, start: u64) -> bool {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.get(&peer) == Some(&start)
    }

    /// This run of a peer has heard our heads.
    pub(super) fn meet(&self, peer: LineageId, start: u64) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.insert(peer, start);
    }
}

/// The rows of one log.
struct LogRows {
    rows: Rows,
    no: LogNo,
}

impl LogRows {
    fn row(&mut self, seq: u64) -> Option<EventRow> {
        self.rows.read(self.no, seq).ok()?.map(|(_, row)| row)
    }

    fn hash(&mut self, seq: u64) -> Option<Hash> {
        if seq == 0 { Some(Hash::ZERO) } else { self.row(seq).map(|row| row.hash) }
    }

    fn link(&mut self, seq: u64) -> Option<Link> {
        let row = self.row(seq)?;
        let inner = chain::inner(&row.header, &row.body.hash());
        let (previous, skipped) = (self.hash(seq - 1)?, self.hash(skip(seq))?);
        Some(Link { previous, skipped, inner })
    }
}

impl Exchange {
    /// How many proofs this process has taken.
    pub fn forks_taken(&self) -> u64 {
        *self.forks.taken.borrow()
    }

    /// A proof was applied: all links pass it on.
    pub fn fork_taken(&self, log: &WireLog, seq: u64, answer: &Answer) {
        if *answer != Answer::Done {
            return tracing::info!(?answer, channel = %log.channel, "a proof was not taken");
        }
        let origin = self.domain_of(&log.origin).map(|domain| domain.to_string());
        let (kind, advice) = match log.kind {
            LogKind::Control => {
                ("control", "the group is read-only until its home's admin reopens it")
            }
            LogKind::Message => ("messages", "nothing more of it is taken from there on"),
        };
        tracing::error!(
            origin,
            channel = %log.channel,
            log = kind,
            seq,
            "two histories of a log are proven; {advice}"
        );
        self.forks.taken.send_modify(|count| *count += 1);
    }

    /// Our heads of the logs that we share with a peer, as far as they are proven; control logs
    /// first, since somebody may wait for them.
    pub(super) fn heads_for(&self, peer: LineageId) -> Vec<VectorEntry> {
        self.heads_of(peer, |_| true)
    }

    /// The same of the logs of some origins.
    pub(super) fn heads_of(
        &self,
        peer: LineageId,
        is_wanted: impl Fn(LineageId) -> bool,
    ) -> Vec<VectorEntry> {
        let state = self.shared.state();
        let shared = state.channels.values().filter(|channel| is_shared(channel, peer));
        let heads = shared.flat_map(|channel| {
            let wanted = channel.logs.iter().filter(|(name, _)| is_wanted(writer_of(name)));
            wanted.filter_map(|(name, log)| {
                let (seq, hash) = self.head_of(name, log)?;
                let log = LogId { channel: channel.id, name: *name }.into();
                Some(VectorEntry { log, seq, hash: hash.into() })
            })
        });
        let mut heads: Vec<VectorEntry> = heads.collect();
        heads.sort_by_key(|entry| entry.log.kind != LogKind::Control);
        heads
    }

    /// Those logs of which a peer states a head that is not in our history.
    pub(super) fn contradicted(&self, peer: LineageId, entries: &[VectorEntry]) -> Vec<WireLog> {
        let mut reads = 0;
        let differs = |entry: &&VectorEntry| {
            let found = self.shared_log(peer, &entry.log).filter(|(_, log)| log.fork.is_none());
            found.is_some_and(|found| self.contradicts(found, entry, &mut reads))
        };
        let others = entries.iter().filter(|entry| entry.log.origin != self.lineage);
        others.filter(differs).map(|entry| entry.log).collect()
    }

    /// Whether a head that was stated is not in our history of a log. `reads` counts the rows that
    /// had to be looked at for it; from [`COMPARED_ROWS_MAX`] on none is.
    pub(super) fn contradicts(
        &self,
        (no, log): (ChannelNo, Log),
        entry: &VectorEntry,
        reads: &mut usize,
    ) -> bool {
        match self.head_of(&LogId::from(entry.log).name, &log) {
            Some((seq, hash)) if seq == entry.seq => ShortHash::from(hash) != entry.hash,
            Some((seq, _)) if seq > entry.seq && *reads < COMPARED_ROWS_MAX => {
                *reads += 1;
                let ours = self.rows_of(no, log.no).and_then(|mut rows| rows.hash(entry.seq));
                ours.is_some_and(|ours| ShortHash::from(ours) != entry.hash)
            }
            _ => false,
        }
    }

    /// The history that we hold of a log, from its newest proven head down to a record.
    pub(super) fn branch(&self, peer: LineageId, log: &WireLog, down_to: u64) -> Option<Branch> {
        let (no, known) = self.shared_log(peer, log)?;
        self.branch_of(no, &(*log).into(), &known, down_to)
    }

    /// The hashes of records of a log that we share with a peer.
    pub(super) fn hashes_of(
        &self,
        peer: LineageId,
        log: &WireLog,
        seqs: &[u64],
    ) -> Vec<Option<Hash>> {
        let found = self.heard_log(peer, log);
        let proven = found.as_ref().and_then(|(_, l)| self.head_of(&LogId::from(*log).name, l));
        let rows = found.and_then(|(no, known)| self.rows_of(no, known.no));
        let (Some(mut rows), Some((last, _))) = (rows, proven) else {
            return vec![None; seqs.len()];
        };
        // What is not proven yet could not be shown to anybody.
        seqs.iter().map(|seq| if *seq <= last { rows.hash(*seq) } else { None }).collect()
    }

    /// The proof that a peer's history of a log and ours part at a record.
    pub(super) fn fork_proof(
        &self,
        peer: LineageId,
        log: WireLog,
        seq: u64,
        theirs: Branch,
    ) -> Option<ForkProof> {
        let (no, known) = self.heard_log(peer, &log)?;
        let organisation = self.shared.state().organisation_of(&log.origin)?;
        let ours = self.branch_of(no, &log.into(), &known, seq)?;
        let proof = ForkProof { organisation, log, seq, one: ours, other: theirs };
        proof.verify(keys_of).is_ok().then_some(proof)
    }

    /// The proofs that we hold of logs that we share with a peer, or of which it has shown us a
    /// history.
    pub(super) fn forks_for(
        &self,
        peer: LineageId,
        claimed: &BTreeSet<WireLog>,
    ) -> Vec<(WireLog, u64, ByteString)> {
        let state = self.shared.state();
        let shared = state.forks().filter(|(channel, log, _)| {
            is_shared(channel, peer) || claimed.contains(&WireLog::from(*log))
        });
        shared.map(|(_, log, fork)| (log.into(), fork.seq, fork.proof.clone())).collect()
    }

    /// Whether a proof says something new of a log that we share with a peer.
    pub(super) fn is_fork_news(&self, peer: LineageId, log: &WireLog, seq: u64) -> bool {
        let is_shared = self.shared_log(peer, log).is_some();
        is_shared && self.shared.state().is_fork_news(&(*log).into(), seq)
    }

    pub(super) fn shared_log(&self, peer: LineageId, log: &WireLog) -> Option<(ChannelNo, Log)> {
        self.known_log(log, |channel| is_shared(channel, peer))
    }

    /// A log that we share with a peer, or a control log of ours: that the peer is a member may be
    /// in records of it that we have lost. It is told nothing of such a log, but heard.
    fn heard_log(&self, peer: LineageId, log: &WireLog) -> Option<(ChannelNo, Log)> {
        let is_ours = self.is_own_control(log);
        self.known_log(log, |channel| is_ours || is_shared(channel, peer))
    }

    fn known_log(
        &self,
        log: &WireLog,
        is_one: impl Fn(&Channel) -> bool,
    ) -> Option<(ChannelNo, Log)> {
        let state = self.shared.state();
        let (no, channel) = state.channel(&log.channel)?;
        let known = channel.logs.get(&LogId::from(*log).name)?;
        is_one(channel).then(|| (no, known.clone()))
    }

    fn is_own_control(&self, log: &WireLog) -> bool {
        log.kind == LogKind::Control && log.origin == self.lineage
    }

    /// Control logs of ours of which a peer states other heads than we hold although it is no
    /// member, as far as we know; and whether they contradict ours.
    pub(super) fn claimed(&self, peer: LineageId, entries: &[VectorEntry]) -> Vec<(WireLog, bool)> {
        let mut reads = 0;
        let ours = entries.iter().filter(|entry| self.is_own_control(&entry.log));
        let claim = |entry: &VectorEntry| {
            let found = self.known_log(&entry.log, |channel| !is_shared(channel, peer))?;
            let is_more = found.1.end.seq() < entry.seq;
            let contradicts = self.contradicts(found, entry, &mut reads);
            (is_more || contradicts).then_some((entry.log, contradicts))
        };
        ours.filter_map(claim).collect()
    }

    fn rows_of(&self, no: ChannelNo, log: LogNo) -> Option<LogRows> {
        Some(LogRows { rows: Rows::new(self.shared.view().ok()?, no), no: log })
    }

    fn branch_of(&self, no: ChannelNo, id: &LogId, log: &Log, down_to: u64) -> Option<Branch> {
        let head = self.proof_of(id, log).filter(|head| head.seq >= down_to && down_to > 0)?;
        let mut rows = self.rows_of(no, log.no)?;
        Branch::from_steps(head, down_to, |seq| log.step_above(seq).or_else(|| rows.link(seq)))
    }

    /// The newest record of a log that is, or can be, proven.
    pub(super) fn head_of(&self, name: &LogName, log: &Log) -> Option<(u64, Hash)> {
        if self.writes(name) {
            return Some((log.end.seq(), log.end.hash())).filter(|(seq, _)| *seq > 0);
        }
        log.proven_end()
    }

    fn proof_of(&self, id: &LogId, log: &Log) -> Option<HeadProof> {
        if !self.writes(&id.name) {
            return log.proof.clone();
        }
        let (seq, hash) = self.head_of(&id.name, log)?;
        self.proofs.prove_once(Head { log: *id, seq, hash, time: log.time })
    }

    fn writes(&self, name: &LogName) -> bool {
        writer_of(name) == self.lineage
    }
}

/// Rows read for one statement of a peer's heads; what is beyond counts as the same, until another
/// time.
const COMPARED_ROWS_MAX: usize = 1_024;

pub(super) fn is_shared(channel: &Channel, peer: LineageId) -> bool {
    channel.peers.get(&peer).is_some_and(|stay| stay.to.is_none())
}
