// Runs the compiled tests with Node's own runner: all, or those whose names are given.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const folder = new URL("../target/test/test/", import.meta.url);
const wanted = process.argv.slice(2);
const isWanted = (name) => !wanted.length || wanted.some((word) => name.includes(word));
const files = readdirSync(folder).filter((name) => name.endsWith(".test.js") && isWanted(name));
const paths = files.sort().map((name) => new URL(name, folder).pathname);
const { status } = spawnSync(process.execPath, ["--test", ...paths], { stdio: "inherit" });
process.exit(status ?? 1);
