// What somebody meets on the first day: an invitation's token, people of elsewhere, a field that is
// ready to be written in, and nothing said of those who may not be seen.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person } from "./content.mjs";
import { LoneNode } from "./lone-node.mjs";
import { Site, World, message, openDirect, signIn } from "./world.mjs";

let world;

before(async () => {
  world = await World.start();
});

after(() => world?.end());

test("a sign-up without a link asks for the token; a refusal stands at its field", async () => {
  const node = await LoneNode.start();
  const site = await Site.open(node.url);
  const page = await world.page(site);
  await page.goto(`${site.url}/sign-up`);
  const name = page.getByLabel("Name", { exact: true });
  const invite = page.getByLabel("Invitation", { exact: true });
  const create = page.getByRole("button", { name: "Create account" });
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByLabel("Password again").fill("correct horse battery");
  assert.equal(await invite.count(), 0);
  await name.fill("alice");
  await create.click();
  await page.getByText(/Accounts here need an invite token/).waitFor();
  const token = await node.invite();
  await invite.fill(`https://chat.acme.test/invite/${token}`);
  await name.fill("bad name");
  await create.click();
  await page.getByText(/This is not an account name/).waitFor();
  assert.equal(await name.getAttribute("aria-invalid"), "true");
  assert.equal(await invite.getAttribute("aria-invalid"), null);
  await name.fill("alice");
  await create.click();
  await page.getByText("Welcome to Comity").waitFor();
  assert.deepEqual(page.failures, []);
  await page.context().close();
  await site.close();
  await node.end();
});

/** How people are is answered while the socket is open, and told to the page before its welcome. */
async function answerBeforeWelcome(page) {
  const path = /\/v1\/presence\?/;
  let greet;
  const greeted = new Promise((resolve) => (greet = resolve));
  await page.route(path, (route) => greeted.then(() => route.continue()));
  let last = page.waitForResponse(path).then((answer) => answer.finished())
    .then(() => page.evaluate(() => new Promise((resolve) => setTimeout(resolve))));
  await page.routeWebSocket(/\/v1\/socket/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((frame) => {
      server.send(frame);
      greet();
    });
    server.onMessage((frame) => {
      last = last.then(() => socket.send(frame));
    });
  });
}

test("a refusal is said in the language that is shown", async () => {
  const page = await world.page(world.acme, { locale: "ko-KR" });
  await page.getByLabel("이름", { exact: true }).fill("alice");
  await page.getByLabel("비밀번호", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "로그인" }).click();
  await page.getByText("이름이나 비밀번호가 맞지 않습니다.").waitFor();
  await page.context().close();
});

test("who may not be seen is not called offline, asked about before the welcome", async () => {
  const bob = await Person.logIn(world.globex, "bob");
  const page = await world.page(world.acme);
  await answerBeforeWelcome(page);
  await page.reload();
  await signIn(page, "alice");
  await openDirect(page, /bob/);
  const channels = await bob.ask("GET", "/v1/channels");
  await bob.say(channels.channels[0].id, "After the welcome");
  await message(page, "After the welcome").waitFor();
  assert.equal(await page.locator(".conversation-head small").textContent(), "bob@globex.test");
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test("a direct channel says that its other one is blocked, until that is ended", async () => {
  const page = await world.page(world.acme);
  await signIn(page, "alice");
  await openDirect(page, /bob/);
  const line = page.getByText("You have blocked bob, and hear nothing of them here.");
  assert.equal(await line.count(), 0);
  await page.locator(".conversation-head .head-name").click();
  await page.locator(".profile-card").getByRole("button", { name: "Block" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await line.waitFor();
  await page.reload();
  await line.waitFor();
  await page.getByRole("button", { name: "Unblock" }).click();
  await line.waitFor({ state: "detached" });
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test("whom one knows elsewhere is found by the name's first letters", async () => {
  const page = await world.page(world.acme);
  await signIn(page, "alice");
  await page.getByRole("button", { name: "New direct message" }).first().click();
  await page.getByLabel("Who do you want to write to?").fill("bo");
  await page.getByRole("dialog").getByRole("button", { name: /bob@globex.test/ }).click();
  await page.locator(".conversation-head", { hasText: "bob" }).waitFor();
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test("a new group asks for its first members until somebody is invited", async () => {
  const page = await world.page(world.acme);
  await signIn(page, "carol");
  await page.getByRole("button", { name: "New group" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Lunch club");
  await page.getByRole("button", { name: "Create" }).click();
  const invite = page.locator(".begin").getByRole("button", { name: "Invite people" });
  await invite.click();
  await page.getByLabel("Account", { exact: true }).fill("alice");
  await page.keyboard.press("Enter");
  await page.getByText("alice is invited.").waitFor();
  await invite.waitFor({ state: "detached" });
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test("the search that a link opens takes what is typed at once", async () => {
  const page = await world.page(world.acme);
  await signIn(page, "alice");
  await openDirect(page, /bob/);
  await page.locator(".sidebar").getByRole("link", { name: "Search" }).click();
  await page.getByPlaceholder("Search messages").waitFor();
  await page.keyboard.type("loud");
  await page.locator(".results").getByText("Loud").waitFor();
  assert.deepEqual(page.failures, []);
  await page.context().close();
});

test("on a phone a conversation opens without the keyboard, which a reply brings up", async (t) => {
  if (process.env.FIREFOX) return t.skip("It cannot be a phone.");
  const phone = { viewport: { width: 375, height: 700 }, hasTouch: true, isMobile: true };
  const page = await world.page(world.acme, phone);
  await signIn(page, "alice");
  await openDirect(page, /bob/);
  const area = page.locator(".composer textarea");
  const isFocused = () => area.evaluate((element) => element === document.activeElement);
  assert.equal(await isFocused(), false);
  await message(page, "Loud and clear").tap();
  await message(page, "Loud and clear").getByRole("button", { name: "Reply", exact: true }).tap();
  await page.locator(".composer").getByText("Loud and clear").waitFor();
  assert.equal(await isFocused(), true);
  assert.deepEqual(page.failures, []);
  await page.context().close();
});
