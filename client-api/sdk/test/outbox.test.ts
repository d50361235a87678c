import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ComityClient, MemoryStore, type LocalMessage } from "../src/index.js";
import { FileStore } from "../src/node.js";
import { TestNode } from "./node.js";
import { PASSWORD, closeAll, heard, online, session, signUp, texts } from "./people.js";

let node: TestNode;
let folder: string;
before(async () => {
  node = await TestNode.start();
  folder = await mkdtemp(join(tmpdir(), "comity-sdk-store-"));
});
after(async () => {
  await closeAll();
  await node.remove();
  await rm(folder, { recursive: true, force: true });
});

/** All texts of a channel, as the node has them. */
async function saidIn(client: ComityClient, channel: string): Promise<(string | null)[]> {
  return texts((await client.api.messages.page(channel, { limit: 200 })).events);
}

test("what was written without a node outlives the process, and is sent once", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const path = join(folder, "restart");
  const store = await FileStore.open(path);
  const first = await online(alice.client, store);
  const waits = first.until(({ status }) => status === "waiting");
  await node.kill();
  await waits;
  const numbers = Array.from({ length: 150 }, (_, number) => `text ${number}`);
  for (const text of numbers) first.send(channel, text);
  await first.close();
  await store.close();
  const reopened = await FileStore.open(path);
  const second = session(alice.client, reopened);
  await second.start();
  const kept = second.outbox(channel);
  assert.deepEqual(kept.map(({ text }) => text), numbers);
  const settled = kept.map(({ key }) => second.settled(key));
  await node.start();
  await Promise.all(settled);
  assert.deepEqual(await saidIn(alice.client, channel), numbers);
  assert.deepEqual(second.outbox(), []);
  await second.close();
  await reopened.close();
});

test("a text whose answer was lost with the process is not doubled", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  // The process ends when the text is out and before the answer comes: its store stands still.
  const store = new MemoryStore();
  const first = await online(alice.client, store);
  const sent = new Promise<void>((resolve) => {
    first.on("outbox", ({ state }) => state === "sent" && resolve());
  });
  const message = first.send(channel, "once");
  const frozen = new MemoryStore();
  await sent;
  frozen.apply([...store.entries()].map(([key, value]) => ({ key, value })));
  await first.settled(message.key);
  await first.close();
  const second = session(alice.client, frozen);
  await second.start();
  // The nonce is the same, so that the node knows it.
  assert.deepEqual(second.outbox(channel).map(({ nonce }) => nonce), [message.nonce]);
  await second.settled(message.key);
  assert.deepEqual(await saidIn(alice.client, channel), ["once"]);
  await second.close();
});

test("nothing is lost, doubled or out of order while nodes and clients are killed", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const path = join(folder, "chaos");
  const his = await online(bob.client);
  const came: (string | null)[] = [];
  his.on("event", ({ event }) => came.push(...texts([event])));
  const said: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    const store = await FileStore.open(path);
    const hers = session(alice.client, store);
    await hers.start();
    const some = new Promise<void>((resolve) => {
      hers.on("outbox", ({ state }) => state === "stored" && resolve());
    });
    const batch = Array.from({ length: 40 }, (_, number) => `round ${round}, text ${number}`);
    said.push(...batch);
    for (const text of batch) hers.send(channel, text);
    await some;
    // In the middle of it: some are stored, some are on their way, some are not sent.
    if (round % 2) await node.kill();
    await hers.close();
    await store.close();
    if (round % 2) await node.start();
  }
  const store = await FileStore.open(path);
  const hers = await online(alice.client, store);
  for (const { key } of hers.outbox()) await hers.settled(key);
  await hers.settled(hers.send(channel, "the end").key);
  said.push("the end");
  assert.deepEqual(await saidIn(alice.client, channel), said);
  while (came.at(-1) !== "the end") await heard(his, () => true);
  assert.deepEqual(came, said);
  await hers.close();
  await store.close();
});

test("a refused text stays, with the reason, until it is retried or discarded", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const hers = await online(alice.client);
  const channel = await alice.client.api.channels.createGroup("Tea");
  await alice.client.api.channels.change(channel, { archived: true });
  const { key } = hers.send(channel, "too late");
  const refused = await hers.settled(key);
  assert.equal(refused.state, "refused");
  assert.equal(refused.refusal?.code, "channel_archived");
  assert.deepEqual(hers.outbox().map((message) => message.key), [key]);
  await alice.client.api.channels.change(channel, { archived: false });
  hers.retry(key);
  const stored = await hers.settled(key);
  assert.equal(stored.state, "stored");
  assert.notEqual(stored.nonce, refused.nonce);
  const other = await hers.settled(hers.send(bob.account, "nowhere").key);
  assert.equal(other.state, "refused");
  hers.discard(other.key);
  assert.deepEqual(hers.outbox(), []);
  await hers.close();
});

test("a command is answered, also where its node was killed meanwhile", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const hers = await online(alice.client);
  const opened = await hers.command({ do: "open_direct", with: bob.account });
  const waits = hers.until(({ status }) => status === "waiting");
  await node.kill();
  await waits;
  const made = hers.command({ do: "create_group", name: "Tea" });
  await node.start();
  const { channel } = await made;
  const list = await alice.client.api.channels.list();
  assert.deepEqual(list.map(({ id }) => id).sort(), [channel, opened.channel].sort());
  const accepted = hers.command({ do: "accept", channel: channel! });
  await assert.rejects(accepted, { code: "already_member" });
  await hers.close();
});

test("a revoked token logs out; the texts wait for somebody to decide", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const store = new MemoryStore();
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const hers = await online(alice.client, store);
  const other = new ComityClient({ url: node.url });
  await other.logIn(alice.account, PASSWORD);
  const loggedOut = hers.until(({ status }) => status === "loggedOut");
  await other.api.accounts.logDeviceOut(alice.device);
  const state = await loggedOut;
  assert.ok(state.status === "loggedOut" && state.reason.code === "token_invalid");
  const { key } = hers.send(channel, "unsent");
  await hers.close();
  const next = session(other, store);
  const refused = new Promise<LocalMessage>((resolve) => {
    next.on("outbox", (message) => message.state === "refused" && resolve(message));
  });
  await next.start();
  assert.equal((await refused).refusal?.code, "device_changed");
  next.retry(key);
  await next.settled(key);
  assert.deepEqual(await saidIn(other, channel), ["unsent"]);
  await next.close();
});
