//! Every limit of channel version 1, in one place (`docs/protocol/` section 9). They belong to the
//! channel's version and are never settings: a node that judged by other numbers would disagree
//! with its peers.

/// Longest domain, in bytes (RFC 1035 section 2.3.4, without the trailing dot).
pub const DOMAIN_BYTES_MAX: usize = 253;
/// Longest label of a domain, in bytes.
pub const DOMAIN_LABEL_BYTES_MAX: usize = 63;
/// Longest account name, in Unicode scalar values.
pub const ACCOUNT_NAME_CHARS_MAX: usize = 64;
/// Longest account name in UTF-8.
pub const ACCOUNT_NAME_BYTES_MAX: usize = ACCOUNT_NAME_CHARS_MAX * 4;
/// Longest `name@domain` in UTF-8.
pub const LABEL_BYTES_MAX: usize = ACCOUNT_NAME_BYTES_MAX + 1 + DOMAIN_BYTES_MAX;

/// Longest text of a message, in Unicode scalar values.
pub const TEXT_CHARS_MAX: usize = 100_000;
/// Longest body, in bytes: the longest text in UTF-8.
pub const BODY_BYTES_MAX: usize = TEXT_CHARS_MAX * 4;
/// Longest content type of a body, in bytes.
pub const CONTENT_TYPE_BYTES_MAX: usize = 128;
/// Longest comment of a report of abuse, in Unicode scalar values.
pub const REPORT_COMMENT_CHARS_MAX: usize = 1_000;
/// Longest body of a report of abuse, in bytes: a record with its body, the comment and the proof.
pub const REPORT_BODY_BYTES_MAX: usize = BODY_BYTES_MAX + 32 * 1024;
/// Most accounts that a message may mention.
pub const MENTIONS_MAX: usize = 64;
/// Longest reaction, in bytes of UTF-8.
pub const REACTION_BYTES_MAX: usize = 64;
/// Longest channel name, in Unicode scalar values.
pub const CHANNEL_NAME_CHARS_MAX: usize = 100;
/// Longest channel topic, in Unicode scalar values.
pub const CHANNEL_TOPIC_CHARS_MAX: usize = 1_000;

/// Longest header of an event of a message log, in bytes.
pub const EVENT_HEADER_BYTES_MAX: usize = 8 * 1024;
/// Longest header of a control record, in bytes; it may carry a request's proof and entries of V.
pub const CONTROL_HEADER_BYTES_MAX: usize = 64 * 1024;
/// Most entries of the vector V in one control record.
pub const COVER_ENTRIES_MAX: usize = 256;
/// Most logs that one control record may close.
pub const CLOSED_LOGS_MAX: usize = 64;
/// How long after it heard that a log has ended a home closes it at the earliest, in ms.
pub const CLOSE_AFTER_MS: u64 = 86_400_000;
/// Most ended logs that a log's first event may list.
pub const ENDED_LOGS_MAX: usize = 64;
/// Most links in a proof from an event up to a proven head.
pub const LINKS_MAX: usize = 128;
/// Longest path of a head in its checkpoint's tree.
pub const INCLUSION_PATH_MAX: usize = 32;
/// Longest checkpoint (COSE_Sign1), in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 1_024;
/// Longest proof that a log was forked, in bytes.
pub const FORK_PROOF_BYTES_MAX: usize = 64 * 1024;

/// Members of a group where its genesis names no other number.
pub const MEMBERS_DEFAULT: u32 = 100;
/// Most members that a genesis of version 1 may name.
pub const MEMBERS_MAX: u32 = 1_000;
/// Most member organisations of a channel of version 1.
pub const ORGANISATIONS_MAX: u32 = 100;
/// Most changes of the key that a lineage may have.
pub const KEY_CHANGES_MAX: usize = 64;
/// Longest signed change of a key, in bytes.
pub const KEY_CHANGE_BYTES_MAX: usize = 512;
/// Most heads of its own that a node is asked to sign anew in one frame.
pub const SIGNED_MAX: usize = 1_024;
/// Control records whose seq is a multiple of this carry the hash of the control state before them.
pub const SNAPSHOT_INTERVAL: u64 = 64;
/// Most accounts that a group's control state may know: those that ever were invited, in or banned.
pub const ACCOUNTS_KNOWN_MAX: u32 = 10_000;
/// Most stays of one account in a group; whoever came and went as often is not invited again.
pub const STAYS_MAX: u32 = 64;
/// Most changes of one account's role, and of a group's posting rule, that control state keeps.
pub const RULE_CHANGES_MAX: u32 = 256;
/// Shortest retention that a group may state, in seconds.
pub const RETENTION_SECONDS_MIN: u64 = 3_600;
/// Uncovered events of a group with several organisations after which the home states V.
pub const COVER_EVENTS: u32 = 100;
/// Or how long after the oldest uncovered one, in ms.
pub const COVER_AGE_MS: u64 = 600_000;
/// New writers that a receiver takes an hour per channel and origin.
pub const WRITERS_PER_HOUR_MAX: u32 = 8;
/// How far ahead of the receiver's clock the next event of a message log may be before it is held,
/// in ms.
pub const AHEAD_MS_MAX: u64 = 60_000;
/// What arrives later than this after its time is marked late to clients, in ms.
pub const LATE_MS: u64 = 600_000;

