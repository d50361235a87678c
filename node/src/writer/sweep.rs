//! Takes from the rows what a retention rule has erased: log by log, the oldest first, a few at a
//! time. Readers see none of it since the channel's horizon was moved. How far each log was gone
//! through is a row; so nothing is read twice, nor after a restart.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use comity_machine::{ChannelNo, Effects, ErasedBy, LogNo, RowKey, State};
use comity_protocol::cbor;
use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::id::LogName;

use super::block::padded;
use super::keys::{backfill_key, log_no_key, state_key};
use super::shared::Shared;
use super::view::{RecordsError, View};
use crate::store::{Batch, Table};

/// A record whose body is to go from its block.
pub(super) type Gone = (ChannelNo, Pos, ErasedBy);

/// Channels of which something may have come of age.
#[derive(Default)]
pub(super) struct Sweeping(BTreeSet<ChannelNo>);

impl Sweeping {
    /// What an earlier run may have left.
    pub(super) fn of(state: &State) -> Self {
        Self(state.expired().map(|(no, _)| no).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets readers know at once up to when texts are gone; the rows follow.
    pub(super) fn note(&mut self, shared: &Shared, effects: &Effects) {
        let mut rows = Vec::new();
        for key in &effects.dirty {
            let RowKey::Expiry(no) = key else { continue };
            self.0.insert(*no);
            rows.extend(shared.state().row(key).map(|row| (state_key(key), row)));
        }
        for ((table, at), row) in rows {
            shared.write(effects.command, |recent| recent.rows_mut().put(table, &at, &row));
        }
    }

    /// Looks for some of what has come of age.
    pub(super) fn next(&mut self, shared: &Shared) -> Result<Option<Sweep>, RecordsError> {
        let (view, state) = (shared.view()?, shared.state());
        let mut found = Sweep::default();
        for _ in 0..CHANNELS_MAX {
            let Some(no) = self.0.first().copied() else { break };
            found.look_at(&view, &state, no)?;
            if found.count() >= RECORDS_MAX {
                break;
            }
            self.0.remove(&no);
        }
        Ok((!found.swept.is_empty()).then_some(found))
    }
}

/// What was found of age.
#[derive(Default)]
pub(super) struct Sweep {
    /// Records in blocks.
    pub(super) gone: Vec<Gone>,
    /// Records that came as history, without their bodies.
    old: Vec<(LogNo, u64, Vec<u8>)>,
    /// How far logs were gone through.
    swept: Vec<(LogNo, u64)>,
}

impl Sweep {
    /// Looks for what is of age in a channel and was not found before.
    fn look_at(&mut self, view: &View, state: &State, no: ChannelNo) -> Result<(), RecordsError> {
        let horizon = state.horizon(no);
        let Some(channel) = state.channels.get(&no) else { return Ok(()) };
        for (name, log) in &channel.logs {
            if matches!(name, LogName::Message { .. }) && self.count() < RECORDS_MAX {
                self.go_through(view, (no, log.no), horizon)?;
            }
        }
        Ok(())
    }

    fn go_through(
        &mut self,
        view: &View,
        (no, log): (ChannelNo, LogNo),
        horizon: HybridTime,
    ) -> Result<(), RecordsError> {
        let before = view.swept(log)?;
        let mut swept = before;
        view.backfilled_from(no, log, before + 1, &mut |row, bytes| {
            if row.id.time() >= horizon || self.count() >= RECORDS_MAX {
                return ControlFlow::Break(());
            }
            swept = row.seq;
            if row.erased.is_some() {
                self.old.push((log, row.seq, padded(cbor::encode(&row), bytes)));
            }
            ControlFlow::Continue(())
        })?;
        view.log(no, log, swept + 1, &mut |pos, row| {
            if row.id.time() >= horizon || self.count() >= RECORDS_MAX {
                return ControlFlow::Break(());
            }
            swept = row.seq;
            if row.erased.is_some() {
                self.gone.push((no, pos, ErasedBy::Retention));
            }
            ControlFlow::Continue(())
        })?;
        if swept > before {
            self.swept.push((log, swept));
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.gone.len() + self.old.len()
    }

    /// Lays down what came as history without its bodies, and how far was gone. The blocks are
    /// written anew with the same batch.
    pub(super) fn put(&self, rows: &mut Batch) {
        for (log, seq, row) in &self.old {
            rows.put(Table::Backfill, &backfill_key(*log, *seq), row);
        }
        for (log, seq) in &self.swept {
            rows.put(Table::Swept, &log_no_key(*log), &seq.to_be_bytes());
        }
    }
}

/// Records that are taken from the rows with one batch for the store.
const RECORDS_MAX: usize = 4_096;
/// Channels that are looked at for one batch.
const CHANNELS_MAX: usize = 64;
