//! A device and a channel of which it is to be told something.

use std::sync::Arc;

use comity_protocol::cursor::Pos;

/// A device and a channel, as the node numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The device.
    pub device: u64,
    /// The channel.
    pub channel: u32,
}

/// What a device is to be told of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// That there is something new.
    Tell,
    /// That it was read elsewhere.
    Withdraw,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Until a time.
    Waiting(u64, Wait),
    /// Handed out to be judged.
    Judged,
    /// In the line of a service.
    InLine(Arc<str>),
    /// On its way to a service, with what was new up to there.
    Flying(Arc<str>, What, Pos),
}

/// Why an entry waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// More may come.
    Gathering,
    /// Its user is to be left alone.
    Held,
    /// The service did not take it.
    Failed,
    /// All is told; what comes next waits.
    Told,
}

/// What is to be told, and how far that is.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) what: What,
    /// What is new goes up to here.
    pub(crate) newest: Pos,
    /// When the first of what is new came.
    pub(crate) first_ms: u64,
    /// When the device was told last.
    pub(crate) told_ms: Option<u64>,
    /// Failures in a row.
    pub(crate) failures: u32,
    pub(crate) stage: Stage,
}
