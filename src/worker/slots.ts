import type { Hex } from "viem";

export interface Slots {
  /**
   * Runs `work` as soon as a slot is free and it is this task's turn, and tells it whether it had to wait.
   * @throws the signal's reason when it is aborted before, and what `work` throws
   */
  run<T>(
    task: { readonly dealId: Hex },
    work: (waited: boolean) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  busy(): number;
  waiting(): number;
}

interface Waiter {
  readonly dealId: Hex;
  readonly begin: () => void;
}

/**
 * Lets so much be computed at once and no more. Who waits is served deal by deal, the one that was served longest ago first,
 * and within a deal in the order of asking: a bag of a thousand tasks does not keep another deal's only one waiting.
 */
export function createSlots(count: number): Slots {
  const waiting: Waiter[] = [];
  const served = new Map<Hex, number>();
  let busy = 0;
  let serving = 0;

  return {
    async run({ dealId }, work, signal) {
      signal.throwIfAborted();
      const waited = busy >= count;
      if (waited) await turnOf(dealId, signal);
      else take(dealId);
      try {
        return await work(waited);
      } finally {
        busy--;
        serveNext();
      }
    },
    busy: () => busy,
    waiting: () => waiting.length,
  };

  function turnOf(dealId: Hex, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter = {
        dealId,
        begin() {
          signal.removeEventListener("abort", abort);
          take(dealId);
          resolve();
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      waiting.push(waiter);
    });
  }

  function take(dealId: Hex): void {
    busy++;
    served.set(dealId, ++serving);
  }

  function serveNext(): void {
    if (waiting.length === 0) {
      // Nobody is left to be fair to.
      served.clear();
      return;
    }
    const lastServed = ({ dealId }: Waiter) => served.get(dealId) ?? 0;
    const next = waiting.reduce((a, b) => (lastServed(b) < lastServed(a) ? b : a));
    waiting.splice(waiting.indexOf(next), 1);
    next.begin();
  }
}
