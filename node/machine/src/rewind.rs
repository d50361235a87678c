//! Going back to a record of a group's control log (`docs/protocol/` section 7.7). Control state
//! keeps no past, so that what it was, and what events come to from there, is made anew from a
//! node's own rows, by whoever proposes the command that needs it. Nothing here changes a state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::ControlFlow;

use comity_protocol::chain::inner;
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::event::{Erasure, EventAct, EventHeader};
use comity_protocol::frame::WireLog;
use comity_protocol::hash::Hash;
use comity_protocol::history::{Before, Stated};
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, ControlPoint, LineageId, LogId, LogName, MessageId,
    ShortHash, WriterId,
};
use minicbor::{Decode, Encode};

use crate::applied::{EventRow, Outcome};
use crate::channel::{Channel, Log, LogNo};
use crate::floor::Floor;
use crate::group::{ControlState, Group, Judgement, Term};
use crate::verdict::{Judged, VOID};
use crate::withdraw::{Span, note_span};

/// Where a node's records of one channel are.
pub trait LogSource {
    /// Hands the records of a log that have a pos, from one on, to `visit`, in their order.
    fn rows(&mut self, log: LogNo, from: u64, visit: &mut dyn FnMut(EventRow) -> ControlFlow<()>);
}

/// A group as it was just after a record of its control log, and what its records come to where a
/// term goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rewind {
    /// The channel.
    #[n(0)]
    pub channel: ChannelId,
    /// The group after the record.
    #[n(1)]
    pub group: Group,
    /// Its control logs, and those message logs that go on above V there.
    #[n(2)]
    pub logs: Vec<RewoundLog>,
    /// V where our organisation came in last: its floors.
    #[n(3)]
    pub floors: BTreeMap<(LineageId, WriterId), Floor>,
    /// Accounts of ours that are in again although they had left by their own will.
    #[n(4)]
    pub left: Vec<AccountNumber>,
}

/// A log, judged anew.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RewoundLog {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// Its last record when it was read.
    #[n(1)]
    pub end: u64,
    /// What it has stated up to there.
    #[n(2)]
    pub stands: Before,
    /// Its accepted events that V at the record does not cover, by their author.
    #[n(3)]
    pub uncovered: BTreeMap<AccountNumber, Vec<Span>>,
    /// What its records come to from where on that may be something else than before.
    #[n(4)]
    pub changes: Vec<Change>,
    /// What events that have effect now, and had none, erase.
    #[n(5)]
    pub erasures: Vec<Erasure>,
}

/// Consecutive records of a log that may come to something else than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Change {
    /// The first of them.
    #[n(0)]
    pub first: u64,
    /// The last of them.
    #[n(1)]
    pub last: u64,
    /// What they come to.
    #[n(2)]
    pub outcome: Outcome,
    /// The event before them in their log that stated `after` last; 0 where none did.
    #[n(3)]
    pub stated: u64,
    /// Of void ones: the time of the last record before them that is not void.
    #[n(4)]
    pub time: HybridTime,
}

/// Why a group cannot be taken back to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotRewind {
    /// The rows are not those of the state: they were read too early, or too late.
    Behind,
    /// More would change than a command may carry.
    TooMuch,
    /// There is no such record here.
    Unknown,
}

impl fmt::Display for CannotRewind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Behind => "its rows were read too early, or too late",
            Self::TooMuch => "more would change than one command may carry",
            Self::Unknown => "there is no such record here",
        })
    }
}

/// Most changes, and most spans of uncovered events, of one rewind: some MiB of a command.
pub const REWIND_CHANGES_MAX: usize = 65_536;

