//! Backfill (`docs/protocol/` section 8.7): what a group's logs held before we were admitted, taken
//! from the newest record down. Every range ends at a record whose hash is known already, so that
//! any member may serve any origin's log. It gets no pos and has no effect but to be read.

use comity_protocol::chain::{ChainEnd, follow};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::event::{Erasure, EventAct, EventHeader, Record};
use comity_protocol::frame::{Frame, Want};
use comity_protocol::hash::Hash;
use comity_protocol::history::{
    AskedLog, Backfill, Before, HistoryAsk, LogEnd, LogRef, OldRange, Stated,
};
use comity_protocol::id::{AccountId, LineageId, LogId, LogName, MessageId, ShortHash};
use minicbor::{Decode, Encode};

use crate::annotation::{Annotation, Remark};
use crate::answer::Answer;
use crate::applied::{Applied, Outcome};
use crate::channel::{Channel, ChannelNo};
use crate::floor::{Floor, ProvenStart};
use crate::form::kept_body;
use crate::group::Group;
use crate::history::newest_first;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// What is lacking of a log's history: all from its first record up to one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Backlog {
    /// The newest record of the history.
    #[n(0)]
    top: Floor,
    /// The end of the chain at the newest record that is lacking; absent before that is proven.
    #[n(1)]
    below: Option<ChainEnd>,
    /// What the log is said to have stated up to there: the next range has to confirm it.
    #[n(2)]
    expects: Option<Before>,
    /// What the newest range says of the floor; true once the last one has confirmed it.
    #[n(3)]
    start: Option<ProvenStart>,
    /// Below what is lacking: 0 where all is, from the first record on.
    #[n(4)]
    bottom: u64,
    /// The hash of the record below, where that is here.
    #[n(5)]
    stands_on: Option<ShortHash>,
    /// Where nothing is proven yet: a record of another log, that came, than which all that is
    /// lacking is older, as a server of both says.
    #[n(6)]
    older_than: Option<HybridTime>,
}

/// What became of an answer to an ask for history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct HistoryReport {
    /// Records that are new here.
    #[n(0)]
    pub taken: u32,
    /// Logs of which a range was refused.
    #[n(1)]
    pub refused: Vec<LogRef>,
    /// Logs of the peer's own that go on above what we hold, each from its first new record on.
    #[n(2)]
    pub behind: Vec<Want>,
}

/// What a record of the past comes to.
struct Judged {
    outcome: Outcome,
    sender: Option<AccountId>,
    time: HybridTime,
    is_message: bool,
    annotation: Option<Annotation>,
}

/// How far up a group's history may have holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holes {
    /// Nowhere: all of it is here.
    None,
    /// Up to a time.
    UpTo(HybridTime),
    /// Up to a time that is not known.
    Anywhere,
}

impl Holes {
    /// Whether there may be some, at or above a time where one is given.
    pub fn reach(self, since: Option<HybridTime>) -> bool {
        match self {
            Self::None => false,
            Self::UpTo(newest) => since.is_none_or(|since| newest >= since),
            Self::Anywhere => true,
        }
    }
}

impl Backlog {
    pub(crate) fn new(top: Floor) -> Self {
        Self {
            top,
            below: None,
            expects: None,
            start: None,
            bottom: 0,
            stands_on: None,
            older_than: None,
        }
    }

    /// What is lacking above a record, of which the hash is known where it is here.
    pub(crate) fn above(top: Floor, bottom: u64, stands_on: Option<ShortHash>) -> Self {
        Self { bottom, stands_on: stands_on.filter(|_| bottom > 0), ..Self::new(top) }
    }

    /// The same, of which nothing came yet.
    fn again(self) -> Self {
        Self { bottom: self.bottom, stands_on: self.stands_on, ..Self::new(self.top) }
    }

    /// Whether a record is among what is lacking.
    pub(crate) fn lacks(&self, seq: u64) -> bool {
        seq > self.bottom && seq <= self.until()
    }

    /// Whether a range that ends at a record is the next one, or one that came before. What was
    /// asked for is never below the next one, nor above the history.
    fn is_asked_up_to(&self, last: u64) -> Result<bool, Code> {
        if (self.until()..=self.top.seq).contains(&last) {
            Ok(last == self.until())
        } else {
            Err(Code::LogGap)
        }
    }

