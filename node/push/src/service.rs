//! A push service as we have come to know it: how much it takes at a time, and whether it is left
//! alone for a while.

use std::collections::VecDeque;

use crate::entry::Key;
use crate::limits::{CLOSED_MAX_MS, FAILURES_TO_CLOSE, RETRY_FIRST_MS, WINDOW_FIRST, WINDOW_MAX};

#[derive(Debug)]
pub(crate) struct Service {
    /// What waits for it, in order.
    pub(crate) line: VecDeque<Key>,
    pub(crate) in_flight: u32,
    /// How much may be.
    window: u32,
    /// Failures in a row.
    failures: u32,
    /// Until when it is left alone.
    closed_ms: u64,
    /// Whether it waits for its turn.
    pub(crate) is_in_turn: bool,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self {
            line: VecDeque::new(),
            in_flight: 0,
            window: WINDOW_FIRST,
            failures: 0,
            closed_ms: 0,
            is_in_turn: false,
        }
    }

    /// Until when it is left alone; `None` where it is not.
    pub(crate) fn closed_until(&self, now_ms: u64) -> Option<u64> {
        Some(self.closed_ms).filter(|closed_ms| *closed_ms > now_ms)
    }

    /// Whether something may go to it now.
    pub(crate) fn may_send(&self, now_ms: u64) -> bool {
        !self.line.is_empty() && self.in_flight < self.window && self.closed_until(now_ms).is_none()
    }

    /// Whether it is worth remembering when nothing is to be sent to it.
    pub(crate) fn is_needed(&self, now_ms: u64) -> bool {
        !self.line.is_empty() || self.in_flight > 0 || self.closed_until(now_ms).is_some()
    }

    /// It took something; whether it had failed so often that it was left alone.
    pub(crate) fn took(&mut self) -> bool {
        self.in_flight -= 1;
        let before = std::mem::take(&mut self.failures);
        self.window = (self.window + 1).min(WINDOW_MAX);
        before >= FAILURES_TO_CLOSE
    }

    /// It answered, though not as was hoped.
    pub(crate) fn refused(&mut self) {
        self.in_flight -= 1;
    }

    /// It did not, and perhaps said when it will; whether it is left alone from now on.
    pub(crate) fn failed(&mut self, retry_after_ms: Option<u64>, now_ms: u64) -> bool {
        self.in_flight -= 1;
        self.failures += 1;
        // By one alone: a service that refuses some of what it gets takes the rest all the same.
        self.window = (self.window - 1).max(1);
        if self.failures >= FAILURES_TO_CLOSE {
            let doublings = (self.failures - FAILURES_TO_CLOSE).min(16);
            let pause_ms = (RETRY_FIRST_MS << doublings).max(retry_after_ms.unwrap_or(0));
            self.closed_ms = self.closed_ms.max(now_ms + pause_ms.min(CLOSED_MAX_MS));
            self.window = 1;
        }
        self.failures == FAILURES_TO_CLOSE
    }
}
