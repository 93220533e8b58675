import type { Hex } from "viem";
import { describe, expect, test } from "vitest";
import type { AttemptedMatch } from "#src/broker/broker-tables.ts";
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

/** As a process leaves it that is killed with a batch on its hands. @returns the name it is sent under */
async function interruptedAttempt(matches: readonly AttemptedMatch[]): Promise<string> {
  const queries = await market.connect();
  const { id, begun_at } = await queries.kysely
    .insertInto("seal_attempts")
    .values({ matches: JSON.stringify(matches), outcome: null, tx_hash: null, ended_at: null })
    .returning(["id", "begun_at"])
    .executeTakeFirstOrThrow();
  await queries.close();
  return `seal:${id}:${begun_at.toISOString()}`;
}

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
    await interruptedAttempt([{ request: hash, app: unknownHash, pool: unknownHash, volume: 5 }]);
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

  test("an interrupted batch that is mined only then is waited for, and not sealed again", async () => {
    const request = requestOrder();
    const [hash = unknownHash] = await market.publish(request);
    await market.close();
    const name = await interruptedAttempt([
      { request: hash, app: unknownHash, pool: unknownHash, volume: 5 },
    ]);
    const mined = Promise.withResolvers<void>();
    const { sealed } = market.chain;
    market.chain.sealed = async (asked) => {
      await mined.promise;
      return await sealed(asked);
    };
    await market.open();
    await market.publish(appOrder(), poolOrder());
    // They match the request, and the matcher would have sealed them long ago.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(market.chain.batches).toEqual([]);
    const batch = await batchOf(request);
    const { txHash } = await market.chain.seal(batch, name);
    mined.resolve();
    await market.filled(hash);
    const attempt = await eventually("the attempt's end", async () => {
      const row = await market.database.kysely
        .selectFrom("seal_attempts")
        .selectAll()
        .executeTakeFirstOrThrow();
      return row.status === "pending" ? undefined : row;
    });
    expect(attempt).toMatchObject({ status: "mined", tx_hash: txHash, outcome: { sealed: 1 } });
    expect(market.chain.batches).toEqual([batch]);
    expect((await market.broker.client.trades()).trades).toHaveLength(1);
  });

  test.each([
    ["id", { chainId: 5 }],
    ["genesis block", { genesisHash: unknownHash }],
  ])("a database of a chain with another %s is refused", async (_what, change) => {
    await market.close();
    const other = { ...market.chain, ...change };
    const reopened = await market.connect();
    await expect(startTestBroker(other, reopened)).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH" });
    await reopened.close();
    await market.open();
  });

  test("a database that was bound without asking for the genesis block is bound to it", async () => {
    await market.database.kysely.updateTable("chain").set({ genesis_hash: null }).execute();
    await market.close();
    await market.open();
    const bound = await market.database.kysely.selectFrom("chain").selectAll().executeTakeFirstOrThrow();
    expect(bound.genesis_hash).toBe(market.chain.genesisHash);
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
