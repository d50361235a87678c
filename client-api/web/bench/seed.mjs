// A node with a long channel and a short one, written over sockets by several people at once.
import { createRequire } from "node:module";
import { Person } from "../test/content.mjs";
import { LoneNode } from "../test/lone-node.mjs";
import { Site, World } from "../test/world.mjs";

// The SDK's own for its tests: Node.js 20 has no WebSocket.
const { WebSocket } = createRequire(new URL("../../sdk/package.json", import.meta.url))("ws");

const LONG = 100_000;
const SHORT = 100;
export const PASSWORD = "correct horse battery staple";

/** A bench does in a minute what people do in months, all from one address. */
const SETTINGS = {
  COMITY_SIGN_UP__MODE: "open",
  COMITY_LIMITS__CLIENTS: "{ account_requests_per_minute = 1_000_000_000, "
    + "address_requests_per_minute = 1_000_000_000, address_sign_ups_per_hour = 1_000_000 }",
};
const NAMES = ["alice", "carol", "dave"];
/** As many requests of a socket as the node reads without having answered. */
const UNDER_WAY_MAX = 64;

/** Starts node and browser, and fills two groups. */
export async function seed() {
  const place = new Place();
  try {
    await place.start();
  } catch (error) {
    await place.end();
    throw error;
  }
  return place;
}

class Place {
  /** The ids of the groups by their names. */
  channels = {};

  async start() {
    this.node = await LoneNode.start(SETTINGS);
    this.site = await Site.open(this.node.url);
    const people = [];
    for (const name of NAMES) people.push(await signUp(this.site, name));
    for (const [name, count] of [["long", LONG], ["short", SHORT]]) {
      this.channels[name] = await fill(people, name, count);
    }
    this.world = await World.browserOnly();
  }

  async end() {
    await this.world?.end();
    await this.site?.close();
    await this.node?.end();
  }
}

async function signUp(site, name) {
  await site.ask("POST", "/v1/accounts", { name, password: PASSWORD, device_name: "bench" });
  return Person.logIn(site, name, PASSWORD);
}

async function fill(people, name, count) {
  const [first, ...others] = people;
  const channel = await first.group(name);
  for (const other of others) await first.bring(other, channel);
  const shares = people.map((_, at) => [
    Math.floor(count * at / people.length), Math.floor(count * (at + 1) / people.length),
  ]);
  await Promise.all(people.map((person, at) => write(person, channel, ...shares[at])));
  // The last one is known, and all is read: so does a channel look that somebody has followed.
  const last = await first.say(channel, `The end of ${name}.`);
  await first.ask("PUT", `/v1/channels/${channel}/read`, { message: last });
  return channel;
}

/** Writes the texts from one number to another, and ends when all are on the node's disk. */
function write(person, channel, from, to) {
  const socket = new WebSocket(`${person.site.node.replace("http", "ws")}/v1/socket`);
  let [next, stored] = [from, from];
  const send = () => {
    for (; next < to && next - stored < UNDER_WAY_MAX; next += 1) {
      const [nonce, text] = [String(person.nonce += 1), textOf(next)];
      socket.send(JSON.stringify({ type: "send", nonce, channel, text, format: "markdown" }));
    }
  };
  return new Promise((resolve, reject) => {
    socket.on("open", () => {
      socket.send(JSON.stringify({ type: "hello", token: person.token }));
      send();
    });
    socket.on("message", (data) => {
      const frame = data.toString("latin1", 0, 40);
      if (frame.includes('"stored"')) stored += 1;
      else if (/"(refused|goodbye)"/.test(frame)) return socket.emit("error", data);
      if (stored < to) return send();
      socket.close();
      resolve();
    });
    socket.on("error", (why) => reject(new Error(`A message was not taken: ${why}`)));
  });
}

const WORDS = "the harbour at noon is one too late shall we meet release notes draft page build "
  + "ships today who reads review tests pass green again lunch coffee minutes room call";
const words = WORDS.split(" ");

/** What people write: mostly a line, some paragraphs, lists and code. */
function textOf(number) {
  const sentence = (from, count) => Array.from({ length: count }, (_, at) =>
    words[(number * 7 + from + at * (number % 5 + 1)) % words.length]).join(" ");
  const line = `${number}: ${sentence(0, 3 + number % 14)}`;
  if (number % 50 === 0) return `${line}\n\n${sentence(3, 60)}\n\n${sentence(5, 40)}`;
  if (number % 31 === 0) return `${line}\n\n- ${sentence(1, 5)}\n- **${sentence(2, 4)}**`;
  if (number % 47 === 0) return `${line}\n\n\`\`\`\nlet x = ${number};\n\`\`\``;
  return number % 9 ? line : `${line} *${sentence(4, 2)}* https://comity.example/${number}`;
}
