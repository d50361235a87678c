//! Openings that go back below what is known here (`docs/protocol/` section 7.7): one that our
//! admin forces, or one received. The group goes on as it was just after the base; accounts, peers,
//! logs and verdicts are brought in line with it. What it was is in a [`Rewind`].

use std::collections::BTreeSet;
use std::sync::Arc;

use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, Opening};
use comity_protocol::cursor::Pos;
use comity_protocol::event::Record;
use comity_protocol::id::{AccountId, AccountNumber, ControlPoint, LineageId, LogId, LogName};
use comity_protocol::limits::{COVER_AGE_MS, COVER_ENTRIES_MAX};

use crate::account::{Standing, Stay};
use crate::answer::Answer;
use crate::applied::{Outcome, Subscriber};
use crate::channel::{Channel, ChannelNo, LogNo};
use crate::cover::cover_for;
use crate::floor::Floor;
use crate::group::{Group, Member, Place, Stated};
use crate::rewind::{Change, Rewind};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Records whose outcome an opening may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejudged {
    /// The channel.
    pub channel: ChannelNo,
    /// The log, as this node numbers it.
    pub no: LogNo,
    /// The log.
    pub log: LogName,
    /// Which of its records, and what they come to.
    pub change: Change,
    /// The opening.
    pub by: Pos,
}

/// History that came with an admission that is void now: records of a log that have no pos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The channel.
    pub channel: ChannelNo,
    /// The log, as this node numbers it.
    pub log: LogNo,
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
}

/// An opening that made records void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reopened {
    /// The channel.
    pub channel: ChannelNo,
    /// What the new term goes on from.
    pub base: ControlPoint,
    /// How many control records it made void.
    pub voided: u64,
}

/// The opening of a term, with its record.
pub(crate) struct NewTerm {
    pub(crate) name: LogName,
    pub(crate) record: Record,
    pub(crate) header: ControlHeader,
    pub(crate) opening: Opening,
}

/// What stood in a group before it went back.
struct Before {
    audience: Arc<[Subscriber]>,
    accounts: BTreeSet<AccountId>,
    home: LineageId,
}

impl Channel {
    /// The record that a forced opening goes back to where its admin names no other: the newest one
    /// below where the control log is proven to part.
    pub fn base(&self) -> Option<Place> {
        let group = self.group()?;
        let fork = self.logs.get(&group.control_log()).and_then(|log| log.fork.as_ref());
        let highest = fork.map_or(u64::MAX, |fork| fork.seq.saturating_sub(1));
        let seq = group.point.seq.min(highest);
        (seq > 0).then_some((group.point.term, seq))
    }

    /// A record of the newest term that the next one may go on from.
    pub fn base_at(&self, (term, seq): Place) -> Option<ControlPoint> {
        let group = self.group().filter(|group| group.point.term == term)?;
        let (_, highest) = self.base()?;
        let at = usize::try_from(seq.checked_sub(1)?).ok()?;
        let hash = *group.terms.get(&term)?.hashes.get(at).filter(|_| seq <= highest)?;
        Some(ControlPoint { term, seq, hash })
    }

    /// Records of control logs that are here and that a later opening made void: of which log, the
    /// first and the last.
    pub fn voided(&self) -> impl Iterator<Item = (LogName, u64, u64)> + use<'_> {
        let group = self.group();
        self.logs.iter().filter_map(move |(name, log)| {
            let LogName::Control { home, term } = *name else { return None };
            let known = group?.terms.get(&term).filter(|known| known.home == home);
            let base = group?.terms.get(&(term + 1)).and_then(|next| next.base);
            let counts = known.map_or(0, |_| base.map_or(u64::MAX, |base| base.seq));
            let last = log.end.seq();
            (last > counts).then(|| (*name, counts + 1, last))
        })
    }

    fn voided_count(&self) -> u64 {
        self.voided().map(|(_, first, last)| last + 1 - first).sum()
    }

    /// Whether a rewind was made from all that is here, and nothing has come since.
    pub(crate) fn fits(&self, rewind: &Rewind) -> bool {
        let end = |name: &LogName| self.logs.get(name).map_or(0, |log| log.end.seq());
        let is_read =
            |name: &LogName| rewind.logs.iter().any(|read| LogId::from(read.log).name == *name);
        let is_final = |name: &LogName| match *name {
            LogName::Control { .. } => false,
            LogName::Message { origin, writer } => {
                end(name) <= rewind.group.covered((origin, writer))
            }
        };
        rewind.channel == self.id
            && rewind.logs.iter().all(|read| end(&LogId::from(read.log).name) == read.end)
            && self.logs.keys().all(|name| is_read(name) || is_final(name))
    }
}

