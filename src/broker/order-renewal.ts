import type { SignedOrder } from "#src/protocol/orders.ts";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import { findOrder, type NewOrder, newOrderRow } from "./order-store.ts";
import { signedOrderOf } from "./stored-order.ts";

/**
 * Whether an order that came again may be sealed where the one that is here cannot: it is signed anew, or sponsored with
 * more. Nobody who has an older word of the sponsor's can bring it back while a better one stands.
 */
export function isSignedAnew(row: OrderRow, signed: SignedOrder, now: bigint): boolean {
  if (row.status !== "open") return false;
  const kept = signedOrderOf(row);
  const [word, before] = [signed.sponsorship, kept.sponsorship];
  if (word !== undefined && before !== undefined && before.validUntil >= now && word.epoch === before.epoch) {
    if (word.cap !== before.cap) return word.cap > before.cap;
  }
  return row.blocked !== null && signaturesOf(signed) !== signaturesOf(kept);
}

function signaturesOf({ signature, sponsorship }: SignedOrder): string {
  if (sponsorship === undefined) return signature;
  const { cap, validUntil, epoch } = sponsorship;
  // A presigned sponsorship has no signature of its own to tell it from another.
  return [signature, cap, validUntil, epoch, sponsorship.signature].join(" ");
}

/** Puts the new signatures in the place of the old. Whoever keeps the book looks at the order again soon. */
export async function renewOrder(database: BrokerDatabase, order: NewOrder): Promise<OrderRow | undefined> {
  const { hash, signature, content, by_keyring } = newOrderRow(order);
  await database.transaction(async (trx) => {
    const renewed = await trx
      .updateTable("orders")
      .set({ signature, content, by_keyring })
      .where("hash", "=", hash)
      .where("status", "=", "open")
      .returning("hash")
      .execute();
    if (renewed.length === 0) return;
    await trx
      .insertInto("order_events")
      .values({ order_hash: hash, type: "renewed", block: null, details: null })
      .execute();
  });
  return await findOrder(database.kysely, hash);
}
