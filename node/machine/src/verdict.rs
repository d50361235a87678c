//! What an event amounts to as far as it is known: void, rejected or accepted, or that it waits
//! (`docs/protocol/` sections 3.5 and 7.5). It must not place it.

use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::frame::WireLog;
use comity_protocol::id::{AccountId, ControlPoint, LineageId, LogId, WriterId};

use crate::applied::Outcome;
use crate::channel::{Channel, ChannelNo, Kind};
use crate::group::{Group, Place, RightTo, Stated};
use crate::state::State;
use crate::withdraw::right_to;

impl State {
    pub(crate) fn judge_event(
        &self,
        no: ChannelNo,
        (origin, writer): (LineageId, WriterId),
        seq: u64,
        (header, act): (&EventHeader, &EventAct),
        stated: Option<ControlPoint>,
    ) -> Result<Judged, Wait> {
        let channel = &self.channels[&no];
        if !channel.is_begun_by(self.lineage(), seq, header) {
            return Ok(VOID);
        }
        let accepted = Judged { outcome: Outcome::Accepted, verdict: None };
        let author = AccountId { lineage: origin, number: header.sender };
        match &channel.kind {
            Kind::Link { .. } if header.after.is_none() => Ok(accepted),
            Kind::Direct(direct) if header.after.is_none() => {
                let party = direct.of(origin) == Some(author);
                Ok(if party { accepted } else { VOID })
            }
            Kind::Link { .. } | Kind::Direct(_) => Ok(VOID),
            Kind::Group(group) => group.judge_event((origin, writer), seq, (header, act), stated),
        }
    }

    /// The control log of which an event names another record than the one that is here.
    pub(crate) fn contradicted(
        &self,
        no: ChannelNo,
        after: Option<ControlPoint>,
    ) -> Option<WireLog> {
        let (channel, after) = (self.channels.get(&no)?, after?);
        let name = channel.group()?.contradicted(&after)?;
        Some(LogId { channel: channel.id, name }.into())
    }
}

impl Channel {
    /// Whether an event says what its log is of where it is the first one, and only there.
    pub(crate) fn is_begun_by(&self, own: LineageId, seq: u64, header: &EventHeader) -> bool {
        match &header.start {
            Some(start) => seq == 1 && self.is_named_by(own, start),
            None => seq != 1,
        }
    }
}

impl Group {
    /// Judges an event whose log had `stated` a control record before it.
    pub(crate) fn judge_event(
        &self,
        log: (LineageId, WriterId),
        seq: u64,
        (header, act): (&EventHeader, &EventAct),
        stated: Option<ControlPoint>,
    ) -> Result<Judged, Wait> {
        let Some(after) = header.after.or(stated) else { return Ok(VOID) };
        let place = match self.find(&after) {
            Stated::Ahead => return Err(Wait { term: after.term }),
            Stated::At(place) => place,
            Stated::Wrong => return Ok(VOID),
        };
        if stated.is_some_and(|stated| after < stated) {
            return Ok(VOID);
        }
        let Some(right) = right_to(act) else {
            return Ok(Judged { outcome: Outcome::Accepted, verdict: None });
        };
        let author = AccountId { lineage: log.0, number: header.sender };
        if !self.accepts(right, &author, place, log, seq) {
            return Ok(Judged { outcome: Outcome::Rejected, verdict: None });
        }
        Ok(Judged { outcome: Outcome::Accepted, verdict: Some((place, right)) })
    }
}

/// What an event amounts to as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    /// Of an event that a verdict accepted: its `after` and the right that it needs.
    pub(crate) verdict: Option<(Place, RightTo)>,
}

pub(crate) const VOID: Judged = Judged { outcome: Outcome::Void, verdict: None };

/// The event waits for the control log, in a term.
pub(crate) struct Wait {
    pub(crate) term: u64,
}
