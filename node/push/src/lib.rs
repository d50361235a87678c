//! What devices are told while nobody looks at them: the state machine of push.
//!
//! Pure: reads no clock and no socket. Messages, reads, judgements and outcomes come in with the
//! time; who is to be asked, who is to be told and when to look again go out. Nothing here is kept
//! over a restart: what is to be told can be had anew from what is unread (decision 27).

mod entry;
mod limits;
mod queue;
mod service;
#[cfg(test)]
mod tests;

pub use entry::{Key, What};
pub use limits::{
    ENTRIES_MAX, GATHER_MAX_MS, GATHER_MS, IN_FLIGHT_MAX, PAUSE_MS, RETRY_FIRST_MS, RETRY_MAX_MS,
};
pub use queue::{Due, Job, Judgement, Outcome, Queue, Turn};
