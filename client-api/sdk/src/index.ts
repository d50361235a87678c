// The public interface. For programs in Node.js there is `comity-sdk/node` besides.
export { ChannelList } from "./channel-list.js";
export { ComityClient } from "./client.js";
export type { Api, ClientOptions, SignUpOptions } from "./client.js";
export { ComityError, isStoreFull } from "./error.js";
export type { Refusal, SdkCode } from "./error.js";
export type { Fetch } from "./http.js";
export type { RequestOptions } from "./request-types.js";
export { IndexedDbStore } from "./indexed-db-store.js";
export * from "./limits.js";
export type { WebSocketConstructor, WebSocketLike } from "./link.js";
export { MemoryStore } from "./memory-store.js";
export { Session } from "./session.js";
export type { SessionOptions } from "./session.js";
export type {
  HistoryPage, Listener, LiveSession, LocalMessage, Place, PresenceChange, SessionEvents,
  SessionState,
} from "./session-types.js";
export { SharedSession } from "./shared-session.js";
export type { SharedSessionOptions } from "./shared-session.js";
export type { Change, Range, Store, Value } from "./store.js";
export { Timeline } from "./timeline.js";
export type { TimelineItem, TimelineView } from "./timeline-types.js";
export type {
  Answer, Channel, ChannelDetail, ChannelEvent, Command, Contact, DeliveredFrame, Device,
  DoneFrame, EventFrame, EventKind, EventOf, FoundGroup, HistoryGrewFrame, LoggedIn, Me, Member,
  Message, MessageDetail, MutedFrame, Notifications, Page, Presence, Profile, Reaction, ReadFrame,
  Role, SearchResults, SendOptions, Standing, UnreadFrame, WellKnown,
} from "./types.js";
export type { components, paths } from "./generated/openapi.js";
