// How a session behaves where its node, or the line to it, behaves in ways that are rare.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { MemoryStore, Timeline, type Change, type EventFrame, type Store } from "../src/index.js";
import { EVENTS_WAITING_MAX, OUTBOX_MAX } from "../src/limits.js";
import { ScriptedNode, idOf, message, page, told } from "./scripted.js";

/** A session that is online. */
async function online(t: TestContext, store?: Store, more: Record<string, unknown> = {}) {
  const node = new ScriptedNode(store);
  t.after(() => node.session.close());
  const welcome = node.welcome(more);
  await node.session.start();
  return { node, session: node.session, socket: await welcome };
}

/** Resolves at the first event with this cursor. */
function heard(session: ScriptedNode["session"], cursor: string): Promise<EventFrame> {
  return new Promise((resolve) => {
    session.on("event", (frame) => frame.cursor === cursor && resolve(frame));
  });
}

test("a cursor that is refused is forgotten, and the gap is told", async (t) => {
  const { node, session, socket } = await online(t);
  assert.equal(socket.hello["cursor"], undefined);
  const first = heard(session, "one");
  socket.say(told(message(1), "one"));
  await first;
  await session.page("c", { at: "latest" });
  assert.equal((await session.page("c", { at: "latest" })).requests, 0);
  const resync = new Promise((resolve) => session.on("resync", resolve));
  socket.cut();
  const second = await node.socket();
  assert.equal((await second.hear())["cursor"], "one");
  second.say({ type: "goodbye", code: "cursor_invalid", message: "Not a cursor." });
  const third = await node.welcome({ cursor: "anew" });
  assert.equal(third.hello["cursor"], undefined);
  assert.deepEqual(await resync, { cursor: "anew" });
  assert.equal((await session.page("c", { at: "latest" })).requests, 1);
});

test("a node that goes names where to connect next, never without TLS from TLS", async (t) => {
  const { node, session, socket } = await online(t);
  const goodbye = { type: "goodbye", code: "shutting_down", message: "Bye." };
  socket.say({ ...goodbye, endpoint: "https://other.test/" });
  const { status } = await session.until(({ status }) => status === "waiting");
  assert.equal(status, "waiting");
  session.wake();
  const second = await node.welcome();
  assert.equal(second.url, "wss://other.test/v1/socket");
  second.say({ ...goodbye, endpoint: "http://open.test" });
  const third = await node.welcome();
  assert.equal(third.url, "wss://other.test/v1/socket");
});

test("a node that is silent is left", async (t) => {
  const { node, session, socket } = await online(t, undefined, { heartbeat_ms: "1" });
  const state = await session.until(({ status }) => status === "waiting");
  assert.ok(state.status === "waiting" && state.reason.message === "The node is silent.");
  assert.ok(socket.isClosed);
  await node.welcome();
});

test("what a node has no time for goes out again, under its nonce and first", async (t) => {
  const { session, socket } = await online(t);
  const texts = ["one", "two", "three"].map((text) => session.send("c", text));
  const nonces = texts.map(({ nonce }) => nonce);
  const hear = async (count: number) => {
    const frames = [];
    while (frames.length < count) frames.push((await socket.hear())["nonce"]);
    return frames;
  };
  assert.deepEqual(await hear(3), nonces);
  for (const nonce of nonces) {
    socket.say({
      type: "refused", nonce, code: "rate_limited", message: "Wait.", retry_after_ms: "1",
    });
  }
  session.send("c", "four");
  assert.deepEqual((await hear(4)).slice(0, 3), nonces);
  assert.deepEqual(session.outbox().map(({ state }) => state), ["sent", "sent", "sent", "sent"]);
});

test("what was sent and has no answer goes out again under its nonce", async (t) => {
  const { node, session, socket } = await online(t);
  const { nonce } = session.send("c", "hello");
  await socket.hear();
  const done = session.command({ do: "leave", channel: "c" });
  const command = await socket.hear();
  socket.cut();
  const second = await node.welcome();
  assert.equal((await second.hear())["nonce"], nonce);
  assert.deepEqual(await second.hear(), command);
  second.say({ type: "done", nonce: command["nonce"], status: "done" });
  assert.equal((await done).status, "done");
});

test("what is not in the store yet is not sent", async (t) => {
  const store = new MemoryStore();
  const write = store.write.bind(store);
  const { node, session, socket } = await online(t, store);
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  store.write = async (changes) => {
    await held;
    return write(changes);
  };
  const steps: unknown[] = [];
  session.on("outbox", ({ state, kept }) => steps.push(kept ? [state, "kept"] : [state]));
  session.send("c", "hello");
  socket.cut();
  const second = await node.welcome();
  session.typing("c");
  assert.equal((await second.hear())["type"], "typing");
  assert.deepEqual(steps, [["queued"]]);
  // Kept is told at once, whenever it goes out.
  second.cut();
  const kept = new Promise<void>((resolve) => session.on("outbox", () => resolve()));
  release();
  await kept;
  assert.deepEqual(steps, [["queued"], ["queued", "kept"]]);
  assert.equal((await (await node.welcome()).hear())["text"], "hello");
  assert.deepEqual(steps.at(-1), ["sent", "kept"]);
});

test("an event that comes twice is told once", async (t) => {
  const { node, session, socket } = await online(t);
  const ids: string[] = [];
  session.on("event", ({ event }) => ids.push(event.id));
  const first = heard(session, "one");
  socket.say(told(message(1), "one"));
  await first;
  socket.cut();
  const second = await node.welcome();
  const last = heard(session, "two");
  second.say(told(message(1), "one"));
  second.say(told(message(2), "two"));
  await last;
  assert.deepEqual(ids, [idOf(1), idOf(2)]);
});

