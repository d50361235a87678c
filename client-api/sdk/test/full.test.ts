// A store that has no room, and a clock that is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore, type Change, type LocalMessage } from "../src/index.js";
import { ScriptedNode, message, page, told } from "./scripted.js";

/** Takes only so much, as a browser's quota does. */
class SmallStore extends MemoryStore {
  room = Infinity;

  override async write(changes: Change[]): Promise<void> {
    const held = new Map(this.entries());
    for (const { key, value } of changes) {
      if (value === undefined) held.delete(key);
      else held.set(key, value);
    }
    if (held.size > this.room) throw new DOMException("no room", "QuotaExceededError");
    return super.write(changes);
  }

  countOf(prefix: string): number {
    return [...this.entries()].filter(([key]) => key.startsWith(prefix)).length;
  }
}

function until(node: ScriptedNode, state: LocalMessage["state"]): Promise<LocalMessage> {
  return new Promise((resolve) => {
    node.session.on("outbox", (each) => void (each.state === state && resolve(each)));
  });
}

test("history makes room for what is unsent", async () => {
  const store = new SmallStore();
  const node = new ScriptedNode(store);
  node.answer = () => page(Array.from({ length: 60 }, (_, number) => message(number + 1)));
  await node.session.start();
  const socket = await node.welcome();
  await node.session.until(({ status }) => status === "online");
  await node.session.page("c", { at: "latest" }, 60);
  socket.say(told(message(61), "a"));
  await new Promise<void>((resolve) => node.session.on("event", () => resolve()));
  while (store.countOf("event/") < 60) await new Promise(setImmediate);
  const errors: string[] = [];
  node.session.on("error", ({ code }) => errors.push(code));
  store.room = [...store.entries()].length;
  const sent = until(node, "sent");
  const { key } = node.session.send("c", "no room for this");
  await sent;
  assert.ok(errors.length > 0 && errors.every((code) => code === "store_full"), String(errors));
  assert.equal(store.countOf("event/"), 0);
  const [[, kept] = []] = await store.range({ from: "outbox/", to: "outbox0" });
  assert.equal((kept as { key: string }).key, key);
  const shown = await node.session.page("c", { at: "latest" }, 10);
  assert.equal(shown.events.length, 60);
  await node.session.close();
});

test("where there is never room, a text goes out once, and later nonces are others", async () => {
  const store = new SmallStore();
  const first = new ScriptedNode(store);
  await first.session.start();
  const socket = await first.welcome();
  await first.session.until(({ status }) => status === "online");
  while (!store.countOf("meta/owner")) await new Promise(setImmediate);
  store.room = 0;
  first.session.send("c", "not kept");
  const said = await socket.hear();
  assert.equal(said["text"], "not kept");
  const stored = until(first, "stored");
  socket.say({ type: "stored", nonce: said["nonce"], id: "1" });
  await stored;
  assert.equal(store.countOf("outbox/"), 0);
  assert.deepEqual(first.session.outbox(), []);
  await first.session.close();
  const second = new ScriptedNode(store);
  await second.session.start();
  const again = await second.welcome();
  second.session.send("c", "another");
  const next = await again.hear();
  assert.equal(next["text"], "another");
  assert.ok(Number(next["nonce"]) > Number(said["nonce"]));
  await second.session.close();
});

test("a clock that is hours off erases nothing, and dates nothing wrong", async () => {
  const hour = 3_600_000;
  const node = new ScriptedNode();
  const at = new Date(Date.now() - 5 * hour);
  const fresh = message(1, { time: new Date(at.getTime() - hour).toISOString() });
  node.date = () => at.toUTCString();
  node.answer = ({ pathname }) =>
    pathname.endsWith("/messages") ? page([fresh]) : { id: "c", kept_seconds: String(4 * 3_600) };
  await node.session.start();
  await node.welcome();
  await node.session.until(({ status }) => status === "online");
  await node.session.page("c", { at: "latest" });
  while (node.requests.length < 2) await new Promise(setImmediate);
  await new Promise(setImmediate);
  const { events } = await node.session.page("c", { at: "latest" });
  assert.deepEqual(events, [fresh]);
  const { time } = node.session.send("c", "now");
  assert.ok(Math.abs(Date.parse(time) - at.getTime()) < 60_000, time);
  await node.session.close();
});