    /// Whether the hashes from `first` on stand on the record that is here, where they reach it.
    fn stands(&self, first: u64, below: &ChainEnd, hashes: &[Hash]) -> bool {
        let Some(expected) = self.stands_on.filter(|_| first <= self.bottom + 1) else {
            return true;
        };
        let hash = match self.bottom.checked_sub(first) {
            None => Some(below.hash()),
            Some(at) => usize::try_from(at).ok().and_then(|at| hashes.get(at).copied()),
        };
        hash.is_some_and(|hash| ShortHash::from(hash) == expected)
    }

    /// The newest record that is lacking.
    pub fn until(&self) -> u64 {
        self.below.as_ref().map_or(self.top.seq, ChainEnd::seq)
    }

    /// The time of that record or a later one, as far as it is known. Of records of one time a
    /// server shows the one whose id is higher; that one of them is lacking shows when it comes.
    fn newest(&self) -> Option<HybridTime> {
        let older = self.older_than.map(|time| HybridTime(time.0.saturating_sub(1)));
        self.expects.map(|before| before.time).or(older)
    }

    /// The log's start above the history came first: it says the same of the history's end.
    pub(crate) fn learn(&mut self, end: &ChainEnd, shown: Before) {
        if self.below.is_none() && end.seq() == self.top.seq {
            self.below = Some(end.clone());
            self.expects = Some(shown);
        }
    }
}

impl Channel {
    /// What is lacking of a log, where a range that ends at a record is its next one, and none that
    /// came before.
    fn backlog_up_to(&self, name: LogName, last: u64) -> Result<Option<&Backlog>, Code> {
        let log = self.logs.get(&name).ok_or(Code::LogUnknown)?;
        let Some(backlog) = &log.backlog else { return Ok(None) };
        Ok(backlog.is_asked_up_to(last)?.then_some(backlog))
    }

    /// What is lacking of each log. Where the rule hides the past nobody serves that; but of a log
    /// that is forked and was ours to read, what counts is no past.
    fn backlogs(&self) -> impl Iterator<Item = (LogName, &Backlog)> {
        let is_hidden = self.group().is_none_or(|group| group.state.since_joining);
        self.logs.iter().filter_map(move |(name, log)| {
            let is_asked = !is_hidden || log.settled.is_some();
            log.backlog.as_ref().filter(|_| is_asked).map(|backlog| (*name, backlog))
        })
    }
}

impl State {
    /// Takes a peer's answer to an ask for history.
    pub(crate) fn backfill(
        &mut self,
        peer: LineageId,
        frame: &[u8],
        silent: &[LogRef],
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let Ok(Frame::Backfill(backfill)) = Frame::decode(frame) else {
            return Err(Code::FrameMalformed);
        };
        let Backfill { channel, ranges, ends, .. } = backfill;
        let (no, known) = self.channel(&channel).ok_or(Code::LogUnknown)?;
        if !known.group().is_some_and(|group| group.has_past(peer)) {
            return Err(Code::PeerNotMember);
        }
        let mut report = HistoryReport::default();
        let placed = fx.backfilled.len();
        for range in ranges {
            let log = range.log;
            match self.take_old_range(no, range, fx) {
                Ok(taken) => report.taken += taken,
                Err(_) => report.refused.push(log),
            }
        }
        let came = fx.backfilled[placed..].iter();
        if let Some(oldest) = came.map(|record| record.time).min() {
            self.note_silent(no, silent, oldest, fx);
        }
        report.behind = behind(&self.channels[&no], peer, ends.as_deref().unwrap_or_default());
        let is_heard = ends.is_some() && report.behind.is_empty();
        if is_heard && self.channel_mut(no).unasked.remove(&peer) {
            fx.dirty(RowKey::Channel(no));
        }
        self.refresh_lacking(no);
        Ok(Answer::History(report))
    }

