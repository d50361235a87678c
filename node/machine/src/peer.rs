//! A peer's batch: each range is proven whole against its log's chain, then its records are judged
//! one by one (`docs/protocol/` sections 3 and 7). Signatures were verified before the batch came
//! to the journal.

use comity_protocol::body::WireBody;
use comity_protocol::cbor::ByteString;
use comity_protocol::chain::ChainEnd;
use comity_protocol::checkpoint::Checkpoint;
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, RequestProof};
use comity_protocol::event::{Erasure, EventAct, EventHeader, Record, Request};
use comity_protocol::frame::{Batch, Frame, Range, Want};
use comity_protocol::hash::Hash;
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, LineageId, LogId, LogName, WriterId,
};
use comity_protocol::limits::AHEAD_MS_MAX;

use crate::annotation::Annotation;
use crate::answer::{Answer, RangeOutcome, RangeReport};
use crate::applied::{Applied, ErasedBy, Outcome};
use crate::channel::{ChannelNo, Kind};
use crate::floor::{Base, NoBase};
use crate::form::{check_version, kept_body};
use crate::group::{ControlState, Judgement, Place, RightTo};
use crate::place::Incoming;
use crate::range::{Proven, Stop, founder_of, prove};
use crate::request::ProvenRequest;
use crate::rows::RowKey;
use crate::state::{Effects, State};
use crate::verdict::Judged;

impl State {
    pub(crate) fn peer_batch(
        &mut self,
        peer: LineageId,
        frame: &[u8],
        cursor: Option<&ByteString>,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        if !self.peers.contains_key(&peer) {
            return Err(Code::PeerNotMember);
        }
        let Ok(Frame::Batch(batch)) = Frame::decode(frame) else {
            return Err(Code::FrameMalformed);
        };
        let Batch { checkpoints, ranges, .. } = batch;
        let mut reports = Vec::with_capacity(ranges.len());
        for range in ranges {
            let log = range.log;
            let (placed, refused) = (fx.applied.len(), fx.unheard);
            let taken = self.peer_range(peer, &checkpoints, range, fx);
            let outcome = taken.map_or_else(RangeOutcome::from, |()| RangeOutcome::Applied);
            let is_void = |a: &&Applied| a.outcome == Outcome::Void && a.log == LogId::from(log);
            let void = fx.applied[placed..].iter().filter(is_void).count();
            let void = u32::try_from(void).unwrap_or(u32::MAX);
            let void = void.saturating_add(fx.unheard - refused);
            let contradicts = fx.contradicted.take();
            reports.push(RangeReport { log, outcome, void, contradicts });
        }
        let waits = |r: &RangeReport| {
            !matches!(r.outcome, RangeOutcome::Applied | RangeOutcome::Refused { .. })
        };
        if let (Some(cursor), false) = (cursor, reports.iter().any(waits))
            && let Some(known) = self.peers.get_mut(&peer)
        {
            known.cursor = Some(cursor.clone());
            fx.dirty(RowKey::Peer(peer));
        }
        Ok(Answer::Ranges(reports))
    }

