//! The deadlines of one socket, all in one table. It only remembers them; it reads no clock.

use std::time::Duration;

/// Why a session wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// When to give up on a client that has not said hello.
    Hello,
    /// When to stop waiting for requests under way, or for the other side to close.
    Linger,
    /// When to read on from a client that asked too often.
    Pause,
    /// When a client that sent nothing counts as gone.
    Silence,
    /// When a write without progress counts as a dead reader.
    Write,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Self; 5] = [Self::Hello, Self::Linger, Self::Pause, Self::Silence, Self::Write];
}

/// When each timer goes off, if it is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable {
    deadlines: [Option<Duration>; Timer::ALL.len()],
}

impl TimerTable {
    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize].is_some()
    }

    pub(crate) fn set(&mut self, timer: Timer, deadline: Duration) {
        self.deadlines[timer as usize] = Some(deadline);
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = None;
    }

    pub(crate) fn earliest(&self) -> Option<Duration> {
        self.deadlines.iter().flatten().min().copied()
    }

    /// Takes one timer that is due.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        let due = |t: &Timer| self.deadlines[*t as usize].is_some_and(|d| d <= now);
        let timer = Timer::ALL.into_iter().find(due)?;
        self.stop(timer);
        Some(timer)
    }
}