impl State {
    /// Opens the next term of a group whose home we are, at a record that our admin names: all that
    /// stands above it is void.
    pub(crate) fn reopen(&mut self, rewind: &Rewind, fx: &mut Effects) -> Result<Answer, Code> {
        let (no, channel) = self.channel(&rewind.channel).ok_or(Code::ChannelNotFound)?;
        let group = channel.group().ok_or(Code::NotAGroup)?;
        let base = rewind.group.point;
        let is_ours =
            group.state.home == self.lineage() && rewind.group.state.home == group.state.home;
        if !is_ours || channel.base_at((base.term, base.seq)) != Some(base) {
            return Err(Code::NotAllowed);
        }
        if !channel.fits(rewind) {
            return Err(Code::Overloaded);
        }
        let founder = group.terms.get(&1).ok_or(Code::Internal)?.home;
        let opening = Opening { base, forced: true, founder };
        let act = ControlAct::Open(opening);
        let mut cover = cover_for(channel, &rewind.group, &act);
        cover.truncate(COVER_ENTRIES_MAX);
        let header = ControlHeader {
            time: HybridTime::stamp(fx.unix_ms, HybridTime::default(), channel.newest),
            kind: act.kind(),
            actor: None,
            args: act.args(),
            cover: (!cover.is_empty()).then_some(cover),
            state: Some(rewind.group.state.hash()),
            request: None,
        };
        let name = LogName::Control { home: self.lineage(), term: base.term + 1 };
        let body = WireBody::Present(Body::empty(fx.draw()));
        let record = Record { header: cbor::encode(&header).into(), body };
        // The admin's word stands for what the members would say.
        self.settle_authority(no);
        self.go_back(no, Some(rewind), NewTerm { name, record, header, opening }, fx);
        self.go_on(fx);
        Ok(Answer::Done)
    }

    /// Goes on from a base below what is known, for which the rewind fits; without one, from the
    /// newest record. The opening was judged.
    pub(crate) fn go_back(
        &mut self,
        no: ChannelNo,
        rewind: Option<&Rewind>,
        term: NewTerm,
        fx: &mut Effects,
    ) {
        let opening = term.opening;
        let channel = &self.channels[&no];
        let Some(group) = channel.group() else { return };
        let before = Before {
            audience: Arc::clone(&channel.audience.fed),
            accounts: group.state.members.keys().copied().collect(),
            home: group.state.home,
        };
        let own = LogName::Message { origin: self.lineage(), writer: self.writer() };
        let stated = channel.logs.get(&own).and_then(|log| log.after);
        let was_void = channel.voided_count();
        if let Some(rewind) = rewind {
            self.take_back(no, rewind, fx);
        }
        let fed = term.name.origin() == self.lineage();
        let pos = self.place_opening(no, term, fx);
        let group = self.channels[&no].group();
        if let (Some(stated), Some(group)) = (stated, group)
            && !matches!(group.find(&stated), Stated::At(_))
        {
            // Who has not seen that record holds all that follows in the log.
            self.leave_writer(own, fx);
        }
        if let Some(rewind) = rewind {
            self.note_rejudged(no, rewind, pos, fx);
        }
        let left = rewind.map(|rewind| rewind.left.as_slice()).unwrap_or_default();
        self.sync_all(no, &before, left, pos, fx);
        self.widen_to_all(no, &before.audience, fed, fx);
        self.await_cover(no, fx);
        self.ask_again(no, fx);
        let voided = self.channels[&no].voided_count().saturating_sub(was_void);
        let base = opening.base;
        fx.reopened.push(Reopened { channel: no, base, voided });
    }

    /// The group and its logs as they were just after the base.
    fn take_back(&mut self, no: ChannelNo, rewind: &Rewind, fx: &mut Effects) {
        let own = self.lineage();
        self.set_cover_due(no, None);
        let channel = self.channel_mut(no);
        let Some(group) = channel.group_mut() else { return };
        let is_in = rewind.group.follows(own);
        // What this node may write, and who waits for it, is no part of the group's past.
        let (authority, deferred) = (group.authority, std::mem::take(&mut group.deferred));
        let ended = std::mem::take(&mut group.ended);
        group.clone_from(&rewind.group);
        (group.authority, group.deferred, group.ended) = (authority, deferred, ended);
        (group.read_only, group.cover_due_ms) = (false, None);
        for read in &rewind.logs {
            let name = LogId::from(read.log).name;
            let Some(log) = channel.logs.get_mut(&name) else { continue };
            log.time = read.stands.time;
            log.after = read.stands.stated.map(|stated| stated.after);
            log.after_seq = read.stands.stated.map_or(0, |stated| stated.seq);
            log.uncovered.clone_from(&read.uncovered);
            fx.dirty(RowKey::Log(no, name));
        }
        for (name, log) in &mut channel.logs {
            let LogName::Message { origin, writer } = *name else { continue };
            if origin == own {
                continue;
            }
            let floor = rewind.floors.get(&(origin, writer)).copied();
            let counts = rewind.group.closed.get(&(origin, writer));
            let counts = counts.map(|(seq, hash)| Floor { seq: *seq, hash: *hash });
            if log.settled.is_some() && log.settled == counts {
                continue;
            }
            if log.settled.take().is_some() {
                log.unsettle(floor, no, fx);
                fx.dirty(RowKey::Log(no, *name));
            }
            let covered = rewind.group.covered((origin, writer));
            if let Some(floor) = log.floor.filter(|floor| floor.seq > covered) {
                fx.forgotten.push(Forgotten {
                    channel: no,
                    log: log.no,
                    first: covered + 1,
                    last: floor.seq,
                });
                (log.backlog, log.start) = (None, None);
                fx.dirty(RowKey::Log(no, *name));
            }
            // A floor of a void admission; while we are out nothing is fed anyway.
            if is_in && log.awaits_start().is_some() {
                log.floor = floor;
                fx.dirty(RowKey::Log(no, *name));
            }
        }
        fx.dirty(RowKey::Channel(no));
    }

