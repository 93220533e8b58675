import type { Hex } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import { cancelHash } from "#src/protocol/cancel-order.ts";
import { noteBookChange } from "./book-changes.ts";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import type { MarketChain } from "./market-chain.ts";
import { findOrder } from "./order-store.ts";
import { signingOf } from "./signing.ts";

/**
 * Takes an order off the book on its signer's word. On chain it stays valid, for whoever has it, until it is cancelled
 * there. An order that is not open stays as it is.
 * @throws HANSE_NOT_FOUND, HANSE_ORDER_SIGNATURE_INVALID
 */
export async function removeOrder(
  { chain, database }: { readonly chain: MarketChain; readonly database: BrokerDatabase },
  hash: Hex,
  signature: Hex,
): Promise<OrderRow> {
  const row = await findOrder(database.kysely, hash);
  if (row === undefined) throw new HanseError("HANSE_NOT_FOUND", `There is no order ${hash} here`);
  // Whoever may sign such an order for the account may take it back.
  const statement = { account: row.signer, kind: row.type, hash: cancelHash(hash), signature };
  if ((await signingOf(chain, statement)).type === "nobody") {
    throw new HanseError(
      "HANSE_ORDER_SIGNATURE_INVALID",
      `The signature is not that of ${row.signer} for taking this order off the book`,
      { details: { signer: row.signer, orderHash: hash } },
    );
  }
  await database.transaction(async (trx) => {
    const removed = await trx
      .updateTable("orders")
      .set({ removed: true, status: "cancelled", blocked: null })
      .where("hash", "=", hash)
      .where("status", "=", "open")
      .returning("hash")
      .execute();
    if (removed.length === 0) return;
    await noteBookChange(trx, hash, "removed");
  });
  return (await findOrder(database.kysely, hash)) ?? row;
}