/// Makes what it takes to go back to a record of a group's control log. `opening` is the one that
/// asks for that where a peer has shown it, with who wrote it: where it does not hold, what the
/// group was is enough to refuse it, and no log is read for it.
pub fn rewind(
    own: LineageId,
    channel: &Channel,
    base: &ControlPoint,
    opening: Option<(LineageId, &[u8])>,
    source: &mut dyn LogSource,
) -> Result<Rewind, CannotRewind> {
    let group = channel.group().ok_or(CannotRewind::Unknown)?;
    let replay = Replay::run(own, channel, group, base, source)?;
    let (mut logs, mut left) = (Vec::new(), BTreeSet::new());
    if opening.is_none_or(|(home, header)| replay.group.may_open(home, header)) {
        logs = replay.logs(own, channel, source, &mut left)?;
    }
    let Replay { group, floors, .. } = replay;
    left.retain(|number| group.state.role(&AccountId { lineage: own, number: *number }).is_some());
    let left = left.into_iter().collect();
    Ok(Rewind { channel: channel.id, group, logs, floors, left })
}

impl Rewind {
    /// Bytes that it holds in memory, nearly.
    pub(crate) fn weight(&self) -> usize {
        let ControlState { members, cover, answered, .. } = &self.group.state;
        let of_logs = |log: &RewoundLog| 128 + 48 * (log.changes.len() + log.uncovered.len());
        let hashes = self.group.terms.values().map(|term| term.hashes.len() * 16);
        256 * members.len()
            + 64 * (cover.len() + answered.len() + self.group.covered_at.len())
            + hashes.sum::<usize>()
            + self.logs.iter().map(of_logs).sum::<usize>()
    }
}

impl Change {
    /// Lets a record come to what this change says. `log` is its log.
    pub fn put(&self, log: LogName, row: &mut EventRow) {
        row.outcome = self.outcome;
        row.stated = self.stated;
        let header = EventRow::header_of(row, log);
        let (time, sender) = match header.filter(|_| self.outcome != Outcome::Void) {
            Some((time, sender)) => (time, sender),
            None => (self.time, None),
        };
        row.sender = sender;
        row.id = MessageId::new(time, &inner(&row.header, &row.body.hash()));
    }
}

impl EventRow {
    /// The time and the sender that its header states.
    fn header_of(row: &Self, log: LogName) -> Option<(HybridTime, Option<AccountId>)> {
        match log {
            LogName::Control { .. } => {
                let header = ControlHeader::decode(&row.header).ok()?;
                Some((header.time, header.actor))
            }
            LogName::Message { origin: lineage, .. } => {
                let header = EventHeader::decode(&row.header).ok()?;
                let sender = AccountId { lineage, number: header.sender };
                Some((header.time, Some(sender)))
            }
        }
    }
}

/// Collects what records come to: neighbours that come to the same are one.
#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    /// A record comes to this now. It is noted also where that looks like nothing new: the row may
    /// be older than what became of it.
    fn note(&mut self, row: &EventRow, new: (Outcome, u64, HybridTime)) {
        let (outcome, stated, time) = new;
        let time = if outcome == Outcome::Void { time } else { HybridTime::default() };
        let change = Change { first: row.seq, last: row.seq, outcome, stated, time };
        match self.0.last_mut() {
            Some(last) if Change { first: last.first, ..change } == last.up_to(row.seq) => {
                last.last = row.seq;
            }
            _ => self.0.push(change),
        }
    }
}

impl Change {
    /// The same change, gone on with to the next record.
    fn up_to(self, seq: u64) -> Self {
        if self.last + 1 == seq { Self { last: seq, ..self } } else { self }
    }
}

/// The control records up to the base, from the genesis on.
struct Replay {
    group: Group,
    floors: BTreeMap<(LineageId, WriterId), Floor>,
    /// What each record of a log on the way comes to.
    outcomes: BTreeMap<LogName, Vec<Outcome>>,
}

