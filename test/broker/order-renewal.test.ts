import { afterAll, beforeAll, expect, test } from "vitest";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { renewOrder } from "#src/broker/order-renewal.ts";
import { type NewOrder, newOrderRow } from "#src/broker/order-store.ts";
import { signedOrderOf } from "#src/broker/stored-order.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import type { Database } from "#src/store/database.ts";
import { startTestPostgres } from "./support/test-database.ts";
import { NOW, requester, requestOrder, signed, stranger } from "./support/traders.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<BrokerTables>;
beforeAll(async () => {
  postgres = await startTestPostgres();
  database = await postgres.openMigrated();
}, 60_000);
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});

test("of two words of a sponsor that come at once the better one stays, whichever is written last", async () => {
  const request = requestOrder({ sponsor: stranger.address });
  const plain = await signed(request);
  const withCap = (cap: bigint): NewOrder => ({
    ...{ hash: orderHash(request), signer: requester.address, filled: 0, byKeyring: false },
    signed: {
      ...plain,
      sponsorship: { cap, validUntil: NOW + 9n, epoch: 0n, signature: "0xab" },
    } as SignedOrder,
  });
  await database.kysely
    .insertInto("orders")
    .values(newOrderRow(withCap(1n)))
    .execute();
  const capAfter = async (cap: bigint) => {
    const row = await renewOrder(database, withCap(cap), NOW);
    return row && (signedOrderOf(row) as Extract<SignedOrder, { type: "request" }>).sponsorship?.cap;
  };
  // Both were better than what was there when they were looked at.
  expect(await capAfter(10n)).toBe(10n);
  expect(await capAfter(7n)).toBe(10n);
});
