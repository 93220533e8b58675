import type { Hex } from "viem";
import { describe, expect, test } from "vitest";
import { batchOf, useOpenMarket } from "./support/open-market.ts";
import { eventually, startTestBroker } from "./support/test-broker.ts";
import {
  appOrder,
  HANSE,
  LATER,
  openTestMarket,
  poolOrder,
  requester,
  requestOrder,
  saltOf,
  signed,
  unknownHash,
} from "./support/traders.ts";

const market = useOpenMarket();

describe("keeps what it acknowledged", () => {
  test("orders and fills are there after a restart, in their place in time", async () => {
    const [first = unknownHash, second] = await market.publish(
      requestOrder({ conditions: { volume: 2 } }),
      requestOrder({ conditions: { volume: 2 } }),
    );
    await market.publish(appOrder({ conditions: { volume: 50 } }));
    await market.close();
    // The world goes on while the broker is down.
    market.chain.deposit(requester.address, HANSE);
    market.chain.mine();
    await market.open();
    expect((await market.broker.client.orders({ type: "request" })).orders.map(({ hash }) => hash)).toEqual([
      second,
      first,
    ]);
    await market.publish(poolOrder({ conditions: { volume: 3 } }));
    await market.filled(first);
    expect(await market.broker.client.order(second as Hex)).toMatchObject({ status: "open", filled: 1 });
  });

  test("fills, cancellations and a reorg that happened while it was down", async () => {
    const [gone, other] = [requestOrder(), requestOrder()];
    const [goneHash = unknownHash, otherHash = unknownHash] = await market.publish(gone, other);
    await eventually(
      "the cursor",
      async () => ((await market.broker.client.info()).block ?? 0n) >= market.chain.head.number,
    );
    await market.close();
    market.chain.rewind(1);
    // The forgotten block had opened the market: it comes again, and more with it.
    openTestMarket(market.chain);
    market.chain.sealElsewhere(await batchOf(gone));
    market.chain.cancel(requester.address, "request", saltOf(other));
    market.chain.mine();
    await market.open();
    await market.filled(goneHash);
    await market.until(otherHash, ({ status }) => status === "cancelled");
  });

  test("an interrupted batch is reconciled before anything is sent", async () => {
    const request = requestOrder();
    const [hash = unknownHash] = await market.publish(request);
    await market.close();
    const queries = await market.connect();
    const matches = [{ request: hash, app: unknownHash, pool: unknownHash, volume: 5 }];
    await queries.kysely
      .insertInto("seal_attempts")
      .values({ matches: JSON.stringify(matches), outcome: null, tx_hash: null, ended_at: null })
      .execute();
    await queries.close();
    market.chain.sealElsewhere(await batchOf(request));
    await market.open();
    await market.filled(hash);
    const { status } = await market.database.kysely
      .selectFrom("seal_attempts")
      .select("status")
      .executeTakeFirstOrThrow();
    expect(status).toBe("reconciled");
    expect(market.chain.batches).toEqual([]);
  });

  test("whatever the machine's clock says: what has expired is for the chain to tell", async () => {
    const [hash = unknownHash] = await market.publish(requestOrder({ conditions: { validUntil: LATER } }));
    await market.close();
    await market.open({ clockAheadMs: 2 * 86_400_000 });
    // As long as it takes to follow the chain and to look at the book.
    market.chain.mine();
    await eventually(
      "the cursor",
      async () => ((await market.broker.client.info()).block ?? 0n) >= market.chain.head.number,
    );
    await market.publish(appOrder(), poolOrder());
    await market.filled(hash);
  });

  test("a database of another chain is refused", async () => {
    await market.close();
    const other = { ...market.chain, chainId: 5 };
    const reopened = await market.connect();
    await expect(startTestBroker(other, reopened)).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH" });
    await reopened.close();
    await market.open();
  });
});

describe("two processes on one database", () => {
  test("both take orders, one matches, and the other takes over", async () => {
    const secondDatabase = await market.connect();
    const second = await startTestBroker(market.chain, secondDatabase);
    try {
      const request = await second.client.publish(await signed(requestOrder()));
      const dropped = await second.client.publish(await signed(requestOrder({ category: 3 })));
      await market.until(dropped.hash, ({ whyNot }) => whyNot.length > 0);
      await second.client.cancel(dropped.hash, requester);
      await eventually("the removal", async () => (await market.broker.client.depth(3)).bids.length === 0);
      expect(await second.client.depth(1)).toMatchObject({ bids: [{ volume: 5, orders: 1 }] });
      await market.publish(appOrder({ conditions: { volume: 50 } }), poolOrder());
      await market.filled(request.hash);
      await market.broker.stop();
      const next = await second.client.publish(await signed(requestOrder({ conditions: { volume: 1 } })));
      await second.client.publish(await signed(poolOrder()));
      await eventually("the second's first deal", async () => {
        return (await second.client.order(next.hash)).status === "filled";
      });
    } finally {
      await second.stop();
      await secondDatabase.close();
    }
  });
});
