//! V: up to where a group's home has applied each message log, and when it says so
//! (`docs/protocol/` section 7.4).

use comity_protocol::code::Code;
use comity_protocol::control::{ClosedLog, Closing, ControlAct, CoverEntry};
use comity_protocol::event::EventHeader;
use comity_protocol::id::{LineageId, LogName, WriterId};
use comity_protocol::limits::{
    CLOSE_AFTER_MS, CLOSED_LOGS_MAX, COVER_AGE_MS, COVER_ENTRIES_MAX, COVER_EVENTS,
};

use crate::answer::Answer;
use crate::applied::Outcome;
use crate::channel::{Channel, ChannelNo};
use crate::group::Group;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// The entries of V that a record must bring up to date: all logs for an admission, for what bears
/// on everybody, for a handover, and for whoever is to read nothing from before he came; the logs
/// of the organisation concerned for what restricts somebody. Logs of an organisation whose every
/// admission is void say nothing to the group, and nobody else would hold them.
pub(crate) fn cover_for(channel: &Channel, group: &Group, act: &ControlAct) -> Vec<CoverEntry> {
    let concerned = |origin: &LineageId| match act {
        // Where newcomers read nothing from before, this says what was before.
        ControlAct::Join(_) => group.state.is_admission(act) || group.state.since_joining,
        ControlAct::Ban(ban) => ban.account.lineage == *origin,
        ControlAct::Leave(target) | ControlAct::Remove(target) => target.account.lineage == *origin,
        ControlAct::SetRole(change) => change.account.lineage == *origin,
        ControlAct::Cover
        | ControlAct::HandOver(_)
        | ControlAct::Open(_)
        | ControlAct::SetArchived(_)
        | ControlAct::SetPosting(_) => true,
        _ => false,
    };
    let is_closed_by = |origin: LineageId, writer: WriterId| match act {
        ControlAct::CloseLogs(closing) => closing.logs.contains(&ClosedLog { origin, writer }),
        _ => false,
    };
    let entries = channel.logs.iter().filter_map(|(name, log)| match name {
        LogName::Message { origin, writer }
            if (concerned(origin) || is_closed_by(*origin, *writer))
                && group.state.organisations.contains_key(origin)
                && !group.is_closed((*origin, *writer)) =>
        {
            let entry = CoverEntry {
                origin: *origin,
                writer: *writer,
                seq: log.end.seq(),
                hash: log.end.hash().into(),
            };
            // A new home may have less of a log than the one before has covered: V never falls.
            (entry.seq > group.covered((*origin, *writer))).then_some(entry)
        }
        _ => None,
    });
    entries.collect()
}

/// Logs that may be closed by now: a day after their origin said that they have ended, with all of
/// what it said; and at once those with two histories, of which ours is the one to go on from.
fn closable(channel: &Channel, group: &Group, unix_ms: u64) -> Vec<ClosedLog> {
    let ended = group.ended.iter().filter_map(|((origin, writer), ended)| {
        let name = LogName::Message { origin: *origin, writer: *writer };
        let log = channel.logs.get(&name)?;
        let is_due = unix_ms >= ended.unix_ms.saturating_add(CLOSE_AFTER_MS);
        let is_whole = log.fork.is_none() && log.end.seq() >= ended.seq && log.end.seq() > 0;
        (is_due && is_whole).then_some(ClosedLog { origin: *origin, writer: *writer })
    });
    let mut logs: Vec<ClosedLog> = ended.chain(forked(channel, group)).collect();
    logs.sort_unstable();
    logs.truncate(CLOSED_LOGS_MAX);
    logs
}

/// Message logs with two histories that are not closed, and of which all is here that both share.
fn forked<'a>(channel: &'a Channel, group: &'a Group) -> impl Iterator<Item = ClosedLog> + 'a {
    channel.logs.iter().filter_map(|(name, log)| {
        let LogName::Message { origin, writer } = *name else { return None };
        let is_open = !group.is_closed((origin, writer));
        let fork = log.fork.as_ref()?;
        let is_whole = log.end.seq() > 0 && log.end.seq() + 1 >= fork.seq;
        (is_open && is_whole).then_some(ClosedLog { origin, writer })
    })
}

