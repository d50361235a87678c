import type { Change, Range, Store, Value } from "./store.js";

const TABLE = "values";

/** Keeps everything in the browser's IndexedDB, under a name of its own for each account. */
export class IndexedDbStore implements Store {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  /** Opens an account's store, or makes it. */
  static async open(name: string, factory: IDBFactory = indexedDB): Promise<IndexedDbStore> {
    const request = factory.open(`comity:${name}`, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    const database = await done(request);
    // Another tab wants to delete it: do not stand in the way.
    database.onversionchange = () => database.close();
    return new IndexedDbStore(database);
  }

  /** Deletes an account's store, as after a log-out. */
  static async delete(name: string, factory: IDBFactory = indexedDB): Promise<void> {
    await done(factory.deleteDatabase(`comity:${name}`));
  }

  async get(key: string): Promise<Value | undefined> {
    return done(this.#table("readonly").get(key));
  }

  async range({ from, to, limit = Infinity, reverse = false }: Range) {
    if (from >= to || limit <= 0) return [];
    const keys = IDBKeyRange.bound(from, to, false, true);
    const cursor = this.#table("readonly").openCursor(keys, reverse ? "prev" : "next");
    const found: [string, Value][] = [];
    await new Promise<void>((resolve, reject) => {
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        const at = cursor.result;
        if (!at || found.push([at.key as string, at.value]) >= limit) resolve();
        else at.continue();
      };
    });
    return found;
  }

  async write(changes: Change[]): Promise<void> {
    const transaction = this.#database.transaction(TABLE, "readwrite");
    const table = transaction.objectStore(TABLE);
    try {
      for (const { key, value } of changes) {
        if (value === undefined) table.delete(key);
        else table.put(value, key);
      }
    } catch (error) {
      // Or those before it would be kept without it.
      transaction.abort();
      throw error;
    }
    // Not when all requests are answered: the page may be gone by then.
    transaction.commit();
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      // An error ends in this too, and only then the transaction names it.
      transaction.onabort = () => reject(transaction.error);
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #table(mode: IDBTransactionMode): IDBObjectStore {
    return this.#database.transaction(TABLE, mode).objectStore(TABLE);
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