    fn peer_range(
        &mut self,
        peer: LineageId,
        checkpoints: &[ByteString],
        mut range: Range,
        fx: &mut Effects,
    ) -> Result<(), Stop> {
        let log = LogId::from(range.log);
        let first = range.first;
        let refuse = |code| Stop::Refused { from: first, code };
        let checkpoint = checkpoints.get(usize::from(range.checkpoint));
        let claim = checkpoint.and_then(|bytes| Checkpoint::claim(bytes).ok());
        let claim = claim.ok_or(refuse(Code::CheckpointForged))?;
        let Some((origin, key)) = self.origin_key(peer, &range, claim.key) else {
            return Err(refuse(Code::LogUnknown));
        };
        // What a log had stated below a floor is its origin's to say, and nobody else's.
        range.start = range.start.filter(|_| origin == peer);
        // The signature was verified when the batch arrived; who the origin is may have been learnt
        // since.
        if claim.lineage != origin || claim.key != key.id() {
            return Err(refuse(Code::CheckpointForged));
        }
        let no = match self.channel(&log.channel) {
            Some((no, _)) => no,
            None => match log.name {
                LogName::Message { origin, .. } => {
                    return self.take_opening(peer, origin, &log, checkpoints, range, fx);
                }
                LogName::Control { .. } => {
                    return self.take_genesis(peer, &log, checkpoints, range, fx);
                }
            },
        };
        self.check_right(peer, no, &log).map_err(|code| match code {
            Code::LogHeld => self.held(no, first, ahead(&log)),
            code => refuse(code),
        })?;
        let known = self.channels[&no].logs.get(&log.name);
        let base = match known.map(|known| known.base_of(&log, &range)) {
            None => Base { end: ChainEnd::default(), shown: None },
            Some(Ok(base)) => base,
            Some(Err(NoBase::Below)) => return Ok(()),
            Some(Err(NoBase::Gap { from })) => return Err(Stop::Gap { from }),
            Some(Err(NoBase::Refused(code))) => return Err(refuse(code)),
        };
        let Some(mut proven) = prove(&log, base.end.clone(), checkpoints, range)? else {
            return Ok(());
        };
        let takes = known.map_or(usize::MAX, |log| log.takes(proven.first));
        if takes == 0 {
            return Err(Stop::Refused { from: proven.first, code: Code::LogForked });
        }
        let is_cut = proven.records.len() > takes;
        proven.records.truncate(takes);
        let beyond = proven.first.saturating_add(takes as u64);
        if let Some(shown) = base.shown {
            // Ours would be carried along by a time far ahead.
            if shown.time.unix_ms() > fx.unix_ms.saturating_add(AHEAD_MS_MAX) {
                return Err(Stop::Early { from: first });
            }
            self.log_mut(no, log.name).go_on_from(base);
            let channel = self.channel_mut(no);
            channel.newest = channel.newest.max(shown.time);
            fx.dirty(RowKey::Log(no, log.name));
        }
        self.take_range(peer, no, proven, fx)?;
        let cut = Stop::Refused { from: beyond, code: Code::LogForked };
        if is_cut { Err(cut) } else { Ok(()) }
    }

    /// Whether `peer` may show us this log in this channel.
    fn check_right(&self, peer: LineageId, no: ChannelNo, log: &LogId) -> Result<(), Code> {
        let channel = &self.channels[&no];
        // The other side shows its own logs, and gives back what we have lost of ours.
        let is_of_two = |origin| origin == peer || origin == self.lineage();
        match (&channel.kind, log.name) {
            (Kind::Link { peer: other }, LogName::Message { origin, .. }) => {
                let is_party = *other == peer && is_of_two(origin);
                if is_party { Ok(()) } else { Err(Code::LogUnknown) }
            }
            (Kind::Direct(direct), LogName::Message { origin, .. }) => {
                let is_party = direct.of(peer).is_some() && is_of_two(origin);
                if is_party { Ok(()) } else { Err(Code::LogUnknown) }
            }
            (Kind::Group(group), LogName::Control { .. }) => match group.knows_log(log.name) {
                // Its home's heads prove it, whoever shows it.
                Some(true) => Ok(()),
                Some(false) => Err(Code::LogUnknown),
                // A term that begins after what is known here waits for its base.
                None => Err(Code::LogHeld),
            },
            (Kind::Group(group), LogName::Message { .. }) => {
                // The home knows all its members; others may hear of one before its admission.
                let is_home = group.state.home == self.lineage();
                match group.state.organisations.contains_key(&peer) {
                    true => Ok(()),
                    false if is_home => Err(Code::PeerNotMember),
                    false => Err(Code::LogHeld),
                }
            }
            (_, LogName::Control { .. }) => Err(Code::LogUnknown),
        }
    }

