import type { Address } from "viem";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { DealStore, KnownDeal } from "./deal-store.ts";
import type { ReceiptCalls } from "./receipt-calls.ts";

/** What a seller has the Receipt do unasked, by the chain's own time. */
export interface DealDuties {
  /**
   * Has the shop paid for what nobody complained about in time, and lengthens the time to complain about what it sells on.
   * Again does nothing twice.
   */
  work(): Promise<void>;
}

export interface DealDutiesDeps {
  readonly deals: DealStore;
  readonly receipt: Pick<ReceiptCalls, "release" | "extend">;
  readonly logger: Logger;
}

export function createDealDuties(
  { deals, receipt, logger }: DealDutiesDeps,
  { owner }: { readonly owner: Address },
): DealDuties {
  return {
    async work() {
      const head = await deals.followedTo();
      if (head === undefined) return;
      const running = await deals.runningOf(owner);
      const extended = new Set<string>();
      for (const resale of running) {
        const supply = await supplyToExtend(resale, head.time);
        if (supply === undefined || extended.has(supply.id)) continue;
        extended.add(supply.id);
        await attempt(supply, "the time to complain about a supply cannot be lengthened", () =>
          receipt.extend(supply, resale),
        );
      }
      for (const sold of running) {
        if (sold.stage !== "Shipped" || head.time <= complaintEnd(sold)) continue;
        await attempt(sold, "a deal cannot be released", () => receipt.release(sold));
      }
    },
  };

  /** The supply of a resale, where that may still be lengthened and is not. */
  async function supplyToExtend({ deal }: KnownDeal, time: bigint): Promise<KnownDeal | undefined> {
    const supply = await deals.find(deal.supply);
    if (supply === undefined || supply.extended || supply.deal.buyer !== owner) return undefined;
    // A quote may name any supply: only one of as many pieces is taken for it.
    if (supply.deal.resaleMargin === 0 || supply.deal.quantity < deal.quantity) return undefined;
    if (supply.stage === "Sealed") return supply;
    return supply.stage === "Shipped" && time < complaintEnd(supply) ? supply : undefined;
  }

  async function attempt(about: KnownDeal, wrong: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      // Refused or not sent: the others are seen to, and it is tried again at the next look.
      logger.warn({ deal: about.id, err: error, retryable: isRetryable(error) }, wrong);
    }
  }
}

/** The last second at which the buyer of a shipped deal may complain, as `IReceipt.complaintEnd` tells it. */
function complaintEnd({ deal, since, extended }: KnownDeal): bigint {
  const margin = extended ? deal.resaleMargin : 0;
  return BigInt(since + deal.deliverWithin + deal.complaintTime + margin);
}
