//! Terms of a group's control log: the opening of the next one after a handover, made here or
//! received (`docs/protocol/` section 7.7). It must not judge an opening; the group does.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{ControlAct, ControlHeader, Opening, Target};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, Record, Request};
use comity_protocol::id::{AccountNumber, LineageId, LogName};
use comity_protocol::limits::COVER_ENTRIES_MAX;

use crate::account::Standing;
use crate::append::Incoming;
use crate::applied::Outcome;
use crate::channel::ChannelNo;
use crate::cover::cover_for;
use crate::rows::RowKey;
use crate::state::{Effects, State};

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
        self.place_opening(no, name, record, &header, &opening, fx);
    }

    /// Places the opening of a term, made here or received, and lets its writer be home.
    pub(crate) fn place_opening(
        &mut self,
        no: ChannelNo,
        name: LogName,
        record: Record,
        header: &ControlHeader,
        opening: &Opening,
        fx: &mut Effects,
    ) {
        let LogName::Control { home, .. } = name else { return };
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
            inbox: Vec::new(),
        };
        let (_, pos) = self.place(incoming, fx);
        let hash = self.log_mut(no, name).end.hash();
        if let Some(group) = self.channel_mut(no).group_mut() {
            group.open(home, hash, header, opening);
        }
        fx.dirty(RowKey::Channel(no));
        self.rejudge(no, header, &ControlAct::Open(*opening), pos, fx);
        for lineage in before.into_iter().chain([home]) {
            self.sync_home(no, lineage, pos, fx);
        }
        self.refresh_lacking(no);
        self.ask_again(no, fx);
    }

    /// Whether the channel is shared with an organisation hangs on its members, and on whether it
    /// is home.
    fn sync_home(&mut self, no: ChannelNo, lineage: LineageId, pos: Pos, fx: &mut Effects) {
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
    fn ask_again(&mut self, no: ChannelNo, fx: &mut Effects) {
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
