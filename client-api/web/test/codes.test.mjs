// Every refusal has a sentence in every language.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const read = (path) => readFile(new URL(path, import.meta.url), "utf8");
const all = (text, pattern) => [...text.matchAll(pattern)].map(([, code]) => code).sort();

test("refusals of the node and of the SDK are said in Korean", async () => {
  const documents = (await read("../../../docs/client/README.md")).split("## Refusals")[1];
  const [sdk] = (await read("../../sdk/src/error.ts")).split("type SdkCode =")[1].split(";");
  const codes = [...all(documents, /^\| `(\w+)` \| \d{3} \|/gm), ...all(sdk, /"(\w+)"/g)];
  const said = all(await read("../src/i18n/ko-codes.ts"), /^ {2}(\w+): "/gm);
  assert.deepEqual(said, codes.sort());
});
