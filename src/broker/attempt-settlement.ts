import type { Clock } from "#src/kernel/clock.ts";
import { isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { BrokerDatabase } from "./broker-tables.ts";
import { merge, touchedBySealedDeal } from "./chain-applier.ts";
import { lastBlock } from "./chain-cursor.ts";
import { storeDeals } from "./deal-store.ts";
import type { MarketChain, SealOutcome } from "./market-chain.ts";
import type { OrderLedger } from "./order-ledger.ts";
import { endAttempt, pendingAttempts, type SealAttempt } from "./seal-attempts.ts";

export interface AttemptSettlementDeps {
  readonly chain: Pick<MarketChain, "sealed">;
  readonly database: BrokerDatabase;
  readonly ledger: OrderLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes down what a batch brought. */
export async function finishAttempt(
  { ledger, clock }: Pick<AttemptSettlementDeps, "ledger" | "clock">,
  { id }: SealAttempt,
  { txHash, sealed, refused }: SealOutcome,
): Promise<void> {
  const sealedAt = new Date(clock.now());
  await ledger.reassess(merge(sealed.map(touchedBySealedDeal)), {
    also: async (trx) => {
      // Of a block that was followed already, what was followed counts: the receipt may be of another branch.
      const followed = (await lastBlock(trx)) ?? -1n;
      const ahead = sealed.filter(({ block }) => block.number > followed);
      await storeDeals(trx, ahead, sealedAt);
      const counts = { sealed: sealed.length, refused };
      await endAttempt(trx, id, { status: "mined", txHash, outcome: counts });
    },
  });
}

/**
 * Finds out what became of the batches whose end nobody saw, this process or one before it, and waits for what is under
 * way: until then their orders may not be sealed again.
 * @throws HANSE_TRANSACTION_LOST, HANSE_RPC_UNAVAILABLE: not known yet
 */
export async function settleAttempts(deps: AttemptSettlementDeps): Promise<void> {
  const { database, ledger, logger } = deps;
  for (const attempt of await pendingAttempts(database.kysely)) {
    const outcome = await whatCameOf(deps.chain, attempt);
    if (outcome !== undefined) await finishAttempt(deps, attempt, outcome);
    // Nothing was sent, or it was refused as a whole; the chain knows the orders.
    const { id, orders } = attempt;
    await ledger.reassess(
      { orders },
      outcome === undefined ? { also: (trx) => endAttempt(trx, id, { status: "reconciled" }) } : {},
    );
    logger.warn(
      { attempt: id, orders: orders.length, txHash: outcome?.txHash },
      "an interrupted batch was reconciled with the chain",
    );
  }
}

async function whatCameOf(
  chain: AttemptSettlementDeps["chain"],
  { name }: SealAttempt,
): Promise<SealOutcome | undefined> {
  try {
    return await chain.sealed(name);
  } catch (error) {
    if (isHanseError(error, "HANSE_TRANSACTION_REVERTED")) return undefined;
    throw error;
  }
}
