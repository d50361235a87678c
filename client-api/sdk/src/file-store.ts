import { open, readFile, rename, type FileHandle } from "node:fs/promises";
import { MemoryStore } from "./memory-store.js";
import type { Change, Range, Store, Value } from "./store.js";

/** From this length on the file is written anew where that makes it half as long. */
const COMPACT_BYTES = 1024 * 1024;

/**
 * Keeps everything in a file, and a copy in memory: for bots. Each write is a line, of JSON, and
 * counts once it is on disk. A line that the machine did not finish was never kept. One process
 * may use a file at a time.
 */
export class FileStore implements Store {
  readonly #path: string;
  readonly #values: MemoryStore;
  #file: FileHandle;
  #bytes: number;
  #compactAt = COMPACT_BYTES;
  /** Writes are made one after the other. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, values: MemoryStore, bytes: number) {
    this.#path = path;
    this.#file = file;
    this.#values = values;
    this.#bytes = bytes;
  }

  /** Opens a file, or makes it. */
  static async open(path: string): Promise<FileStore> {
    const text = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    const whole = text.lastIndexOf("\n") + 1;
    const values = new MemoryStore();
    for (const line of text.subarray(0, whole).toString("utf8").split("\n")) {
      if (line) values.apply(changesOf(line));
    }
    // Texts that were typed stand in it.
    const file = await open(path, "a", 0o600);
    await file.truncate(whole);
    return new FileStore(path, file, values, whole);
  }

  get(key: string): Promise<Value | undefined> {
    return this.#values.get(key);
  }

  range(range: Range): Promise<[string, Value][]> {
    return this.#values.range(range);
  }

  write(changes: Change[]): Promise<void> {
    const line = lineOf(changes);
    const written = this.#writing.then(async () => {
      await this.#file.appendFile(line);
      await this.#file.datasync();
      this.#bytes += Buffer.byteLength(line);
      this.#values.apply(changes);
      if (this.#bytes > this.#compactAt) await this.#compact();
    });
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  /** Writes the shortest file beside and puts it in place. */
  async #compact(): Promise<void> {
    const all = [...this.#values.entries()].map(([key, value]): Change => ({ key, value }));
    const line = Buffer.from(lineOf(all));
    this.#compactAt = Math.max(COMPACT_BYTES, line.length * 2);
    if (line.length > this.#bytes / 2) return;
    const beside = `${this.#path}.new`;
    const file = await open(beside, "w", 0o600);
    await file.appendFile(line);
    await file.datasync();
    await rename(beside, this.#path);
    await this.#file.close();
    this.#file = file;
    this.#bytes = line.length;
  }
}

type Written = [key: string, value?: Value][];

function lineOf(changes: Change[]): string {
  const written: Written = changes.map(({ key, value }) =>
    (value === undefined ? [key] : [key, value]));
  return `${JSON.stringify(written)}\n`;
}

function changesOf(line: string): Change[] {
  return (JSON.parse(line) as Written).map(([key, value]) => ({ key, value }));
}
