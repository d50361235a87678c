//! The node's own bounds, and why each is what it is. What peers judge by is in
//! `comity_protocol::limits`.

/// What an admin's settings say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often a device is asked for a sign of life, in ms.
    pub heartbeat_ms: u64,
    /// After how long without one it counts as gone, in ms.
    pub timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { heartbeat_ms: 5_000, timeout_ms: 30_000 }
    }
}

/// Changes within this time are told together.
pub(crate) const COALESCE_MS: u64 = 200;
/// Frames a second that all sockets are shown, as far as telling changes later helps: each costs a
/// write, whatever is in the frame.
pub(crate) const FRAMES_PER_S: u64 = 3_000;
/// The longest that changes wait for that.
pub(crate) const COALESCE_MAX_MS: u64 = 3_000;
/// Shortest time between two changes of one account that are told: who flickers costs its watchers
/// no more than one frame a second.
pub(crate) const GAP_MS: u64 = 1_000;
/// Accounts that one account watches; of further ones it can ask.
pub(crate) const WATCHED_MAX: usize = 10_000;
/// Accounts in one frame to a device.
pub(crate) const CARDS_MAX: usize = 100;
/// Beats a second that all devices are to send together; beyond that each is asked to send fewer. A
/// beat wakes threads and so costs up to fifty microseconds: this is at most some one and a half
/// per cent of a core. A connection that breaks is seen sooner than by its beats, as the system
/// looks after it.
pub(crate) const BEATS_PER_S: u64 = 300;
/// Beats that a device may miss where it is asked for fewer than the settings say: so far apart,
/// each is a sign of its own, and waiting for six would show for minutes who is gone.
pub(crate) const SLOW_BEATS: u64 = 3;
/// How often the pace is doubled at most.
pub(crate) const PACE_DOUBLINGS_MAX: u32 = 4;
/// Times of activity wait this long to be written together.
pub(crate) const WRITE_AFTER_MS: u64 = 60_000;
/// Times of activity that one command takes.
pub(crate) const WRITTEN_MAX: usize = 4_096;

/// Leases are renewed after half their time, so that one answer may be lost.
pub(crate) const RENEW_MS: u64 = comity_protocol::limits::LEASE_MS / 2;
/// Who is unknown to his own node is asked for again after this, then after twice as long each
/// time: its node may hear of what we share later than we do.
pub(crate) const RETRY_MS: u64 = 1_000;
/// Accounts of ours that one organisation may lease at a time.
pub(crate) const LEASES_PER_PEER_MAX: usize = 20_000;
/// Accounts that one organisation may ask for in a second, in the long run.
pub(crate) const ASKED_PER_S: u64 = 2_000;
/// How many of them at once.
pub(crate) const ASKED_BURST: u64 = 40_000;
/// Frames that wait for one organisation's link; what is beyond is told with the next renewal.
pub(crate) const OUTGOING_MAX: usize = 256;

/// Signs that a device types, in a second in the long run, and at once.
pub(crate) const TYPING_PER_S: u64 = 1;
/// How many at once.
pub(crate) const TYPING_BURST: u64 = 5;
/// How often a device says something else of its user in a second in the long run: each is written.
pub(crate) const SAYING_PER_S: u64 = 1;
/// How often at once.
pub(crate) const SAYING_BURST: u64 = 5;
/// Signs of typing that are shown of all accounts of one organisation, in a second in the long run.
pub(crate) const PEER_TYPING_PER_S: u64 = 200;
/// How many at once.
pub(crate) const PEER_TYPING_BURST: u64 = 1_000;