    /// What records come to now that came to something else.
    fn note_rejudged(&mut self, no: ChannelNo, rewind: &Rewind, by: Pos, fx: &mut Effects) {
        for read in &rewind.logs {
            let name = LogId::from(read.log).name;
            let Some(known) = self.channels[&no].logs.get(&name) else { continue };
            let log_no = known.no;
            let changes = read.changes.iter();
            let is_text = matches!(name, LogName::Message { .. });
            for change in changes.clone().filter(|c| is_text && c.outcome == Outcome::Void) {
                self.note_expiring(no, change.time, fx);
            }
            fx.rejudged.extend(changes.map(|change| Rejudged {
                channel: no,
                no: log_no,
                log: name,
                change: *change,
                by,
            }));
            for erasure in &read.erasures {
                self.take_erasure(no, name.origin(), erasure, by, fx);
            }
        }
    }

    /// Brings all accounts' and peers' stays in line with the group.
    fn sync_all(
        &mut self,
        no: ChannelNo,
        before: &Before,
        left: &[AccountNumber],
        pos: Pos,
        fx: &mut Effects,
    ) {
        let own = self.lineage();
        let Some(group) = self.channels[&no].group() else { return };
        let mut accounts = before.accounts.clone();
        accounts.extend(group.state.members.keys().copied());
        let mut lineages: BTreeSet<LineageId> = accounts.iter().map(|a| a.lineage).collect();
        lineages.insert(before.home);
        for account in accounts.into_iter().filter(|account| account.lineage == own) {
            self.sync_own(no, account, left.contains(&account.number), pos, fx);
        }
        for lineage in lineages {
            self.sync_home(no, lineage, pos, fx);
        }
        self.refresh_audience(no);
        self.refresh_open(no);
        self.refresh_lacking(no);
        self.refresh_waiting(no);
    }

    /// Who had left by his own will, or asks to, is not let in again against it.
    fn sync_own(
        &mut self,
        no: ChannelNo,
        target: AccountId,
        has_left: bool,
        pos: Pos,
        fx: &mut Effects,
    ) {
        let account = self.accounts.get_mut(&target.number);
        let stay = account.and_then(|account| account.channels.get_mut(&no));
        let member = self.channels[&no].group().and_then(|group| group.state.members.get(&target));
        let is_in = member.is_some_and(Member::is_in);
        let is_invited = member.is_some_and(|member| member.invite.is_some());
        match stay.map(|stay| (stay.standing, stay)) {
            Some((standing, stay)) if is_in && (has_left || standing == Standing::Leaving) => {
                *stay = Stay::new(pos, Standing::Leaving);
                fx.dirty(RowKey::Account(target.number));
            }
            Some((Standing::Gone, _)) if !is_in && !is_invited => {}
            _ => self.sync_member(no, target, pos, fx),
        }
    }

    /// All who saw the group before, or see it from now on, see the opening.
    fn widen_to_all(&self, no: ChannelNo, before: &[Subscriber], fed: bool, fx: &mut Effects) {
        let after = &self.channels[&no].audience.fed;
        let mut all: Vec<Subscriber> = before.iter().chain(after.iter()).copied().collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|subscriber| fed || matches!(subscriber, Subscriber::Account(_)));
        if let Some(applied) = fx.applied.last_mut() {
            applied.audience = all.into();
        }
    }

    /// What an opening could not cover is covered in time.
    fn await_cover(&mut self, no: ChannelNo, fx: &mut Effects) {
        let is_due = |group: &Group| group.uncovered > 0 && group.state.is_shared();
        if self.channels[&no].group().is_some_and(is_due) {
            self.set_cover_due(no, Some(fx.unix_ms.saturating_add(COVER_AGE_MS)));
        }
    }
}
