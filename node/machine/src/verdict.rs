//! What an event amounts to as far as it is known: void, rejected or accepted, or that it waits
//! (`docs/protocol/` sections 3.5 and 7.5). It must not place it.

use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::{AccountId, ControlPoint, LineageId, WriterId};

use crate::applied::Outcome;
use crate::channel::{ChannelNo, Kind};
use crate::group::{Place, RightTo, Stated};
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
        let starts_well = match &header.start {
            Some(start) => seq == 1 && channel.is_named_by(self.lineage(), start),
            None => seq != 1,
        };
        if !starts_well {
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
            Kind::Group(group) => {
                let Some(after) = header.after.or(stated) else { return Ok(VOID) };
                let place = match group.find(&after) {
                    Stated::Ahead => return Err(Wait),
                    Stated::At(place) => place,
                    Stated::Wrong => return Ok(VOID),
                };
                if stated.is_some_and(|stated| after < stated) {
                    return Ok(VOID);
                }
                let Some(right) = right_to(act) else {
                    return Ok(Judged { outcome: Outcome::Accepted, verdict: None });
                };
                let accepted = group.accepts(right, &author, place, (origin, writer), seq);
                if !accepted {
                    return Ok(Judged { outcome: Outcome::Rejected, verdict: None });
                }
                Ok(Judged { outcome: Outcome::Accepted, verdict: Some((place, right)) })
            }
        }
    }
}

/// What an event amounts to as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    /// Of an event that a verdict accepted: its `after` and the right that it needs.
    pub(crate) verdict: Option<(Place, RightTo)>,
}

const VOID: Judged = Judged { outcome: Outcome::Void, verdict: None };

/// The event waits for the control log.
pub(crate) struct Wait;
