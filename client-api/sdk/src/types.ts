// Names for the generated types. They are the API's own shapes: see docs/client/README.md.
import type { components as frames } from "./generated/asyncapi.js";
import type { components } from "./generated/openapi.js";

type Schemas = components["schemas"];
type Frames = frames["schemas"];

/** Something that happened in a channel; tell by `kind`. Pass over kinds you do not know. */
export type ChannelEvent = Schemas["Event"];
/** The kinds of events. */
export type EventKind = ChannelEvent["kind"];
/** An event of one kind. */
export type EventOf<K extends EventKind> = Extract<ChannelEvent, { kind: K }>;
/** A message, as history shows it: with its newest text, reactions, replies. */
export type Message = EventOf<"message">;
export type Reaction = Schemas["Reaction"];
/** A channel in the list. */
export type Channel = Schemas["Channel"];
/** A channel by its id: with members and rules. */
export type ChannelDetail = Schemas["ChannelDetail"];
export type Member = Schemas["Member"];
export type Role = Schemas["Role"];
export type Standing = Schemas["Standing"];
export type Presence = Schemas["Presence"];
export type PresenceChange = Schemas["PresenceChange"];
export type Profile = Schemas["Profile"];
export type Contact = Schemas["Contact"];
export type Device = Schemas["Device"];
export type Me = Schemas["Me"];
export type LoggedIn = Schemas["LoggedIn"];
export type WellKnown = Schemas["WellKnown"];
export type SearchResults = Schemas["SearchResults"];
export type Notifications = Schemas["Notifications"];
export type FoundGroup = Schemas["FoundGroup"];
export type Answer = Schemas["Answer"];
/** A page of history as the node sends it. */
export type Page = Schemas["Page"];
export type MessageDetail = Schemas["Message"];

export type EventFrame = Schemas["EventFrame"];
export type DeliveredFrame = Schemas["DeliveredFrame"];
export type HistoryGrewFrame = Schemas["HistoryGrewFrame"];
export type ReadFrame = Schemas["ReadFrame"];
export type UnreadFrame = Schemas["UnreadFrame"];
export type MutedFrame = Schemas["MutedFrame"];
export type HelloFrame = Frames["frame_hello"];
export type WelcomeFrame = Frames["frame_welcome"];
export type SendFrame = Frames["frame_send"];
export type CommandFrame = Frames["frame_command"];
export type StoredFrame = Frames["frame_stored"];
export type DoneFrame = Frames["frame_done"];
export type RefusedFrame = Frames["frame_refused"];
export type GoodbyeFrame = Frames["frame_goodbye"];
export type PresenceFrame = Extract<Frames["frame_presence"], { presences: unknown }>;
export type TypingFrame = Frames["frame_typing"];

/** All that a node says on the socket. */
export type NodeFrame =
  | WelcomeFrame
  | Frames["frame_pong"]
  | StoredFrame
  | DoneFrame
  | RefusedFrame
  | GoodbyeFrame
  | EventFrame
  | DeliveredFrame
  | HistoryGrewFrame
  | ReadFrame
  | UnreadFrame
  | Frames["frame_heartbeat"]
  | PresenceFrame
  | TypingFrame
  | MutedFrame
  | Frames["frame_blocks_changed"]
  | Frames["frame_profile_changed"]
  | Frames["frame_notifications_changed"];

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A command of the socket: `{ do: "react", channel, message, reaction }`, for example. */
export type Command = Without<CommandFrame, "type" | "nonce">;
/** What may be said besides a message's text. */
export type SendOptions = Omit<SendFrame, "type" | "nonce" | "channel" | "text">;
