type Key = string | number | bigint;

export interface Row<V> {
  readonly key: readonly string[];
  readonly value: V;
}

/** Undoes what a refused step has changed so far, as a reverted transaction does. */
export class Journal {
  readonly #undo: Array<() => void> = [];

  note(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Runs a step whole or not at all. */
  attempt<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      this.#rollback();
      throw error;
    } finally {
      this.#undo.length = 0;
    }
  }

  /** What a step would say, with everything as it was afterwards. */
  pretend<T>(step: () => T): T {
    try {
      return step();
    } finally {
      this.#rollback();
      this.#undo.length = 0;
    }
  }

  #rollback(): void {
    for (const undo of this.#undo.reverse()) undo();
  }
}

/** A mapping of the model: every key has a value, which is replaced and never changed in place. */
export class Table<V> {
  readonly #journal: Journal;
  readonly #empty: V;
  readonly #rows = new Map<string, Row<V>>();
  #touched = new Map<string, Row<V>>();

  constructor(journal: Journal, empty: V) {
    this.#journal = journal;
    this.#empty = empty;
  }

  get(...key: Key[]): V {
    return this.#rows.get(key.join("/"))?.value ?? this.#empty;
  }

  set(value: V, ...key: Key[]): void {
    const path = key.join("/");
    const before = this.#rows.get(path);
    this.#journal.note(() => {
      if (before === undefined) this.#rows.delete(path);
      else this.#rows.set(path, before);
    });
    const row = { key: key.map(String), value };
    this.#rows.set(path, row);
    this.#touched.set(path, row);
  }

  /** Everything that was ever set, with its key. */
  rows(): Array<Row<V>> {
    return [...this.#rows.values()];
  }

  /** What was set since this was asked last, as it is now; what a refused step had set may be among it. */
  touchedRows(): Array<Row<V>> {
    const touched = [...this.#touched.values()];
    this.#touched = new Map();
    return touched.map(({ key }) => ({ key, value: this.get(...key) }));
  }
}
