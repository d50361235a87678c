/** Hands values to listeners by name. A listener's fault is another's business, not its peers'. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => unknown>>();
  readonly #failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Listens; the answer ends it. */
  on<N extends keyof Events>(name: N, listener: (value: Events[N]) => unknown): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  /** Tells all listeners; a promise where one of them answered with a promise. */
  emit<N extends keyof Events>(name: N, value: Events[N]): Promise<void> | undefined {
    const waits: Promise<unknown>[] = [];
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        const answer = (listener as (value: Events[N]) => unknown)(value);
        if (isPromise(answer)) waits.push(answer.catch((error) => this.#failed(error)));
      } catch (error) {
        this.#failed(error);
      }
    }
    return waits.length ? Promise.all(waits).then(() => undefined) : undefined;
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}
