// Two organisations, by `comity demo`: what a session tells of others' nodes.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { ComityClient, Timeline, type DeliveredFrame } from "../src/index.js";
import { closeAll, heard, online, says, texts } from "./people.js";

let demo: ChildProcess;
const urls: Record<string, string> = {};
before(async () => {
  const binary = process.env["COMITY_BINARY"] ?? "";
  demo = spawn(binary, ["demo"], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: demo.stdout! })) {
    const found = /^\s*(\S+)\s+clients ([\d.:]+),/.exec(line);
    if (found) urls[found[1]!] = `http://${found[2]}`;
    // It has made its users once it tells how to chat as each of them.
    if (line.includes("Ctrl-C")) return;
  }
  throw new Error("The demo ended.");
});
after(async () => {
  await closeAll();
  demo.kill("SIGTERM");
});

async function logIn(name: string, domain: string): Promise<ComityClient> {
  const client = new ComityClient({ url: urls[domain]! });
  await client.logIn(name, `${name}-tries-comity`, "test");
  return client;
}

test("a message is delivered to the other organisation, and a timeline shows it", async () => {
  const alice = await logIn("alice", "acme.test");
  const bob = await logIn("bob", "globex.test");
  const [hers, his] = [await online(alice), await online(bob)];
  const channel = await alice.api.channels.openDirect("bob@globex.test");
  const timeline = new Timeline(hers, channel);
  await timeline.latest();
  const isThere = new Promise<DeliveredFrame>((resolve) => {
    hers.on("delivered", (frame) => frame.organisations === 2 && resolve(frame));
  });
  const came = heard(his, says("across"));
  const { id } = await hers.settled(hers.send(channel, "across").key);
  assert.equal((await came).event.id, id);
  assert.equal((await isThere).id, id);
  const item = timeline.view.items.at(-1);
  assert.deepEqual(item?.delivered, { organisations: 2, of: 2, final: true });
  const held = await hers.page(channel, { at: "latest" });
  assert.equal(held.requests, 0);
  assert.deepEqual(held.delivered.at(-1)?.organisations, 2);
});

test("who joins a group elsewhere sees its history come, without a gap", async () => {
  const alice = await logIn("carol", "acme.test");
  const bob = await logIn("bob", "globex.test");
  const [hers, his] = [await online(alice), await online(bob)];
  const channel = await alice.api.channels.createGroup("Tea");
  const said = Array.from({ length: 120 }, (_, number) => `text ${number}`);
  await Promise.all(said.map((text) => hers.settled(hers.send(channel, text).key)));
  const invited = heard(his, ({ event }) => event.kind === "invited");
  await alice.api.channels.invite(channel, "bob@globex.test");
  await invited;
  const joined = heard(his, ({ event }) => event.kind === "joined");
  await his.command({ do: "accept", channel });
  await joined;
  const timeline = new Timeline(his, channel);
  const whole = new Promise<void>((resolve) => {
    timeline.onChange(({ items }) => {
      if (texts(items.map(({ event }) => event)).length === said.length) resolve();
    });
  });
  await timeline.latest(200);
  await whole;
  assert.deepEqual(texts(timeline.view.items.map(({ event }) => event)), said);
  timeline.close();
});
