// The rules on sizes, and the library's own: no console output, and no dependency.
import { tidy } from "./rules.mjs";

const FOR_NODE = ["src/file-store.ts", "src/node.ts"];

tidy(new URL("..", import.meta.url), (path, text) => {
  const isForeign = /^(import|export) .*from "(?!\.\.?\/)/m.test(text);
  return [
    ...(!FOR_NODE.includes(path) && isForeign ? [`${path}: a dependency`] : []),
    ...(/\bconsole\./.test(text) ? [`${path}: console output`] : []),
  ];
}, (path) => path.startsWith("src/generated/"));
