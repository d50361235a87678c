// Takes the bot out of README.md, so that it is compiled and run by the tests as it stands there.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const here = (path) => new URL(path, import.meta.url);
const [, code] = /```typescript bot\n(.*?)```/s.exec(readFileSync(here("../README.md"), "utf8"));
mkdirSync(here("../target/readme"), { recursive: true });
writeFileSync(here("../target/readme/bot.ts"), code);
