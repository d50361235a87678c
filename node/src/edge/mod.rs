//! The edges: clients on one side, peers on the other. Each turns what arrives into commands and
//! what the feed yields into frames; neither sees the other.

mod account;
mod administer;
pub(crate) mod avatar;
mod blocks;
mod client;
mod contacts;
mod convert;
mod device;
mod doctor;
mod figures;
mod groups;
mod history;
mod list;
mod measures;
mod naming;
mod partners;
mod password;
pub mod peer;
mod policy;
mod presence;
mod profiles;
pub mod push;
mod reading;
mod remarks;
mod reopening;
mod reports;
mod search;
mod show;
mod stretches;
pub mod tending;
pub mod wake;
mod work;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use client::{ClientEdge, ClientSettings, SignUpPolicy};
pub use figures::Process;
pub use measures::Measures;

/// Takes a lock. What a holder that panicked left behind is taken as it is: the end of one task
/// must not end all others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
