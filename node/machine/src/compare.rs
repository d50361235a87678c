//! Authority after a start (`docs/protocol/` section 7.7): whoever writes a control log may have
//! lost its end with an older copy of his disk, and asks the members before he goes on. It must not
//! judge requests; it only lets them wait.

use std::collections::BTreeMap;

use comity_protocol::code::Code;
use comity_protocol::control::RequestProof;
use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::{AccountId, ChannelId, LineageId, LogName};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::channel::{Channel, ChannelNo};
use crate::group::{Group, Place};
use crate::request::ProvenRequest;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Who was not heard from for this long, while others were, is not waited for.
const HEARD_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// Requests that wait for authority in one group; one beyond is refused.
const DEFERRED_MAX: usize = 256;

impl Group {
    /// Whether a member holds more of what we wrote than we do.
    fn is_behind(&self, member: &LineageId) -> bool {
        let here = (self.point.term, self.point.seq);
        self.ahead.get(member).is_some_and(|ahead| *ahead > here)
    }
}

/// A control log of ours of which a peer holds more than we do, or something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ahead {
    /// The group.
    #[n(0)]
    pub channel: ChannelId,
    /// The term.
    #[n(1)]
    pub term: u64,
    /// The newest record that it states; `u64::MAX` where one that we hold has another hash there.
    #[n(2)]
    pub seq: u64,
}

impl State {
    /// The command that began the present run; 0 before the first.
    fn run_command(&self) -> u64 {
        self.run().map_or(0, |start| start.command)
    }

    /// Whether we, who are home of a group or named to be, may append to its control log in this
    /// run: more than half of the other organisations that were heard from lately hold no more of
    /// it than we do.
    pub fn has_authority(&self, no: ChannelNo) -> bool {
        let Some(group) = self.channels.get(&no).and_then(Channel::group) else { return false };
        if group.authority == self.run_command() {
            return true;
        }
        let (mut heard, mut agree) = (0_usize, 0_usize);
        for (_, agrees) in self.heard_members(group) {
            heard += 1;
            agree += usize::from(agrees);
        }
        heard == 0 || agree * 2 > heard
    }

    /// Groups of which we may append to the control log once more members have compared theirs,
    /// with the members that have not, or hold more of it than we do.
    pub fn comparing(&self) -> impl Iterator<Item = (&Channel, Vec<LineageId>)> {
        let own = self.lineage();
        let ours =
            move |group: &&Group| group.state.home == own || group.state.nominee == Some(own);
        self.channels.iter().filter_map(move |(no, channel)| {
            let group = channel.group().filter(ours).filter(|_| !self.has_authority(*no))?;
            let awaited = self.heard_members(group).filter(|(_, agrees)| !agrees);
            Some((channel, awaited.map(|(member, _)| member).collect()))
        })
    }

    /// The other organisations in a group that were heard from lately, and whether they hold no
    /// more of our control log than we do.
    fn heard_members(&self, group: &Group) -> impl Iterator<Item = (LineageId, bool)> {
        let (run, own) = (self.run_command(), self.lineage());
        let others =
            group.state.organisations.keys().filter(move |o| **o != own && group.follows(**o));
        others.filter_map(move |other| {
            let peer = self.peers.get(other).filter(|peer| peer.heard_unix_ms > 0)?;
            let is_late = peer.heard_unix_ms.saturating_add(HEARD_MS) < self.heard_unix_ms;
            (!is_late).then(|| (*other, peer.compared == run && !group.is_behind(other)))
        })
    }

    /// We have appended to a group's control log: in this run that is settled.
    pub(crate) fn settle_authority(&mut self, no: ChannelNo) {
        let run = self.run_command();
        if let Some(group) = self.channel_mut(no).group_mut() {
            group.authority = run;
        }
    }

