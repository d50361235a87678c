//! Verdicts that change: which accepted events a later control record may still reject, and what it
//! rejects (`docs/protocol/` section 7.5). Of an author's events only their span is kept, never
//! each: while the home is silent a span grows without growing in memory.

use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, EventHeader};
use comity_protocol::id::{AccountId, AccountNumber, LineageId, LogName, WriterId};
use minicbor::{Decode, Encode};

use crate::channel::{ChannelNo, LogNo};
use crate::group::{Place, RightTo};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Accepted events of one author in one log that stated the same `after` and that V does not cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Span {
    /// The control record that they stated.
    #[n(0)]
    pub after: Place,
    /// Which right they need.
    #[n(1)]
    pub right: RightTo,
    /// The first of them.
    #[n(2)]
    pub first: u64,
    /// The last of them.
    #[n(3)]
    pub last: u64,
}

/// Accepted events that are rejected now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The channel.
    pub channel: ChannelNo,
    /// The log.
    pub log: LogNo,
    /// Whose.
    pub author: AccountId,
    /// Those of them that need this right.
    pub right: RightTo,
    /// From this record on.
    pub first: u64,
    /// Up to this one.
    pub last: u64,
    /// The control record that rejects them.
    pub by: Pos,
}

/// The right that an event of a group needs; `None` where no verdict is given on it.
pub fn right_to(act: &EventAct) -> Option<RightTo> {
    match act {
        EventAct::Erasure(_) | EventAct::Request(_) => None,
        EventAct::Edit(_) | EventAct::Message(_) | EventAct::Pin(_) => Some(RightTo::Post),
        EventAct::Contact(_)
        | EventAct::Erased(_)
        | EventAct::Invitation(_)
        | EventAct::Reaction(_)
        | EventAct::Report(_)
        | EventAct::RequestRefused(_)
        | EventAct::Test(_)
        | EventAct::Unknown(_) => Some(RightTo::BeIn),
    }
}

/// The right that an event needs, by its header's bytes.
pub fn right_of(header: &[u8]) -> Option<RightTo> {
    let act = EventHeader::decode(header).ok().and_then(|header| header.act().ok());
    act.as_ref().and_then(right_to)
}

/// Whether a record of this kind may reject what was accepted: it takes a right from somebody, or
/// closes a log.
fn restricts(act: &ControlAct) -> bool {
    matches!(
        act,
        ControlAct::Ban(_)
            | ControlAct::CloseLogs(_)
            | ControlAct::Leave(_)
            | ControlAct::Remove(_)
            | ControlAct::SetArchived(_)
            | ControlAct::SetPosting(_)
            | ControlAct::SetRole(_)
    )
}

/// Adds an event to the spans of its author.
pub(crate) fn note_span(spans: &mut Vec<Span>, (after, right): (Place, RightTo), seq: u64) {
    match spans.iter_mut().find(|span| span.after == after && span.right == right) {
        Some(span) => span.last = span.last.max(seq),
        None => spans.push(Span { after, right, first: seq, last: seq }),
    }
}

impl State {
    /// Notes an event that was accepted and that V does not cover yet. Where we are home there is
    /// nothing to note: what restricts anybody states V for all that is here. Once we have handed
    /// the group over it is the next home's to state.
    pub(crate) fn note_uncovered(
        &mut self,
        no: ChannelNo,
        (origin, writer): (LineageId, WriterId),
        author: AccountNumber,
        (after, right): (Place, RightTo),
        seq: u64,
    ) {
        let Some(group) = self.channels.get(&no).and_then(|channel| channel.group()) else {
            return;
        };
        let states_cover = group.state.home == self.lineage() && group.state.nominee.is_none();
        if states_cover || group.covered((origin, writer)) >= seq {
            return;
        }
        let log = self.log_mut(no, LogName::Message { origin, writer });
        note_span(log.uncovered.entry(author).or_default(), (after, right), seq);
    }

    /// Brings what V does not cover in line with a control record that took effect, and withdraws
    /// what it rejects.
    pub(crate) fn rejudge(
        &mut self,
        no: ChannelNo,
        header: &ControlHeader,
        act: &ControlAct,
        by: Pos,
        fx: &mut Effects,
    ) {
        for entry in header.cover.iter().flatten() {
            let name = LogName::Message { origin: entry.origin, writer: entry.writer };
            if self.cover_log(no, name, entry.seq) {
                fx.dirty(RowKey::Log(no, name));
            }
        }
        if header.cover.is_some() || matches!(act, ControlAct::Open(_)) {
            self.recount_uncovered(no);
        }
        if restricts(act) {
            self.withdraw(no, by, fx);
        }
    }

    /// What V covers is final.
    fn cover_log(&mut self, no: ChannelNo, name: LogName, seq: u64) -> bool {
        let Some(log) = self.channel_mut(no).logs.get_mut(&name) else { return false };
        if log.uncovered.is_empty() {
            return false;
        }
        for spans in log.uncovered.values_mut() {
            spans.retain(|span| span.last > seq);
            spans.iter_mut().for_each(|span| span.first = span.first.max(seq + 1));
        }
        log.uncovered.retain(|_, spans| !spans.is_empty());
        true
    }

    fn withdraw(&mut self, no: ChannelNo, by: Pos, fx: &mut Effects) {
        let Some(channel) = self.channels.get_mut(&no) else { return };
        let crate::channel::Kind::Group(group) = &channel.kind else { return };
        let now = (group.point.term, group.point.seq);
        for (name, log) in &mut channel.logs {
            let LogName::Message { origin, writer } = name else { continue };
            let is_closed = group.is_closed((*origin, *writer));
            let before = fx.withdrawn.len();
            for (number, spans) in &mut log.uncovered {
                let author = AccountId { lineage: *origin, number: *number };
                spans.retain(|span| {
                    let until = now.max(span.after);
                    let stands = !is_closed
                        && group.state.was_allowed(span.right, &author, span.after, until);
                    if !stands {
                        fx.withdrawn.push(Withdrawal {
                            channel: no,
                            log: log.no,
                            author,
                            right: span.right,
                            first: span.first,
                            last: span.last,
                            by,
                        });
                    }
                    stands
                });
            }
            log.uncovered.retain(|_, spans| !spans.is_empty());
            if fx.withdrawn.len() > before {
                fx.dirty(RowKey::Log(no, *name));
            }
        }
    }
}
