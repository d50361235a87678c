// From an invite link to a conversation with somebody who came the same way.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LoneWorld } from "./lone-node.mjs";
import { message, say } from "./world.mjs";

let lone;
let node;
let site;
let world;

before(async () => {
  lone = await LoneWorld.start();
  ({ node, site, world } = lone);
});

after(() => lone?.end());

async function signUp(name, invite) {
  const page = await world.page(site);
  await page.goto(`${site.url}/invite/${invite}`);
  await page.getByText("You are invited to acme.test").waitFor();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByLabel("Password again").fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
  return page;
}

test("an invite that is used up is refused, in words", async () => {
  const page = await signUp("mallory", "not-an-invite");
  await page.getByText("The invite token is wrong, used up or expired.").waitFor();
});

/** Lets requests wait until the answer is called. */
async function hold(page, path) {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  await page.route(path, async (route) => {
    await opened;
    await route.continue();
  });
  return open;
}

test("two who came by a link find each other, and chat in a group", async () => {
  const alice = await signUp("alice", await node.invite());
  await alice.getByText("Welcome to Comity").waitFor();
  const bob = await signUp("bob", await node.invite());
  await bob.getByText("Welcome to Comity").waitFor();
  await alice.getByRole("button", { name: "New group" }).click();
  await alice.getByLabel("Name", { exact: true }).fill("Tea");
  await alice.getByRole("button", { name: "Create" }).click();
  await alice.getByRole("button", { name: "Invite", exact: true }).click();
  await alice.getByLabel("Account", { exact: true }).fill("bo");
  await alice.getByRole("button", { name: /bob@acme.test/ }).click();
  await alice.getByText("bob is invited.").waitFor();
  await alice.keyboard.press("Escape");
  await bob.locator(".sidebar").getByRole("link", { name: /Tea/ }).click();
  await bob.getByRole("button", { name: "Accept" }).click();
  // Not at the end, where it would be completed first.
  await say(bob, "@alice 안녕하세요");
  await message(alice, "안녕하세요").locator(".mention.self").waitFor();
  await alice.keyboard.press("Control+k");
  await alice.getByRole("combobox").fill("bob");
  const open = await hold(alice, /\/v1\/channels$/);
  await alice.getByRole("option", { name: /bob@acme.test/ }).click();
  await alice.keyboard.type("too soon");
  open();
  await alice.locator(".conversation-head", { hasText: "bob" }).waitFor();
  await say(alice, "And in private");
  await bob.locator(".sidebar").getByRole("link", { name: /alice/ }).click();
  await message(bob, "And in private").waitFor();
  // What was typed before the conversation was there went to no other.
  await alice.locator(".sidebar").getByRole("link", { name: /Tea/ }).click();
  await message(alice, "안녕하세요").waitFor();
  assert.equal(await alice.locator(".composer textarea").inputValue(), "");
  assert.deepEqual([alice.failures, bob.failures], [[], []]);
});
