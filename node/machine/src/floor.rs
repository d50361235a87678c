//! Floors (`docs/protocol/` section 6): where an organisation's feed of a group begins in each log,
//! what a start has to say, and which older records a peer may be served. It must not judge events.

use std::collections::{BTreeMap, BTreeSet};

use comity_protocol::chain::ChainEnd;
use comity_protocol::code::Code;
use comity_protocol::control::ControlAct;
use comity_protocol::frame::Range;
use comity_protocol::history::Before;
use comity_protocol::id::{
    AccountId, AccountNumber, LineageId, LogId, LogName, ShortHash, WriterId,
};
use minicbor::{Decode, Encode};

use crate::backfill::Backlog;
use crate::channel::{Channel, ChannelNo, Log};
use crate::group::{ControlState, Group, Place};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// V for a log at the record that admitted us: our feed of the log begins above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Floor {
    /// The record.
    #[n(0)]
    pub seq: u64,
    /// Its hash, shortened.
    #[n(1)]
    pub hash: ShortHash,
}

/// Where a range of a log begins here: the end of the chain below it, and, where it came with the
/// range, what it said of the records before.
pub(crate) struct Base {
    pub(crate) end: ChainEnd,
    pub(crate) shown: Option<Before>,
}

/// What a log's history has proven of the record at its floor: any member may go on from there.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ProvenStart {
    /// The end of the chain at the floor.
    #[n(0)]
    pub(crate) end: ChainEnd,
    /// What the log had stated up to there.
    #[n(1)]
    pub(crate) before: Before,
}

/// What a log had stated where our feed of it began above a floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FeedStart {
    /// The record at the floor.
    #[n(0)]
    pub seq: u64,
    /// What was stated up to it.
    #[n(1)]
    pub before: Before,
}

/// Starts of a log that are remembered. Where the group goes back to a stay before them, what is
/// held from that one comes to nothing.
pub(crate) const STARTS_MAX: usize = 64;

/// Why a range cannot be gone on with.
pub(crate) enum NoBase {
    /// It does not begin where the log goes on.
    Gap { from: u64 },
    /// All of it is below our floor, and comes as backfill or not at all.
    Below,
    /// What it shows of the records before it is not theirs.
    Refused(Code),
}

/// What a peer may be served of a message log of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable {
    /// Records up to this one are history from before its first admission; none, where the group's
    /// rule hides that.
    pub first_floor: u64,
    /// Its feed of the log begins above this one.
    pub floor: u64,
    /// Where it was readmitted: the control record that ended its first stay. Of what lies between
    /// this and its floor only links are served. Absent, too, where the rule hides it all.
    pub removed_at: Option<Place>,
}

impl ControlState {
    /// Whether `act` brings in an organisation that has no member in this state.
    pub fn is_admission(&self, act: &ControlAct) -> bool {
        matches!(act, ControlAct::Join(join) if !self.has_organisation(join.account.lineage))
    }
}

impl Group {
    /// When an organisation had members or was home: in the states from the first place up to, not
    /// including, the second, in ascending order.
    pub fn organisation_stays(&self, lineage: LineageId) -> Vec<(Place, Option<Place>)> {
        let account = |number| AccountId { lineage, number: AccountNumber(number) };
        let members = self.state.members.range(account(0)..=account(u64::MAX));
        let terms = self.terms.iter().filter(|(_, term)| term.home == lineage);
        let terms = terms.map(|(number, _)| {
            let next = number + 1;
            ((*number, 1), self.terms.contains_key(&next).then_some((next, 1)))
        });
        let stays = members.flat_map(|(_, member)| member.stays.iter().copied());
        let mut stays: Vec<_> = stays.chain(terms).collect();
        stays.sort_unstable_by_key(|(from, _)| *from);
        let mut merged: Vec<(Place, Option<Place>)> = Vec::new();
        for (from, to) in stays {
            match merged.last_mut() {
                Some((_, None)) => {}
                Some((_, end @ Some(_))) if Some(from) <= *end => {
                    *end = if to.is_none() { None } else { to.max(*end) };
                }
                _ => merged.push((from, to)),
            }
        }
        merged
    }

    /// V for a log at a place, as far as it was stated.
    pub(crate) fn cover_at(&self, log: (LineageId, WriterId), place: Place) -> u64 {
        let covered = self.covered_at.get(&log).map(Vec::as_slice).unwrap_or_default();
        let stated = covered.partition_point(|(_, at)| *at <= place);
        stated.checked_sub(1).map_or(0, |last| covered[last].0)
    }

    /// Whether V was ever stated to end at a record: a quick look before a floor is sought.
    fn has_cover(&self, log: (LineageId, WriterId), seq: u64) -> bool {
        let covered = self.covered_at.get(&log).map(Vec::as_slice).unwrap_or_default();
        covered.binary_search_by_key(&seq, |(covers, _)| *covers).is_ok()
    }

    /// Whether an organisation is told of all that happens: it has a member, or is home.
    pub fn follows(&self, lineage: LineageId) -> bool {
        self.state.has_organisation(lineage) || self.state.home == lineage
    }

    /// Whether an organisation may hold what was written before another's admission: it follows, or
    /// was home once.
    pub fn has_past(&self, lineage: LineageId) -> bool {
        self.follows(lineage) || self.terms.values().any(|term| term.home == lineage)
    }

