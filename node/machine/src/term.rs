//! Terms of a group's control log: the opening of the next one after a handover, made here or
//! received (`docs/protocol/` section 7.7). It must not judge an opening; the group does.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, Opening, Target};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, Record, Request};
use comity_protocol::frame::Want;
use comity_protocol::id::{AccountNumber, ControlPoint, LineageId, LogId, LogName};
use comity_protocol::limits::COVER_ENTRIES_MAX;

use crate::account::Standing;
use crate::applied::Outcome;
use crate::channel::{Channel, ChannelNo};
use crate::cover::cover_for;
use crate::place::Incoming;
use crate::range::Stop;
use crate::reopen::NewTerm;
use crate::rewind::Rewind;
use crate::rows::RowKey;
use crate::state::{Effects, State};

impl Channel {
    /// Whether no record of this group can be the one that an opening goes on from: another one is
    /// here in its place.
    fn disproves(&self, base: &ControlPoint) -> bool {
        let Some(at) = base.seq.checked_sub(1) else { return true };
        let term = self.group().and_then(|group| group.terms.get(&base.term));
        // A term that was opened by force may still come to be opened by a nominee.
        let hashes = term.filter(|term| !term.forced).map(|term| &term.hashes);
        let held = hashes.and_then(|hashes| hashes.get(usize::try_from(at).ok()?));
        held.is_some_and(|hash| *hash != base.hash)
    }

    /// Whether the record that an opening goes back to may be here; what waits for it, where not.
    fn check_base(&self, base: &ControlPoint) -> Result<(), Stop> {
        let name = self.group().and_then(|group| group.control_log_of(base.term));
        let Some(name) = name else { return Err(Stop::held(1)) };
        let end = self.logs.get(&name).map_or(0, |log| log.end.seq());
        let log = LogId { channel: self.id, name }.into();
        let awaits = Box::new([Some(Want { log, from: end + 1 }), None]);
        if end < base.seq { Err(Stop::Held { from: 1, awaits }) } else { Ok(()) }
    }
}

impl State {
    /// Opens the next term of a group that was handed over to us.
    pub(crate) fn append_opening(&mut self, no: ChannelNo, fx: &mut Effects) {
        let channel = &self.channels[&no];
        let Some(group) = channel.group() else { return };
        let Some(name) = group.next_log() else { return };
        let last = channel.logs.get(&group.control_log());
        let last = last.map_or(HybridTime::default(), |log| log.time);
        let Some(founder) = group.terms.get(&1).map(|term| term.home) else { return };
        let opening = Opening { base: group.point, forced: false, founder };
        let act = ControlAct::Open(opening);
        let mut cover = cover_for(channel, group, &act);
        cover.truncate(COVER_ENTRIES_MAX);
        let header = ControlHeader {
            time: HybridTime::stamp(fx.unix_ms, last, channel.newest),
            kind: act.kind(),
            actor: None,
            args: act.args(),
            cover: (!cover.is_empty()).then_some(cover),
            state: Some(group.state.hash()),
            request: None,
        };
        let body = WireBody::Present(Body::empty(fx.draw()));
        let record = Record { header: cbor::encode(&header).into(), body };
        self.settle_authority(no);
        self.place_opening(no, NewTerm { name, record, header, opening }, fx);
        self.ask_again(no, fx);
    }

