// Only for looking at the console while it is made: this is no test, and what it answers is made
// up. It stands before a node, answers `/v1/admin/*` itself, calls every account an admin, and
// passes all else on: node scripts/mock-admin.mjs --node http://127.0.0.1:8448 [--port 8102]
// [--without figures,settings] leaves resources out, as an older node does.
// Then: node scripts/serve.mjs --node http://127.0.0.1:8102
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { parseArgs } from "node:util";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ago = (ms) => Date.now() - ms;
const id = (letter) => `${letter}HJvdXAgIlRlYSIgb2YgYWxpY2UgYXQgYWNtZS50ZXM`;

const user = (name, more = {}) => ({
  name, display_name: null, created_unix_ms: ago(40 * DAY), last_active_unix_ms: ago(3 * MINUTE),
  devices: 1, is_admin: false, is_suspended: false, is_deleted: false, ...more,
});

const users = [
  user("alice", { display_name: "Alice Liddell", is_admin: true, devices: 3 }),
  user("bart", { is_suspended: true, devices: 0, last_active_unix_ms: ago(9 * DAY) }),
  user("carol", { display_name: "Carol Danvers", devices: 2 }),
  user("dave", { is_deleted: true, devices: 0, last_active_unix_ms: null }),
  user("jiwoo", { display_name: "김지우", is_admin: true }),
  user("maximilian.hohenlohe-waldenburg", { display_name: "Maximilian zu Hohenlohe" }),
  user("zoe", { last_active_unix_ms: null, devices: 0, created_unix_ms: ago(2 * HOUR) }),
];

let invites = [
  { id: "9f2c41d07ab3", uses: 1, expires_unix_ms: Date.now() + 5 * DAY },
  { id: "b8e01c55d2f4", uses: 250, expires_unix_ms: Date.now() + 29 * DAY },
];

const group = (letter, name, home, more = {}) => ({
  channel: id(letter), name, home, read_only: null, waits_for: [], invited: 0,
  is_ungranted: false, ...more,
});

const groups = [
  group("A", "Incident 2026-11-24", "acme.test", { read_only: "split" }),
  group("B", "Release planning", "acme.test", { waits_for: ["globex.test", "initech.example"] }),
  group("C", "Chess", "umbrella.example", { is_ungranted: true, invited: 2 }),
  group("D", "New rules", "initech.example", { read_only: "newer" }),
  group("E", "Tea", "acme.test", { invited: 1 }),
  group("F", "점심 모임", "globex.test"),
];

const report = (number, more = {}) => ({
  number, unix_ms: ago(20 * MINUTE), from: "acme.test", reporter: "carol@acme.test",
  about: "mallory@globex.test", channel: id("E"), message: "01KAPTNBMFE5G8DV3Q6R7S9T0W",
  said_unix_ms: ago(31 * MINUTE), reason: "harassment", is_proven: false,
  sent_to: "globex.test", closed_unix_ms: null, ...more,
});

const reports = [
  report(14),
  report(13, {
    from: "globex.test", reporter: null, about: "bart@acme.test", is_proven: true,
    sent_to: null, reason: "spam", unix_ms: ago(5 * HOUR), said_unix_ms: ago(6 * HOUR),
  }),
  report(12, { reason: "illegal", closed_unix_ms: ago(DAY), unix_ms: ago(3 * DAY) }),
];

const peer = (domain, more = {}) => ({
  domain, link: { up: { since_unix_ms: ago(6 * HOUR), is_dialled: true } },
  down_since_unix_ms: null, heard_unix_ms: ago(4_000), backlog: { records: 0, oldest_ms: 0 },
  trouble: null, next_try_ms: null, bytes_per_minute: [48_213, 91_377],
  records_per_minute: [31, 77], key: "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=",
  proof: "dnssec", refused_key: null, reports_dropped: 0, copies: null, ...more,
});

