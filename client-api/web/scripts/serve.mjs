// Serves dist/ for development, as the node does, and passes the API on to a node:
// node scripts/serve.mjs --node http://127.0.0.1:8448 [--port 8000]
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const dist = fileURLToPath(new URL("../dist", import.meta.url));

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

const isOfNode = (path) => /^\/(v1|\.well-known)(\/|$)/.test(path);

const POLICY = "content-security-policy";

/** What the node lets its own pages do. */
async function policyOf(target) {
  const answer = await fetch(target);
  await answer.body?.cancel();
  return answer.headers.get(POLICY);
}

function serveFile(path, policy, response) {
  const wanted = normalize(join(dist, path));
  const isFile = wanted.startsWith(dist) && existsSync(wanted) && statSync(wanted).isFile();
  const file = isFile ? wanted : join(dist, "index.html");
  const isHashed = /\.[A-Z0-9]{8}\.(js|css)$/.test(file);
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    ...policy && { [POLICY]: policy },
    "cache-control": isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
  });
  createReadStream(file).pipe(response);
}

/** The node takes an origin that is its own host; this server's is made to be that. */
function headersFor(target, headers) {
  const origin = headers.origin ? { origin: target.origin } : {};
  return { ...headers, host: target.host, ...origin };
}

function passOn(target, from, response) {
  const options = { method: from.method, headers: headersFor(target, from.headers) };
  const to = request(new URL(from.url, target), options, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  to.on("error", () => response.headersSent ? response.end() : response.writeHead(502).end());
  response.on("close", () => to.destroy());
  from.pipe(to);
}

/** `mute` lets nothing of what the node says through any more. */
function passUpgradeOn(target, from, socket, head) {
  const to = connect(Number(target.port), target.hostname, () => {
    const headers = Object.entries(headersFor(target, from.headers));
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    to.write(`${from.method} ${from.url} HTTP/1.1\r\n${lines}\r\n`);
    to.write(head);
    socket.pipe(to).pipe(socket);
  });
  for (const [one, other] of [[socket, to], [to, socket]]) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
  return { mute: () => to.unpipe(socket).resume() };
}

/**
 * Serves until the answer's `close`; `port` 0 takes any. With `whole` the pages come from the node
 * too, so that this is only a way there that can be cut.
 */
export async function serve(node, port = 0, whole = false) {
  const target = new URL(node);
  const policy = whole ? undefined : await policyOf(target);
  const sockets = new Set();
  const upgrades = new Set();
  const server = createServer((from, response) => {
    const { pathname } = new URL(from.url, "http://any");
    if (whole || isOfNode(pathname)) passOn(target, from, response);
    else serveFile(decodeURIComponent(pathname), policy, response);
  });
  server.on("upgrade", (from, socket, head) => {
    const upgrade = passUpgradeOn(target, from, socket, head);
    upgrades.add(upgrade);
    socket.on("close", () => upgrades.delete(upgrade));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}`,
    /** What is asked over sockets reaches the node, and no answer comes back. */
    mute() {
      for (const upgrade of upgrades) upgrade.mute();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { node: { type: "string" }, port: { type: "string" } } });
  const { url } = await serve(values.node ?? "http://127.0.0.1:8448", Number(values.port ?? 8000));
  console.log(url);
}
