import { isHanseError } from "#src/kernel/errors.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import { noteBookChange } from "./book-changes.ts";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import { findOrder, type NewOrder, newOrderRow } from "./order-store.ts";
import { signedOrderOf } from "./stored-order.ts";

/**
 * Whether an order that came again may be sealed where the one that is here cannot: it is signed anew, or sponsored with
 * more. Nobody who has an older word of the sponsor's can bring it back while a better one stands.
 */
export function isSignedAnew(row: OrderRow, signed: SignedOrder, now: bigint): boolean {
  if (row.status !== "open") return false;
  const kept = readOrNot(row);
  // Its hash tells that it is the same order: the damaged row is put right.
  if (kept === undefined) return true;
  const [word, before] = [signed.sponsorship, kept.sponsorship];
  if (word !== undefined && before !== undefined && before.validUntil >= now && word.epoch === before.epoch) {
    if (word.cap !== before.cap) return word.cap > before.cap;
  }
  return row.blocked !== null && signaturesOf(signed) !== signaturesOf(kept);
}

function readOrNot(row: OrderRow): SignedOrder | undefined {
  try {
    return signedOrderOf(row);
  } catch (error) {
    if (isHanseError(error, "HANSE_STATE_DAMAGED")) return undefined;
    throw error;
  }
}

function signaturesOf({ signature, sponsorship }: SignedOrder): string {
  if (sponsorship === undefined) return signature;
  const { cap, validUntil, epoch } = sponsorship;
  // A presigned sponsorship has no signature of its own to tell it from another.
  return [signature, cap, validUntil, epoch, sponsorship.signature].join(" ");
}

/**
 * Puts the new signatures in the place of the old, unless better ones came meanwhile. Whoever keeps the book looks at the order
 * again soon.
 */
export async function renewOrder(
  database: BrokerDatabase,
  order: NewOrder,
  now: bigint,
): Promise<OrderRow | undefined> {
  const { hash, signature, content, by_keyring } = newOrderRow(order);
  await database.transaction(async (trx) => {
    const kept = await trx
      .selectFrom("orders")
      .selectAll()
      .where("hash", "=", hash)
      .forUpdate()
      .executeTakeFirst();
    if (kept === undefined || !isSignedAnew(kept, order.signed, now)) return;
    await trx
      .updateTable("orders")
      .set({ signature, content, by_keyring })
      .where("hash", "=", hash)
      .execute();
    await noteBookChange(trx, hash, "renewed");
  });
  return await findOrder(database.kysely, hash);
}
