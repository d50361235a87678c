// Who is in, and what is open to him: where a newcomer's history begins, by what address a group is
// found, who are contacts, and emoji by their names in Korean.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person } from "./content.mjs";
import { LoneWorld } from "./lone-node.mjs";
import { message, signIn } from "./world.mjs";

const PASSWORD = "correct horse battery";
const LIMITED = "You see what was said after you joined.";

let lone;
let node;
let site;
let world;
const people = {};

before(async () => {
  lone = await LoneWorld.start();
  ({ node, site, world } = lone);
  for (const name of ["alice", "bob", "carol"]) {
    people[name] = await Person.join(node, site, name, PASSWORD);
  }
});

after(() => lone?.end());

async function open(name, path, options) {
  const page = await world.page(site, options);
  await page.goto(site.url + path);
  await signIn(page, name, PASSWORD);
  return page;
}

test("where a newcomer's history begins is marked, until the rule shows him all", async () => {
  const { alice, bob } = people;
  const group = await alice.group("Council");
  await alice.ask("PATCH", `/v1/channels/${group}`, { history: "since_joining" });
  await alice.say(group, "Said before he came");
  await alice.bring(bob, group);
  await alice.say(group, "Said to all of us");
  const his = await open("bob", `/c/${group}`);
  await message(his, "Said to all of us").waitFor();
  await his.getByText(LIMITED).waitFor();
  assert.equal(await message(his, "Said before he came").count(), 0);
  // What is kept here knows it, too.
  await his.reload();
  await message(his, "Said to all of us").waitFor();
  await his.getByText(LIMITED).waitFor();
  const hers = await open("alice", `/c/${group}`);
  await hers.getByText("This is where Council begins.").waitFor();
  await alice.ask("PATCH", `/v1/channels/${group}`, { history: "all" });
  await message(his, "Said before he came").waitFor();
  await his.getByText("This is where Council begins.").waitFor();
  assert.equal(await his.getByText(LIMITED).count(), 0);
  assert.deepEqual([...his.failures, ...hers.failures], []);
});

test("a group is found by the address that its owner gave it", async () => {
  const group = await people.alice.group("Tea", "At five");
  await people.alice.ask("PATCH", `/v1/channels/${group}`, { join: "anyone" });
  const owner = await open("alice", `/c/${group}?panel=settings`);
  const addresses = owner.getByRole("region", { name: "Addresses" });
  await addresses.getByLabel("Add an address").fill("#Tea");
  await addresses.getByRole("button", { name: "Add an address" }).click();
  await addresses.getByText("#tea@acme.test").waitFor();
  const carol = await open("carol", "/groups");
  await carol.getByLabel("Domain or address").fill("#tea");
  await carol.locator(".groups-form").getByRole("button", { name: "Search" }).click();
  const card = carol.locator(".card", { hasText: "At five" });
  await card.getByText("#tea@acme.test").waitFor();
  await card.getByRole("button", { name: "Join" }).click();
  await carol.getByText("This is where Tea begins.").waitFor();
  await carol.goto(`${site.url}/c/${group}?panel=settings`);
  const shown = carol.getByRole("region", { name: "Addresses" });
  await shown.getByText("#tea@acme.test").waitFor();
  assert.equal(await shown.getByRole("button").count(), 0);
  await addresses.getByRole("button", { name: "Remove #tea@acme.test" }).click();
  await addresses.getByText("#tea@acme.test").waitFor({ state: "detached" });
  await carol.goto(`${site.url}/groups`);
  await carol.getByLabel("Domain or address").fill("#tea@acme.test");
  await carol.locator(".groups-form").getByRole("button", { name: "Search" }).click();
  await carol.locator(".groups-form .hint.error").waitFor();
  assert.deepEqual([...owner.failures, ...carol.failures], []);
});

test("a contact is asked, agrees, and is one for both until one ends it", async () => {
  const [alice, bob] = [await open("alice", "/contacts"), await open("bob", "/contacts")];
  const part = (page, name) => page.getByRole("region", { name, exact: true });
  await alice.getByText("No contacts yet").waitFor();
  await alice.getByRole("button", { name: "Add a contact" }).click();
  await alice.getByRole("dialog").getByLabel("Account").fill("bob");
  await alice.getByRole("dialog").getByRole("button", { name: "Ask" }).click();
  await alice.getByText("bob is asked, and is a contact after agreeing.").waitFor();
  await alice.keyboard.press("Escape");
  await part(alice, "You have asked").getByText("bob@acme.test").waitFor();
  const asking = part(bob, "Want to be your contacts");
  await asking.getByText("alice@acme.test").waitFor();
  await asking.getByRole("button", { name: "Accept" }).click();
  await part(bob, "Your contacts").getByText("alice@acme.test").waitFor();
  const held = part(alice, "Your contacts");
  await held.getByText("bob@acme.test").waitFor();
  await held.getByRole("button", { name: "Send a message" }).click();
  await alice.getByText("This is where your conversation with bob begins.").waitFor();
  await alice.goto(`${site.url}/contacts`);
  await held.getByRole("button", { name: "Remove from the contacts" }).click();
  await alice.getByRole("dialog").getByRole("button", { name: "Remove from the contacts" }).click();
  await alice.getByText("No contacts yet").waitFor();
  await bob.getByText("No contacts yet").waitFor();
  assert.deepEqual([...alice.failures, ...bob.failures], []);
});

test("in Korean an emoji is found by its Korean name, and by its English one", async () => {
  const group = await people.alice.group("점심");
  const page = await world.page(site, { locale: "ko-KR" });
  await page.goto(`${site.url}/c/${group}`);
  await page.getByLabel("이름", { exact: true }).fill("alice");
  await page.getByLabel("비밀번호", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "로그인" }).click();
  const area = page.locator(".composer textarea");
  for (const [typed, emoji] of [[":라면", "🍜"], [":ramen", "🍜"], [":밥", "🍚"]]) {
    await area.fill("");
    await area.pressSequentially(typed);
    await page.getByRole("option", { name: emoji }).first().waitFor();
    await page.keyboard.press("Enter");
    assert.equal((await area.inputValue()).trim(), emoji);
  }
  await page.getByRole("button", { name: "이모지 넣기" }).click();
  await page.getByRole("searchbox", { name: "이모지 고르기" }).fill("로켓ㅊ");
  await page.getByRole("button", { name: "로켓 출시" }).click();
  assert.equal(await area.inputValue(), "🍚 🚀");
  assert.deepEqual(page.failures, []);
});
