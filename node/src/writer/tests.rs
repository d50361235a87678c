//! What the writer promises, checked on a disk that keeps only what was synced: nothing answered is
//! lost, a replay gives the same state to the byte, rows and state agree.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod crash;
mod erase;

mod pressure;
mod records;
pub(crate) mod rig;
pub(crate) mod story;
mod thread;
