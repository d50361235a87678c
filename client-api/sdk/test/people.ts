// Accounts with sessions, and waiting for what they hear.
import WebSocket from "ws";
import {
  ComityClient, Session, type ChannelEvent, type EventFrame, type LiveSession, type Message,
  type Store, type WebSocketConstructor,
} from "../src/index.js";
import type { TestNode } from "./node.js";

export const PASSWORD = "correct horse battery";
export const Socket = WebSocket as unknown as WebSocketConstructor;

let people = 0;

/** A new account, with a client and what its requests were. */
export async function signUp(node: TestNode, name = `person${process.pid}x${people++}`) {
  const requests: string[] = [];
  const fetch = (url: string, init: RequestInit) => {
    requests.push(`${init.method} ${url.slice(node.url.length)}`);
    return globalThis.fetch(url, init);
  };
  const client = new ComityClient({ url: node.url, fetch });
  const { account, device } = await client.signUp(name, PASSWORD, { device_name: "test" });
  return { client, account, device: device.id, requests };
}

const open: LiveSession[] = [];

/** A session that has not started; {@link closeAll} closes it. */
export function session(client: ComityClient, store?: Store): Session {
  const made = new Session({ client, WebSocket: Socket, ...(store ? { store } : {}) });
  open.push(made);
  return made;
}

/** A session that is online. */
export async function online(client: ComityClient, store?: Store): Promise<Session> {
  const made = session(client, store);
  await made.start();
  await made.until(({ status }) => status === "online");
  return made;
}

/** Closes all sessions: one that is left open would keep a failed test's process alive. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.map((each) => each.close()));
}

/** Resolves at the first event that passes. */
export function heard(
  session: LiveSession, test: (frame: EventFrame) => boolean,
): Promise<EventFrame> {
  return new Promise((resolve) => {
    const end = session.on("event", (frame) => {
      if (!test(frame)) return;
      end();
      resolve(frame);
    });
  });
}

/** Whether an event is a message with a text. */
export function says(text: string): (frame: { event: ChannelEvent }) => boolean {
  return ({ event }) => event.kind === "message" && event.text === text;
}

/** The texts of events that are messages. */
export function texts(events: readonly ChannelEvent[]): (string | null)[] {
  const messages = events.filter((event): event is Message => event.kind === "message");
  return messages.map((message) => message.text);
}
