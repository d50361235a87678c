//! Remembers which devices are used, roughly and durably, and has those logged out that nobody has
//! used for as long as the setting says; invites that have expired, and reports that were closed
//! long ago, go with them. It must not change
//! anything itself: what it finds goes through the writer, which looks again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comity_machine::{Command, DeviceId, USED_ROUGHLY_MS};
use tokio::task::JoinHandle;

use super::client::ClientEdge;
use crate::clock;
use crate::writer::ProposeError;

/// Devices that were used and of which that is not written down yet.
#[derive(Clone, Default)]
pub(super) struct Uses(Arc<Mutex<BTreeSet<DeviceId>>>);

impl Uses {
    /// A device is used and was not for a day or so. Where there is no room, its next use will do.
    pub(super) fn note(&self, device: DeviceId) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < USED_MAX {
            noted.insert(device);
        }
    }

    fn take(&self) -> BTreeSet<DeviceId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts the task; it ends with the writer.
pub fn start(edge: ClientEdge) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut round = Round::default();
        while edge.tend(&mut round).await.is_ok() {
            tokio::time::sleep(PAUSE).await;
        }
    })
}

/// How far the search for unused devices has come.
#[derive(Default)]
struct Round {
    after: Option<DeviceId>,
    looked_at_live_ms: Option<u64>,
    looked_at_deleted_ms: Option<u64>,
}

impl ClientEdge {
    /// Has deleted accounts leave that were let into a group afterwards.
    async fn see_off(&self, round: &mut Round) -> Result<(), ProposeError> {
        let monotonic = clock::monotonic_ms();
        if round.looked_at_deleted_ms.is_some_and(|at| monotonic < at + DELETED_EVERY_MS) {
            return Ok(());
        }
        round.looked_at_deleted_ms = Some(monotonic);
        let Some(account) = self.shared().state().lingering() else { return Ok(()) };
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        match self.tell(Command::DeleteAccount { account, unix_ms, random }).await {
            Err(ProposeError::Ended) => Err(ProposeError::Ended),
            // It is found again.
            Err(ProposeError::Overloaded) | Ok(_) => Ok(()),
        }
    }

    async fn tend(&self, round: &mut Round) -> Result<(), ProposeError> {
        self.see_off(round).await?;
        let now = clock::unix_ms();
        let unused_max = u64::try_from(self.settings().device_unused_max.as_millis());
        let unused_max = unused_max.unwrap_or(u64::MAX).saturating_add(USED_ROUGHLY_MS);
        let unused_since_ms = now.saturating_sub(unused_max);
        let mut used = self.uses().take();
        let (mut unused, has_expired) = {
            let state = self.shared().state();
            let (unused, on) = state.unused(round.after, LOOKED_AT_MAX, unused_since_ms);
            round.after = on;
            (unused, state.has_expired_invites(now) || state.has_old_reports(now))
        };
        // A clock that is far ahead of the peers' would log everybody out.
        if self.conduct().is_clock_doubted() {
            unused.clear();
        }
        unused.truncate(UNUSED_MAX);
        // Whoever is connected uses his device, however long ago he said hello.
        let monotonic = clock::monotonic_ms();
        let is_due = round.looked_at_live_ms.is_none_or(|at| monotonic >= at + LIVE_EVERY_MS);
        if is_due || !unused.is_empty() {
            round.looked_at_live_ms = Some(monotonic);
            let live = self.hub().devices();
            let state = self.shared().state();
            let is_news = |id: &DeviceId| state.devices.get(id).is_some_and(|d| d.is_news(now));
            used.extend(live.into_iter().filter(is_news));
        }
        if used.is_empty() && unused.is_empty() && !has_expired {
            return Ok(());
        }
        let logged_out = unused.len();
        let used = used.into_iter().collect();
        let command = Command::Tend { used, unused, unused_since_ms, unix_ms: now };
        match self.tell(command).await {
            Err(ProposeError::Ended) => Err(ProposeError::Ended),
            // What finds no room is found again, but for the uses of a moment ago.
            Err(ProposeError::Overloaded) => Ok(()),
            Ok(_) => {
                if logged_out > 0 {
                    tracing::info!(devices = logged_out, "unused devices logged out");
                }
                Ok(())
            }
        }
    }
}

/// How often is looked whether a deleted account is in a group again.
const DELETED_EVERY_MS: u64 = 60 * 1_000;
/// How often is looked.
const PAUSE: Duration = Duration::from_secs(5);
/// How often connected devices are looked at.
const LIVE_EVERY_MS: u64 = 60 * 60 * 1_000;
/// Devices whose use waits to be written down.
const USED_MAX: usize = 10_000;
/// Devices that are looked at each time.
const LOOKED_AT_MAX: usize = 10_000;
/// Devices that are logged out each time.
const UNUSED_MAX: usize = 1_000;
