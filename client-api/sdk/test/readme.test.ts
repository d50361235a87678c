import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { TestNode } from "./node.js";
import { PASSWORD, closeAll, heard, online, signUp, texts } from "./people.js";

let node: TestNode;
let folder: string;
const bots: ChildProcess[] = [];
before(async () => {
  node = await TestNode.start();
  folder = await mkdtemp(join(tmpdir(), "comity-sdk-bot-"));
});
after(async () => {
  for (const bot of bots) bot.kill("SIGKILL");
  await closeAll();
  await node.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the bot of README.md. */
function start(account: string): ChildProcess {
  const path = fileURLToPath(new URL("../target/readme/bot.js", import.meta.url));
  const env = {
    ...process.env, COMITY_URL: node.url, COMITY_NAME: account, COMITY_PASSWORD: PASSWORD,
    COMITY_STATE: join(folder, "bot.store"),
  };
  const bot = spawn(process.execPath, [path], { env, stdio: ["ignore", "inherit", "inherit"] });
  bots.push(bot);
  return bot;
}

test("the bot of the README answers each question once, whatever is killed", async () => {
  const [alice, robot] = [await signUp(node), await signUp(node)];
  const hers = await online(alice.client);
  const channel = await alice.client.api.channels.createGroup("Tea");
  // Before the bot's first start: it finds the invitation in the list.
  await alice.client.api.channels.invite(channel, robot.account);
  const isIn = heard(hers, ({ event }) => event.kind === "joined");
  const first = start(robot.account);
  await isIn;
  const answer = () => heard(hers, ({ event }) => event.sender === robot.account
    && event.kind === "message");
  const one = answer();
  hers.send(channel, "!time, please");
  await one;
  first.kill("SIGKILL");
  await once(first, "exit");
  await hers.settled(hers.send(channel, "!time again").key);
  const two = answer();
  start(robot.account);
  await two;
  const waits = hers.until(({ status }) => status === "waiting");
  await node.kill();
  await waits;
  hers.send(channel, "and what !time now?");
  const three = answer();
  await node.start();
  await three;
  const { events } = await alice.client.api.messages.page(channel);
  const said = texts(events).map((text) => text?.replace(/ is .*/, ""));
  assert.deepEqual(said, [
    "!time, please", "It", "!time again", "It", "and what !time now?", "It",
  ]);
});
