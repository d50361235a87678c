// A node that says what a test wants it to say: for what a real one does not do when asked.
import {
  ComityClient, MemoryStore, Session, type ChannelEvent, type Page, type Store,
  type WebSocketConstructor,
} from "../src/index.js";

type Frame = Record<string, unknown>;

/** The node's side of a socket. */
export class ScriptedSocket {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: object) => void) | null = null;
  onerror: unknown = null;
  isClosed = false;
  readonly #heard: Frame[] = [];
  readonly #waiting: ((frame: Frame) => void)[] = [];

  constructor(readonly url: string) {
    queueMicrotask(() => this.onopen?.());
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Frame;
    if (frame["type"] === "ping" && frame["data"] !== undefined) {
      return queueMicrotask(() => this.say({ type: "pong", data: frame["data"] }));
    }
    if (frame["type"] === "ping") return;
    const waiting = this.#waiting.shift();
    if (waiting) waiting(frame);
    else this.#heard.push(frame);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The next frame that the client says. */
  hear(): Promise<Frame> {
    const frame = this.#heard.shift();
    return frame ? Promise.resolve(frame) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  say(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The line breaks. */
  cut(): void {
    this.onclose?.({});
  }
}

/** A node, and a session of `alice@acme.test` with it. */
export class ScriptedNode {
  readonly store: Store;
  readonly session: Session;
  /** What was asked for over HTTP. */
  readonly requests: string[] = [];
  /** What is answered to that: a page, unless a test says otherwise. */
  answer: (url: URL) => Promise<object> | object = () => page([]);
  /** The time that answers bear. */
  date = () => new Date().toUTCString();
  readonly #sockets: ScriptedSocket[] = [];
  readonly #waiting: ((socket: ScriptedSocket) => void)[] = [];

  constructor(store: Store = new MemoryStore(), url = "https://node.test") {
    this.store = store;
    const fetch = async (address: string) => {
      this.requests.push(address);
      const headers = { date: this.date() };
      return Response.json(await this.answer(new URL(address)), { headers });
    };
    const client = new ComityClient({ url, token: "token", fetch });
    this.session = new Session({ client, store, WebSocket: this.#socketClass() });
  }

  /** The next socket that the client opens. */
  socket(): Promise<ScriptedSocket> {
    const socket = this.#sockets.shift();
    if (socket) return Promise.resolve(socket);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next socket, after its hello, which is answered. */
  async welcome(more: Frame = {}): Promise<ScriptedSocket & { hello: Frame }> {
    const socket = await this.socket();
    const hello = await socket.hear();
    socket.say({
      type: "welcome", account: "alice@acme.test", device: "d1", cursor: "begin",
      resync: false, heartbeat_ms: "60000", ...more,
    });
    return Object.assign(socket, { hello });
  }

  #socketClass(): WebSocketConstructor {
    const node = this;
    return class extends ScriptedSocket {
      constructor(url: string) {
        super(url);
        const waiting = node.#waiting.shift();
        if (waiting) waiting(this);
        else node.#sockets.push(this);
      }
    };
  }
}

/** An id as long as a node's, in the order of the numbers. */
export function idOf(number: number): string {
  return String(number).padStart(26, "0");
}

/** A message of Bob's. */
export function message(number: number, more: object = {}): ChannelEvent {
  return {
    id: idOf(number), time: `2026-11-23T03:27:27.${String(number).padStart(6, "0")}Z`,
    sender: "bob@acme.test", kind: "message", text: `text ${number}`, ...more,
  };
}

/** An event as the feed has it. */
export function told(event: ChannelEvent, cursor: string, channel = "c"): Frame {
  return { type: "event", cursor, channel, event };
}

/** A page of history. */
export function page(events: ChannelEvent[], more: Partial<Page> = {}): Page {
  return {
    events, delivered: [], more_before: false, more_after: false, history_pending: false, ...more,
  };
}
