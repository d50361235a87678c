import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MemoryStore, Timeline, type Message, type Session } from "../src/index.js";
import { TestNode } from "./node.js";
import { closeAll, heard, online, says, signUp, texts } from "./people.js";

let node: TestNode;
before(async () => {
  node = await TestNode.start();
});
after(async () => {
  await closeAll();
  await node.remove();
});

/** A direct channel with texts in it, and both sessions. */
async function talk(count: number, store = new MemoryStore()) {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const [hers, his] = [await online(alice.client, store), await online(bob.client)];
  const said = Array.from({ length: count }, (_, number) => `text ${number}`);
  const stored = said.map((text) => his.settled(his.send(channel, text).key));
  const ids = (await Promise.all(stored)).map(({ id }) => id!);
  await caughtUp(hers);
  return { alice, bob, hers, his, channel, said, ids, store };
}

/** Resolves when a session has heard all that was said before. */
async function caughtUp(session: Session): Promise<void> {
  await session.ping();
  await session.ping();
}

/** How many pages of history were asked for. */
function pages(requests: string[]): number {
  return requests.filter((line) => /^GET .*\/messages(\?|$)/.test(line)).length;
}

test("history that was seen is not fetched again, after a restart neither", async () => {
  const { alice, hers, his, channel, said, ids, store } = await talk(60);
  const latest = await hers.page(channel, { at: "latest" }, 20);
  assert.deepEqual(texts(latest.events), said.slice(40));
  const older = await hers.page(channel, { at: "before", id: ids[40]! }, 20);
  assert.deepEqual(texts(older.events), said.slice(20, 40));
  assert.equal(pages(alice.requests), 2);
  const again = await hers.page(channel, { at: "latest" }, 40);
  assert.deepEqual([texts(again.events), again.requests], [said.slice(20), 0]);
  const around = await hers.page(channel, { at: "around", id: ids[40]! }, 11);
  assert.deepEqual([texts(around.events), around.requests], [said.slice(35, 46), 0]);
  const next = await hers.page(channel, { at: "after", id: ids[30]! }, 5);
  assert.deepEqual([texts(next.events), next.requests], [said.slice(31, 36), 0]);
  await hers.close();
  await his.settled(his.send(channel, "meanwhile").key);
  const session = await online(alice.client, store);
  await caughtUp(session);
  const resumed = await session.page(channel, { at: "latest" }, 41);
  assert.deepEqual(texts(resumed.events), [...said.slice(20), "meanwhile"]);
  assert.equal(resumed.requests, 0);
  assert.equal(pages(alice.requests), 2);
  const all = await session.page(channel, { at: "before", id: ids[25]! }, 100);
  assert.deepEqual([texts(all.events), all.moreBefore], [said.slice(0, 25), false]);
  assert.equal(pages(alice.requests), 3);
  assert.equal((await session.page(channel, { at: "before", id: ids[25]! }, 100)).requests, 0);
  await Promise.all([session.close(), his.close()]);
});

test("between stretches that are known, what lies between is asked for", async () => {
  const { alice, hers, his, channel, said, ids } = await talk(60);
  await hers.page(channel, { at: "latest" }, 10);
  const far = await hers.page(channel, { at: "around", id: ids[10]! }, 11);
  assert.deepEqual(texts(far.events), said.slice(5, 16));
  assert.equal(pages(alice.requests), 2);
  // From 16 to 49 nothing is known, though both ends are.
  const across = await hers.page(channel, { at: "after", id: ids[12]! }, 45);
  assert.deepEqual(texts(across.events), said.slice(13, 58));
  const count = pages(alice.requests);
  const whole = await hers.page(channel, { at: "before", id: ids[59]! }, 54);
  assert.deepEqual([texts(whole.events), whole.requests], [said.slice(5, 59), 0]);
  assert.equal(pages(alice.requests), count);
  await Promise.all([hers.close(), his.close()]);
});

test("what is said of a message later is applied to what is held", async () => {
  const { alice, bob, hers, his, channel, ids } = await talk(4);
  await hers.page(channel, { at: "latest" });
  const [first, second, third, fourth] = ids as [string, string, string, string];
  const { messages } = bob.client.api;
  await messages.edit(channel, first, { text: "*better*", format: "markdown" });
  await messages.react(channel, second, "👍");
  await messages.react(channel, second, "🍜");
  await messages.unreact(channel, second, "🍜");
  await messages.pin(channel, second);
  await messages.erase(channel, third);
  const stored = his.settled(his.send(channel, "in the thread", { thread: fourth }).key);
  await stored;
  await caughtUp(hers);
  const held = await hers.page(channel, { at: "latest" });
  assert.equal(held.requests, 0);
  const fresh = await alice.client.api.messages.page(channel);
  assert.deepEqual(held.events, fresh.events);
  const [edited, reacted, erased, root] = held.events as Message[];
  assert.equal(edited!.text, "*better*");
  assert.deepEqual([reacted!.reactions?.length, reacted!.pinned], [1, true]);
  assert.deepEqual([erased!.text, erased!.erased], [null, true]);
  assert.equal(root!.replies?.count, 1);
  await Promise.all([hers.close(), his.close()]);
});

test("a timeline shows a stretch without a gap and follows what happens", async () => {
  const { alice, hers, his, channel, said, ids } = await talk(40);
  const timeline = new Timeline(hers, channel);
  const shown = () => texts(timeline.view.items.map(({ event }) => event));
  await timeline.latest(10);
  assert.deepEqual([shown(), timeline.view.hasAfter], [said.slice(30), false]);
  assert.equal(await timeline.before(10), 10);
  assert.deepEqual(shown(), said.slice(20));
  const came = heard(hers, says("live"));
  his.send(channel, "live");
  await came;
  assert.deepEqual(shown(), [...said.slice(20), "live"]);
  const count = pages(alice.requests);
  await timeline.around(ids[5]!, 5);
  assert.deepEqual([shown(), timeline.view.hasAfter], [said.slice(3, 8), true]);
  const other = heard(hers, says("out of sight"));
  his.send(channel, "out of sight");
  await other;
  assert.deepEqual(shown(), said.slice(3, 8));
  while (timeline.view.hasAfter) await timeline.after(20);
  assert.deepEqual(shown(), [...said.slice(3), "live", "out of sight"]);
  assert.ok(pages(alice.requests) > count);
  const before = timeline.view.items[0];
  const edited = heard(hers, ({ event }) => event.kind === "edited");
  await his.command({ do: "edit", channel, message: ids[39]!, text: "edited" });
  await edited;
  assert.equal(shown().at(-3), "edited");
  assert.equal(timeline.view.items[0], before, "what did not change is the same object");
  timeline.close();
  await Promise.all([hers.close(), his.close()]);
});

test("delivery of one's own messages is shown", async () => {
  const { hers, his, channel } = await talk(1);
  const timeline = new Timeline(his, channel);
  await timeline.latest();
  assert.deepEqual(timeline.view.items.map(({ delivered }) => delivered), [null]);
  timeline.close();
  await Promise.all([hers.close(), his.close()]);
});
