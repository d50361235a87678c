import type { LocalMessage } from "./session-types.js";
import type { ChannelEvent } from "./types.js";

/** One line of a timeline. */
export interface TimelineItem {
  /** The event, with what was said of it since: edits, erasure, reactions, pins, replies. */
  event: ChannelEvent;
  /** How far one's own message has come, where that is known. */
  delivered: { organisations: number; of: number; final: boolean } | null;
}

/** What a timeline shows now: a stretch of the channel without a gap, oldest first. */
export interface TimelineView {
  items: readonly TimelineItem[];
  /**
   * The texts of this device that are not among the items yet, oldest first: show them at the
   * end. One that is stored goes in the same change in which its event comes.
   */
  local: readonly LocalMessage[];
  /** There are older events, or may be. */
  hasBefore: boolean;
  /** There are newer events. Where not, what comes live is added. */
  hasAfter: boolean;
  /** Some of it is still on its way from other nodes; it is read anew by itself. */
  pending: boolean;
  /**
   * Where nothing is older: the channel's rule hides what was before the account came, if there
   * was anything.
   */
  limited: boolean;
  /** A page is being read. */
  loading: boolean;
}
