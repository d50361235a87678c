//! Every bound of a link, in one place. They bound what a peer can make this node hold or do; none
//! of them is a setting.

use comity_protocol::frame::PEER_VERSION;
use comity_protocol::limits::{
    BATCH_BYTES_TARGET, BATCH_RECORDS_MAX, HISTORY_RECORDS_MAX, VECTOR_ENTRIES_MAX,
};

/// Versions of the peer protocol that this node speaks.
pub const VERSIONS: &[u16] = &[PEER_VERSION];
/// Most versions that a hello may list.
pub const VERSIONS_MAX: usize = 64;
/// How long a link may take from its first byte until it is up; proving the peer's key may ask DNS.
pub const HELLO_MS: u64 = 10_000;
/// Frames kept that come while the peer is being identified.
pub const EARLY_FRAMES_MAX: usize = 8;
/// Actions that may wait to be polled; a peer that makes us answer more and reads nothing is cut
/// off.
pub const ACTIONS_MAX: usize = 4_096;
/// Remarks for the log that may wait; more are dropped.
pub const NOTES_MAX: usize = 256;

/// Batches of a feed that may be unacknowledged: with one for each message, as many as are said
/// during a round trip of a fifth of a second where 300 are said in a second.
pub const FEED_BATCHES_MAX: usize = 64;
/// Bytes of a feed that may be unacknowledged; one batch may always be.
pub const FEED_BYTES_MAX: usize = 16 * BATCH_BYTES_TARGET;
/// Batches that may be applied before they are acknowledged, while more are at hand.
pub const ACKNOWLEDGED_AT_ONCE_MAX: usize = 4;
/// How long a feed waits for its next acknowledgement before the link ends.
pub const ACKNOWLEDGEMENT_MS: u64 = 60_000;
/// Records kept for a later acknowledgement because the peer waits for what they depend on.
pub const EXCEPTED_RECORDS_MAX: usize = 2 * BATCH_RECORDS_MAX;

/// Bytes received and not yet applied above which no more should be read.
pub const PENDING_BYTES_SOFT_MAX: usize = 8 * BATCH_BYTES_TARGET;
/// Bytes received and not yet applied at which the peer is cut off; a peer within its limits sends
/// less even where nobody holds it back.
pub const PENDING_BYTES_MAX: usize = 64 * BATCH_BYTES_TARGET;
/// Batches received and not yet applied above which no more should be read: twice what a peer may
/// have under way that keeps to the protocol.
pub const PENDING_BATCHES_SOFT_MAX: usize = 2 * (FEED_BATCHES_MAX + WANTS_IN_FLIGHT_MAX);
/// Batches received and not yet applied at which the peer is cut off; none of them would have come
/// if nothing above the softer bound were read.
pub const PENDING_BATCHES_MAX: usize = 2 * PENDING_BATCHES_SOFT_MAX;
/// Verified checkpoints that a link remembers.
pub const CHECKPOINTS_KEPT_MAX: usize = 32;

/// Frames in which one vector may be stated.
pub const VECTOR_PARTS_MAX: usize = 16;
/// Logs of which ranges may be wanted at a time.
pub const WANTS_MAX: usize = 2 * BATCH_RECORDS_MAX;
/// Wants that may be asked and not yet answered.
pub const WANTS_IN_FLIGHT_MAX: usize = 16;
/// How long the answer to a want may take at first, and the longest it may.
pub const WANT_ANSWER_MS: BackOff = BackOff { first_ms: 2_000, longest_ms: 30_000 };
/// How long a range that is held waits before it is asked for again, at first and at the longest.
pub const HELD_MS: BackOff = BackOff { first_ms: 250, longest_ms: 30_000 };
/// Refused ranges that an acknowledgement can name.
pub const REFUSED_MAX: usize = VECTOR_ENTRIES_MAX - WANTS_MAX;
/// A peer's wants that may wait to be served.
pub const SERVING_MAX: usize = 256;
/// A peer's wants that are handed over to be served at a time.
pub const SERVED_AT_ONCE_MAX: usize = 16;

/// Records in the first answer of a channel's history: a page, there at once.
pub const FIRST_PAGE_RECORDS: u16 = 50;
/// Records in each further answer; more would keep the writer from others for too long.
pub const HISTORY_WINDOW_RECORDS: u16 = 512;
/// When a peer is asked again for history that it did not serve, at first and at the longest.
pub const HISTORY_AGAIN_MS: BackOff = BackOff { first_ms: 5_000, longest_ms: 600_000 };
/// How long the answer to an ask for history may take.
pub const HISTORY_ANSWER_MS: u64 = 30_000;
/// A peer's asks for history that may wait; one that keeps to the protocol has one.
pub const HISTORY_SERVING_MAX: usize = 4;
/// Pages of history that a link keeps until they are asked for; of more, the newest.
pub const HISTORY_OFFERED_MAX: usize = 4;
/// Logs and channels that a link remembers of what it was told; beyond that it asks no more.
pub const HISTORY_NAMES_MAX: usize = 65_536;

