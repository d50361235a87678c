// A node of one organisation that takes sign-ups by invite.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Site, World } from "./world.mjs";

const settings = (data) => `
domain = "acme.test"
data_dir = "${data}"

[client]
listen = "127.0.0.1:0"

[federation]
listen = "127.0.0.1:0"

[dns]
nameservers = ["127.0.0.1:9"]

[sign_up]
mode = "invite"

[log]
format = "json"
`;

export class LoneNode {
  /** More settings go by the environment, as `COMITY_SIGN_UP__MODE`. */
  static async start(more = {}) {
    const node = new LoneNode();
    node.folder = await mkdtemp(join(tmpdir(), "comity-web-"));
    node.file = join(node.folder, "comity.toml");
    await writeFile(node.file, settings(join(node.folder, "data")));
    const child = spawn(process.env.COMITY_BINARY, ["serve", "--config", node.file],
      { env: { ...process.env, ...more } });
    node.child = child;
    node.url = await new Promise((resolve, reject) => {
      child.once("exit", () => reject(new Error("The node did not start.")));
      for (const input of [child.stdout, child.stderr]) {
        createInterface({ input }).on("line", (line) => {
          const said = line.startsWith("{") ? JSON.parse(line) : {};
          if (said.message === "running") resolve(`http://${said.clients}`);
        });
      }
    });
    return node;
  }

  /** The token of a new invite. */
  async invite() {
    const run = promisify(execFile);
    const { stdout } = await run(process.env.COMITY_BINARY,
      ["user", "invite", "--config", this.file]);
    return stdout.split("\n")[0];
  }

  /** Lets an account use the console. */
  async makeAdmin(name) {
    const run = promisify(execFile);
    await run(process.env.COMITY_BINARY, ["user", "admin", name, "--config", this.file]);
  }

  async end() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Such a node, the client before it, and a browser. */
export class LoneWorld {
  static async start() {
    const lone = new LoneWorld();
    try {
      lone.node = await LoneNode.start();
      lone.site = await Site.open(lone.node.url);
      lone.world = await World.browserOnly();
    } catch (error) {
      await lone.end();
      throw error;
    }
    return lone;
  }

  async end() {
    await this.world?.end();
    await this.site?.close();
    await this.node?.end();
  }
}