const peers = [
  peer("initech.example", {
    link: "down", down_since_unix_ms: ago(47 * MINUTE), heard_unix_ms: ago(47 * MINUTE),
    backlog: { records: 318, oldest_ms: 46 * MINUTE }, next_try_ms: 74_000,
    bytes_per_minute: [0, 0], records_per_minute: [0, 0], proof: "web",
    trouble: {
      code: "unreachable", unix_ms: ago(52_000),
      why: "node1.initech.example:4433 did not answer within 5 seconds; is UDP let through?",
    },
  }),
  peer("umbrella.example", {
    link: "down", down_since_unix_ms: ago(2 * DAY), heard_unix_ms: ago(2 * DAY),
    refused_key: "9n1m5lWqE2b0cYbS5u8w1ZrTg6hNfDm9aLekq3pJ2vX=", next_try_ms: 1_500_000,
    backlog: { records: 1_000, oldest_ms: 2 * DAY }, bytes_per_minute: [0, 0],
    records_per_minute: [0, 0],
    trouble: {
      code: "key_changed", unix_ms: ago(3 * MINUTE),
      why: "The records of umbrella.example name another organisation's key than before.",
    },
  }),
  peer("hooli.example", { link: "dialling", backlog: null, key: null, proof: null,
    heard_unix_ms: null, bytes_per_minute: [0, 0], records_per_minute: [0, 0] }),
  peer("globex.test"),
  peer("wonka.example", { proof: "pin", copies: { theirs: 4, ours: 0, last_unix_ms: ago(HOUR) },
    link: { up: { since_unix_ms: ago(20 * MINUTE), is_dialled: false } } }),
];

const policy = {
  mode: "ask",
  rules: [
    {
      domain: "spam.example", since_unix_ms: ago(12 * DAY), groups: [],
      rule: { stance: "block", asks_per_hour: null, records_per_minute: null },
    },
    {
      domain: "umbrella.example", since_unix_ms: ago(30 * DAY), groups: [id("E")],
      rule: { stance: "allow_named", asks_per_hour: 10, records_per_minute: 600 },
    },
    {
      domain: "globex.test", since_unix_ms: ago(80 * DAY), groups: [],
      rule: { stance: "allow", asks_per_hour: null, records_per_minute: null },
    },
  ],
  asking: [
    { domain: "soylent.example", since_unix_ms: ago(8 * MINUTE), by_itself: true, by_ours: false },
    { domain: "tyrell.example", since_unix_ms: ago(3 * HOUR), by_itself: false, by_ours: true },
  ],
};

const forks = [
  { id: "k3PzvQ0aWc81", domain: "initech.example", channel: id("A"), record: 42 },
];

const findings = [
  { grade: "ok", about: "Clock", found: "It differs from that of 3 peers by 12 ms.", records: [] },
  {
    grade: "bad", about: "SRV record", records: [
      "_comity._udp.acme.test. 3600 IN SRV 10 5 4433 node1.acme.test.",
    ],
    found: "There is no SRV record at _comity._udp.acme.test.",
    todo: "Publish it, so that other nodes find this one.",
  },
  {
    grade: "look", about: "DNSSEC", found: "The zone is not signed: the key is proven by the web.",
    todo: "Sign the zone with your DNS provider, and publish the DS record at your registrar.",
    records: ["acme.test. TXT \"comity1 key=iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=\""],
  },
  { grade: "ok", about: "UDP port", found: "4433 answers from outside.", records: [] },
];

const setting = (key, value, from, standard, meaning) => ({
  key, value, from, default: standard, meaning,
});

const settings = [
  setting("domain", "acme.test", "/etc/comity/comity.toml", null, "What stands after the @."),
  setting("data_dir", "/var/lib/comity", "COMITY_DATA_DIR", "./data", "Where everything is kept."),
  setting("federation.mode", "ask", "/etc/comity/comity.toml", "open", "Who may be a partner."),
  setting("federation.port", 4433, "default", 4433, "The UDP port for other nodes."),
  setting("sign_up.mode", "invited", "default", "invited", "Who may make an account."),
  setting("client.public_urls", [{ url: "https://chat.acme.test" }], "--public-url", [],
    "Where clients reach this node."),
];

