import { afterAll, beforeAll, expect, test } from "vitest";
import { newOrderRow } from "#src/broker/order-store.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { createMemoryMarketChain } from "./support/memory-market-chain.ts";
import { eventually, startTestBroker } from "./support/test-broker.ts";
import { startTestPostgres } from "./support/test-database.ts";
import {
  CHAIN_ID,
  CLERK,
  MATCHER,
  NOW,
  openTestMarket,
  requester,
  requestOrder,
  signed,
} from "./support/traders.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres?.stop());

test("an order expires though the database is away at that moment", { timeout: 60_000 }, async () => {
  let now = NOW;
  const chain = createMemoryMarketChain({
    ...{ chainId: CHAIN_ID, clerk: CLERK, matcher: MATCHER },
    now: () => now,
  });
  openTestMarket(chain);
  const database = await postgres.open(await postgres.create());
  const broker = await startTestBroker(chain, database);
  try {
    const brief = requestOrder({ conditions: { validUntil: NOW + 10n } });
    const { hash } = await broker.client.publish(await signed(brief));
    // So many that it is no longer among the newest, which are looked through again and again.
    const rows = await Promise.all(
      Array.from({ length: 1_200 }, async () => {
        const order = requestOrder({ maxPoolPrice: 1n });
        const taken = { signer: requester.address, filled: 0, byKeyring: false };
        return newOrderRow({ hash: orderHash(order), signed: await signed(order), ...taken });
      }),
    );
    await database.kysely.insertInto("orders").values(rows).execute();
    await eventually("the others", async () => (await broker.client.depth(1)).bids.length === 2);
    const { transaction } = database;
    let transactions = 0;
    database.transaction = (...work) => {
      transactions++;
      // The first writes the block down, the second what expired by it.
      if (transactions !== 2) return transaction(...work);
      return Promise.reject(new HanseError("HANSE_DATABASE_UNAVAILABLE", "the database is away"));
    };
    now = NOW + 11n;
    chain.mine();
    await eventually("the expiry", async () => (await broker.client.order(hash)).status === "expired");
    expect(transactions).toBeGreaterThan(2);
  } finally {
    await broker.stop();
    await database.close();
  }
});
