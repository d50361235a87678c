// What every store must do. IndexedDB is tested where there is one.
import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { IndexedDbStore, MemoryStore, type Store } from "../src/index.js";
import { FileStore } from "../src/node.js";
import { Keeper } from "../src/keeper.js";
import { behind, clipped, withRange, type KnownRange } from "../src/ranges.js";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "comity-sdk-store-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Opens a store; a second time with the same name it is the same, where it outlives anything. */
const stores: Record<string, (name: string) => Promise<Store>> = {
  MemoryStore: async () => new MemoryStore(),
  FileStore: (name) => FileStore.open(join(folder, name)),
};
if (globalThis.indexedDB) stores["IndexedDbStore"] = (name) => IndexedDbStore.open(name);

for (const [kind, open] of Object.entries(stores)) {
  test(`${kind} keeps values by key, sorted, and reads ranges`, async () => {
    const store = await open("contract");
    const value = { nested: ["안녕", null, 1] };
    await store.write([
      { key: "b/2", value: 2 }, { key: "a", value }, { key: "b/1", value: 1 },
      { key: "b/3", value: 3 }, { key: "c", value: true },
    ]);
    value.nested.push("changed later");
    assert.deepEqual(await store.get("a"), { nested: ["안녕", null, 1] });
    assert.equal(await store.get("nothing"), undefined);
    const all = { from: "b/", to: "b0" };
    assert.deepEqual(await store.range(all), [["b/1", 1], ["b/2", 2], ["b/3", 3]]);
    assert.deepEqual(await store.range({ ...all, limit: 2 }), [["b/1", 1], ["b/2", 2]]);
    const reverse = { ...all, limit: 2, reverse: true };
    assert.deepEqual(await store.range(reverse), [["b/3", 3], ["b/2", 2]]);
    assert.deepEqual(await store.range({ from: "b/2", to: "b/2" }), []);
    assert.deepEqual(await store.range({ from: "b/2", to: "b/3" }), [["b/2", 2]]);
    await store.write([{ key: "b/2" }, { key: "a", value: "another" }]);
    assert.deepEqual(await store.range(all), [["b/1", 1], ["b/3", 3]]);
    assert.equal(await store.get("a"), "another");
    await store.close();
    if (kind === "MemoryStore") return;
    const again = await open("contract");
    assert.deepEqual(await again.range(all), [["b/1", 1], ["b/3", 3]]);
    assert.equal(await again.get("a"), "another");
    await again.close();
  });
}

test("a file whose last line was cut off has what was written before", async () => {
  const path = join(folder, "cut");
  const first = await FileStore.open(path);
  await first.write([{ key: "a", value: 1 }, { key: "b", value: 2 }]);
  await first.close();
  await appendFile(path, '[["a",3],["b"');
  const second = await FileStore.open(path);
  assert.deepEqual([await second.get("a"), await second.get("b")], [1, 2]);
  await second.write([{ key: "c", value: 3 }]);
  await second.close();
  const third = await FileStore.open(path);
  assert.deepEqual(await third.range({ from: "a", to: "d" }), [["a", 1], ["b", 2], ["c", 3]]);
  await third.close();
});

test("a file of which most does not count any more is written anew", async () => {
  const path = join(folder, "compact");
  const store = await FileStore.open(path);
  await store.write([{ key: "kept", value: "as it is" }]);
  const value = "x".repeat(100_000);
  for (let count = 0; count < 30; count += 1) await store.write([{ key: "cursor", value }]);
  const { size, mode } = await stat(path);
  assert.ok(size < 1_500_000, `${size}`);
  assert.equal(mode & 0o77, 0, "nobody else reads it");
  await store.close();
  const again = await FileStore.open(path);
  assert.deepEqual([await again.get("kept"), await again.get("cursor")], ["as it is", value]);
  await again.close();
});

test("reads see what was put and is not written yet", async () => {
  const keeper = new Keeper(new MemoryStore(), assert.ifError);
  keeper.put("a/1", 1);
  keeper.put("a/2", 2);
  await keeper.flushed();
  const release = keeper.hold();
  keeper.put("a/2", undefined);
  keeper.put("a/3", 3);
  keeper.put("a/0", 0);
  const all = { from: "a/", to: "a0" };
  assert.deepEqual(await keeper.range({ ...all, limit: 2 }), [["a/0", 0], ["a/1", 1]]);
  assert.deepEqual(await keeper.range({ ...all, limit: 1, reverse: true }), [["a/3", 3]]);
  assert.deepEqual([await keeper.get("a/2"), await keeper.get("a/3")], [undefined, 3]);
  release();
  await keeper.flushed();
  assert.deepEqual(await keeper.range(all), [["a/0", 0], ["a/1", 1], ["a/3", 3]]);
});

test("what a store could not keep is written again, with what is newer", async () => {
  const store = new MemoryStore();
  const write = store.write.bind(store);
  const failures: unknown[] = [];
  store.write = async () => {
    throw new Error("the disk is full");
  };
  const keeper = new Keeper(store, (error) => failures.push(error));
  keeper.put("a", 1);
  keeper.put("b", 1);
  await assert.rejects(keeper.flushed(), /full/);
  assert.ok(failures.length > 0);
  store.write = write;
  keeper.put("b", 2);
  await keeper.flushed();
  assert.deepEqual([await store.get("a"), await store.get("b")], [1, 2]);
});

test("ranges that touch become one, others keep their gap", () => {
  const ranges: KnownRange[] = [["10", "20"], ["40", "50"]];
  assert.deepEqual(withRange(ranges, ["20", "30"]), [["10", "30"], ["40", "50"]]);
  assert.deepEqual(withRange(ranges, ["15", "45"]), [["10", "50"]]);
  assert.deepEqual(withRange(ranges, ["22", "30"]), [["10", "20"], ["22", "30"], ["40", "50"]]);
  assert.deepEqual(withRange(ranges, ["30", "30"]), ranges);
  assert.deepEqual(clipped(ranges, "15", "45"), [["15", "20"], ["40", "45"]]);
  assert.ok("20" < behind("20") && behind("20") < "200" && behind("20") < "21");
});