    /// A term begins with an opening that holds, or not at all. One that goes on from the newest
    /// record is taken at once, any other with what the group was just after its base.
    pub(crate) fn take_term(
        &mut self,
        no: ChannelNo,
        name: LogName,
        record: Record,
        decoded: Option<(ControlHeader, ControlAct)>,
        fx: &mut Effects,
    ) -> Result<(), Stop> {
        let refuse = |code| Stop::Refused { from: 1, code };
        let (LogName::Control { home, term }, Some((header, ControlAct::Open(opening)))) =
            (name, decoded)
        else {
            return Err(refuse(Code::LogUnknown));
        };
        let channel = &self.channels[&no];
        let Some(group) = channel.group() else { return Ok(()) };
        // Of several openings of one term a nominee's counts before a forced one.
        let is_late = group.terms.get(&term).is_some_and(|known| !known.forced || opening.forced);
        if is_late || opening.base.term + 1 != term {
            return Err(refuse(Code::LogUnknown));
        }
        let new = NewTerm { name, record, header, opening };
        if opening.base == group.point {
            group.judge_opening(home, &new.header, &opening).map_err(refuse)?;
            self.take_opened(no, new, fx);
            return Ok(());
        }
        if channel.disproves(&opening.base) {
            return Err(refuse(Code::Malformed));
        }
        channel.check_base(&opening.base)?;
        let is_of = |made: &&Rewind| made.channel == channel.id && made.group.point == opening.base;
        let rewind = fx.rewinds.iter().find(is_of).cloned();
        let rewind = rewind.ok_or(Stop::Rewind { base: opening.base })?;
        // What the group was at the base stays so, whatever came since.
        rewind.group.judge_opening(home, &new.header, &opening).map_err(refuse)?;
        if !channel.fits(&rewind) {
            return Err(Stop::Rewind { base: opening.base });
        }
        self.go_back(no, Some(&rewind), new, fx);
        Ok(())
    }

    /// What the home has answered of our requests is not known where it had a loss.
    fn take_opened(&mut self, no: ChannelNo, new: NewTerm, fx: &mut Effects) {
        if new.opening.forced {
            return self.go_back(no, None, new, fx);
        }
        self.place_opening(no, new, fx);
        self.ask_again(no, fx);
    }

    /// Places the opening of a term, made here or received, and lets its writer be home.
    pub(crate) fn place_opening(&mut self, no: ChannelNo, term: NewTerm, fx: &mut Effects) -> Pos {
        let NewTerm { name, record, header, opening } = term;
        let home = name.origin();
        let before = self.channels[&no].group().map(|group| group.state.home);
        let incoming = Incoming {
            channel: no,
            name,
            record,
            time: header.time,
            sender: None,
            outcome: Outcome::Accepted,
            fed: home == self.lineage(),
            message: false,
            annotation: None,
            inbox: Vec::new(),
            deaf: None,
        };
        let (_, pos) = self.place(incoming, fx);
        let hash = self.log_mut(no, name).end.hash();
        if let Some(group) = self.channel_mut(no).group_mut() {
            group.open(home, hash, &header, &opening);
        }
        fx.dirty(RowKey::Channel(no));
        self.rejudge(no, &header, &ControlAct::Open(opening), pos, fx);
        for lineage in before.into_iter().chain([home]) {
            self.sync_home(no, lineage, pos, fx);
        }
        self.refresh_lacking(no);
        self.close_forked(no, fx);
        pos
    }

    /// Whether the channel is shared with an organisation hangs on its members, and on whether it
    /// is home.
    pub(crate) fn sync_home(
        &mut self,
        no: ChannelNo,
        lineage: LineageId,
        pos: Pos,
        fx: &mut Effects,
    ) {
        let Some(group) = self.channels[&no].group() else { return };
        if lineage == self.lineage() {
            return;
        }
        if group.state.has_organisation(lineage) || group.state.home == lineage {
            self.share(no, lineage, pos, fx);
        } else if let Some(stay) = self.channel_mut(no).peers.get_mut(&lineage) {
            stay.to = stay.to.or(Some(pos));
            self.refresh_audience(no);
            fx.dirty(RowKey::Channel(no));
        }
    }

    /// The new home has not heard of those who asked the one before to leave.
    pub(crate) fn ask_again(&mut self, no: ChannelNo, fx: &mut Effects) {
        let leaving: Vec<AccountNumber> = self
            .accounts
            .iter()
            .filter(|(_, account)| {
                account.channels.get(&no).is_some_and(|stay| stay.standing == Standing::Leaving)
            })
            .map(|(number, _)| *number)
            .collect();
        for number in leaving {
            let account = self.account_id(number);
            let act = ControlAct::Leave(Target { account });
            if self.is_home(no) {
                // Somebody who is no longer in has left.
                let _ = self.append_control(no, Some(account), &act, None, fx);
            } else if let Some(request) = Request::of(&act) {
                self.append_event(no, number, &EventAct::Request(request), None, fx);
                self.note_request(no, number, fx);
            }
        }
    }
}