    /// A peer has stated all its heads.
    pub(crate) fn compare(
        &mut self,
        peer: LineageId,
        ahead: &[Ahead],
        is_writer_ahead: bool,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if is_writer_ahead {
            // Another copy of us has written there: we would write a second history.
            let name = LogName::Message { origin: self.lineage(), writer: self.writer() };
            self.leave_writer(name, fx);
        }
        let run = self.run_command();
        let known = self.peers.get_mut(&peer).ok_or(Code::PeerNotMember)?;
        known.heard_unix_ms = known.heard_unix_ms.max(fx.unix_ms);
        known.compared = run;
        self.heard_unix_ms = self.heard_unix_ms.max(fx.unix_ms);
        fx.dirty(RowKey::Peer(peer));
        let ahead: BTreeMap<ChannelId, Place> =
            ahead.iter().map(|ahead| (ahead.channel, (ahead.term, ahead.seq))).collect();
        for (no, channel) in &mut self.channels {
            let now = ahead.get(&channel.id).copied();
            let Some(group) = channel.group_mut() else { continue };
            let before = match now {
                Some(place) => group.ahead.insert(peer, place),
                None => group.ahead.remove(&peer),
            };
            if before != now {
                fx.dirty(RowKey::Channel(*no));
            }
        }
        self.go_on(fx);
        Ok(Answer::Done)
    }

    /// The admin says that nobody holds more of a group's control log than we do.
    pub(crate) fn force_authority(
        &mut self,
        channel: &ChannelId,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let (no, known) = self.channel(channel).ok_or(Code::ChannelNotFound)?;
        let group = known.group().ok_or(Code::NotAGroup)?;
        let own = self.lineage();
        if group.state.home != own && group.state.nominee != Some(own) {
            return Err(Code::NotAllowed);
        }
        self.settle_authority(no);
        fx.dirty(RowKey::Channel(no));
        self.go_on(fx);
        Ok(Answer::Done)
    }

    /// Lets a request wait until we may answer it.
    pub(crate) fn defer(
        &mut self,
        no: ChannelNo,
        of: LineageId,
        proof: RequestProof,
        fx: &mut Effects,
    ) -> Result<(), Code> {
        let Some(group) = self.channel_mut(no).group_mut() else { return Ok(()) };
        if group.deferred.len() >= DEFERRED_MAX {
            return Err(Code::HomeComparing);
        }
        group.deferred.push((of, proof));
        self.waiting.insert(no);
        fx.dirty(RowKey::Channel(no));
        Ok(())
    }

    /// Does what has waited for authority, in those groups where we have it now.
    pub(crate) fn go_on(&mut self, fx: &mut Effects) {
        let ready: Vec<ChannelNo> =
            self.waiting.iter().copied().filter(|no| self.has_authority(*no)).collect();
        for no in ready {
            self.waiting.remove(&no);
            let own = self.lineage();
            let Some(group) = self.channel_mut(no).group_mut() else { continue };
            let deferred = std::mem::take(&mut group.deferred);
            if group.state.nominee == Some(own) {
                self.append_opening(no, fx);
            }
            for (of, proof) in deferred {
                if let Some(asked) = ProvenRequest::read(of, proof) {
                    self.answer_request(asked, fx);
                }
            }
            fx.dirty(RowKey::Channel(no));
        }
    }

    /// Derives whether something waits in a group, after it was loaded.
    pub(crate) fn refresh_waiting(&mut self, no: ChannelNo) {
        let own = self.lineage();
        let group = self.channels.get(&no).and_then(Channel::group);
        let waits = |group: &Group| group.state.nominee == Some(own) || !group.deferred.is_empty();
        if group.is_some_and(waits) {
            self.waiting.insert(no);
        }
    }
}

impl ProvenRequest {
    /// The request that a proof shows; it was read before it was kept.
    fn read(of: LineageId, proof: RequestProof) -> Option<Self> {
        let header = EventHeader::decode(&proof.header).ok()?;
        let EventAct::Request(request) = header.act().ok()? else { return None };
        let actor = AccountId { lineage: of, number: header.sender };
        Some(Self { actor, request, proof })
    }
}
