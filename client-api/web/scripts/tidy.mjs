// The rules on sizes: files of at most 600 lines, lines of at most 100 columns, functions of at
// most 70 lines (found by their indentation). No HTML is made from text, and nothing is left on
// the console. All languages have all strings (the compiler sees to their types).
import { readFileSync, readdirSync } from "node:fs";

const root = new URL("..", import.meta.url);
const found = [];
const FUNCTION = /^(\s*)(export |static |async |private |override )*(function\b|[#\w]+(<.*>)?\(.*)/;
const HTML = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/;

function files(folder) {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    return entry.isDirectory() ? files(`${path}/`) : [path];
  });
}

function checkFunctions(path, lines) {
  lines.forEach((line, index) => {
    const begin = FUNCTION.exec(line);
    if (!begin || !/[{(]$/.test(line)) return;
    const end = lines.findIndex((each, at) => at > index && each.startsWith(`${begin[1]}}`));
    if (end - index >= 70) found.push(`${path}:${index + 1}: ${end - index + 1} lines`);
  });
}

for (const path of [...files("src/"), ...files("test/"), ...files("scripts/")]) {
  const text = readFileSync(new URL(path, root), "utf8");
  const lines = text.split("\n");
  if (lines.length > 601) found.push(`${path}: ${lines.length} lines`);
  lines.forEach((line, index) => {
    if ([...line].length > 100) found.push(`${path}:${index + 1}: more than 100 columns`);
  });
  if (!path.endsWith(".css")) checkFunctions(path, lines);
  if (!path.startsWith("src/")) continue;
  if (/\bconsole\.\w/.test(text)) found.push(`${path}: console output`);
  if (HTML.test(text)) found.push(`${path}: HTML from text`);
}
if (found.length) throw new Error(found.join("\n"));