/// Longest frame between peers, in bytes.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A feed closes a batch of records at this size, in bytes.
pub const BATCH_BYTES_TARGET: usize = 1024 * 1024;
/// Most records in one batch.
pub const BATCH_RECORDS_MAX: usize = 4_096;
/// Most entries in one frame that states vectors.
pub const VECTOR_ENTRIES_MAX: usize = 16_384;
/// Most logs that one ask for history names, and that its answer speaks of.
pub const HISTORY_LOGS_MAX: usize = 512;
/// Most records in one answer to an ask for history.
pub const HISTORY_RECORDS_MAX: usize = 1_024;
/// Most groups in one answer to an ask of which groups may be joined.
pub const OFFERED_GROUPS_MAX: usize = 50;
/// Longest status of an account, in Unicode scalar values.
pub const STATUS_CHARS_MAX: usize = 100;
/// Longest display name of an account, in Unicode scalar values.
pub const DISPLAY_NAME_CHARS_MAX: usize = 64;
/// Width and height of an avatar, in pixels.
pub const AVATAR_SIDE: u32 = 128;
/// Longest avatar, in bytes.
pub const AVATAR_BYTES_MAX: usize = 32 * 1024;
/// Members up to which those of a group see each other's presence, typing and
/// marks of reading.
pub const PRESENCE_MEMBERS_MAX: usize = 100;
/// How long a lease on an account's presence lasts, in ms.
pub const LEASE_MS: u64 = 60_000;
/// Most accounts in one frame about presence.
pub const PRESENCES_MAX: usize = 1_024;
/// Most marks of reading in one frame.
pub const MARKS_MAX: usize = 1_024;
/// Shortest time between two changes of one account that other organisations are told, in ms.
pub const PRESENCE_GAP_MS: u64 = 10_000;
/// Shortest time between two probes of an organisation for which its addresses are dialled, in ms.
pub const PROBE_GAP_MS: u64 = 60_000;
/// Most probes of an organisation that are answered in so much time.
pub const PROBES_MAX: usize = 12;
/// Most addresses that are dialled for one probe.
pub const PROBE_ADDRESSES_MAX: usize = 16;
/// Longest name of a program in the answer to a probe, in bytes.
pub const SOFTWARE_BYTES_MAX: usize = 64;
/// Longest datagram between peers, in bytes.
pub const DATAGRAM_BYTES_MAX: usize = 1_100;
/// Deepest nesting of any CBOR item on the wire.
pub const CBOR_DEPTH_MAX: usize = 16;

/// Answers that a node keeps per device, so that a repeated send gets the first one's answer.
pub const NONCE_WINDOW: u64 = 1_024;

const _: () = assert!(REPORT_BODY_BYTES_MAX + EVENT_HEADER_BYTES_MAX < BATCH_BYTES_TARGET);
const _: () = assert!(
    BATCH_BYTES_TARGET + REPORT_BODY_BYTES_MAX + CONTROL_HEADER_BYTES_MAX < FRAME_BYTES_MAX
);
const _: () = assert!(
    EVENT_HEADER_BYTES_MAX
        + CONTENT_TYPE_BYTES_MAX
        + REPORT_COMMENT_CHARS_MAX * 4
        + LINKS_MAX * 103
        + INCLUSION_PATH_MAX * 34
        + CHECKPOINT_BYTES_MAX
        + 1_024
        < REPORT_BODY_BYTES_MAX - BODY_BYTES_MAX
);
const _: () = assert!(COVER_ENTRIES_MAX * (32 + 9 + 9 + 18) < CONTROL_HEADER_BYTES_MAX / 2);
const _: () = assert!(LINKS_MAX * 110 < CONTROL_HEADER_BYTES_MAX / 2);
const _: () = assert!(STATUS_CHARS_MAX * 4 + 64 < DATAGRAM_BYTES_MAX);
const _: () = assert!(PRESENCES_MAX * (STATUS_CHARS_MAX * 4 + 64) < FRAME_BYTES_MAX / 2);
const _: () = assert!(MARKS_MAX * (34 + 9 + 17 + 1) < FRAME_BYTES_MAX / 2);
const _: () = assert!(AVATAR_BYTES_MAX < FRAME_BYTES_MAX / 2);
const _: () = assert!(OFFERED_GROUPS_MAX * 4 * CHANNEL_TOPIC_CHARS_MAX < FRAME_BYTES_MAX / 2);
const _: () = assert!(ENDED_LOGS_MAX * (9 + 9 + 34) < EVENT_HEADER_BYTES_MAX / 2);
const _: () = assert!(MEMBERS_DEFAULT <= MEMBERS_MAX);
const _: () = assert!(LABEL_BYTES_MAX * 2 < EVENT_HEADER_BYTES_MAX);
const _: () = assert!(CHANNEL_TOPIC_CHARS_MAX * 4 < EVENT_HEADER_BYTES_MAX);