    /// Of these logs nothing is as new as the oldest record that came.
    fn note_silent(
        &mut self,
        no: ChannelNo,
        silent: &[LogRef],
        oldest: HybridTime,
        fx: &mut Effects,
    ) {
        let channel = self.channel_mut(no);
        for name in silent.iter().map(|log| log.name()) {
            let log = channel.logs.get_mut(&name);
            let backlog = log.and_then(|log| log.backlog.as_mut());
            let Some(backlog) = backlog.filter(|backlog| backlog.below.is_none()) else { continue };
            if backlog.older_than.is_none_or(|known| oldest < known) {
                backlog.older_than = Some(oldest);
                fx.dirty(RowKey::Log(no, name));
            }
        }
    }

    /// Groups of which something is lacking.
    pub fn lacking(&self) -> impl Iterator<Item = ChannelNo> + use<'_> {
        self.lacking.iter().copied()
    }

    /// Whether a group's history is lacking in part, at or above a time where one is given: what is
    /// shown of it from there on may have holes.
    pub fn lacks_history(&self, no: ChannelNo, since: Option<HybridTime>) -> bool {
        self.holes(no).reach(since)
    }

    /// How far up a group's history may have holes. Whoever reads records has to ask before: what
    /// is no hole any more is in the rows.
    pub fn holes(&self, no: ChannelNo) -> Holes {
        if !self.lacking.contains(&no) {
            return Holes::None;
        }
        let channel = self.channels.get(&no);
        let newest = channel.into_iter().flat_map(Channel::backlogs).map(|(_, b)| b.newest());
        newest.fold(Holes::None, |holes, newest| match (holes, newest) {
            (Holes::Anywhere, _) | (_, None) => Holes::Anywhere,
            (Holes::None, Some(newest)) => Holes::UpTo(newest),
            (Holes::UpTo(known), Some(newest)) => Holes::UpTo(known.max(newest)),
        })
    }

    /// What to ask of a peer for a group: the newest `count` records that are lacking, of all logs
    /// but those that it is known not to serve; and, where it was not `heard` yet, how far its own
    /// logs reach. `None` where it has nothing to tell us.
    pub fn history_ask(
        &self,
        no: ChannelNo,
        peer: LineageId,
        count: u16,
        heard: bool,
        serves: &dyn Fn(LogRef) -> bool,
    ) -> Option<HistoryAsk> {
        let channel = self.channels.get(&no)?;
        let group = channel.group()?;
        if !group.has_past(peer) || !group.follows(self.lineage()) {
            return None;
        }
        let mut logs: Vec<AskedLog> = channel.backlogs().filter_map(asked).collect();
        logs.retain(|log| serves(LogRef::from(log)));
        if logs.is_empty() && (heard || !channel.unasked.contains(&peer)) {
            return None;
        }
        newest_first(&mut logs);
        Some(HistoryAsk { channel: channel.id, logs, count })
    }

    /// Brings the set of groups of which something is lacking in line with a group.
    pub(crate) fn refresh_lacking(&mut self, no: ChannelNo) {
        let Some(channel) = self.channels.get(&no) else { return };
        let lacks = channel.backlogs().next().is_some();
        // Who is out is told nothing more; coming back begins anew.
        let own = self.lineage();
        let is_in = channel.group().is_some_and(|group| group.follows(own));
        if is_in && (lacks || !channel.unasked.is_empty()) {
            self.lacking.insert(no);
        } else {
            self.lacking.remove(&no);
        }
    }

    /// The end of the chain at the newest record of a log's history: V names its hash, and a head
    /// that the origin has signed leads to it. A home alone could say what it likes.
    fn proven_start(
        &self,
        group: &Group,
        origin: LineageId,
        id: &LogId,
        top: &Floor,
        range: &OldRange,
    ) -> Result<ChainEnd, Code> {
        let start = range.start.as_ref().ok_or(Code::ChainBroken)?;
        let end = ChainEnd::from_path(id, top.seq, &start.links);
        let end =
            end.filter(|end| ShortHash::from(end.hash()) == top.hash).ok_or(Code::ChainBroken)?;
        let first = group.state.first_key(&origin).ok_or(Code::CheckpointForged)?;
        let key = self.signer(&origin, first, start.head.key().unwrap_or(first.id()));
        let head = start.head.verify(*id, &origin, &key).map_err(|_| Code::CheckpointForged)?;
        let leads = if head.seq == top.seq {
            head.hash == end.hash() && start.above.is_empty()
        } else {
            start.above.last() == start.links.first()
                && follow(id, head.seq, &head.hash, top.seq, &start.above).is_some()
        };
        if leads { Ok(end) } else { Err(Code::HeadForged) }
    }

    /// Takes a range of history: all of it or nothing. How many records are new.
    fn take_old_range(
        &mut self,
        no: ChannelNo,
        range: OldRange,
        fx: &mut Effects,
    ) -> Result<u32, Code> {
        let LogRef { origin, writer } = range.log;
        let name = LogName::Message { origin, writer };
        let channel = &self.channels[&no];
        let id = LogId { channel: channel.id, name };
        let group = channel.group().ok_or(Code::LogUnknown)?;
        let Some(backlog) = channel.backlog_up_to(name, range.last())?.cloned() else {
            // Not lacking, or no longer: it was asked of two.
            return Ok(0);
        };
        let above = match &backlog.below {
            Some(below) => below.clone(),
            None => self.proven_start(group, origin, &id, &backlog.top, &range)?,
        };
        let below = range.chain_below().ok_or(Code::ChainBroken)?;
        let hashes = chained(&id, &below, &range.records, &above)
            .filter(|hashes| backlog.stands(range.first, &below, hashes))
            .ok_or(Code::ChainBroken)?;
        let is_first = range.first <= backlog.bottom + 1;
        if !is_sound(&range.before, range.first) {
            return Err(Code::FrameMalformed);
        }
        let mut context = range.before;
        let mut old = Vec::with_capacity(range.records.len());
        for ((seq, record), hash) in (range.first..).zip(range.records).zip(hashes) {
            let stated = context.stated.map_or(0, |stated| stated.seq);
            let judged = self.judge_old(no, name, seq, &record, &mut context)?;
            if seq > backlog.bottom {
                old.push((seq, hash, stated, judged, record));
            }
        }
        if backlog.expects.is_some_and(|expected| expected != context) {
            // Whoever served what lies above said wrong things of what lies below: all of it is
            // fetched anew.
            self.log_mut(no, name).backlog = Some(backlog.again());
            fx.dirty(RowKey::Log(no, name));
            return Err(Code::FrameMalformed);
        }
        let taken = u32::try_from(old.len()).unwrap_or(u32::MAX);
        let erasures = erasures(&old);
        for (seq, hash, stated, judged, record) in old {
            self.place_old(no, name, (seq, hash, stated), judged, record, fx);
        }
        let is_newest = backlog.below.is_none();
        let shown = range.start.filter(|_| is_newest);
        let start =
            backlog.start.or(is_newest.then_some(ProvenStart { end: above, before: context }));
        let (below, expects) = (Some(below), Some(range.before));
        let log = self.log_mut(no, name);
        if is_first {
            (log.backlog, log.below) = (None, None);
            log.start = start.filter(|_| log.awaits_start() == Some(backlog.top)).map(Box::new);
        } else {
            log.backlog = Some(Backlog { below, expects, start, ..backlog });
        }
        if let Some(shown) = shown {
            log.keep_old_head(shown);
        }
        fx.dirty(RowKey::Log(no, name));
        for erasure in erasures {
            self.take_erasure(no, origin, &erasure, Pos::default(), fx);
        }
        Ok(taken)
    }

    /// Judges a record of the past by what its log stated before it, and takes up what it states.
    fn judge_old(
        &self,
        no: ChannelNo,
        name: LogName,
        seq: u64,
        record: &Record,
        context: &mut Before,
    ) -> Result<Judged, Code> {
        let void = Judged {
            outcome: Outcome::Void,
            sender: None,
            time: context.time,
            is_message: false,
            annotation: None,
        };
        let LogName::Message { origin, writer } = name else { return Ok(void) };
        let Ok(header) = EventHeader::decode(&record.header) else { return Ok(void) };
        let Ok(act) = header.act() else { return Ok(void) };
        let stated = context.stated.map(|stated| stated.after);
        let judged = self.judge_event(no, (origin, writer), seq, (&header, &act), stated);
        // V covers it, so that the home knew what it names, and so do we.
        let outcome = judged.map_err(|_| Code::LogHeld)?.outcome;
        if outcome == Outcome::Void || header.time <= context.time {
            return Ok(void);
        }
        context.time = header.time;
        if let Some(after) = header.after {
            context.stated = Some(Stated { seq, after });
        }
        let is_unknown = matches!(act, EventAct::Unknown(_));
        Ok(Judged {
            outcome: if is_unknown { Outcome::Unknown } else { outcome },
            sender: Some(AccountId { lineage: origin, number: header.sender }),
            time: header.time,
            is_message: matches!(act, EventAct::Message(_)),
            annotation: Annotation::of(&act),
        })
    }

    fn place_old(
        &mut self,
        no: ChannelNo,
        name: LogName,
        (seq, hash, stated): (u64, Hash, u64),
        judged: Judged,
        mut record: Record,
        fx: &mut Effects,
    ) {
        let Judged { outcome, sender, time, is_message, annotation } = judged;
        let id = MessageId::new(time, &record.inner());
        let act = EventHeader::decode(&record.header).ok().and_then(|header| header.act().ok());
        record.body = kept_body(act.as_ref(), record.body);
        let horizon = self.horizon(no);
        let channel = self.channel_mut(no);
        let (channel_id, is_shown) = (channel.id, is_message && outcome == Outcome::Accepted);
        if is_shown {
            channel.last_message = channel.last_message.max(time);
        }
        let log = self.log_mut(no, name);
        if is_shown {
            log.last_message = log.last_message.max(time);
        }
        let is_edit = annotation.as_ref().is_some_and(|said| said.what == Remark::Edit);
        let is_text = is_message || is_edit || outcome == Outcome::Void;
        let is_of_age = is_text && time < horizon;
        let erased = log.erased_before(seq, hash.into(), is_of_age);
        if erased.is_some() {
            record.body.erase();
        }
        let log_no = log.no;
        fx.backfilled.push(Applied {
            pos: Pos::default(),
            channel: no,
            channel_id,
            log: LogId { channel: channel_id, name },
            log_no,
            seq,
            hash,
            time,
            id,
            sender,
            outcome,
            stated,
            record,
            audience: std::sync::Arc::from([]),
            inbox: Vec::new(),
            withdrawn: std::sync::Arc::from([]),
            annotation,
            mentioned: Vec::new(),
            erased,
            is_late: false,
            is_unheard: false,
        });
        if is_text {
            self.note_expiring(no, time, fx);
        }
    }
}

