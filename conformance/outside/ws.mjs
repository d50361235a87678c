// A WebSocket of npm's `ws`, and `fetch`, for the story of `clients.py`: one JSON command a line on
// standard input, one JSON answer a line on standard output. It knows no frame of the API.
import { createInterface } from "node:readline";
import WebSocket from "ws";

const url = process.argv[2];
let socket;
let heard = [];
let waiting = [];

function take(frame) {
  if (waiting.length) waiting.shift()(frame);
  else heard.push(frame);
}

const commands = {
  async request({ method, path, body, token }) {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const text = body === null ? undefined : JSON.stringify(body);
    const answer = await fetch(url + path, { method, headers, body: text });
    return { status: answer.status, ...JSON.parse((await answer.text()) || "{}") };
  },
  async open() {
    heard = [];
    waiting = [];
    socket = new WebSocket(`ws${url.slice(4)}/v1/socket`);
    socket.on("message", (data, isBinary) => take(isBinary ? { binary: true } : JSON.parse(data)));
    await new Promise((done, fail) => socket.once("open", done).once("error", fail));
    return {};
  },
  async say({ frame }) {
    await new Promise((done, fail) =>
      socket.send(JSON.stringify(frame), (error) => (error ? fail(error) : done())),
    );
    return {};
  },
  hear: () => (heard.length ? heard.shift() : new Promise((done) => waiting.push(done))),
  async close() {
    const code = new Promise((done) => socket.once("close", done));
    socket.close(1000, "done");
    return { code: await code };
  },
  cut() {
    socket.on("error", () => {});
    socket.terminate();
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = await Promise.resolve()
    .then(() => commands[command.do](command))
    .catch((error) => ({ failed: String(error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