test("an own text is never shown twice: its answer is told before its event", async (t) => {
  const { session, socket } = await online(t);
  const order: string[] = [];
  session.on("outbox", ({ state }) => order.push(state));
  session.on("event", ({ event }) => order.push(event.kind));
  const { nonce } = session.send("c", "hello");
  await socket.hear();
  const own = { ...message(1), sender: "alice@acme.test", text: "hello" };
  socket.say(told(own as ReturnType<typeof message>, "one"));
  await session.ping();
  assert.deepEqual(order, ["queued", "sent"]);
  const came = heard(session, "one");
  socket.say({ type: "stored", nonce, channel: "c", id: idOf(1), cursor: "one" });
  await came;
  assert.deepEqual(order, ["queued", "sent", "stored", "message"]);
});

test("a timeline shows an own text at every moment once", async (t) => {
  const { node, session, socket } = await online(t);
  node.answer = () => page([message(1)]);
  const timeline = new Timeline(session, "c");
  await timeline.latest();
  const seen = new Set<string>();
  timeline.onChange(({ items, local }) => {
    const states = local.map(({ state }) => state);
    const mine = items.filter(({ event }) => event.sender === "alice@acme.test");
    seen.add([...states, ...mine.map(() => "event")].join(" and "));
  });
  const { nonce } = session.send("c", "hello");
  await socket.hear();
  const own = { ...message(2), sender: "alice@acme.test", text: "hello" };
  const came = heard(session, "two");
  socket.say(told(own as ReturnType<typeof message>, "two"));
  socket.say({ type: "stored", nonce, channel: "c", id: idOf(2), cursor: "two" });
  await came;
  assert.deepEqual([...seen], ["queued", "sent", "stored", "event"]);
  timeline.close();
});

test("the outbox is bounded", async (t) => {
  const { session } = await online(t);
  for (let count = 0; count < OUTBOX_MAX; count += 1) session.send("c", `text ${count}`);
  assert.throws(() => session.send("c", "one more"), { code: "outbox_full" });
});

test("an answer and the cursor of what it answers are kept in one write", async (t) => {
  const writes: Change[][] = [];
  const store = new MemoryStore();
  const write = store.write.bind(store);
  store.write = (changes) => {
    writes.push(changes);
    return write(changes);
  };
  const { session, socket } = await online(t, store);
  session.on("event", () => void session.send("c", "an answer"));
  const sent = socket.hear();
  socket.say(told(message(1), "one"));
  await sent;
  const both = writes.find((changes) => changes.some(({ value }) => value === "one"));
  assert.ok(both?.some(({ key }) => key.startsWith("outbox/")));
});

test("an event whose listener has not finished comes again after a restart", async (t) => {
  const { session, socket, node } = await online(t);
  const began = heard(session, "one");
  session.on("event", () => new Promise(() => {}));
  socket.say(told(message(1), "one"));
  await began;
  await session.close();
  const next = new ScriptedNode(node.store);
  t.after(() => next.session.close());
  const welcome = next.welcome();
  await next.session.start();
  assert.equal((await welcome).hello["cursor"], "begin");
});

test("a session that is closed may be started again, where it was", async (t) => {
  const { session, socket, node } = await online(t);
  const first = heard(session, "one");
  socket.say(told(message(1), "one"));
  await first;
  // What has come and was not listened to is dropped, and asked for again.
  socket.say(told(message(2), "two"));
  await session.close();
  const second = node.welcome();
  await session.start();
  assert.equal((await second).hello["cursor"], "one");
  const again = heard(session, "two");
  (await second).say(told(message(2), "two"));
  await again;
});

test("a store that cannot be read is told, and tried again", async (t) => {
  const store = new MemoryStore();
  const { get } = store;
  store.get = () => Promise.reject(new Error("no disk"));
  const node = new ScriptedNode(store);
  t.after(() => node.session.close());
  await assert.rejects(node.session.start(), { code: "store_failed", message: "no disk" });
  assert.equal(node.session.state.status, "offline");
  store.get = get;
  const welcome = node.welcome();
  await node.session.start();
  await welcome;
});

test("what comes faster than it is listened to is left with the node", async (t) => {
  const { session, socket, node } = await online(t);
  let release = () => {};
  const blocked = new Promise<void>((resolve) => (release = resolve));
  let count = 0;
  session.on("event", () => {
    count += 1;
    return blocked;
  });
  let said = 0;
  for (; !socket.isClosed; said += 1) socket.say(told(message(said), `cursor ${said}`));
  assert.ok(said <= EVENTS_WAITING_MAX + 2);
  release();
  const second = await node.welcome();
  assert.deepEqual([count, second.hello["cursor"]], [said, `cursor ${said - 1}`]);
});

test("frames of later versions, and what cannot be read, are passed over", async (t) => {
  const { session, socket } = await online(t);
  const told: unknown[] = [];
  session.on("error", (error) => told.push(error));
  socket.say({ type: "dance" });
  socket.onmessage?.({ data: "{" });
  const unread = new Promise((resolve) => session.on("unread", resolve));
  socket.say({ type: "unread", channel: "c", unread: 3, mentions: 1 });
  assert.deepEqual(await unread, { type: "unread", channel: "c", unread: 3, mentions: 1 });
  assert.deepEqual(told, []);
});

test("a listener that throws is told, and disturbs nobody else", async (t) => {
  const { session, socket } = await online(t);
  const error = new Promise((resolve) => session.on("error", resolve));
  session.on("event", () => {
    throw new Error("my fault");
  });
  const other = heard(session, "one");
  socket.say(told(message(1), "one"));
  await other;
  const refusal = { code: "listener_failed", message: "my fault", status: 0 };
  assert.deepEqual(await error, { ...refusal, retryAfterMs: undefined });
});