impl Replay {
    fn run(
        own: LineageId,
        channel: &Channel,
        known: &Group,
        base: &ControlPoint,
        source: &mut dyn LogSource,
    ) -> Result<Self, CannotRewind> {
        let mut replayed: Option<Self> = None;
        for term in 1..=base.term {
            let next = known.terms.get(&(term + 1)).and_then(|next| next.base);
            let last = next.filter(|_| term < base.term).unwrap_or(*base);
            let name = known.control_log_of(term).filter(|_| last.term == term);
            let name = name.ok_or(CannotRewind::Unknown)?;
            let log = channel.logs.get(&name).ok_or(CannotRewind::Unknown)?;
            let mut time = HybridTime::default();
            let mut end = (0, Hash::ZERO);
            let mut is_sound = true;
            source.rows(log.no, 1, &mut |row| {
                is_sound = row.seq == end.0 + 1
                    && Self::take(&mut replayed, (own, channel.id), name, &row, &mut time);
                end = (row.seq, row.hash);
                if is_sound && row.seq < last.seq {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
            if !is_sound || end.0 > last.seq || ShortHash::from(end.1) != last.hash {
                return Err(CannotRewind::Unknown);
            }
        }
        replayed.filter(|replay| replay.group.point == *base).ok_or(CannotRewind::Unknown)
    }

    /// Takes the next record; whether it can be one on the way. `last` is the time of the last one
    /// of its log that is not void.
    fn take(
        replayed: &mut Option<Self>,
        (own, channel): (LineageId, ChannelId),
        name: LogName,
        row: &EventRow,
        last: &mut HybridTime,
    ) -> bool {
        let decoded = ControlHeader::decode(&row.header)
            .and_then(|header| header.act().map(|act| (header, act)))
            .ok()
            .filter(|(header, _)| header.time > *last);
        let time = decoded.as_ref().map(|(header, _)| header.time);
        let outcome = match replayed {
            None => {
                *replayed = Self::begin(row, decoded);
                replayed.is_some().then_some(Outcome::Accepted)
            }
            Some(replay) => replay.go_on(own, channel, name, row, decoded),
        };
        let (Some(replay), Some(outcome)) = (replayed, outcome) else { return false };
        replay.outcomes.entry(name).or_default().push(outcome);
        *last = time.filter(|_| outcome != Outcome::Void).unwrap_or(*last);
        true
    }

    fn begin(row: &EventRow, decoded: Option<(ControlHeader, ControlAct)>) -> Option<Self> {
        let Some((_, ControlAct::Genesis(genesis))) = decoded else { return None };
        let group = Group::new(ControlState::genesis(&genesis)?, row.hash);
        Some(Self { group, floors: BTreeMap::new(), outcomes: BTreeMap::new() })
    }

    fn go_on(
        &mut self,
        own: LineageId,
        channel: ChannelId,
        name: LogName,
        row: &EventRow,
        decoded: Option<(ControlHeader, ControlAct)>,
    ) -> Option<Outcome> {
        let LogName::Control { home, term } = name else { return None };
        let group = &mut self.group;
        let was_in = group.follows(own);
        let outcome = match decoded {
            Some((header, ControlAct::Open(opening))) if row.seq == 1 && term > 1 => {
                group.judge_opening(home, &header, &opening).ok()?;
                group.open(home, row.hash, &header, &opening);
                Outcome::Accepted
            }
            // A handover is the last record that counts of its term.
            _ if group.state.nominee.is_some() => return None,
            Some((header, act)) => {
                let outcome = match group.judge(channel, row.seq, &header, &act) {
                    Judgement::Accepted => Outcome::Accepted,
                    Judgement::Void(_) => Outcome::Void,
                    Judgement::UnknownOptional => Outcome::Unknown,
                    Judgement::UnknownCritical => return None,
                };
                let taken = (outcome == Outcome::Accepted).then_some((&header, &act));
                group.advance(row.seq, row.hash, taken);
                outcome
            }
            None => {
                group.advance(row.seq, row.hash, None);
                Outcome::Void
            }
        };
        if !was_in && group.follows(own) {
            let covers = group.covers().filter(|((origin, _), _)| *origin != own);
            self.floors = covers.map(|(log, (seq, hash))| (log, Floor { seq, hash })).collect();
        }
        Some(outcome)
    }

    /// What the records of all logs come to; who left by records that come to nothing.
    fn logs(
        &self,
        own: LineageId,
        channel: &Channel,
        source: &mut dyn LogSource,
        left: &mut BTreeSet<AccountNumber>,
    ) -> Result<Vec<RewoundLog>, CannotRewind> {
        let mut logs = Vec::new();
        for (name, log) in &channel.logs {
            let of_log = |log| LogId { channel: channel.id, name: log }.into();
            let rewound = match *name {
                LogName::Control { .. } => {
                    Some(self.control_log(of_log(*name), *name, log, source, left)?)
                }
                LogName::Message { origin, writer } => {
                    let judge = Judge { own, channel, group: self.opened(), log: (origin, writer) };
                    judge.message_log(of_log(*name), log, source)?
                }
            };
            logs.extend(rewound);
        }
        let sizes = logs
            .iter()
            .map(|log| log.changes.len() + log.uncovered.values().map(Vec::len).sum::<usize>());
        if sizes.sum::<usize>() > REWIND_CHANGES_MAX {
            return Err(CannotRewind::TooMuch);
        }
        Ok(logs)
    }

    /// The group as events see it once a term goes on from the base.
    fn opened(&self) -> Group {
        let mut group = self.group.clone();
        let (base, home) = (group.point, group.state.home);
        let term = Term { home, base: Some(base), hashes: Vec::new(), forced: true };
        group.terms.insert(base.term + 1, term);
        group.point = ControlPoint { term: base.term + 1, seq: 1, hash: ShortHash([0; 16]) };
        group
    }

    /// What the records of a control log come to: those on the way to the base as before, all
    /// others nothing.
    fn control_log(
        &self,
        log: WireLog,
        name: LogName,
        known: &Log,
        source: &mut dyn LogSource,
        left: &mut BTreeSet<AccountNumber>,
    ) -> Result<RewoundLog, CannotRewind> {
        let outcomes = self.outcomes.get(&name).map(Vec::as_slice).unwrap_or_default();
        let mut changes = Changes::default();
        let (mut time, mut end) = (HybridTime::default(), 0);
        source.rows(known.no, 1, &mut |row| {
            if row.seq != end + 1 || end == known.end.seq() {
                return ControlFlow::Break(());
            }
            let at = usize::try_from(end).unwrap_or(usize::MAX);
            end = row.seq;
            let outcome = outcomes.get(at).copied().unwrap_or(Outcome::Void);
            if outcome == Outcome::Void && row.outcome == Outcome::Accepted {
                left.extend(has_left(&row));
            }
            changes.note(&row, (outcome, 0, time));
            if outcome != Outcome::Void
                && let Ok(header) = ControlHeader::decode(&row.header)
            {
                time = header.time;
            }
            ControlFlow::Continue(())
        });
        if end != known.end.seq() {
            return Err(CannotRewind::Behind);
        }
        let stands = Before { time, stated: None };
        let (changes, uncovered, erasures) = (changes.0, BTreeMap::new(), Vec::new());
        Ok(RewoundLog { log, end, stands, uncovered, changes, erasures })
    }
}

/// Who left by this record, where he did so himself.
fn has_left(row: &EventRow) -> Option<AccountNumber> {
    let header = ControlHeader::decode(&row.header).ok()?;
    match header.act().ok()? {
        ControlAct::Leave(target) if header.actor == Some(target.account) => {
            Some(target.account.number)
        }
        _ => None,
    }
}

/// A record of a log, where it is held, and the next one that is held above it.
fn around(log: &Log, seq: u64, source: &mut dyn LogSource) -> (Option<EventRow>, Option<EventRow>) {
    let (mut before, mut next) = (None, None);
    source.rows(log.no, seq.max(1), &mut |row| {
        if row.seq <= seq {
            before = Some(row);
            return ControlFlow::Continue(());
        }
        next = Some(row);
        ControlFlow::Break(())
    });
    (before, next)
}

/// Judges the events of a log anew, from the first that V at the base does not cover.
struct Judge<'c> {
    own: LineageId,
    channel: &'c Channel,
    group: Group,
    log: (LineageId, WriterId),
}

impl Judge<'_> {
    fn message_log(
        &self,
        log: WireLog,
        known: &Log,
        source: &mut dyn LogSource,
    ) -> Result<Option<RewoundLog>, CannotRewind> {
        let (covered, end) = (self.group.covered(self.log), known.end.seq());
        if end <= covered {
            return Ok(None);
        }
        let mut rewound = RewoundLog {
            log,
            end,
            stands: Before::default(),
            uncovered: BTreeMap::new(),
            changes: Vec::new(),
            erasures: Vec::new(),
        };
        let mut changes = Changes::default();
        let mut last = covered;
        // Where we were out for a while the log has a hole that nobody fills.
        while last < end {
            let (before, next) = around(known, last, source);
            rewound.stands = self.context(known, before.as_ref(), next.as_ref(), source);
            let Some(next) = next else {
                // What came with a start may have brought none of its records yet.
                last = known.floor.map_or(0, |floor| floor.seq);
                break;
            };
            last = next.seq - 1;
            source.rows(known.no, next.seq, &mut |row| {
                if row.seq != last + 1 || last == end {
                    return ControlFlow::Break(());
                }
                last = row.seq;
                self.event(&row, &mut rewound, &mut changes);
                ControlFlow::Continue(())
            });
        }
        if last != end {
            return Err(CannotRewind::Behind);
        }
        rewound.changes = changes.0;
        Ok(Some(rewound))
    }

    /// What a log had stated before the records from `next` on; `before` is held below them.
    fn context(
        &self,
        known: &Log,
        before: Option<&EventRow>,
        next: Option<&EventRow>,
        source: &mut dyn LogSource,
    ) -> Before {
        let begins = next.map_or(known.end.seq(), |next| next.seq - 1);
        let shown = known.start_below(begins).unwrap_or_default();
        if begins == 0 {
            return Before::default();
        }
        let is_start = known.starts.iter().any(|start| start.seq == begins);
        let Some(before) = before.filter(|_| !is_start) else { return shown };
        let time = before.id.time();
        let seq = next.map_or(before.stated, |next| next.stated);
        if seq == 0 {
            return Before { time, stated: None };
        }
        let mut header = None;
        source.rows(known.no, seq, &mut |row| {
            header = Some(row.header).filter(|_| row.seq == seq);
            ControlFlow::Break(())
        });
        let header = header.and_then(|header| EventHeader::decode(&header).ok());
        let stated = header.and_then(|header| Some(Stated { seq, after: header.after? }));
        Before { time, stated: stated.or(shown.stated) }
    }

    fn event(&self, row: &EventRow, rewound: &mut RewoundLog, changes: &mut Changes) {
        let header = EventHeader::decode(&row.header).ok();
        let decoded = header.and_then(|header| header.act().ok().map(|act| (header, act)));
        let stands = rewound.stands;
        let stated = stands.stated;
        let Judged { outcome, verdict } = match &decoded {
            Some((header, act)) => self.judged(row.seq, (header, act), stands),
            None => VOID,
        };
        let stated_seq = stated.map_or(0, |stated| stated.seq);
        changes.note(row, (outcome, stated_seq, stands.time));
        let Some((header, act)) = decoded.filter(|_| outcome != Outcome::Void) else { return };
        rewound.stands.time = header.time;
        if let Some(after) = header.after {
            rewound.stands.stated = Some(Stated { seq: row.seq, after });
        }
        if let Some(stated) = verdict {
            note_span(rewound.uncovered.entry(header.sender).or_default(), stated, row.seq);
        }
        if let (EventAct::Erasure(erasure), Outcome::Void) = (act, row.outcome) {
            rewound.erasures.push(erasure);
        }
    }

    /// As on arrival, but that what was taken does not wait again.
    fn judged(&self, seq: u64, (header, act): (&EventHeader, &EventAct), before: Before) -> Judged {
        let stated = before.stated.map(|stated| stated.after);
        if header.time <= before.time || !self.channel.is_begun_by(self.own, seq, header) {
            return VOID;
        }
        let judged = self.group.judge_event(self.log, seq, (header, act), stated);
        let judged = judged.unwrap_or(VOID);
        match (act, judged.outcome) {
            (_, Outcome::Void) => VOID,
            (EventAct::Unknown(_), _) => Judged { outcome: Outcome::Unknown, ..judged },
            _ => judged,
        }
    }
}
