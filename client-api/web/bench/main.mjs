// Figures of the web client in a browser, each beside a floor of the same run where it has one:
// node bench/main.mjs [--json] [NAME…]. COMITY_BINARY names the program.
import { parseArgs } from "node:util";
import * as crossing from "./crossing.mjs";
import * as load from "./load.mjs";
import * as open from "./open.mjs";
import { Rows } from "./rows.mjs";
import * as scroll from "./scroll.mjs";
import { seed } from "./seed.mjs";

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false } }, allowPositionals: true,
});
const rows = new Rows(positionals, values.json);

/** What needs the node with the long channel. */
const LONG = [open, scroll, load];

const isWanted = ({ NAMES }) => NAMES.some((name) => rows.wants(name));

async function measureLong() {
  const wanted = LONG.filter(isWanted);
  if (!wanted.length) return;
  const place = await seed();
  try {
    for (const bench of wanted) rows.print(await bench.measure(place, rows));
  } finally {
    await place.end();
  }
}

if (![...LONG, crossing].some(isWanted)) throw new Error("no figure has such a name");
await measureLong();
if (isWanted(crossing)) rows.print(await crossing.measure());