/// Whether there are such logs.
fn has_forked(channel: &Channel) -> bool {
    channel.group().is_some_and(|group| forked(channel, group).next().is_some())
}

impl State {
    /// States V in records of their own, as many as it takes, so that `act` needs no more entries
    /// than a record may have.
    pub(crate) fn cover_ahead(
        &mut self,
        no: ChannelNo,
        act: &ControlAct,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        loop {
            let channel = &self.channels[&no];
            let Some(group) = channel.group() else { return Ok(()) };
            if cover_for(channel, group, act).len() <= COVER_ENTRIES_MAX {
                return Ok(());
            }
            self.append_one(no, None, &ControlAct::Cover, None, fx)?;
        }
    }

    /// Counts an event of a group that we are home of, until V covers it.
    pub(crate) fn count_uncovered(
        &mut self,
        no: ChannelNo,
        name: LogName,
        seq: u64,
        fx: &mut Effects,
    ) {
        let LogName::Message { origin, writer } = name else { return };
        if !self.is_home(no) {
            return;
        }
        let Some(group) = self.channel_mut(no).group_mut() else { return };
        // The home before us may have covered what we did not have yet.
        if seq <= group.covered((origin, writer)) || group.is_closed((origin, writer)) {
            return;
        }
        group.uncovered += 1;
        if !group.state.is_shared() {
            return;
        }
        if group.cover_due_ms.is_none() {
            self.set_cover_due(no, Some(fx.unix_ms.saturating_add(COVER_AGE_MS)));
            fx.dirty(RowKey::Channel(no));
        }
        fx.touched.insert(no);
        if self.forked.contains(&(no, name)) {
            self.close_forked(no, fx);
        }
    }

    /// Counts anew what V does not cover: a record has stated some of it, or we have become home.
    pub(crate) fn recount_uncovered(&mut self, no: ChannelNo) {
        let is_home = self.is_home(no);
        let channel = self.channel_mut(no);
        let Some(group) = channel.group() else { return };
        let logs = channel.logs.iter().filter_map(|(name, log)| match name {
            LogName::Message { origin, writer } if !group.is_closed((*origin, *writer)) => {
                Some(log.end.seq().saturating_sub(group.covered((*origin, *writer))))
            }
            _ => None,
        });
        let uncovered = if is_home { logs.sum() } else { 0 };
        if let Some(group) = channel.group_mut() {
            group.uncovered = uncovered;
        }
        if uncovered == 0 && !(is_home && has_forked(channel)) {
            self.set_cover_due(no, None);
        }
    }

    /// Lets a home close forked logs soon, so that it is known which of their histories counts.
    pub(crate) fn close_forked(&mut self, no: ChannelNo, fx: &mut Effects) {
        let closes = self.is_home(no) && has_forked(&self.channels[&no]);
        if closes && self.set_cover_due(no, Some(fx.unix_ms)) {
            fx.dirty(RowKey::Channel(no));
        }
    }

    /// Notes when V is to be stated in a group, or that it is not; whether that is another time
    /// than before.
    pub(crate) fn set_cover_due(&mut self, no: ChannelNo, due_ms: Option<u64>) -> bool {
        let Some(group) = self.channel_mut(no).group_mut() else { return false };
        let before_ms = std::mem::replace(&mut group.cover_due_ms, due_ms);
        if let Some(before_ms) = before_ms {
            self.due.remove(&(before_ms, no));
        }
        self.due.extend(due_ms.map(|due_ms| (due_ms, no)));
        before_ms != due_ms
    }

