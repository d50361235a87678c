//! A device's sign of life: one atomic time, so that a beat takes no lock and wakes nobody. Whoever
//! looks whether a device is gone reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The last sign of life of a device. Cheap to clone; all clones are of one device.
#[derive(Clone, Debug, Default)]
pub struct Beat(Arc<AtomicU64>);

impl Beat {
    pub(crate) fn at(now_ms: u64) -> Self {
        Self(Arc::new(AtomicU64::new(now_ms)))
    }

    /// The device is alive. A time that is ahead vouches for it until then.
    pub fn beat(&self, now_ms: u64) {
        self.0.fetch_max(now_ms, Ordering::Relaxed);
    }

    pub(crate) fn last_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often devices are asked for a sign of life, and when one counts as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A beat is to come at least this often, in ms.
    pub heartbeat_ms: u64,
    /// Without one for this long a device is gone, in ms.
    pub timeout_ms: u64,
}
