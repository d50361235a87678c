import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MemoryStore, type ChannelEvent } from "../src/index.js";
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

test("two clients hear each other, each text once and in order", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const [hers, his] = [await online(alice.client), await online(bob.client)];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const came: ChannelEvent[] = [];
  his.on("event", ({ event }) => came.push(event));
  const last = heard(his, says("text 99"));
  for (let number = 0; number < 100; number += 1) hers.send(channel, `text ${number}`);
  assert.equal(hers.outbox(channel).length, 100);
  await last;
  assert.deepEqual(texts(came), Array.from({ length: 100 }, (_, number) => `text ${number}`));
  const answer = his.send(channel, "*Heard*.", { format: "markdown", reply_to: came[0]!.id });
  const stored = await his.settled(answer.key);
  assert.equal(stored.state, "stored");
  const { event } = await alice.client.api.messages.get(channel, stored.id!);
  assert.ok(event.kind === "message" && event.reply_to === came[0]!.id);
  assert.deepEqual(his.outbox(), []);
  await Promise.all([hers.close(), his.close()]);
});

test("a session resumes where it was after its node was killed", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const [hers, his] = [await online(alice.client), await online(bob.client, new MemoryStore())];
  const channel = await alice.client.api.channels.openDirect(bob.account);
  const came: ChannelEvent[] = [];
  his.on("event", ({ event }) => came.push(event));
  const first = heard(his, says("before"));
  hers.send(channel, "before");
  await first;
  const waits = Promise.all([hers, his].map((each) => each.until((s) => s.status === "waiting")));
  await node.kill();
  await waits;
  hers.send(channel, "meanwhile");
  his.send(channel, "here too");
  const both = Promise.all([heard(his, says("meanwhile")), heard(his, says("here too"))]);
  await node.start();
  await both;
  assert.deepEqual(texts(came).sort(), ["before", "here too", "meanwhile"]);
  await Promise.all([hers.close(), his.close()]);
});