/// How long after heads were stated they are stated again.
pub const COMPARISON_MS: u64 = 3_600_000;
/// Logs of which the peer's history is to be searched; those beyond are found at the next
/// comparison.
pub const SUSPECTS_MAX: usize = 256;
/// Answers after which a search is given up; each halves what is left to search.
pub const SEARCH_ROUNDS_MAX: u32 = 80;
/// How long a peer may take to show its history.
pub const SHOW_ANSWER_MS: u64 = 30_000;
/// What a peer may want to be shown and was not yet; one that keeps to the protocol has one.
pub const SHOWS_MAX: usize = 4;
/// Statements of heads and of who is away, and proofs of forks, that a peer may send between two
/// statements of ours.
pub const FORK_FRAMES_MAX: usize = 4_096;
/// Proofs of forks that are passed on over one link at a time.
pub const FORKS_TOLD_MAX: usize = 256;

/// How long no link may be up with a member until others are asked for what it writes.
pub const AWAY_MS: u64 = 5_000;
/// How often it is looked who is away, what others hold, and what they are to hear of that.
pub const RELAY_MS: u64 = 5_000;
/// How long a member with which a link is up has to bring what others hold of its logs, until they
/// are asked for it.
pub const PATIENCE_MS: u64 = 30_000;
/// How long who was asked for a log has, until others may be asked for it; and until it is asked
/// again, at first and at the longest.
pub const SUPPLY_MS: BackOff = BackOff { first_ms: 30_000, longest_ms: 600_000 };
/// Logs of which a peer holds more than we do that are remembered of one link; those beyond are
/// found at the next comparison.
pub const OFFERS_MAX: usize = 4_096;
/// Logs that one link fetches for others at a time.
pub const OFFERS_AT_ONCE_MAX: usize = WANTS_IN_FLIGHT_MAX;

/// Look-ups that may be unanswered, of accounts and of groups together.
pub const LOOKUPS_MAX: usize = 256;
/// How long a look-up may take.
pub const LOOKUP_MS: u64 = 10_000;
/// How long the answer to a probe may take: who answers may ask DNS and dial first.
pub const PROBE_MS: u64 = 25_000;
/// A peer's look-ups that may be unanswered; more than it may have open, since it gives up on slow
/// ones.
pub const PEER_LOOKUPS_MAX: usize = 4 * LOOKUPS_MAX;

/// Domains that may be dialled or linked.
pub const DOMAINS_MAX: usize = 10_000;
/// Dials under way at a time.
pub const DIALS_MAX: usize = 32;
/// How long to wait before a domain is dialled again, at first and at the longest.
pub const DIAL_MS: BackOff = BackOff { first_ms: 1_000, longest_ms: 120_000 };

/// A wait that doubles with each try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// The first wait.
    pub first_ms: u64,
    /// The longest wait.
    pub longest_ms: u64,
}

impl BackOff {
    /// The wait after `tries` earlier ones.
    pub const fn after(self, tries: u32) -> u64 {
        let doublings = if tries < 32 { tries } else { 32 };
        let wait = self.first_ms.saturating_mul(1 << doublings);
        if wait < self.longest_ms { wait } else { self.longest_ms }
    }
}

const _: () = assert!(FEED_BYTES_MAX >= BATCH_BYTES_TARGET);
const _: () = assert!(
    // One batch more than the bytes allow, and answers to wants, each of twice the target.
    FEED_BYTES_MAX + (1 + WANTS_IN_FLIGHT_MAX) * 2 * BATCH_BYTES_TARGET < PENDING_BYTES_MAX
);
const _: () = assert!(WANTS_MAX >= 2 * BATCH_RECORDS_MAX && REFUSED_MAX >= 2 * BATCH_RECORDS_MAX);
const _: () = assert!(WANTS_IN_FLIGHT_MAX < SERVING_MAX);
const _: () = assert!(HISTORY_WINDOW_RECORDS as usize <= HISTORY_RECORDS_MAX);
const _: () = assert!(
    // Statements of who is away and of their heads beside those of all heads.
    VECTOR_PARTS_MAX + FORKS_TOLD_MAX + 2 * ((COMPARISON_MS / RELAY_MS) as usize) < FORK_FRAMES_MAX
);
const _: () = assert!(ACKNOWLEDGED_AT_ONCE_MAX < FEED_BATCHES_MAX);
const _: () =
    assert!(2 * VECTOR_PARTS_MAX + FORKS_TOLD_MAX + PEER_LOOKUPS_MAX + LOOKUPS_MAX < ACTIONS_MAX);
