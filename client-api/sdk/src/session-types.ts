// What a live session shows, whoever owns its socket. All values here can be cloned
// structurally, so that they pass between tabs and into stores as they are.
import type { Refusal } from "./error.js";
import type * as api from "./types.js";

/** How the session is connected. `until` is in milliseconds since 1970, like `Date.now()`. */
export type SessionState =
  | { status: "offline" }
  | { status: "connecting" }
  | { status: "online"; account: string; device: string }
  | { status: "waiting"; until: number; reason: Refusal }
  | { status: "loggedOut"; reason: Refusal };

/**
 * A text that this device sends. It stands in the outbox from {@link LiveSession.send} on until
 * it is `stored`, or `refused` and then discarded or retried.
 */
export interface LocalMessage {
  /** Names it in this device's outbox, from the first moment on. */
  key: string;
  /** The nonce that it is sent under; `null` until the tab that owns the socket gave it one. */
  nonce: string | null;
  channel: string;
  text: string;
  options: api.SendOptions;
  /** When it was written, as RFC 3339. */
  time: string;
  state: "queued" | "sent" | "stored" | "refused";
  /** Whether it is in this device's store, and is sent even where the page is closed now. */
  kept?: boolean;
  /** The id of the event in the channel, once it is stored. */
  id?: string;
  /** Why it was refused. */
  refusal?: Refusal;
}

/** A place in a channel's history. */
export type Place =
  | { at: "latest" }
  | { at: "before"; id: string }
  | { at: "after"; id: string }
  | { at: "around"; id: string }
  | { at: "date"; date: string };

/** A page of a channel, oldest first, from the cache or from the node. */
export interface HistoryPage {
  events: api.ChannelEvent[];
  /** How far one's own messages among the events have come. */
  delivered: api.DeliveredFrame[];
  moreBefore: boolean;
  moreAfter: boolean;
  /** Some of it is still on its way from other nodes: ask again at `history_grew`. */
  pending: boolean;
  /** It begins where the channel's rule lets its reader see, not where the channel began. */
  limited: boolean;
  /** How many requests it took: 0 where all was in the cache. */
  requests: number;
}

/** An account's presences; after `reset` whoever is not named is offline. */
export interface PresenceChange {
  reset: boolean;
  presences: api.Presence[];
}

/** What a session tells, by name. */
export interface SessionEvents {
  /** How it is connected. */
  state: SessionState;
  /** Something happened in a channel. The cursor moves on when all listeners are done. */
  event: api.EventFrame;
  /** A local message is new, was sent, was stored, or was refused. */
  outbox: LocalMessage;
  /** A local message was discarded: forget it. */
  discarded: { key: string };
  /** The feed has a gap: list channels anew. Cached history was dropped; timelines reload. */
  resync: { cursor: string };
  delivered: api.DeliveredFrame;
  history_grew: api.HistoryGrewFrame;
  unread: api.UnreadFrame;
  read: api.ReadFrame;
  presence: PresenceChange;
  typing: { channel: string; account: string; typing: boolean };
  muted: api.MutedFrame;
  blocks_changed: object;
  profile_changed: object;
  notifications_changed: object;
  /** Something failed that nobody asked for: a listener threw, the store cannot be written. */
  error: Refusal;
}

/** Takes one kind of {@link SessionEvents}; a promise is waited for where it is an `event`. */
export type Listener<N extends keyof SessionEvents> = (value: SessionEvents[N]) => unknown;

/**
 * A live session: the same in a program or a single tab ({@link Session}) and in one of several
 * tabs ({@link SharedSession}).
 */
export interface LiveSession {
  /** How it is connected. Changes are told as `state`. */
  readonly state: SessionState;
  /** Whose session it is; empty until the first welcome of this device. */
  readonly account: string;
  /** Resolves once what the store keeps was read: {@link outbox} is whole from then on. */
  start(): Promise<void>;
  /** Closes the socket; what is unsent stays in the store. */
  close(): Promise<void>;
  /** Connects now rather than when the wait is over; browsers' `online` does it by itself. */
  wake(): void;
  /** Listens; the answer ends it. */
  on<N extends keyof SessionEvents>(name: N, listener: Listener<N>): () => void;
  /** Resolves at the first value that passes, the current state included. */
  until(test: (state: SessionState) => boolean): Promise<SessionState>;
  /**
   * Puts a text into the outbox, and sends it when it can. Throws `outbox_full` where there are
   * {@link OUTBOX_MAX} already.
   */
  send(channel: string, text: string, options?: api.SendOptions): LocalMessage;
  /** Resolves when a local message is stored or refused. */
  settled(key: string): Promise<LocalMessage>;
  /** The texts that are not stored, of one channel or all, oldest first. */
  outbox(channel?: string): LocalMessage[];
  /** Sends a refused text again, under another nonce. */
  retry(key: string): void;
  /** Forgets a refused text. */
  discard(key: string): void;
  /** Asks for a change; it is repeated over breaks of the connection until it is answered. */
  command(command: api.Command): Promise<api.DoneFrame>;
  /** Says that the user types, or has stopped. Dropped where the socket is not there. */
  typing(channel: string, typing?: boolean): void;
  /** Says how this device is, or the user's status. Said again after each reconnection. */
  presence(change: api.PresenceChange): void;
  /** Milliseconds to the node and back; fails with `not_online`. */
  ping(): Promise<number>;
  /** A page of a channel: what the cache lacks is fetched and kept. */
  page(channel: string, place: Place, limit?: number): Promise<HistoryPage>;
}
