// Heartbeats of a page that nobody sees: with stand-ins for what browsers have.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { every } from "../src/every.js";

class StandIn {
  static last: StandIn | undefined;
  onmessage: (() => void) | undefined;
  onerror: (() => void) | undefined;
  said: unknown;
  isOver = false;

  constructor(readonly url: string) {
    StandIn.last = this;
  }

  postMessage(said: unknown): void {
    this.said = said;
  }

  terminate(): void {
    this.isOver = true;
  }
}

/** Makes this a page, in which workers are so. */
function browse(worker: unknown): void {
  Object.assign(globalThis, { document: {}, Worker: worker });
}

/** Begins; resolves at the first beat. */
function begin(): { beat: Promise<void>; end: () => void } {
  let end = () => {};
  const beat = new Promise<void>((resolve) => (end = every(1, resolve)));
  return { beat, end };
}

afterEach(() => {
  const page = globalThis as { document?: unknown; Worker?: unknown };
  delete page.document;
  delete page.Worker;
});

test("a page has its heartbeat from a worker", async () => {
  browse(StandIn);
  const { beat, end } = begin();
  const worker = StandIn.last!;
  assert.equal(worker.said, 1);
  worker.onmessage!();
  await beat;
  end();
  assert.ok(worker.isOver);
});

test("where a page may have no worker its own timer has to do", async () => {
  browse(StandIn);
  const late = begin();
  StandIn.last!.onerror!();
  await late.beat;
  late.end();
  browse(class {
    constructor() {
      throw new Error("the policy says no");
    }
  });
  const early = begin();
  await early.beat;
  early.end();
});

test("a program has its heartbeat from a timer", async () => {
  const { beat, end } = begin();
  await beat;
  end();
});
