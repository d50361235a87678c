// What a cache does where pages and events cross, and where it is full.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { MemoryStore, type ChannelEvent } from "../src/index.js";
import { CACHED_CHANNELS_MAX, CACHED_EVENTS_OF_CHANNEL_MAX } from "../src/limits.js";
import { ScriptedNode, idOf, message, page, told } from "./scripted.js";
import { texts } from "./people.js";

/** A node with a channel of so many messages, and a session that is online. */
async function online(t: TestContext, count: number) {
  const store = new MemoryStore();
  const node = new ScriptedNode(store);
  t.after(() => node.session.close());
  const all = Array.from({ length: count }, (_, number) => message(number));
  node.answer = (url) => answer(all, url);
  const welcome = node.welcome();
  await node.session.start();
  const keys = (prefix: string) =>
    [...store.entries()].filter(([key]) => key.startsWith(prefix)).length;
  return { node, session: node.session, socket: await welcome, keys, all };
}

/** The page that a node answers. */
function answer(all: ChannelEvent[], url: URL) {
  const ask = (name: string) => url.searchParams.get(name);
  const limit = Number(ask("limit"));
  const [before, after, around] = [ask("before"), ask("after"), ask("around")];
  const at = (id: string) => all.findIndex((event) => event.id >= id);
  let from = all.length - limit;
  if (before) from = at(before) - limit;
  if (after) from = at(after) + 1;
  if (around) from = at(around) - Math.floor(limit / 2);
  const to = before ? at(before) : Math.min(from + limit, all.length);
  const events = all.slice(Math.max(from, 0), to);
  return page(events, { more_before: from > 0, more_after: to < all.length });
}

test("a page that is older than what came live does not undo it", async (t) => {
  const { node, session, socket } = await online(t, 0);
  const old = page([message(1), message(2), message(3)], { more_before: true });
  let release = () => {};
  const asked = new Promise<void>((resolve) => {
    node.answer = () => {
      resolve();
      return new Promise<object>((done) => (release = () => done(old)));
    };
  });
  const reading = session.page("c", { at: "latest" }, 3);
  await asked;
  const at = { time: "2026-11-23T03:27:28.000Z", sender: "bob@acme.test" };
  const events: ChannelEvent[] = [
    { ...at, id: idOf(4), kind: "edited", message: idOf(1), text: "edited" },
    { ...at, id: idOf(5), kind: "erased", message: idOf(2) },
    { ...at, id: idOf(8), kind: "edited", message: idOf(2), text: "what was erased stays so" },
    { ...at, id: idOf(6), kind: "left", account: "eve@acme.test", withdrawn: [idOf(3)] },
    message(7),
  ];
  events.forEach((event, index) => socket.say(told(event, `cursor ${index}`)));
  await new Promise((resolve) => {
    session.on("event", ({ event }) => event.id === idOf(7) && resolve(undefined));
  });
  release();
  await reading;
  const held = await session.page("c", { at: "latest" }, 4);
  assert.equal(held.requests, 0);
  assert.deepEqual(texts(held.events), ["edited", null, "text 7"]);
});

test("history that grew is read anew", async (t) => {
  const { session, socket, all } = await online(t, 3);
  await session.page("c", { at: "latest" });
  assert.equal((await session.page("c", { at: "latest" })).requests, 0);
  all.splice(1, 1);
  const grew = new Promise((resolve) => session.on("history_grew", resolve));
  socket.say({ type: "history_grew", channel: "c" });
  await grew;
  const anew = await session.page("c", { at: "latest" });
  assert.deepEqual([texts(anew.events), anew.requests], [["text 0", "text 2"], 1]);
});

test("a page that was asked for before history grew is not taken for what is there", async (t) => {
  const { node, session, socket, all } = await online(t, 3);
  let release = () => {};
  const asked = new Promise<void>((resolve) => {
    node.answer = (url) => {
      resolve();
      const old = answer(all, url);
      return new Promise<object>((done) => (release = () => done(old)));
    };
  });
  const reading = session.page("c", { at: "latest" });
  await asked;
  const grew = new Promise((resolve) => session.on("history_grew", resolve));
  socket.say({ type: "history_grew", channel: "c" });
  await grew;
  release();
  await reading;
  node.answer = (url) => answer(all, url);
  assert.equal((await session.page("c", { at: "latest" })).requests, 1);
});

test("history that is on its way is not taken for known", async (t) => {
  const { node, session } = await online(t, 0);
  node.answer = () => page([message(1)], { history_pending: true });
  const first = await session.page("c", { at: "latest" });
  assert.deepEqual([first.pending, texts(first.events)], [true, ["text 1"]]);
  node.answer = () => page([message(0), message(1)]);
  const second = await session.page("c", { at: "latest" });
  assert.deepEqual([second.pending, texts(second.events)], [false, ["text 0", "text 1"]]);
});

test("a channel is bounded: what goes is at the far end, and is asked for again", async (t) => {
  const count = CACHED_EVENTS_OF_CHANNEL_MAX + 600;
  const { node, session, keys, all } = await online(t, count);
  let { events } = await session.page("c", { at: "latest" }, 200);
  let oldest = events[0]!.id;
  while (oldest !== idOf(0)) {
    ({ events } = await session.page("c", { at: "before", id: oldest }, 200));
    oldest = events[0]!.id;
  }
  assert.ok(keys("event/") <= CACHED_EVENTS_OF_CHANNEL_MAX);
  const first = await session.page("c", { at: "after", id: idOf(10) }, 200);
  assert.equal(first.requests, 0, "where somebody looks, it stays");
  const asked = node.requests.length;
  const latest = await session.page("c", { at: "latest" }, 200);
  assert.deepEqual(latest.events, all.slice(-200));
  assert.equal(node.requests.length, asked + 1);
});

test("the number of channels is bounded: the one longest not looked at goes", async (t) => {
  const { session, keys } = await online(t, 3);
  for (let number = 0; number < CACHED_CHANNELS_MAX; number += 1) {
    await session.page(`c${number}`, { at: "latest" });
  }
  await session.page("c0", { at: "latest" });
  await session.page("another", { at: "latest" });
  assert.equal(keys("channel/"), CACHED_CHANNELS_MAX);
  assert.equal(keys("event/"), CACHED_CHANNELS_MAX * 3);
  assert.equal((await session.page("c0", { at: "latest" })).requests, 0);
  assert.equal((await session.page("c1", { at: "latest" })).requests, 1);
});

test("a text that is older than texts are kept is removed, from the store too", async (t) => {
  const { node, session, socket, all } = await online(t, 2);
  all.push(message(7, { time: new Date().toISOString(), text: "new" }));
  const detail = { id: "c", kind: "group", standing: "joined", members: [], kept_seconds: "3600" };
  let asked = 0;
  const pages = node.answer;
  node.answer = (url) => {
    if (url.pathname.endsWith("/messages")) return pages(url);
    asked += 1;
    return detail;
  };
  assert.deepEqual(texts((await session.page("c", { at: "latest" })).events), [
    "text 0", "text 1", "new",
  ]);
  const store = node.store as MemoryStore;
  const stored = () => JSON.stringify([...store.entries()]);
  // It is asked for behind the page; the next pages show it, and then nothing has it any more.
  while (stored().includes("text 0")) await session.page("c", { at: "latest" });
  const { events } = await session.page("c", { at: "latest" });
  assert.deepEqual(texts(events), [null, null, "new"]);
  const [first] = events;
  assert.ok(first?.kind === "message" && first.by === "retention");
  assert.equal(asked, 1);
  assert.ok(!socket.isClosed);
});
