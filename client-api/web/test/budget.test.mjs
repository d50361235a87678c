// What a first visit loads is within its budget, and dist/ is what comes of src/.
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

test("dist/ is fresh, and the first load within its bytes", async () => {
  const script = fileURLToPath(new URL("../scripts/build.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [script, "--check"]);
});
