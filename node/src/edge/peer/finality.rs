//! Tells senders when their messages are final (`docs/protocol/` section 7.5): when V, as the home
//! states it, covers them. It must not judge; the state says what V covers.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use comity_machine::{ChannelNo, EventRow, LogNo, Outcome, State, Subscriber};
use comity_protocol::body::WireBody;
use comity_protocol::cursor::Pos;
use comity_protocol::id::WriterId;

use super::exchange::Exchange;
use super::progress::News;
use crate::feed::{NOTICES_MAX, Notice};

/// Up to where senders were told of each of our logs in this run.
#[derive(Default)]
pub(super) struct Finality(Mutex<HashMap<(ChannelNo, WriterId), u64>>);

/// Records of one of our logs that V covers since the last time.
struct Covered {
    channel: ChannelNo,
    log: LogNo,
    first: u64,
    last: u64,
}

impl Finality {
    /// What V covers of our logs in a group that it did not when this was asked last.
    fn advance(&self, state: &State, no: ChannelNo) -> Vec<Covered> {
        let Some((channel, group)) = state.channels.get(&no).and_then(|c| Some((c, c.group()?)))
        else {
            return Vec::new();
        };
        let own = state.lineage();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let advanced = channel.writers_of(own).filter_map(|(writer, log)| {
            let stated = group.covered_at.get(&(own, writer))?;
            let last = stated.last()?.0.min(log.end.seq());
            // Of an earlier run all but the newest statement was told, or is in the history.
            let before = stated.iter().rev().nth(1).map_or(0, |(seq, _)| *seq);
            let before = told.insert((no, writer), last).unwrap_or(before);
            let (channel, log, first) = (no, log.no, before + 1);
            (last > before).then_some(Covered { channel, log, first, last })
        });
        advanced.collect()
    }
}

impl Exchange {
    /// Control records took effect in these groups: tells the senders of what became final.
    pub(super) fn tell_final(&self, groups: &BTreeSet<ChannelNo>) {
        for no in groups {
            let covered = self.finality.advance(&self.shared.state(), *no);
            for covered in covered {
                if let Err(error) = self.tell_covered(&covered) {
                    tracing::error!(%error, "what became final cannot be read");
                }
            }
        }
    }

    fn tell_covered(&self, covered: &Covered) -> Result<(), Box<dyn std::error::Error>> {
        let Covered { channel, log, first, last } = *covered;
        let view = self.shared.view()?;
        let mut after = None;
        view.log(channel, log, first, &mut |pos, _| {
            after = Some(Pos(pos.0.saturating_sub(1)));
            ControlFlow::Break(())
        })?;
        let mut newest: Vec<(Pos, EventRow)> = Vec::new();
        // A device that listens can hold no more of them; others are told by the mark.
        let from = first.max(last.saturating_sub(NOTICES_MAX as u64 - 1));
        view.log(channel, log, from, &mut |pos, row| {
            let is_last = row.seq >= last;
            newest.push((pos, row));
            if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let (Some(after), Some((to, _))) = (after, newest.last()) else { return Ok(()) };
        self.acknowledged.note(News { channel, after, to: *to });
        for (pos, row) in newest {
            self.tell_row_final(channel, pos, &row);
        }
        Ok(())
    }

    fn tell_row_final(&self, no: ChannelNo, pos: Pos, row: &EventRow) {
        let is_message = match &row.body {
            WireBody::Absent(_) => false,
            WireBody::Present(body) => !body.content_type.is_empty(),
        };
        let (organisations, of) = self.progress.reached(no, pos);
        let channel = self.shared.state().channels.get(&no).map(|channel| channel.id);
        if let (Some(channel), Some(sender)) = (channel, row.sender)
            && is_message
            && row.outcome == Outcome::Accepted
            && of > 1
        {
            let message = row.id;
            let notice = Notice::Delivered { channel, message, organisations, of, is_final: true };
            self.hub.notify(Subscriber::Account(sender.number), notice);
        }
    }
}
