// The rules on sizes: files of at most 600 lines, lines of at most 100 columns, functions of at
// most 70 lines (found by their indentation).
import { existsSync, readFileSync, readdirSync } from "node:fs";

const FUNCTION = /^(\s*)(export |static |async |private |override )*(function\b|[#\w]+(<.*>)?\(.*)/;

function files(root, folder) {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    return entry.isDirectory() ? files(root, `${path}/`) : [path];
  });
}

function longFunctions(path, lines) {
  return lines.flatMap((line, index) => {
    const begin = FUNCTION.exec(line);
    if (!begin || !/[{(]$/.test(line)) return [];
    const end = lines.findIndex((each, at) => at > index && each.startsWith(`${begin[1]}}`));
    return end - index >= 70 ? [`${path}:${index + 1}: ${end - index + 1} lines`] : [];
  });
}

function sizes(path, text) {
  const lines = text.split("\n");
  const found = lines.length > 601 ? [`${path}: ${lines.length} lines`] : [];
  lines.forEach((line, index) => {
    if ([...line].length > 100) found.push(`${path}:${index + 1}: more than 100 columns`);
  });
  return path.endsWith(".css") ? found : [...found, ...longFunctions(path, lines)];
}

/** Holds a package's files to these rules, and to those that `more` finds broken in a file. */
export function tidy(root, more, isGenerated = () => false) {
  const folders = ["src/", "test/", "scripts/", "bench/"]
    .filter((folder) => existsSync(new URL(folder, root)));
  const all = folders.flatMap((folder) => files(root, folder));
  const found = all.filter((path) => !isGenerated(path)).flatMap((path) => {
    const text = readFileSync(new URL(path, root), "utf8");
    return [...sizes(path, text), ...(path.startsWith("src/") ? more(path, text) : [])];
  });
  if (found.length) throw new Error(found.join("\n"));
}
