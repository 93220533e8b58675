import type { Address } from "viem";
import type { Deal } from "#src/protocol/deals.ts";
import { FAILURE_FEE_PERCENT } from "#src/protocol/panel-parameters.ts";
import type { TaskEvent } from "./task-history.ts";

/** What somebody got when a task ended, in nano-HANSE. */
export interface Payment {
  readonly role: "app owner" | "dataset owner" | "scheduler" | "worker" | "payer";
  readonly to: Address;
  readonly amount: bigint;
}

/**
 * Who was paid what for a task. As Poco reckons: what the pool is paid and the wrong lose goes to those who were right,
 * and what they do not get of it is the scheduler's.
 */
export function paymentsOf(deal: Deal, events: readonly TaskEvent[]): Payment[] {
  const spoils = events.reduce((sum, each) => sum + (each.type === "slashed" ? each.paid : 0n), 0n);
  const { appPrice, datasetPrice, poolPrice, appOwner, datasetOwner, poolOwner, payer } = deal;
  const payments = events.flatMap((event): Payment[] => {
    switch (event.type) {
      case "certified": {
        return [
          { role: "app owner", to: appOwner, amount: appPrice },
          { role: "dataset owner", to: datasetOwner, amount: datasetPrice },
          ...pool(poolPrice, event.rewards),
        ];
      }
      case "failed": {
        const fee = (poolPrice * FAILURE_FEE_PERCENT) / 100n;
        const back = appPrice + datasetPrice + poolPrice - fee;
        return [{ role: "payer", to: payer, amount: back }, ...pool(fee, event.rewards)];
      }
      case "claimed":
        return [{ role: "payer", to: payer, amount: appPrice + datasetPrice + poolPrice }];
      default:
        return [];
    }
  });
  return payments.filter(({ amount }) => amount > 0n);

  function pool(
    price: bigint,
    rewards: readonly { readonly worker: Address; readonly amountNano: bigint }[],
  ): Payment[] {
    const shared = rewards.reduce((sum, { amountNano }) => sum + amountNano, 0n);
    return [
      ...rewards.map(({ worker, amountNano }) => ({
        role: "worker" as const,
        to: worker,
        amount: amountNano,
      })),
      { role: "scheduler", to: poolOwner, amount: price + spoils - shared },
    ];
  }
}
