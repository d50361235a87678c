//! What happens next: events in the order of virtual time, those of one moment in the order in
//! which they were planned. Time only ever jumps to the next event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::net::ConnectionId;

/// Something that happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A user does something.
    Act { user: usize },
    /// Users of a node repeat what was to be tried again later.
    Again { node: usize },
    /// The admin of a home answers for a member that it can never reach.
    Confirm { node: usize },
    /// A dial comes to its end.
    Dialled { from: usize, to: usize, run: u64 },
    /// A user's device comes, or goes.
    Device { user: usize },
    /// Something goes wrong.
    Fault,
    /// An end of a connection learns that it is over.
    Gone { connection: ConnectionId, node: usize },
    /// A direction is mended.
    Heal { from: usize, to: usize },
    /// A hostile node shows something.
    Mischief { node: usize },
    /// Two nodes are cut from each other for the rest of the run.
    Part { one: usize, other: usize },
    /// A node's process starts.
    Start { node: usize },
    /// A node's disk has taken what the writer gives it.
    Step { node: usize, run: u64 },
    /// A node's store takes rows.
    Store { node: usize, run: u64 },
    /// A node has something to do: a frame arrived, or a deadline passed.
    Wake { node: usize },
}

/// Planned events.
#[derive(Default)]
pub(crate) struct Agenda {
    pub(crate) now_ms: u64,
    planned: BinaryHeap<Reverse<(u64, u64, Event)>>,
    count: u64,
}

impl Agenda {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self { now_ms, ..Self::default() }
    }

    /// Plans an event in so many ms.
    pub(crate) fn after(&mut self, ms: u64, event: Event) {
        self.at(self.now_ms + ms, event);
    }

    /// Plans an event at a moment that is not over.
    pub(crate) fn at(&mut self, at_ms: u64, event: Event) {
        self.count += 1;
        self.planned.push(Reverse((at_ms.max(self.now_ms), self.count, event)));
    }

    /// The next event up to a moment, which it becomes.
    pub(crate) fn next(&mut self, until_ms: u64) -> Option<Event> {
        let Reverse((at_ms, _, event)) = *self.planned.peek()?;
        if at_ms > until_ms {
            return None;
        }
        self.planned.pop();
        self.now_ms = at_ms;
        Some(event)
    }
}