let turn = 0;
const figures = () => {
  const wave = 1 + Math.sin(turn++ / 4) / 2;
  return {
    version: "0.9.0", started_unix_ms: ago(6 * HOUR + 14 * MINUTE),
    connections: Math.round(120 * wave + Math.random() * 9),
    messages_in_per_second: 4.2 * wave + Math.random(),
    messages_out_per_second: 31 * wave + Math.random() * 4,
    latency_ms: { p50: 2.1 + Math.random(), p99: 14 + Math.random() * 4 },
    store_bytes: 4_812_334_080, journal_bytes: 268_435_456, search_bytes: 913_400_000,
    queues: [
      { name: "journal", length: Math.round(12 * wave), max: 1_024 },
      { name: "push", length: 214, max: 250 },
      { name: "search", length: Math.round(40 * wave), max: null },
    ],
  };
};

const status = () => ({
  is_clock_doubted: true, domain: "acme.test",
  peers: peers.map(({ domain, link }) => ({
    domain, is_linked: typeof link !== "string", faults: 1, refused: 0, void: 2, denied: 4,
    waiting: 1,
  })),
  forks: forks.length, read_only: 2, comparing: 1,
  reports: reports.filter((each) => !each.closed_unix_ms).length,
  strangers: [{
    kind: "handshake", times: 118, last_unix_ms: ago(90_000), from: "203.0.113.9:51820",
    domain: null, code: null,
  }, {
    kind: "identity", times: 3, last_unix_ms: ago(HOUR), from: "198.51.100.7:4433",
    domain: "globex.tset", code: "key_unproven",
  }],
});

const voided = [
  {
    record: "1.43", unix_ms: ago(3 * HOUR), what: "carol@acme.test is a moderator",
    by: "alice@acme.test",
  },
  { record: "1.44", unix_ms: ago(2 * HOUR), what: "dan@globex.test is invited", by: null },
];

const usersPage = ({ prefix = "", after }) => {
  const found = users.filter(({ name }) => name.startsWith(prefix) && (!after || name > after));
  return { users: found.slice(0, 5), more: found.length > 5, total: users.length - 1 };
};

const taken = (text) => text && JSON.parse(text);

/** What is answered, by method and path; `undefined` is 204. */
const ANSWERS = [
  ["GET", /^status$/, status],
  ["GET", /^figures$/, figures],
  ["GET", /^settings$/, () => ({ settings })],
  ["GET", /^users$/, (_, query) => usersPage(query)],
  ["POST", /^users$/, (_, __, { name }) => ({ account: `${name}@acme.test` })],
  ["PUT", /^users\/(.+)$/, ([name], _, change) => {
    const found = users.find((each) => each.name === name);
    if ("admin" in change) found.is_admin = change.admin;
    if ("suspended" in change) found.is_suspended = change.suspended;
  }],
  ["GET", /^invites$/, () => ({ invites })],
  ["POST", /^invites$/, (_, __, { uses, expires_in_seconds: seconds }) => {
    const expires = Date.now() + seconds * 1_000;
    invites.push({ id: "0a1b2c3d4e5f", uses, expires_unix_ms: expires });
    return { token: "Zr1b7NcQx2mVt8KpW0dYh5GfJs4LaE9u", expires_unix_ms: expires };
  }],
  ["DELETE", /^invites\/(.+)$/, ([which]) => {
    invites = invites.filter((each) => each.id !== which);
  }],
  ["GET", /^groups$/, () => ({ groups })],
  ["POST", /^groups\/(.+)\/confirm$/, () => undefined],
  ["POST", /^groups\/(.+)\/reopen$/, () => ({
    base: "1.42", voided, unheard: ["initech.example"],
  })],
  ["GET", /^groups\/(.+)\/voided$/, () => ({ voided })],
  ["GET", /^reports$/, (_, { all }) => ({
    reports: reports.filter((each) => all === "true" || !each.closed_unix_ms),
  })],
  ["GET", /^reports\/(.+)$/, ([number]) => ({
    ...reports.find((each) => String(each.number) === number),
    comment: "He does not stop, although three of us asked him to.",
    text: "You are all idiots, and I will write this every day until you leave.",
  })],
  ["DELETE", /^reports\/(.+)$/, ([number]) => {
    reports.find((each) => String(each.number) === number).closed_unix_ms = Date.now();
  }],
  ["GET", /^forks$/, () => ({ forks })],
  ["GET", /^forks\/(.+)$/, () => ({ proof: "oWRjb21pdHk".repeat(40) })],
  ["GET", /^peers$/, () => ({ peers })],
  ["POST", /^peers\/(.+)\/retry$/, () => ({ is_dialled: true })],
  ["PUT", /^peers\/(.+)\/key$/, () => undefined],
  ["GET", /^policy$/, () => policy],
  ["PUT", /^policy\/([^/]+)$/, ([domain], _, rule) => {
    policy.rules = policy.rules.filter((each) => each.domain !== domain);
    policy.asking = policy.asking.filter((each) => each.domain !== domain);
    policy.rules.push({ domain, since_unix_ms: Date.now(), groups: [], rule });
  }],
  ["DELETE", /^policy\/([^/]+)$/, ([domain]) => {
    policy.rules = policy.rules.filter((each) => each.domain !== domain);
  }],
  ["PUT", /^policy\/(.+)\/groups\/(.+)$/, ([domain, group_]) => {
    policy.rules.find((each) => each.domain === domain).groups.push(group_);
  }],
  ["DELETE", /^policy\/(.+)\/groups\/(.+)$/, ([domain, group_]) => {
    const rule = policy.rules.find((each) => each.domain === domain);
    rule.groups = rule.groups.filter((each) => each !== group_);
  }],
  ["GET", /^doctor$/, () => ({ findings })],
];

