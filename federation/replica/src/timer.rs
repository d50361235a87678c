//! The deadlines of one link, all in one table. It only remembers them; it reads no clock.

/// Why a link wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// When to give up on a peer that acknowledges nothing of what it was fed.
    Acknowledgement,
    /// When heads are to be stated again, or a history that was to be shown is overdue.
    Forks,
    /// When to give up on a link that is not up yet.
    Hello,
    /// When an ask for history counts as unanswered.
    History,
    /// When the oldest look-up counts as unanswered.
    LookUp,
    /// When the next range is to be asked for, or for another time.
    Want,
}

impl Timer {
    /// Every timer.
    pub const ALL: [Self; 6] =
        [Self::Acknowledgement, Self::Forks, Self::Hello, Self::History, Self::LookUp, Self::Want];
}

/// When each timer goes off, if it is set.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable {
    deadlines_ms: [Option<u64>; Timer::ALL.len()],
}

impl TimerTable {
    pub(crate) fn set(&mut self, timer: Timer, deadline_ms: Option<u64>) {
        self.deadlines_ms[timer as usize] = deadline_ms;
    }

    pub(crate) fn stop_all(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn earliest(&self) -> Option<u64> {
        self.deadlines_ms.iter().flatten().min().copied()
    }

    /// Takes one timer that is due.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Option<Timer> {
        let due = |t: &Timer| self.deadlines_ms[*t as usize].is_some_and(|d| d <= now_ms);
        let timer = Timer::ALL.into_iter().find(due)?;
        self.set(timer, None);
        Some(timer)
    }
}
