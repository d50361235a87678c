// A node of one organisation on loopback, from the built binary that COMITY_BINARY names.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const settings = (data: string, port: number) => `
domain = "acme.test"
data_dir = "${data}"

[client]
listen = "127.0.0.1:${port}"

[federation]
listen = "127.0.0.1:0"
mode = "open"

[dns]
nameservers = ["127.0.0.1:9"]

[sign_up]
mode = "open"

[log]
format = "json"

[limits.clients]
account_requests_per_minute = 1_000_000
address_requests_per_minute = 1_000_000
address_sign_ups_per_hour = 1_000_000
`;

/** A node that can be killed and started again where it was. */
export class TestNode {
  #child: ChildProcess | undefined;
  #port = 0;

  private constructor(readonly directory: string) {}

  /** Starts a new node. */
  static async start(): Promise<TestNode> {
    const node = new TestNode(await mkdtemp(join(tmpdir(), "comity-sdk-")));
    await node.start();
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it at the address that it had; resolves when it takes clients. */
  async start(): Promise<void> {
    const binary = process.env["COMITY_BINARY"];
    if (!binary) throw new Error("COMITY_BINARY must name a comity binary.");
    const file = join(this.directory, "comity.toml");
    await writeFile(file, settings(join(this.directory, "data"), this.#port));
    const child = spawn(binary, ["serve", "--config", file], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const lines: string[] = [];
    for await (const line of merged(child)) {
      lines.push(line);
      const said = line.startsWith("{") ? JSON.parse(line) : {};
      if (said.message !== "running") continue;
      this.#port = Number(said.clients.split(":").at(-1));
      return;
    }
    throw new Error(`The node did not start:\n${lines.join("\n")}`);
  }

  /** Ends it with SIGKILL, as a crash does. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it in order, with a goodbye to its clients. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it and removes what it kept. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/** What the child says on both outputs; the rest is read away once nobody listens. */
async function* merged(child: ChildProcess): AsyncGenerator<string> {
  const lines: string[] = [];
  let wake = () => {};
  let isOver = false;
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output! }).on("line", (line) => {
      lines.push(line);
      wake();
    });
  }
  child.once("exit", () => {
    isOver = true;
    wake();
  });
  while (true) {
    while (lines.length) yield lines.shift()!;
    if (isOver) return;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}
