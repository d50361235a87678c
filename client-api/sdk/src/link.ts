import { ComityError, type Refusal } from "./error.js";
import { every } from "./every.js";
import { GREETING_MAX_MS, HEARTBEAT_MAX_MS, HEARTBEAT_MIN_MS, SILENT_BEATS_MAX } from "./limits.js";
import type { HelloFrame, NodeFrame, WelcomeFrame } from "./types.js";

/** The part of a WebSocket that is used: that of browsers, and npm's `ws`. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  /** Cuts the connection at once, where that can be done (`ws`). */
  terminate?(): void;
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  onerror: unknown;
}

/** Makes a WebSocket: a constructor such as the global `WebSocket`. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** What a connection needs and tells. */
export interface LinkOptions {
  WebSocket: WebSocketConstructor;
  /** The node's base URL. */
  url: string;
  token: string;
  cursor: string | undefined;
  welcomed(frame: WelcomeFrame): void;
  /** Any frame after the welcome but pongs. */
  heard(frame: NodeFrame): void;
  /** Told once; nothing comes after it. */
  ended(reason: Refusal, endpoint: string | undefined): void;
}

/** One connection, from its hello to its end. */
export class Link {
  readonly #options: LinkOptions;
  readonly #socket: WebSocketLike;
  readonly #greeting: ReturnType<typeof setTimeout>;
  readonly #pings = new Map<string, { resolve: () => void; reject: (why: Error) => void }>();
  #endBeat: (() => void) | undefined;
  #silentBeats = 0;
  #pingCount = 0;
  #isOver = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { token, cursor } = options;
    const hello: HelloFrame = { type: "hello", token };
    if (cursor !== undefined) hello.cursor = cursor;
    const socket = new options.WebSocket(`ws${options.url.slice("http".length)}/v1/socket`);
    this.#socket = socket;
    socket.onopen = () => this.#isOver || socket.send(JSON.stringify(hello));
    socket.onmessage = (message: { data: unknown }) => this.#take(message.data);
    socket.onclose = (close: { code?: number; reason?: unknown }) => {
      // A proxy may swallow the goodbye; the close frame names its code once more.
      const reason = String(close.reason ?? "");
      const code = /^[a-z_]+$/.test(reason) ? reason : "unreachable";
      this.#end({ code, message: "The connection was closed.", status: 0 });
    };
    // What went wrong is told by the close that follows.
    socket.onerror = () => undefined;
    const late = "The node has not greeted in time.";
    this.#greeting = setTimeout(() => this.#drop(late), GREETING_MAX_MS);
  }

  /** Sends a frame; it is dropped where the connection is over. */
  send(frame: object): void {
    if (!this.#isOver) this.#socket.send(JSON.stringify(frame));
  }

  /** How long it takes to the node and back. */
  ping(): Promise<number> {
    const data = String(++this.#pingCount);
    const from = performance.now();
    return new Promise((resolve, reject) => {
      this.#pings.set(data, { resolve: () => resolve(performance.now() - from), reject });
      this.send({ type: "ping", data });
    });
  }

  /** Takes leave: the device is gone at once. */
  close(): void {
    if (!this.#finish()) return;
    this.#socket.close(1000);
  }

  #take(data: unknown): void {
    if (this.#isOver || typeof data !== "string") return;
    this.#silentBeats = 0;
    const frame = parse(data);
    if (!frame) return;
    switch (frame.type) {
      case "welcome":
        clearTimeout(this.#greeting);
        this.#beatEvery(frame.heartbeat_ms);
        return this.#options.welcomed(frame);
      case "heartbeat":
        return this.#beatEvery(frame.heartbeat_ms);
      case "pong":
        this.#pings.get(frame.data ?? "")?.resolve();
        this.#pings.delete(frame.data ?? "");
        return;
      case "goodbye": {
        const { code, message, endpoint } = frame;
        this.#end({ code, message, status: 0 }, endpoint);
        return this.#socket.close();
      }
      default:
        return this.#options.heard(frame);
    }
  }

  #beatEvery(ms: string): void {
    this.#endBeat?.();
    const wait = Math.min(Math.max(Number(ms) || 0, HEARTBEAT_MIN_MS), HEARTBEAT_MAX_MS);
    this.#endBeat = every(wait, () => {
      this.#silentBeats += 1;
      if (this.#silentBeats > SILENT_BEATS_MAX) this.#drop("The node is silent.");
      else this.send({ type: "ping" });
    });
  }

  #drop(message: string): void {
    this.#end({ code: "unreachable", message, status: 0 });
    // A close waits for the other side's, which is silent.
    if (this.#socket.terminate) this.#socket.terminate();
    else this.#socket.close();
  }

  #end(reason: Refusal, endpoint?: string): void {
    if (this.#finish()) this.#options.ended(reason, endpoint);
  }

  /** False where it is over already. */
  #finish(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#greeting);
    this.#endBeat?.();
    const gone = new ComityError("not_online", "The connection is over.");
    for (const { reject } of this.#pings.values()) reject(gone);
    return true;
  }
}

function parse(text: string): NodeFrame | undefined {
  try {
    const frame = JSON.parse(text) as NodeFrame;
    return typeof frame?.type === "string" ? frame : undefined;
  } catch {
    // Of what cannot be read, like of unknown frames, nothing is made.
    return undefined;
  }
}
