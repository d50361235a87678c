//! Named times and maxima of push.

/// How long to wait for more after a message: one notification for a burst, in ms.
pub const GATHER_MS: u64 = 2_000;
/// How long at most after the first one.
pub const GATHER_MAX_MS: u64 = 10_000;
/// A device is told of a channel again only so long after it was last, in ms; of what mentions its
/// user, and of direct messages, sooner.
pub const PAUSE_MS: u64 = 30_000;
/// How long to wait before what is read is withdrawn, in ms: mostly more is read at once.
pub(crate) const WITHDRAW_MS: u64 = 1_000;
/// The first pause after a failure, in ms; then twice as long each time.
pub const RETRY_FIRST_MS: u64 = 5_000;
/// The longest of these pauses.
pub const RETRY_MAX_MS: u64 = 30 * 60_000;
/// The longest pause that a service may ask for.
pub(crate) const RETRY_AFTER_MAX_MS: u64 = 24 * 60 * 60_000;
/// Devices and channels that are thought of at a time. What is beyond waits in the rows.
pub const ENTRIES_MAX: usize = 200_000;
/// What is on its way at a time.
pub const IN_FLIGHT_MAX: usize = 512;
/// The same to one service that takes what it gets.
pub(crate) const WINDOW_MAX: u32 = 256;
/// And to one that nothing is known of.
pub(crate) const WINDOW_FIRST: u32 = 4;
/// Failures in a row after which a service is left alone for a while.
pub(crate) const FAILURES_TO_CLOSE: u32 = 16;
/// The longest while.
pub(crate) const CLOSED_MAX_MS: u64 = 5 * 60_000;
/// Services that are remembered although nothing is to be sent to them.
pub(crate) const SERVICES_KEPT: usize = 1_024;
