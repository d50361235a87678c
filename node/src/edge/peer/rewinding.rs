//! What it takes to go back to a record of a group's control log, from this node's own rows
//! (`docs/protocol/` section 7.7). It must not judge an opening; the machine does.

use std::ops::ControlFlow;

use comity_machine::{CannotRewind, EventRow, LogNo, LogSource, Rewind, rewind};
use comity_protocol::cbor::ByteString;
use comity_protocol::frame::{Batch, Frame, LogKind, Range};
use comity_protocol::id::{ChannelId, ControlPoint, LineageId};

use super::end::LinkEnd;
use super::exchange::Exchange;
use super::past::Rows;
use super::task::Task;
use crate::writer::Shared;

/// Groups with an opening that goes back, as one link noted them.
#[derive(Default)]
pub(super) struct Rewinding(Vec<(ChannelId, ControlPoint)>);

/// Openings that a link remembers to have been short of something; others are noted when they come
/// again.
const REMEMBERED_MAX: usize = 64;

impl Rewinding {
    /// An opening was not taken, since it goes back to a record.
    pub(super) fn note(&mut self, channel: ChannelId, base: ControlPoint) {
        self.0.retain(|(known, _)| *known != channel);
        if self.0.len() < REMEMBERED_MAX {
            self.0.push((channel, base));
        }
    }

    /// What the openings of a batch need, as far as they were noted before.
    pub(super) fn take(&mut self, exchange: &Exchange, frame: &[u8]) -> Vec<Rewind> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let Ok(Frame::Batch(Batch { ranges, .. })) = Frame::decode(frame) else {
            return Vec::new();
        };
        let mut made = Vec::new();
        self.0.retain(|(channel, base)| {
            let asked = ranges.iter().find(|range| {
                let log = range.log;
                let is_next = log.kind == LogKind::Control && log.number == base.term + 1;
                log.channel == *channel && is_next && range.first == 1
            });
            made.extend(asked.and_then(|range| exchange.rewind(channel, base, range).ok()));
            asked.is_none()
        });
        made
    }
}

impl LinkEnd {
    /// A batch that is to be applied, with what its openings need.
    pub(super) fn batch(
        &mut self,
        peer: LineageId,
        frame: Vec<u8>,
        cursor: Option<ByteString>,
    ) -> Task {
        let rewinds = self.rewinding.take(&self.exchange, &frame);
        self.rewound = rewinds.iter().map(|rewind| rewind.channel).collect();
        Task::Apply { peer, frame, cursor, rewinds }
    }
}

impl Exchange {
    fn rewind(
        &self,
        id: &ChannelId,
        base: &ControlPoint,
        asked: &Range,
    ) -> Result<Rewind, CannotRewind> {
        let record = asked.records.first().ok_or(CannotRewind::Unknown)?;
        let opening = (asked.log.origin, &*record.header);
        let done = rewind_group(&self.shared, id, base, Some(opening));
        if let Err(reason) = done {
            tracing::info!(channel = %id, %reason, "a group cannot be taken back to a record now");
        }
        done
    }
}

/// What a group was just after a record of its control log, by a node's own rows, for an opening
/// that a peer has shown or for one that is to be made.
pub fn rewind_group(
    shared: &Shared,
    id: &ChannelId,
    base: &ControlPoint,
    opening: Option<(LineageId, &[u8])>,
) -> Result<Rewind, CannotRewind> {
    let found = {
        let state = shared.state();
        state.channel(id).map(|(no, channel)| (state.lineage(), no, channel.clone()))
    };
    // Rows may be newer than the state; the machine sees where that matters.
    let (Some((own, no, channel)), Ok(view)) = (found, shared.view()) else {
        return Err(CannotRewind::Behind);
    };
    rewind(own, &channel, base, opening, &mut Rows::new(view, no))
}

impl LogSource for Rows {
    fn rows(&mut self, log: LogNo, from: u64, visit: &mut dyn FnMut(EventRow) -> ControlFlow<()>) {
        if let Err(error) = self.each(log, from, visit) {
            // What was not read looks like what is not laid down yet.
            tracing::error!(%error, "a log cannot be read");
        }
    }
}