    /// Takes the log whose first event names a direct channel that is not open here yet.
    fn take_opening(
        &mut self,
        peer: LineageId,
        origin: LineageId,
        log: &LogId,
        checkpoints: &[ByteString],
        range: Range,
        fx: &mut Effects,
    ) -> Result<(), Stop> {
        let refuse = |code| Stop::Refused { from: 1, code };
        if origin != peer {
            return Err(refuse(Code::LogUnknown));
        }
        // Another member may write before the home's control log has reached us.
        if self.awaits(&log.channel) {
            return Err(Stop::held(range.first));
        }
        if range.first > 1 {
            return Err(Stop::Gap { from: 1 });
        }
        let opening = self.opening(origin, log, &range).map_err(refuse)?;
        let Some(proven) = prove(log, ChainEnd::default(), checkpoints, range)? else {
            return Ok(());
        };
        let pos = comity_protocol::cursor::Pos::new(fx.command, 0);
        let no = self.add_direct(opening.accounts, opening.labels, pos, fx);
        self.take_range(peer, no, proven, fx)
    }

    /// Takes the control log of a group that one of ours accepted an invitation to. Any term may be
    /// shown first; all are taken from the first on.
    fn take_genesis(
        &mut self,
        peer: LineageId,
        log: &LogId,
        checkpoints: &[ByteString],
        range: Range,
        fx: &mut Effects,
    ) -> Result<(), Stop> {
        if range.first > 1 {
            return Err(Stop::Gap { from: 1 });
        }
        let refuse = |code| Stop::Refused { from: 1, code };
        let LogName::Control { home, term } = log.name else {
            return Err(refuse(Code::LogUnknown));
        };
        // The genesis names the channel and its home's key: it proves itself, whoever shows it.
        if !self.awaits(&log.channel) {
            return Err(refuse(Code::LogUnknown));
        }
        if term > 1 {
            let founder = founder_of(&range).ok_or(refuse(Code::LogUnknown))?;
            let name = LogName::Control { home: founder, term: 1 };
            let log = LogId { channel: log.channel, name }.into();
            let awaits = Box::new([Some(Want { log, from: 1 }), None]);
            return Err(Stop::Held { from: 1, awaits });
        }
        let Some(mut proven) = prove(log, ChainEnd::default(), checkpoints, range)? else {
            return Ok(());
        };
        let record = proven.records.remove(0);
        proven.steps.remove(0);
        proven.first = 2;
        let header = ControlHeader::decode(&record.header).map_err(|_| refuse(Code::LogUnknown))?;
        let Ok(ControlAct::Genesis(genesis)) = header.act() else {
            return Err(refuse(Code::LogUnknown));
        };
        let state = ControlState::genesis(&genesis).ok_or(refuse(Code::LogUnknown))?;
        let is_bare = header.cover.is_none() && header.state.is_none() && header.request.is_none();
        let sound = is_bare && header.actor == Some(genesis.owner) && state.home == home;
        if !sound || ChannelId(record.inner().0) != log.channel {
            return Err(refuse(Code::LogUnknown));
        }
        let no = self.place_genesis(log.channel, state, record, &header, &genesis, fx);
        self.take_range(peer, no, proven, fx)
    }

    fn take_range(
        &mut self,
        peer: LineageId,
        no: ChannelNo,
        mut proven: Proven,
        fx: &mut Effects,
    ) -> Result<(), Stop> {
        let name = proven.log.name;
        if let LogName::Message { origin, .. } = name
            && proven.first == 1
            && origin != self.lineage()
            && !self.channels[&no].takes_writer(origin, fx.unix_ms)
        {
            return Err(Stop::Crowded { from: 1 });
        }
        let mut requests = Vec::new();
        let taken = self.take_records(peer, no, &mut proven, &mut requests, fx);
        let log = self.channel_mut(no).logs.get_mut(&name);
        if log.is_some_and(|log| log.keep_head(proven)) {
            fx.dirty(RowKey::Log(no, name));
        }
        // What was placed before a record that waits is not shown again: it is answered now.
        for request in requests {
            self.answer_request(request, fx);
        }
        if matches!(name, LogName::Control { home, .. } if home == self.lineage()) {
            self.go_on(fx);
        }
        taken
    }

