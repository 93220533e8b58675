import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { ShopAdapter } from "./shop-adapter.ts";

export interface AdapterDeadlineOptions {
  /** How long (milliseconds) a call may take. */
  readonly deadlineMs: number;
}

/**
 * An adapter whose calls end: what it does not answer in time is refused, and told again later, as after a crash. For as long
 * again it is not asked at all, so that one call that hangs holds up nothing but itself; what it answers after all is dropped.
 *
 * Each call throws HANSE_ADAPTER_TIMED_OUT beside what the adapter throws.
 */
export function withDeadline(
  adapter: ShopAdapter,
  { deadlineMs }: AdapterDeadlineOptions,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): ShopAdapter {
  let restsUntil = Number.NEGATIVE_INFINITY;
  return {
    catalogue: () => within("catalogue", () => adapter.catalogue()),
    take: (orderId, lines) => within("take", () => adapter.take(orderId, lines)),
    putBack: (orderId, lines) => within("putBack", () => adapter.putBack(orderId, lines)),
  };

  async function within<Value>(call: keyof ShopAdapter, ask: () => Promise<Value>): Promise<Value> {
    if (clock.now() < restsUntil) throw timedOut(call, "does not answer at present");
    const answered = new AbortController();
    const late = clock.sleep(deadlineMs, answered.signal).then(
      () => {
        restsUntil = clock.now() + deadlineMs;
        throw timedOut(call, `did not answer within ${deadlineMs} ms`);
      },
      // It was answered: nobody waits for this any more.
      () => new Promise<never>(() => undefined),
    );
    try {
      return await Promise.race([ask(), late]);
    } finally {
      answered.abort();
    }
  }

  function timedOut(call: string, text: string): HanseError {
    return new HanseError("HANSE_ADAPTER_TIMED_OUT", `The shop's own system ${text}`, {
      details: { call, deadlineMs },
    });
  }
}
