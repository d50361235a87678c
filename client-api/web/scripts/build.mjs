// Makes dist/ of src/: the same bytes from the same sources, wherever it runs. With `--check` it
// writes nothing, and fails where dist/ is stale or the first load is over its budget.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { icons } from "./icons.mjs";

/** What a first visit loads before it can be used, compressed. */
const FIRST_LOAD_MAX = 150 * 1024;

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  alias: {
    "comity-sdk": "../sdk/src/index.ts",
    // The package's own way in browsers is `innerHTML`.
    "decode-named-character-reference": "./src/text/entities.ts",
  },
};

/** All files of dist/, by their paths in it. */
async function bundle() {
  const app = await build({
    ...shared,
    entryPoints: { app: "src/app/main.tsx" },
    outdir: dist,
    format: "esm",
    splitting: true,
    jsx: "automatic",
    jsxImportSource: "preact",
    entryNames: "[name].[hash]",
    chunkNames: "chunks/[name].[hash]",
  });
  const files = new Map(app.outputFiles.map(({ path, contents }) => {
    return [relative(dist, path), Buffer.from(contents)];
  }));
  const first = firstLoad(app.metafile);
  const script = first.find((path) => /^app\..*js$/.test(path));
  const style = [...files.keys()].find((path) => /^app\..*css$/.test(path));
  for (const [path, bytes] of icons()) files.set(path, bytes);
  files.set("manifest.webmanifest", readFileSync(join(root, "static/manifest.webmanifest")));
  const page = readFileSync(join(root, "static/index.html"), "utf8")
    .replace("{{SCRIPT}}", `/${script}`)
    .replace("{{STYLE}}", `/${style}`)
    .replace("{{CHUNKS}}", first.filter((path) => path !== script)
      .map((path) => `\n    <link rel="modulepreload" href="/${path}">`).join(""));
  files.set("index.html", Buffer.from(page));
  files.set("sw.js", await worker(files));
  return { files, first: [...first, style, "index.html"] };
}

/** The entry and the chunks that it cannot do without. */
function firstLoad(metafile) {
  const outputs = Object.entries(metafile.outputs);
  const name = (path) => relative("dist", path);
  const [entry] = outputs.find(([, { entryPoint }]) => entryPoint === "src/app/main.tsx");
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: next, kind } of metafile.outputs[path].imports) {
      if (kind === "import-statement") found.add(next);
    }
  }
  return [...found].map(name);
}

/** The service worker knows what to keep, and is another one when any of it is. */
async function worker(files) {
  const assets = [...files.keys()].filter((path) => path !== "index.html").sort();
  const hash = createHash("sha256");
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(path).update(bytes);
  }
  const made = await build({
    ...shared,
    entryPoints: ["src/worker/sw.ts"],
    outfile: join(dist, "sw.js"),
    format: "iife",
    define: {
      ASSETS: JSON.stringify(["/", ...assets.map((path) => `/${path}`)]),
      VERSION: JSON.stringify(hash.digest("hex").slice(0, 16)),
    },
  });
  return Buffer.from(made.outputFiles[0].contents);
}

function listed(folder = dist) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listed(path) : [relative(dist, path)];
  });
}

function check(files) {
  const stale = [...new Set([...listed(), ...files.keys()])].filter((path) => {
    const [wanted, file] = [files.get(path), join(dist, path)];
    return !wanted || !existsSync(file) || !readFileSync(file).equals(wanted);
  });
  if (stale.length) throw new Error(`dist/ is stale, run npm run build: ${stale.join(", ")}`);
}

function write(files) {
  rmSync(dist, { recursive: true, force: true });
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    writeFileSync(join(dist, path), bytes);
  }
}

const { files, first } = await bundle();
if (process.argv.includes("--check")) check(files);
else write(files);

const size = (path) => gzipSync(files.get(path), { level: 9 }).length;
const total = first.reduce((sum, path) => sum + size(path), 0);
for (const path of [...files.keys()].sort()) {
  const mark = first.includes(path) ? "*" : " ";
  console.log(`${mark} ${String(size(path)).padStart(7)}  ${path}`);
}
console.log(`First load (*): ${(total / 1024).toFixed(1)} KB compressed.`);
if (total > FIRST_LOAD_MAX) throw new Error("The first load is over its budget.");