    fn take_records(
        &mut self,
        peer: LineageId,
        no: ChannelNo,
        proven: &mut Proven,
        requests: &mut Vec<ProvenRequest>,
        fx: &mut Effects,
    ) -> Result<(), Stop> {
        let (log, first) = (proven.log, proven.first);
        let records = std::mem::take(&mut proven.records);
        for (seq, record) in (first..).zip(records) {
            match log.name {
                LogName::Control { .. } => self.take_control(no, log.name, seq, record, fx)?,
                LogName::Message { origin, writer } => {
                    let taken = self.take_event(peer, no, (origin, writer), seq, record, fx)?;
                    if let Some((actor, request, header, body_hash)) = taken {
                        let links = proven.links_to(seq);
                        let head = proven.head.clone();
                        let proof = RequestProof {
                            channel: log.channel,
                            writer,
                            seq,
                            header,
                            body_hash,
                            links,
                            head,
                        };
                        requests.push(ProvenRequest { actor, request, proof });
                    }
                }
            }
        }
        Ok(())
    }

    fn take_control(
        &mut self,
        no: ChannelNo,
        name: LogName,
        seq: u64,
        mut record: Record,
        fx: &mut Effects,
    ) -> Result<(), Stop> {
        record.body = kept_body(None, record.body);
        let channel = &self.channels[&no];
        let Some(group) = channel.group() else { return Ok(()) };
        let last = channel.logs.get(&name).map_or(HybridTime::default(), |log| log.time);
        let decoded = ControlHeader::decode(&record.header)
            .and_then(|header| header.act().map(|act| (header, act)))
            .ok()
            .filter(|(header, _)| header.time > last);
        if seq == 1 && group.opens(name) {
            return self.take_term(no, name, record, decoded, fx);
        }
        if group.control_log() != name || group.state.nominee.is_some() {
            // Of a term that is over nothing counts any more, and a handover is its last record:
            // the next term goes on from there, whatever the old home goes on to say.
            self.place_void(no, name, last, record, fx);
            return Ok(());
        }
        match decoded {
            Some((header, act)) => {
                let judgement = group.judge(channel.id, seq, &header, &act);
                if judgement == Judgement::UnknownCritical {
                    self.hold_group(no, fx);
                    return Err(Stop::Newer { from: seq });
                }
                self.place_control(no, name, record, &header, &act, judgement, fx);
            }
            None => {
                let header = void_header(last);
                let act = ControlAct::Cover;
                let judgement = Judgement::Void(Code::Malformed);
                self.place_control(no, name, record, &header, &act, judgement, fx);
            }
        }
        Ok(())
    }

    /// What waits for records of the control log that are not here yet.
    fn held(&self, no: ChannelNo, from: u64, term: u64) -> Stop {
        let channel = &self.channels[&no];
        let Some(group) = channel.group() else { return Stop::held(from) };
        let want = |name, from| Want { log: LogId { channel: channel.id, name }.into(), from };
        let (next, first) = group.next_control();
        // What is of a later term may wait for one that was opened without a handover.
        let is_later = term > group.point.term && group.state.nominee.is_none();
        let opening = is_later.then(|| want(group.forced_log(), 1));
        Stop::Held { from, awaits: Box::new([Some(want(next, first)), opening]) }
    }

