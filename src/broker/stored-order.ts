import { HanseError } from "#src/kernel/errors.ts";
import { orderOfPlaces } from "#src/protocol/order-places.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import type { OrderRow } from "./broker-tables.ts";

/**
 * The order as it was signed.
 * @throws HanseError HANSE_STATE_DAMAGED
 */
export function signedOrderOf(row: Pick<OrderRow, "hash" | "content" | "signature">): SignedOrder {
  const { hash, content, signature } = row;
  try {
    return orderOfPlaces(content, signature);
  } catch (cause) {
    throw new HanseError("HANSE_STATE_DAMAGED", `Order ${hash} of the broker's database cannot be read`, {
      cause,
      details: { orderHash: hash },
    });
  }
}
