/**
 * Calls of the chain that nobody waits for. Each takes until it is mined, or is given up: they wait side by side, none for another,
 * and what else a shop has to do for none of them. It holds no work of its own: what is lost with it is found again in the database.
 */
export interface CallQueue {
  /**
   * Makes a call as soon as there is room, in the order in which they were told. One that waits or is under way under the same
   * name is not made again.
   * @param call sees itself to what goes wrong: it must not reject
   */
  add(name: string, call: () => Promise<void>): void;
  /** Until nothing waits, and nothing is under way. */
  rest(): Promise<void>;
  /** Makes no more, and waits for what is under way. */
  stop(): Promise<void>;
}

export interface CallQueueOptions {
  /** Calls under way at a time; 16 unless told: nodes keep only so many transactions of one account. */
  readonly atOnce?: number;
}

export function createCallQueue({ atOnce = 16 }: CallQueueOptions = {}): CallQueue {
  const waiting = new Map<string, () => Promise<void>>();
  const underWay = new Map<string, Promise<void>>();
  let stopped = false;

  function next(): void {
    for (const [name, call] of waiting) {
      if (underWay.size >= atOnce) return;
      waiting.delete(name);
      const made = call().finally(() => {
        underWay.delete(name);
        next();
      });
      underWay.set(name, made);
    }
  }

  async function rest(): Promise<void> {
    while (underWay.size > 0) await Promise.all(underWay.values());
  }

  return {
    add(name, call) {
      if (stopped || waiting.has(name) || underWay.has(name)) return;
      waiting.set(name, call);
      next();
    },
    rest,
    async stop() {
      stopped = true;
      waiting.clear();
      await rest();
    },
  };
}
