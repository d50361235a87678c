// What must not compile stands here with what is expected to be wrong about it; `tsc` checks it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ComityClient, ComityError, type ChannelDetail, type Session } from "../src/index.js";
import { chooseEndpoints } from "../src/endpoints.js";
import { TestNode } from "./node.js";
import { signUp } from "./people.js";

let node: TestNode;
before(async () => {
  node = await TestNode.start();
});
after(() => node.remove());

/** Never called: it is compiled only. */
export async function wrong(client: ComityClient, session: Session): Promise<void> {
  // @ts-expect-error There is no such path.
  await client.request("get", "/v1/nothing");
  // @ts-expect-error The path does not have the method.
  await client.request("patch", "/v1/me");
  // @ts-expect-error The channel is missing.
  await client.request("get", "/v1/channels/{id}", {});
  // @ts-expect-error So is the body.
  await client.request("post", "/v1/sessions", {});
  // @ts-expect-error And here the password in it.
  await client.request("post", "/v1/sessions", {}, { name: "alice" });
  // @ts-expect-error There is no such rule.
  await client.api.channels.change("id", { posting: "anybody" });
  // @ts-expect-error There is no such command.
  await session.command({ do: "dance" });
  // @ts-expect-error A reaction is missing.
  await session.command({ do: "react", channel: "c", message: "m" });
  session.on("event", ({ event }) => {
    // @ts-expect-error Only messages have a text.
    event.text;
    return event.kind === "message" ? event.text : undefined;
  });
  const detail: ChannelDetail = await client.request("get", "/v1/channels/{id}", { id: "c" });
  detail.members[0]?.account satisfies string | undefined;
}

test("a refusal has code, status and sentence", async () => {
  const client = new ComityClient({ url: `${node.url}/` });
  const refused = await client.api.accounts.me().catch((error: unknown) => error);
  assert.ok(refused instanceof ComityError);
  assert.deepEqual([refused.code, refused.status], ["token_invalid", 401]);
  assert.match(refused.message, /log in/);
  const nobody = new ComityClient({ url: "http://127.0.0.1:9" });
  await assert.rejects(nobody.api.accounts.health(), { code: "unreachable", status: 0 });
});

test("an account does over HTTP what the resources offer", async () => {
  const [alice, bob] = [await signUp(node), await signUp(node)];
  const { accounts, channels, groups, messages, notifications, people } = alice.client.api;
  assert.equal((await accounts.me()).account, alice.account);
  assert.deepEqual((await accounts.devices()).map(({ current }) => current), [true]);
  const group = await channels.createGroup("Tea", { topic: "at five", member_limit: 20 });
  await channels.change(group, { name: "Coffee" });
  await channels.invite(group, bob.account);
  await bob.client.api.channels.accept(group);
  await channels.setRole(group, bob.account, "moderator");
  const detail = await channels.get(group);
  assert.deepEqual([detail.name, detail.members.length], ["Coffee", 2]);
  const { id } = await messages.send(group, { text: "Who is there?", nonce: "1" });
  await messages.react(group, id, "👍");
  await bob.client.api.messages.pin(group, id);
  assert.deepEqual((await messages.pins(group)).events.map((event) => event.id), [id]);
  await messages.edit(group, id, { text: "Who was there?" });
  assert.equal((await messages.versions(group, id)).length, 2);
  await bob.client.api.channels.markRead(group, id);
  await channels.mute(group);
  await channels.unmute(group);
  await channels.ban(group, { account: bob.account });
  await channels.unban(group, bob.account);
  await groups.setAlias(`${alice.account}`, group);
  assert.equal((await groups.find(alice.account)).id, group);
  await groups.removeAlias(alice.account);
  await people.setDisplayName("Alice Liddell");
  const [profile] = await people.profiles([alice.account]);
  assert.equal(profile?.display_name, "Alice Liddell");
  assert.ok((await people.directory("alice lid".slice(0, 5))).length >= 1);
  assert.equal((await people.addContact(bob.account)).status, "requested");
  assert.deepEqual((await people.contacts()).map(({ standing }) => standing), ["asked"]);
  await people.removeContact(bob.account);
  await people.block(bob.account);
  assert.deepEqual((await people.blocks()).map(({ account }) => account), [bob.account]);
  await people.unblock(bob.account);
  await people.setPresence({ state: "busy" });
  assert.equal((await people.presence([alice.account]))[0]?.state, "busy");
  await notifications.set({ level: "mentions" });
  assert.equal((await notifications.get()).level, "mentions");
  assert.ok((await notifications.push()).vapid_key);
  assert.deepEqual((await messages.mentions()).events, []);
  await messages.erase(group, id);
  await alice.client.logOut();
  await assert.rejects(accounts.me(), { code: "token_invalid" });
});

test("endpoints come by priority, and among equals by weight", () => {
  const at = (url: string, priority: number, weight: number) => ({ url, priority, weight });
  const all = [at("late", 20, 5), at("light", 10, 1), at("heavy", 10, 9)];
  assert.deepEqual(chooseEndpoints(all, () => 0.05), ["light", "heavy", "late"]);
  assert.deepEqual(chooseEndpoints(all, () => 0.95), ["heavy", "light", "late"]);
});