function answerAdmin(method, url, body, response) {
  const path = url.pathname.slice("/v1/admin/".length);
  for (const [wanted, pattern, answer] of ANSWERS) {
    const found = method === wanted && pattern.exec(path);
    if (!found || without.includes(path)) continue;
    const parts = found.slice(1).map(decodeURIComponent);
    const value = answer(parts, Object.fromEntries(url.searchParams), taken(body));
    response.writeHead(value === undefined ? 204 : 200, { "content-type": "application/json" });
    return response.end(value === undefined ? "" : JSON.stringify(value));
  }
  response.writeHead(404, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { code: "resource_not_found", message: "Not here." } }));
}

const { values } = parseArgs({ options: {
  node: { type: "string" }, port: { type: "string" }, without: { type: "string", default: "" },
} });
const without = values.without.split(",");
const node = new URL(values.node ?? "http://127.0.0.1:8448");
const headers = (from) => ({ ...from, host: node.host });

const server = createServer(async (from, response) => {
  const url = new URL(from.url, "http://any");
  const chunks = [];
  for await (const chunk of from) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (url.pathname.startsWith("/v1/admin/")) {
    return answerAdmin(from.method, url, body.toString(), response);
  }
  const to = request(new URL(from.url, node), {
    method: from.method, headers: headers(from.headers),
  }, async (answer) => {
    if (url.pathname !== "/v1/me" || from.method !== "GET" || answer.statusCode !== 200) {
      response.writeHead(answer.statusCode, answer.headers);
      return answer.pipe(response);
    }
    let text = "";
    for await (const chunk of answer) text += chunk;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...JSON.parse(text), admin: true }));
  });
  to.on("error", () => response.writeHead(502).end());
  to.end(body);
});

server.on("upgrade", (from, socket, head) => {
  const to = connect(Number(node.port), node.hostname, () => {
    const all = Object.entries(headers(from.headers));
    const lines = all.map(([name, each]) => `${name}: ${each}\r\n`);
    to.write(`${from.method} ${from.url} HTTP/1.1\r\n${lines.join("")}\r\n`);
    to.write(head);
    socket.pipe(to).pipe(socket);
  });
  for (const [one, other] of [[socket, to], [to, socket]]) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
});

server.listen(Number(values.port ?? 8102), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