    /// States V in those of the touched groups where enough events are uncovered.
    pub(crate) fn cover_touched(&mut self, fx: &mut Effects) {
        for no in std::mem::take(&mut fx.touched) {
            let group = self.channels.get(&no).and_then(|channel| channel.group());
            let is_due = group.is_some_and(|group| group.uncovered >= u64::from(COVER_EVENTS));
            if is_due && self.has_authority(no) {
                self.cover(no, fx);
            }
        }
    }

    /// States V for all logs of a group, and closes those that may be closed.
    fn cover(&mut self, no: ChannelNo, fx: &mut Effects) {
        let is_covered = self.channels[&no].group().is_some_and(|group| group.uncovered == 0);
        let stated = match is_covered {
            true => Ok(()),
            false => self.append_control(no, None, &ControlAct::Cover, None, fx),
        };
        let stated = stated.and_then(|()| self.close_ended(no, fx));
        // Where the group takes no record now, its next one covers them, or the next term's; where
        // only the members are asked first, it is tried again.
        let is_for_later = stated == Err(Code::HomeComparing);
        let again_ms = is_for_later.then(|| fx.unix_ms.saturating_add(COVER_AGAIN_MS));
        if self.set_cover_due(no, again_ms) {
            fx.dirty(RowKey::Channel(no));
        }
        if stated.is_ok() {
            // There may be more than one record can close.
            self.close_forked(no, fx);
        }
    }

    /// Nothing that we wrote above where our log was closed would count.
    pub(crate) fn leave_closed(&mut self, no: ChannelNo, fx: &mut Effects) {
        let (origin, writer) = (self.lineage(), self.writer());
        let group = self.channels.get(&no).and_then(Channel::group);
        if group.is_some_and(|group| group.is_closed((origin, writer))) {
            self.leave_writer(LogName::Message { origin, writer }, fx);
        }
    }

    /// Notes what a record that was just placed says of logs before its own, where it is the first
    /// event of that.
    pub(crate) fn note_ended(
        &mut self,
        no: ChannelNo,
        (name, seq): (LogName, u64),
        fx: &mut Effects,
    ) {
        let LogName::Message { origin, .. } = name else { return };
        if seq > 1 {
            return;
        }
        let placed = fx.applied.last().filter(|applied| applied.outcome != Outcome::Void);
        let header = placed.and_then(|applied| EventHeader::decode(&applied.record.header).ok());
        let Some(start) = header.and_then(|header| header.start) else { return };
        let unix_ms = fx.unix_ms;
        let group = self.channel_mut(no).group_mut();
        if group.is_some_and(|group| group.note_ended(origin, &start, unix_ms)) {
            fx.dirty(RowKey::Channel(no));
        }
    }

    /// Closes those logs of a group that have ended long enough ago, and of which all is here.
    fn close_ended(&mut self, no: ChannelNo, fx: &mut Effects) -> Result<(), Code> {
        let channel = &self.channels[&no];
        let logs = channel.group().map(|group| closable(channel, group, fx.unix_ms));
        match logs.filter(|logs| !logs.is_empty()) {
            None => Ok(()),
            Some(logs) => {
                let act = ControlAct::CloseLogs(Closing { logs });
                self.append_control(no, None, &act, None, fx)
            }
        }
    }

    /// When `Command::Wake` has something to do, in Unix milliseconds.
    pub fn due_ms(&self) -> Option<u64> {
        let cover = self.due.first().map(|(due_ms, _)| *due_ms);
        cover.into_iter().chain(self.expiry_due_ms()).min()
    }

    pub(crate) fn wake(&mut self, fx: &mut Effects) -> Answer {
        self.expire_due(fx);
        for _ in 0..WAKES_MAX {
            let Some((_, no)) = self.due.first().filter(|(due, _)| *due <= fx.unix_ms).copied()
            else {
                break;
            };
            self.cover(no, fx);
        }
        Answer::Done
    }
}

/// When V is tried to be stated again where we have no authority yet, in milliseconds.
const COVER_AGAIN_MS: u64 = 30_000;

/// Groups that one command brings up to date; the next one goes on.
const WAKES_MAX: usize = 256;
