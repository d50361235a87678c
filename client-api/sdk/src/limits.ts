// Every queue, size and retry has its largest value here.

/** Texts and commands in the outbox, refused ones included. */
export const OUTBOX_MAX = 1_000;
/** Requests on the socket without an answer; the node reads no further beyond it. */
export const UNDER_WAY_MAX = 64;
/** Settled keys that are remembered, so that a text handed over twice is sent once. */
export const SETTLED_MAX = 1_000;
/** Repeats of one request after refusals that ask for patience. */
export const RETRIES_MAX = 50;
/** The first wait before another connection, and the longest. */
export const WAIT_FIRST_MS = 200;
export const WAIT_MAX_MS = 30_000;
/** The longest pause that a node is granted. */
export const PAUSE_MAX_MS = 60_000;
/** How long a connection may take until the welcome. */
export const GREETING_MAX_MS = 15_000;
/** Heartbeats without a word from the node after which the connection counts as dead. */
export const SILENT_BEATS_MAX = 6;
export const HEARTBEAT_MIN_MS = 100;
export const HEARTBEAT_MAX_MS = 60_000;
/** Events that wait for their listeners; beyond it the socket is dropped, and resumed later. */
export const EVENTS_WAITING_MAX = 10_000;
/** Ids of events that came last, for telling what came already. */
export const SEEN_MAX = 4_096;
/** How long an answer may take so that its time is compared with this device's. */
export const CLOCK_ANSWER_MAX_MS = 5_000;
/** Up to here the two clocks count as the same. */
export const CLOCK_TOLERANCE_MS = 60_000;
/** Time for a request over HTTP. */
export const REQUEST_MAX_MS = 60_000;
/** Events of a page of history. */
export const PAGE_MAX = 200;
export const PAGE_DEFAULT = 50;
/** Requests that fill one page from the node. */
export const PAGE_REQUESTS_MAX = 4;
/** Channels in the cache; the one longest not looked at goes first. */
export const CACHED_CHANNELS_MAX = 200;
/** Events in the cache of one channel, and of all. */
export const CACHED_EVENTS_OF_CHANNEL_MAX = 5_000;
export const CACHED_EVENTS_MAX = 50_000;
/** Stretches of a channel that are known, with gaps between them. */
export const CACHED_RANGES_MAX = 64;
/** Events that a timeline shows at once; beyond it the far end goes. */
export const TIMELINE_MAX = 2_000;
/** The wait before a store that failed is written again. */
export const STORE_AGAIN_MS = 2_000;
/** The same where it had no room, and history was dropped to make some. */
export const STORE_FULL_AGAIN_MS = 100;
/** Writes that find no room before texts go out although they are not kept. */
export const STORE_FULL_TRIES = 3;
/** Events that the cache keeps at least, however little room its store has. */
export const CACHED_EVENTS_MIN = 200;
/** The wait before a page is read again of which some was on its way from other nodes. */
export const PENDING_AGAIN_MS = 5_000;
