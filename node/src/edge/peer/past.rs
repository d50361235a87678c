//! Serves history: the rows and heads behind what the machine chooses for a peer's ask.

use std::collections::HashMap;
use std::ops::ControlFlow;

use comity_machine::{
    Channel, ChannelNo, EventRow, HistorySource, LogNo, Place, backfill, first_ask,
};
use comity_protocol::body::WireBody;
use comity_protocol::cursor::Pos;
use comity_protocol::frame::Frame;
use comity_protocol::head::{Head, HeadProof};
use comity_protocol::history::{Backfill, HistoryAsk, LogRef};
use comity_protocol::id::{ChannelId, LineageId, LogId, LogName};
use comity_replica::limits::FIRST_PAGE_RECORDS;

use super::exchange::Exchange;
use crate::writer::{RecordsError, View};

/// Rows of one channel by their places in their logs. They are read from the oldest on and mostly
/// needed from the newest back; hence a few before each are kept.
pub(super) struct Rows {
    view: View,
    channel: ChannelNo,
    kept: HashMap<(LogNo, u64), (Option<Pos>, EventRow)>,
}

/// Rows that are kept from before one that is needed.
const KEPT_BEFORE: u64 = 31;
/// Bytes of bodies that are kept at a time, besides those that are needed.
const KEPT_BYTES: usize = 256 << 10;

impl Rows {
    pub(super) fn new(view: View, channel: ChannelNo) -> Self {
        Self { view, channel, kept: HashMap::new() }
    }

    /// Hands the records of a log that have a pos, from one on, to `visit`.
    pub(super) fn each(
        &self,
        log: LogNo,
        from: u64,
        visit: &mut dyn FnMut(EventRow) -> ControlFlow<()>,
    ) -> Result<(), RecordsError> {
        self.view.log(self.channel, log, from, &mut |_, row| visit(row))
    }

    /// The n-th record of a log, with its pos where it has one.
    pub(super) fn read(
        &mut self,
        log: LogNo,
        seq: u64,
    ) -> Result<Option<(Option<Pos>, EventRow)>, RecordsError> {
        if let Some(found) = self.kept.get(&(log, seq)) {
            return Ok(Some(found.clone()));
        }
        let mut bytes = 0;
        let mut found = None;
        let from = seq.saturating_sub(KEPT_BEFORE).max(1);
        self.view.log(self.channel, log, from, &mut |pos, row| {
            if row.seq < seq {
                bytes += row.header.len() + body_bytes(&row);
                if bytes <= KEPT_BYTES {
                    self.kept.insert((log, row.seq), (Some(pos), row));
                }
                return ControlFlow::Continue(());
            }
            found = (row.seq == seq).then_some((Some(pos), row));
            ControlFlow::Break(())
        })?;
        if found.is_some() {
            return Ok(found);
        }
        Ok(self.view.backfilled(self.channel, log, seq)?.map(|row| (None, row)))
    }
}

fn body_bytes(row: &EventRow) -> usize {
    match &row.body {
        WireBody::Absent(_) => 0,
        WireBody::Present(body) => body.bytes.len(),
    }
}

/// The records of one channel.
struct Records<'a> {
    exchange: &'a Exchange,
    channel: &'a Channel,
    rows: Rows,
    failed: Option<RecordsError>,
}

impl Exchange {
    /// The answer to a peer's ask for history.
    pub(super) fn serve_history(&self, peer: LineageId, ask: &HistoryAsk) -> Frame {
        Frame::Backfill(self.history(peer, ask))
    }

    /// The newest page of a group that has just admitted the peer.
    pub(super) fn first_page(&self, peer: LineageId, channel: &ChannelId) -> Option<Backfill> {
        let ask = {
            let state = self.shared.state();
            first_ask(state.channel(channel)?.1, peer, FIRST_PAGE_RECORDS)?
        };
        Some(self.history(peer, &ask)).filter(|page| !page.ranges.is_empty())
    }

    fn history(&self, peer: LineageId, ask: &HistoryAsk) -> Backfill {
        let none = || Backfill {
            channel: ask.channel,
            ranges: Vec::new(),
            missing: ask.logs.iter().map(LogRef::from).collect(),
            ends: None,
        };
        let channel = {
            let state = self.shared.state();
            state.channel(&ask.channel).map(|(no, channel)| (no, channel.clone()))
        };
        // Rows of the newest records may be laid down later than the state; history is older.
        let (Some((no, channel)), Ok(view)) = (channel, self.shared.view()) else {
            return none();
        };
        let rows = Rows::new(view, no);
        let mut records = Records { exchange: self, channel: &channel, rows, failed: None };
        let found = backfill(&channel, self.lineage, peer, ask, &mut records);
        match records.failed {
            None => found,
            Some(error) => {
                tracing::error!(%error, "history cannot be served");
                none()
            }
        }
    }
}

impl Records<'_> {
    fn read(&mut self, name: LogName, seq: u64) -> Option<(Option<Pos>, EventRow)> {
        let log = self.channel.logs.get(&name)?.no;
        match self.rows.read(log, seq) {
            Ok(found) => found,
            Err(error) => {
                self.failed.get_or_insert(error);
                None
            }
        }
    }
}

impl HistorySource for Records<'_> {
    fn row(&mut self, log: LogRef, seq: u64) -> Option<(Option<Pos>, EventRow)> {
        self.read(log.name(), seq)
    }

    fn control_pos(&mut self, (term, seq): Place) -> Option<Pos> {
        self.read(self.channel.group()?.control_log_of(term)?, seq)?.0
    }

    fn head(&mut self, log: LogRef, row: &EventRow) -> Option<HeadProof> {
        let name = log.name();
        if log.origin != self.exchange.lineage {
            return self.channel.logs.get(&name)?.proof.clone();
        }
        let id = LogId { channel: self.channel.id, name };
        let head = Head { log: id, seq: row.seq, hash: row.hash, time: row.id.time() };
        self.exchange.proofs.prove_once(head)
    }
}
