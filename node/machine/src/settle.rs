//! Which of a forked log's two histories counts (`docs/protocol/` section 3.5): the one that V
//! named when the group's home closed the log. Who holds another one lets go of it from where they
//! part, and takes the one that counts as history. What is in the rows is the caller's to look up.

use comity_protocol::chain::ChainEnd;
use comity_protocol::code::Code;
use comity_protocol::frame::WireLog;
use comity_protocol::history::RangeStart;
use comity_protocol::id::{LogId, LogName, ShortHash};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::applied::EventRow;
use crate::backfill::Backlog;
use crate::channel::{ChannelNo, Log, LogNo};
use crate::floor::Floor;
use crate::history::range_start;
use crate::reopen::Forgotten;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// A forked log of which the home has said what counts, and we have not looked what we hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// The channel.
    pub channel: ChannelNo,
    /// The log, as this node numbers it.
    pub no: LogNo,
    /// The log.
    pub log: LogId,
    /// The last record that counts.
    top: Floor,
    /// The last record that has a pos here.
    end: u64,
    /// The first record that may be of another history.
    from: u64,
    /// Nobody serves us what lies up to this one, unless we have it.
    hidden: u64,
}

/// What this node's rows say of an [`Unsettled`] log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Settlement {
    /// The log.
    #[n(0)]
    pub log: WireLog,
    /// The last record that counts.
    #[n(1)]
    pub top: Floor,
    /// Whether we hold it.
    #[n(2)]
    pub is_held: bool,
    /// Else: what is held below the first record that may be of another history; absent where
    /// nothing is.
    #[n(3)]
    pub below: Option<RangeStart>,
}

/// Records with a pos that are not of their log any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The channel.
    pub channel: ChannelNo,
    /// The log, as this node numbers it.
    pub log: LogNo,
    /// The first of them; the others follow it.
    pub first: u64,
}

impl State {
    /// Forked logs of which the home has said what counts, and we have not looked what we hold.
    pub fn unsettled(&self) -> impl Iterator<Item = Unsettled> + use<'_> {
        self.forked.iter().filter_map(|(no, name)| self.unsettled_log(*no, *name))
    }

    fn unsettled_log(&self, no: ChannelNo, name: LogName) -> Option<Unsettled> {
        let LogName::Message { origin, writer } = name else { return None };
        let channel = self.channels.get(&no)?;
        let group = channel.group().filter(|group| group.follows(self.lineage()))?;
        let log = channel.logs.get(&name)?;
        let fork = log.fork.as_ref()?;
        let (seq, hash) = *group.closed.get(&(origin, writer))?;
        let top = Floor { seq, hash };
        let floor = log.floor.map_or(0, |floor| floor.seq);
        // What came as history was proven by V, but not what was held from an earlier stay.
        let is_old = log.end.seq() >= fork.seq && log.end.seq() < floor;
        let from = if is_old { fork.seq } else { fork.seq.max(floor + 1) };
        // History has to be whole before we go on from it.
        let is_open = log.settled != Some(top) && log.backlog.is_none();
        let readable = group.readable(self.lineage(), (origin, writer))?;
        let is_all_served = !group.state.since_joining && readable.removed_at.is_none();
        (is_open && seq >= from).then_some(Unsettled {
            channel: no,
            no: log.no,
            log: LogId { channel: channel.id, name },
            top,
            end: log.end.seq(),
            from,
            hidden: if is_all_served { 0 } else { readable.floor },
        })
    }

    /// Keeps what counts of a forked log, and lets go of what does not.
    pub(crate) fn settle(
        &mut self,
        settlement: &Settlement,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let id = LogId::from(settlement.log);
        let (no, _) = self.channel(&id.channel).ok_or(Code::ChannelNotFound)?;
        let unsettled = self.unsettled_log(no, id.name).ok_or(Code::LogUnknown)?;
        if unsettled.top != settlement.top {
            return Err(Code::Overloaded);
        }
        let log = self.log_mut(no, id.name);
        if !settlement.is_held {
            log.let_go(&unsettled, settlement.below.as_ref(), no, fx);
        }
        log.settled = Some(unsettled.top);
        fx.dirty(RowKey::Log(no, id.name));
        self.refresh_lacking(no);
        Ok(Answer::Done)
    }
}

impl Unsettled {
    /// What the rows say of it; `None` where they are not all laid down yet.
    pub fn settlement(&self, row: &mut dyn FnMut(u64) -> Option<EventRow>) -> Option<Settlement> {
        let Self { log, top, end, from, .. } = *self;
        let found = row(top.seq);
        if found.is_none() && end >= top.seq {
            return None;
        }
        let is_one = found.is_some_and(|row| ShortHash::from(row.hash) == top.hash);
        // What is held from where the histories part has to lead up to it.
        let is_held = is_one && (end < from || end >= top.seq);
        let goes_back = !is_held && end >= from && from > 1;
        let below = if goes_back { range_start(from, row) } else { None };
        Some(Settlement { log: log.into(), top, is_held, below })
    }
}

impl Log {
    /// What was said to count does not any more: what came as history for it goes, down to what is
    /// held and what an admission's floor names.
    pub(crate) fn unsettle(&mut self, floor: Option<Floor>, no: ChannelNo, fx: &mut Effects) {
        let Some(top) = self.awaits_start().map(|top| top.seq) else { return };
        let first = self.end.seq().max(floor.map_or(0, |floor| floor.seq)) + 1;
        if first <= top {
            fx.forgotten.push(Forgotten { channel: no, log: self.no, first, last: top });
        }
        self.floor = floor.filter(|floor| floor.seq > self.end.seq());
        (self.backlog, self.start, self.below) = (None, None, None);
    }

    /// Goes back to below where the histories part; what counts from there on is lacking.
    fn let_go(
        &mut self,
        unsettled: &Unsettled,
        below: Option<&RangeStart>,
        no: ChannelNo,
        fx: &mut Effects,
    ) {
        let Unsettled { log: id, top, from, hidden, .. } = unsettled;
        // What came as history up to there stands, unless what is held below leads elsewhere.
        let floor = self.floor.filter(|floor| floor.seq < *from);
        if self.end.seq() >= *from {
            let kept = below.and_then(|below| {
                let end = ChainEnd::from_path(id, from - 1, &below.links)?;
                Some((end, below.before))
            });
            let (end, before) = kept.unwrap_or_default();
            let bottom = end.seq().max(floor.map_or(0, |floor| floor.seq));
            self.time = before.time;
            self.after = before.stated.map(|stated| stated.after);
            self.after_seq = before.stated.map_or(0, |stated| stated.seq);
            self.end = end;
            fx.dropped.push(Dropped { channel: no, log: self.no, first: bottom + 1 });
            let (first, last) = (bottom + 1, u64::MAX);
            fx.forgotten.push(Forgotten { channel: no, log: self.no, first, last });
        }
        let own = Floor { seq: self.end.seq(), hash: self.end.hash().into() };
        let known = floor.filter(|floor| floor.seq > own.seq).unwrap_or(own);
        let (bottom, hash) = match known.seq < *hidden {
            true => (*hidden, None),
            false => (known.seq, Some(known.hash)),
        };
        self.uncovered.clear();
        self.above.clear();
        (self.proof, self.start, self.below) = (None, None, None);
        self.starts.retain(|start| start.seq < *from);
        self.floor = Some(*top);
        self.backlog = (bottom < top.seq).then(|| Backlog::above(*top, bottom, hash));
    }
}