    /// What an organisation may be served of a message log; `None` where it does not follow.
    pub fn readable(&self, peer: LineageId, log: (LineageId, WriterId)) -> Option<Readable> {
        let stays = self.organisation_stays(peer);
        let (first, last) = (stays.first()?, stays.last().filter(|(_, to)| to.is_none())?);
        let floor = self.cover_at(log, last.0);
        if self.state.since_joining {
            return Some(Readable { first_floor: 0, floor, removed_at: None });
        }
        let removed_at = if stays.len() > 1 { first.1 } else { None };
        let first_floor = self.cover_at(log, first.0);
        Some(Readable { first_floor, floor, removed_at })
    }
}

impl Channel {
    /// A peer's floor in a log of this channel: its feed begins above it.
    pub fn floor_of(&self, peer: LineageId, name: LogName) -> u64 {
        let (Some(group), LogName::Message { origin, writer }) = (self.group(), name) else {
            return 0;
        };
        group.readable(peer, (origin, writer)).map_or(0, |readable| readable.floor)
    }

    /// Whether a range that begins at `first` begins just above a peer's floor and therefore has to
    /// come with a start.
    pub fn needs_start(&self, peer: LineageId, name: LogName, first: u64) -> bool {
        let (Some(group), LogName::Message { origin, writer }) = (self.group(), name) else {
            return false;
        };
        let below = first.saturating_sub(1);
        below > 0 && group.has_cover((origin, writer), below) && self.floor_of(peer, name) == below
    }
}

impl Log {
    /// The floor that our feed of this log begins above, where no record above it came yet.
    pub fn awaits_start(&self) -> Option<Floor> {
        self.floor.filter(|floor| floor.seq > self.end.seq())
    }

    /// The last record that we hold or need not be fed.
    pub fn fed_to(&self) -> u64 {
        self.end.seq().max(self.floor.map_or(0, |floor| floor.seq))
    }

    /// What a range goes on from.
    pub(crate) fn base_of(&self, id: &LogId, range: &Range) -> Result<Base, NoBase> {
        let Some(floor) = self.awaits_start() else {
            return Ok(Base { end: self.end.clone(), shown: None });
        };
        if range.last() <= floor.seq {
            return Err(NoBase::Below);
        }
        if let Some(known) = &self.start
            && range.first <= floor.seq + 1
        {
            return Ok(Base { end: known.end.clone(), shown: Some(known.before) });
        }
        let Some(start) = range.start.as_ref().filter(|_| range.first == floor.seq + 1) else {
            return Err(NoBase::Gap { from: floor.seq + 1 });
        };
        let end = ChainEnd::from_path(id, floor.seq, &start.links);
        let end = end.filter(|end| ShortHash::from(end.hash()) == floor.hash);
        let end = end.ok_or(NoBase::Refused(Code::ChainBroken))?;
        Ok(Base { end, shown: Some(start.before) })
    }

    fn note_start(&mut self, start: FeedStart) {
        self.starts.retain(|known| known.seq < start.seq);
        if self.starts.len() == STARTS_MAX {
            self.starts.remove(0);
        }
        self.starts.push(start);
    }

    /// What it had stated where our feed of it began, at or below a record.
    pub(crate) fn start_below(&self, seq: u64) -> Option<Before> {
        let start = self.starts.iter().rev().find(|start| start.seq <= seq);
        start.map(|start| start.before)
    }

    /// Goes on from a start that was proven.
    pub(crate) fn go_on_from(&mut self, base: Base) {
        let Some(shown) = base.shown else { return };
        self.note_start(FeedStart { seq: base.end.seq(), before: shown });
        self.time = shown.time;
        self.after = shown.stated.map(|stated| stated.after);
        self.after_seq = shown.stated.map_or(0, |stated| stated.seq);
        if let Some(backlog) = &mut self.backlog {
            backlog.learn(&base.end, shown);
        }
        // Where the history is not for us, nothing else names what records above skip to.
        self.below = self.backlog.as_ref().map(|_| base.end.clone());
        self.end = base.end;
        self.start = None;
    }
}

impl State {
    /// Notes, after a control record, where our feed of each log begins if the record admitted us.
    pub(crate) fn note_admission(&mut self, no: ChannelNo, was_in: bool, fx: &mut Effects) {
        let own = self.lineage();
        let Some(group) = self.channels.get(&no).and_then(Channel::group) else { return };
        let (home, is_in) = (group.state.home, group.follows(own));
        if was_in || !is_in {
            if was_in != is_in {
                self.refresh_lacking(no);
            }
            return;
        }
        let is_first = group.organisation_stays(own).len() == 1;
        let floors: BTreeMap<(LineageId, WriterId), Floor> = {
            let others = group.covers().filter(|((origin, _), _)| *origin != own);
            others.map(|(log, (seq, hash))| (log, Floor { seq, hash })).collect()
        };
        let members: BTreeSet<LineageId> =
            group.state.joined().map(|(account, _)| account.lineage).collect();
        for ((origin, writer), floor) in floors {
            let name = LogName::Message { origin, writer };
            let log = self.log_mut(no, name);
            if log.end.seq() >= floor.seq {
                continue;
            }
            log.floor = Some(floor);
            log.start = None;
            // What is held from a stay that is void would come once more as history.
            if is_first && log.end.seq() == 0 {
                log.backlog = Some(Backlog::new(floor));
            }
            fx.dirty(RowKey::Log(no, name));
        }
        let channel = self.channel_mut(no);
        channel.unasked = members.into_iter().filter(|m| *m != own && *m != home).collect();
        fx.dirty(RowKey::Channel(no));
        self.refresh_lacking(no);
        self.refresh_retention(no, fx);
    }

    /// Whether we followed a group before a record that may admit us.
    pub(crate) fn is_in(&self, no: ChannelNo) -> bool {
        let group = self.channels.get(&no).and_then(Channel::group);
        group.is_some_and(|group| group.follows(self.lineage()))
    }
}