    /// Nothing is sent to a group whose control log says what this version does not understand.
    fn hold_group(&mut self, no: ChannelNo, fx: &mut Effects) {
        if let Kind::Group(group) = &mut self.channel_mut(no).kind {
            group.read_only = true;
        }
        fx.dirty(RowKey::Channel(no));
    }

    /// Judges an event and places it. A request comes back with what its proof needs.
    fn take_event(
        &mut self,
        peer: LineageId,
        no: ChannelNo,
        (origin, writer): (LineageId, WriterId),
        seq: u64,
        mut record: Record,
        fx: &mut Effects,
    ) -> Result<Option<TakenRequest>, Stop> {
        let name = LogName::Message { origin, writer };
        let log = self.channels[&no].logs.get(&name);
        let (last, stated) = log.map_or_else(Default::default, |log| (log.time, log.after));
        let header = EventHeader::decode(&record.header).ok();
        let act = header.as_ref().and_then(|header| header.act().ok());
        record.body = keep_body(act.as_ref(), record.body, fx);
        let (Some(header), Some(act)) = (header, act) else {
            self.place_void(no, name, last, record, fx);
            return Ok(None);
        };
        let of_two = self.channels[&no].group().is_none();
        if let Some(start) = header.start.as_ref().filter(|_| of_two) {
            check_version(start).map_err(|code| Stop::Refused { from: seq, code })?;
        }
        if header.time.unix_ms() > fx.unix_ms.saturating_add(AHEAD_MS_MAX) {
            return Err(Stop::Early { from: seq });
        }
        let judged = self.judge_event(no, (origin, writer), seq, (&header, &act), stated);
        let Judged { outcome, verdict } = judged.map_err(|wait| self.held(no, seq, wait.term))?;
        if outcome == Outcome::Void || header.time <= last {
            fx.contradicted = fx.contradicted.or_else(|| self.contradicted(no, header.after));
            self.place_void(no, name, last, record, fx);
            return Ok(None);
        }
        let outcome = known_outcome(&act, outcome);
        let sender = AccountId { lineage: origin, number: header.sender };
        // In a link channel the peer speaks for itself alone; what we said there before we lost it
        // is told to nobody again.
        let is_ours = origin == self.lineage();
        let from = AccountId { lineage: peer, number: header.sender };
        let inbox = if is_ours { Vec::new() } else { self.take_news(from, no, &act, fx) };
        let (kept, body_hash) = (record.header.clone(), record.body.hash());
        let deaf = self.take_unheard(no, sender, (&act, outcome), &mut record);
        let incoming = Incoming {
            channel: no,
            name,
            record,
            time: header.time,
            sender: Some(sender),
            outcome,
            fed: is_ours,
            message: matches!(act, EventAct::Message(_)),
            annotation: Annotation::of(&act),
            inbox,
            deaf,
        };
        let (_, pos) = self.place(incoming, fx);
        self.mind_placed(no, (name, seq), &act, fx);
        self.note_stated(no, (origin, writer), seq, (&header, verdict));
        if outcome != Outcome::Accepted {
            return Ok(None);
        }
        Ok(match act {
            EventAct::Request(of) if !is_ours => Some((sender, of, kept, body_hash)),
            EventAct::Erasure(erasure) => {
                self.take_erasure(no, origin, &erasure, pos, fx);
                None
            }
            _ => None,
        })
    }

    /// The account of ours that does not hear an event, whose text is then not kept.
    fn take_unheard(
        &self,
        no: ChannelNo,
        sender: AccountId,
        (act, outcome): (&EventAct, Outcome),
        record: &mut Record,
    ) -> Option<AccountNumber> {
        let deaf = self.deaf(no, sender, act).filter(|_| outcome == Outcome::Accepted)?;
        if matches!(act, EventAct::Edit(_) | EventAct::Message(_)) {
            record.body = WireBody::Absent(record.body.hash());
        }
        Some(deaf)
    }

