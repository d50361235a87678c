// Writes src/generated/*.ts from the API's documents, or compares with what is there (--check).
import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const here = (path) => new URL(path, import.meta.url);
const read = async (path) => JSON.parse(await readFile(here(path), "utf8"));
const head = (name) => `// Made from client-api/${name} by \`npm run generate\`. Do not edit.\n\n`;

// The frames' shared schemas stand in the OpenAPI document. Put beside them as schemas of their
// own, frames are made into types by the same tool.
function framesDocument(openapi, asyncapi) {
  const text = JSON.stringify(asyncapi.components.messages);
  const messages = JSON.parse(text.replaceAll("openapi.json#/", "#/"));
  const frames = Object.entries(messages).map(([name, { payload }]) => [`frame_${name}`, payload]);
  const schemas = { ...used(openapi, frames), ...Object.fromEntries(frames) };
  return { openapi: "3.1.0", info: asyncapi.info, paths: {}, components: { schemas } };
}

/** The schemas that something names, itself or by others, in the document's order. */
function used({ components: { schemas } }, something) {
  const found = new Set();
  const look = (part) => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      look(schemas[name]);
    }
  };
  look(something);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => found.has(name)));
}

async function types(document, name) {
  return head(name) + astToString(await openapiTS(document, { alphabetize: false }));
}

const openapi = await read("../../openapi.json");
const asyncapi = await read("../../asyncapi.json");
const files = {
  "../src/generated/openapi.ts": await types(openapi, "openapi.json"),
  "../src/generated/asyncapi.ts": await types(framesDocument(openapi, asyncapi), "asyncapi.json"),
};
for (const [path, text] of Object.entries(files)) {
  if (!process.argv.includes("--check")) await writeFile(here(path), text);
  else if ((await readFile(here(path), "utf8")) !== text) {
    throw new Error(`${path} is stale: npm run generate`);
  }
}
