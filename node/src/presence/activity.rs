//! When devices were used last by somebody, and not merely by their own beats. It is known roughly
//! and for this run alone; what is forgotten counts as unused.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use comity_machine::DeviceId;

/// Devices that are remembered.
const DEVICES_MAX: usize = 200_000;

/// A lock of its own: every act of every device passes here.
#[derive(Default)]
pub(super) struct Activity(Mutex<HashMap<DeviceId, u64>>);

impl Activity {
    pub(super) fn note(&self, device: DeviceId, now_ms: u64) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= DEVICES_MAX && !used.contains_key(&device) {
            used.clear();
        }
        used.insert(device, now_ms);
    }

    /// When one of some devices was used last.
    pub(super) fn last(&self, devices: impl Iterator<Item = DeviceId>) -> Option<u64> {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        devices.filter_map(|device| used.get(&device).copied()).max()
    }
}
