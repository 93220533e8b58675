import type { Logger } from "#src/kernel/logger.ts";
import type { BrokerDatabase } from "./broker-tables.ts";
import type { OrderLedger } from "./order-ledger.ts";
import { endAttempt, pendingAttempts } from "./seal-attempts.ts";

/** What was sent without its end being written down, by an earlier process or by this one: the chain knows. */
export async function reconcileAttempts(deps: {
  readonly database: BrokerDatabase;
  readonly ledger: OrderLedger;
  readonly logger: Logger;
}): Promise<void> {
  const { database, ledger, logger } = deps;
  for (const { id, orders } of await pendingAttempts(database.kysely)) {
    await ledger.reassess({ orders }, { also: (trx) => endAttempt(trx, id, { status: "reconciled" }) });
    logger.warn({ attempt: id, orders: orders.length }, "an interrupted batch was reconciled with the chain");
  }
}
