import type { Gauge } from "prom-client";
import type { Hex } from "viem";
import { isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import type { OrderRow } from "./broker-tables.ts";
import { signedOrderOf } from "./stored-order.ts";

/** Orders of the database, but for those whose rows are damaged: the market goes on without them. */
export interface ReadableOrders {
  /** The order as it was signed; undefined where it cannot be read, and is set aside until it can. */
  read(row: Pick<OrderRow, "hash" | "content" | "signature">): SignedOrder | undefined;
  isSetAside(hash: Hex): boolean;
}

export function createReadableOrders({
  logger,
  metrics,
}: {
  readonly logger: Logger;
  readonly metrics: { readonly unreadable: Pick<Gauge, "set"> };
}): ReadableOrders {
  const setAside = new Set<Hex>();
  return {
    read(row) {
      try {
        const signed = signedOrderOf(row);
        // Somebody handed it in again, or put the row right.
        if (setAside.delete(row.hash)) metrics.unreadable.set(setAside.size);
        return signed;
      } catch (err) {
        if (!isHanseError(err, "HANSE_STATE_DAMAGED")) throw err;
        if (setAside.has(row.hash)) return undefined;
        setAside.add(row.hash);
        metrics.unreadable.set(setAside.size);
        logger.error({ err, order: row.hash }, "an order of the database cannot be read, and is set aside");
        return undefined;
      }
    },
    isSetAside: (hash) => setAside.has(hash),
  };
}
