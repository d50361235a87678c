import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ChannelList, type Channel } from "../src/index.js";
import { TestNode } from "./node.js";
import { closeAll, heard, online, says, signUp } from "./people.js";

let node: TestNode;
before(async () => {
  node = await TestNode.start();
});
after(async () => {
  await closeAll();
  await node.remove();
});

/** Resolves when a channel of the list is as wanted. */
function shows(list: ChannelList, id: string, test: (channel: Channel) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = list.onChange(() => {
      const channel = list.get(id);
      if (!channel || !test(channel)) return;
      end();
      resolve();
    });
  });
}

test("the list follows what happens, and counts what is unread", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const [hers, his] = [await online(alice.client), await online(bob.client)];
  const list = new ChannelList(alice.client, hers);
  await list.load();
  assert.equal(list.channels.length, 0);
  const direct = await bob.client.api.channels.openDirect(alice.account);
  const twice = shows(list, direct, ({ unread }) => unread === 2);
  his.send(direct, "one");
  his.send(direct, "two", { mentions: [alice.account] });
  await twice;
  assert.equal(list.get(direct)?.with, bob.account);
  assert.equal(list.get(direct)?.mentions, 1);
  const group = await bob.client.api.channels.createGroup("Tea");
  const invited = shows(list, group, ({ standing }) => standing === "invited");
  await bob.client.api.channels.invite(group, alice.account);
  await invited;
  assert.equal(list.get(group)?.name, "Tea");
  const joined = shows(list, group, ({ standing }) => standing === "joined");
  await hers.command({ do: "accept", channel: group });
  await joined;
  const renamed = shows(list, group, ({ name }) => name === "Coffee");
  await bob.client.api.channels.change(group, { name: "Coffee" });
  await renamed;
  const said = shows(list, group, ({ unread }) => unread === 1);
  const { id } = await his.settled(his.send(group, "hello").key);
  await said;
  assert.deepEqual(list.channels.map((channel) => channel.id), [group, direct]);
  const read = shows(list, group, ({ unread }) => unread === 0);
  await alice.client.api.channels.markRead(group, id!);
  await read;
  assert.equal(list.get(group)?.read, id);
  const muted = shows(list, group, (channel) => channel.muted === true);
  await alice.client.api.channels.mute(group);
  await muted;
  const own = heard(hers, says("mine"));
  hers.send(direct, "mine");
  await own;
  assert.deepEqual(list.channels.map(({ unread }) => unread), [2, 0]);
  const left = new Promise<void>((resolve) => {
    list.onChange((channels) => channels.length === 1 && resolve());
  });
  await hers.command({ do: "leave", channel: group });
  await left;
  const fresh = await alice.client.api.channels.list();
  assert.deepEqual(list.channels, fresh);
  list.close();
});