    /// Requests are for the home; their outcome shows as a control record. What was erased before
    /// it came is answered now.
    fn mind_placed(
        &mut self,
        no: ChannelNo,
        (name, seq): (LogName, u64),
        act: &EventAct,
        fx: &mut Effects,
    ) {
        self.note_mentions(no, act, fx);
        self.mind_report(no, act, fx);
        let Some(applied) = fx.applied.last_mut() else { return };
        if matches!(act, EventAct::Request(_)) {
            applied.audience = std::sync::Arc::from([]);
        }
        if applied.erased == Some(ErasedBy::Record) {
            let hash = applied.hash.into();
            self.send_receipt(no, (name, seq, hash), fx);
        }
    }

    /// Notes what an event states, and what a later control record may say of it.
    fn note_stated(
        &mut self,
        no: ChannelNo,
        (origin, writer): (LineageId, WriterId),
        seq: u64,
        (header, verdict): (&EventHeader, Option<(Place, RightTo)>),
    ) {
        if header.after.is_some() {
            let log = self.log_mut(no, LogName::Message { origin, writer });
            (log.after, log.after_seq) = (header.after, seq);
        }
        if let Some(stated) = verdict {
            self.note_uncovered(no, (origin, writer), header.sender, stated, seq);
        }
    }

    /// What the link channel says to accounts of ours; those who are to see it.
    fn take_news(
        &mut self,
        sender: AccountId,
        no: ChannelNo,
        act: &EventAct,
        fx: &mut Effects,
    ) -> Vec<AccountNumber> {
        let peer = sender.lineage;
        let in_link = matches!(self.channels[&no].kind, Kind::Link { .. });
        match act {
            EventAct::Contact(step) if in_link => self.hear_step(sender, step, fx),
            EventAct::Invitation(invitation) => self.take_invitation(peer, no, invitation, fx),
            EventAct::RequestRefused(refused) => self.take_refusal(peer, no, refused, fx),
            EventAct::Erasure(Erasure { channel: Some(group), .. }) if in_link => {
                self.readers_of(group)
            }
            EventAct::Erased(erasure) if in_link => {
                self.take_receipt(peer, erasure, fx);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn place_void(
        &mut self,
        no: ChannelNo,
        name: LogName,
        time: HybridTime,
        record: Record,
        fx: &mut Effects,
    ) {
        let incoming = Incoming {
            channel: no,
            name,
            record,
            time,
            sender: None,
            outcome: Outcome::Void,
            fed: false,
            message: false,
            annotation: None,
            inbox: Vec::new(),
            deaf: None,
        };
        self.place(incoming, fx);
    }
}

/// What an event that counts amounts to: nothing where its kind is not known.
fn known_outcome(act: &EventAct, outcome: Outcome) -> Outcome {
    if matches!(act, EventAct::Unknown(_)) { Outcome::Unknown } else { outcome }
}

/// The latest term that what waits may be of.
fn ahead(log: &LogId) -> u64 {
    match log.name {
        LogName::Control { term, .. } => term,
        LogName::Message { .. } => u64::MAX,
    }
}

/// A request with what its proof needs: who, what, the header's bytes and the body's hash.
type TakenRequest = (AccountId, Request, ByteString, Hash);

/// The body of an event as it is kept; one that is not is counted. An event that says nothing that
/// can be read is void anyway, and is counted as that.
fn keep_body(act: Option<&EventAct>, body: WireBody, fx: &mut Effects) -> WireBody {
    let was_present = matches!(body, WireBody::Present(_));
    let kept = kept_body(act, body);
    let is_refused = was_present && matches!(kept, WireBody::Absent(_)) && act.is_some();
    fx.unheard += u32::from(is_refused);
    kept
}

/// Stands for a header that cannot be read.
fn void_header(time: HybridTime) -> ControlHeader {
    ControlHeader {
        time,
        kind: 0,
        actor: None,
        args: None,
        cover: None,
        state: None,
        request: None,
    }
}
