import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ComityClient, MemoryStore, SharedSession, Timeline, type LocalMessage,
} from "../src/index.js";
import { TestNode } from "./node.js";
import { Socket, closeAll, heard, online, says, signUp, texts } from "./people.js";

let node: TestNode;
const open: SharedSession[] = [];
before(async () => {
  node = await TestNode.start();
});
after(async () => {
  await Promise.all(open.map((tab) => tab.close()));
  await closeAll();
  await node.remove();
});

/** Web Locks, as far as they are used: one holder, the others in their order. */
class Locks {
  #last: Promise<unknown> = Promise.resolve();

  request(_name: string, work: () => Promise<unknown>): Promise<unknown> {
    const before = this.#last;
    this.#last = before.then(work).catch(() => undefined);
    return this.#last;
  }
}

/** Tabs of one device share a store and its locks; each has a client of its own. */
function browser(url: string, token: string, name: string) {
  const [store, locks] = [new MemoryStore(), new Locks() as unknown as LockManager];
  let sockets = 0;
  const Counted = class extends (Socket as unknown as { new (url: string): object }) {
    constructor(address: string) {
      super(address);
      sockets += 1;
    }
  } as unknown as typeof Socket;
  const tab = async () => {
    const client = new ComityClient({ url, token });
    const session = new SharedSession({ client, store, locks, name, WebSocket: Counted });
    open.push(session);
    await session.start();
    await session.until(({ status }) => status === "online");
    return session;
  };
  return { tab, store, sockets: () => sockets };
}

test("tabs share one socket, and another one takes over where the first is closed", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const his = await online(bob.client);
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const { tab, sockets } = browser(node.url, alice.client.token!, alice.device);
  const [one, two, three] = [await tab(), await tab(), await tab()];
  assert.deepEqual([one.leads, two.leads, three.leads, sockets()], [true, false, false, 1]);
  const heardByBoth = Promise.all([heard(one, says("hello")), heard(three, says("hello"))]);
  his.send(channel, "hello");
  await heardByBoth;
  const steps: LocalMessage["state"][] = [];
  three.on("outbox", ({ state }) => steps.push(state));
  const message = two.send(channel, "from the second");
  assert.equal(message.nonce, null);
  const stored = await two.settled(message.key);
  assert.deepEqual([stored.state, stored.nonce === null], ["stored", false]);
  await three.ping();
  assert.deepEqual(steps, ["queued", "sent", "stored"]);
  const timeline = new Timeline(three, channel);
  await timeline.latest();
  const shown = () => texts(timeline.view.items.map(({ event }) => event));
  assert.deepEqual(shown(), ["hello", "from the second"]);
  await one.close();
  const third = two.send(channel, "without a leader");
  assert.equal((await two.settled(third.key)).state, "stored");
  assert.deepEqual([two.leads, three.leads, sockets()], [true, false, 2]);
  await assert.rejects(three.command({ do: "leave", channel }), { code: "not_a_group" });
  await three.ping();
  assert.deepEqual(shown(), ["hello", "from the second", "without a leader"]);
  const page = await alice.client.api.messages.page(channel);
  assert.deepEqual(texts(page.events), shown());
  assert.deepEqual([two.outbox(), three.outbox()], [[], []]);
});

test("a text that a tab hands over twice is sent once", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const store = new MemoryStore();
  const first = await online(alice.client, store);
  const message = first.send(channel, "once");
  await first.settled(message.key);
  await first.close();
  // The leader is gone, and with it its answer to the tab.
  const second = await online(alice.client, store);
  const again = second.take({ ...message, nonce: null });
  assert.deepEqual([again.state, again.nonce], ["stored", message.nonce]);
  assert.deepEqual(second.outbox(), []);
  await second.ping();
  assert.deepEqual(texts((await alice.client.api.messages.page(channel)).events), ["once"]);
});

test("a text is not lost where neither the leader nor the tab that wrote it lives on", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const { tab, store } = browser(node.url, alice.client.token!, alice.device);
  const [one, two] = [await tab(), await tab()];
  const write = store.write.bind(store);
  let written = () => {};
  const isWritten = new Promise<void>((resolve) => (written = resolve));
  store.write = async (changes) => {
    await write(changes);
    // In the outbox, where the tab has taken over already.
    if (changes.some(({ key }) => /^(pending|outbox)\//.test(key))) written();
  };
  await one.close();
  two.send(channel, "the last words");
  await isWritten;
  await two.close();
  const three = await tab();
  await three.until(({ status }) => status === "online");
  for (const { key } of three.outbox()) await three.settled(key);
  const { events } = await alice.client.api.messages.page(channel);
  assert.deepEqual(texts(events), ["the last words"]);
});
