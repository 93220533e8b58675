import type { Clock } from "./clock.ts";

/** A clock that stands still until it is told to move: for tests and simulations. */
export interface ManualClock extends Clock {
  /** Moves time forward by `ms`, waking every sleeper that is due in the order of its time. */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  sleepers(): number;
}

export function createManualClock(start = 0): ManualClock {
  let time = start;
  const sleeping = new Set<{ readonly due: number; readonly wake: () => void }>();
  return {
    now: () => time,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (ms <= 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const abort = () => {
          sleeping.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper = {
          due: time + ms,
          wake: () => {
            signal?.removeEventListener("abort", abort);
            sleeping.delete(sleeper);
            resolve();
          },
        };
        sleeping.add(sleeper);
        signal?.addEventListener("abort", abort, { once: true });
      });
    },
    async advance(ms) {
      const end = time + ms;
      for (;;) {
        const next = [...sleeping].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
        if (next === undefined) break;
        time = next.due;
        next.wake();
        // Who was woken runs, and may sleep again before `end`, before anyone later is woken.
        await new Promise((resolve) => setImmediate(resolve));
      }
      time = end;
    },
    sleepers: () => sleeping.size,
  };
}
