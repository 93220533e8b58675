import type { Address } from "viem";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { CallQueue } from "./call-queue.ts";
import type { DealStore, KnownDeal } from "./deal-store.ts";
import type { ReceiptCalls } from "./receipt-calls.ts";

/** What a shop has the Receipt do unasked, by the chain's own time. */
export interface DealDuties {
  /**
   * Has the shop paid for what nobody complained about in time, and lengthens the time to complain about what it sells on. Has
   * buyers refunded what was not shipped in time: what it sold itself, and what others sold to it or its customers.
   * Again does nothing twice; none of it is waited for.
   */
  work(): Promise<void>;
}

export interface DealDutiesDeps {
  readonly deals: DealStore;
  readonly receipt: Pick<ReceiptCalls, "release" | "extend" | "refund">;
  readonly calls: CallQueue;
  readonly logger: Logger;
}

export function createDealDuties(
  { deals, receipt, calls, logger }: DealDutiesDeps,
  { owner }: { readonly owner: Address },
): DealDuties {
  return {
    async work() {
      const head = await deals.followedTo();
      if (head === undefined) return;
      for (const { supply, resale } of await deals.resales(owner)) {
        attempt("extend", supply, "the time to complain about a supply cannot be lengthened", () =>
          receipt.extend(supply, resale),
        );
      }
      for (const sold of await deals.releasable(owner, head.time)) {
        attempt("release", sold, "a deal cannot be released", () => receipt.release(sold));
      }
      for (const late of await deals.unshippedAt(owner, head.time)) {
        attempt("refund", late, "what was not shipped in time cannot be refunded", () =>
          receipt.refund(late),
        );
      }
    },
  };

  function attempt(name: string, about: KnownDeal, wrong: string, act: () => Promise<void>): void {
    calls.add(`${name} ${about.id}`, async () => {
      try {
        await act();
      } catch (error) {
        // Refused or not sent: it is tried again at the next look.
        logger.warn({ deal: about.id, err: error, retryable: isRetryable(error) }, wrong);
      }
    });
  }
}