/// What records of the past erase.
fn erasures(old: &[(u64, Hash, u64, Judged, Record)]) -> Vec<Erasure> {
    let accepted = old.iter().filter(|(_, _, _, judged, _)| judged.outcome == Outcome::Accepted);
    let acts =
        accepted.filter_map(|(.., record)| EventHeader::decode(&record.header).ok()?.act().ok());
    let erasures = acts.filter_map(|act| match act {
        EventAct::Erasure(erasure) => Some(erasure),
        _ => None,
    });
    erasures.collect()
}

/// The part of an ask that is about one log, where something of it is lacking.
fn asked((name, backlog): (LogName, &Backlog)) -> Option<AskedLog> {
    let LogName::Message { origin, writer } = name else { return None };
    Some(AskedLog { origin, writer, until: backlog.until(), start: backlog.below.is_none() })
}

/// The peer's own logs that go on above what we hold.
fn behind(channel: &Channel, peer: LineageId, ends: &[LogEnd]) -> Vec<Want> {
    let lacks = |end: &LogEnd| {
        let name = LogName::Message { origin: peer, writer: end.writer };
        let held = channel.logs.get(&name).map_or(0, |log| log.fed_to());
        let log = LogId { channel: channel.id, name }.into();
        (end.seq > held).then_some(Want { log, from: held + 1 })
    };
    ends.iter().filter_map(lacks).collect()
}

/// The hashes of records that lead from one end of a chain to another; `None` where they do not.
fn chained(
    id: &LogId,
    below: &ChainEnd,
    records: &[Record],
    above: &ChainEnd,
) -> Option<Vec<Hash>> {
    let mut end = below.clone();
    let hashes = records.iter().map(|record| end.push(id, &record.inner())).collect();
    (end.trimmed() == above.trimmed()).then_some(hashes)
}

/// Whether what a range says of the records before it can be true.
fn is_sound(before: &Before, first: u64) -> bool {
    if first == 1 {
        return *before == Before::default();
    }
    before.stated.is_none_or(|stated| (1..first).contains(&stated.seq))
}
