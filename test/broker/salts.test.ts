import type { Hex } from "viem";
import { describe, expect, test } from "vitest";
import type { Order } from "#src/protocol/orders.ts";
import { batchOf, useOpenMarket } from "./support/open-market.ts";
import { eventually, startTestBroker } from "./support/test-broker.ts";
import {
  appOrder,
  HANSE,
  poolOrder,
  requester,
  requestOrder,
  saltOf,
  signed,
  stranger,
  unknownHash,
} from "./support/traders.ts";

// Orders of one kind, signer and salt share one volume on chain.

const market = useOpenMarket();
const publish = async (order: Order) => await market.broker.client.publish(await signed(order));
const dearer = (order: Order) =>
  requestOrder({ maxPoolPrice: 12n * HANSE, conditions: { salt: saltOf(order) } });

describe("refuses a second open order with the salt of another", () => {
  test("and names it", async () => {
    const order = requestOrder();
    const { hash } = await publish(order);
    await expect(publish(dearer(order))).rejects.toMatchObject({
      code: "HANSE_ORDER_SALT_USED",
      details: { peer: { signer: requester.address, orderHash: hash } },
    });
    expect(await publish(order)).toMatchObject({ hash, status: "open" });
  });

  test("whichever comes first of many at once, at two processes", async () => {
    const database = await market.connect();
    const second = await startTestBroker(market.chain, database);
    try {
      const order = requestOrder();
      const prices = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
      const rivals = prices.map((price) =>
        requestOrder({ maxPoolPrice: price * HANSE, conditions: { salt: saltOf(order) } }),
      );
      const ends = await Promise.allSettled(
        rivals.map(async (rival, i) => (i % 2 ? market.broker : second).client.publish(await signed(rival))),
      );
      const refused = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
      expect(refused).toHaveLength(7);
      for (const error of refused) expect(error).toMatchObject({ code: "HANSE_ORDER_SALT_USED" });
    } finally {
      await second.stop();
      await database.close();
    }
  });
});

describe("takes an order with the salt of another", () => {
  test("kind, and of another signer", async () => {
    const order = requestOrder();
    const conditions = { salt: saltOf(order) };
    market.chain.deposit(stranger.address, 100n * HANSE);
    await publish(order);
    await publish(poolOrder({ conditions }));
    await publish(appOrder({ conditions }));
    const other = await signed(requestOrder({ requester: stranger.address, conditions }), stranger);
    expect(await market.broker.client.publish(other)).toMatchObject({ status: "open" });
  });

  test("that is off the book: so a price is changed, and the volume stays one", async () => {
    const order = requestOrder();
    const { hash } = await publish(order);
    await market.broker.client.cancel(hash, requester);
    const { hash: next } = await publish(dearer(order));
    // Who has the old one seals two of its five tasks.
    const batch = await batchOf(order, { volume: 2 });
    expect(market.chain.sealElsewhere(batch).refused).toEqual([]);
    market.chain.mine();
    await market.until(next, ({ filled }) => filled === 2);
    await market.publish(appOrder(), poolOrder());
    await market.filled(next);
    expect((await market.broker.client.trades()).trades.map(({ volume }) => volume)).toEqual([3, 2]);
  });

  test("that is filled, where more is left of the volume", async () => {
    const order = requestOrder({ conditions: { volume: 2 } });
    await market.publish(appOrder(), poolOrder());
    const { hash } = await publish(order);
    await market.filled(hash);
    expect(await publish(dearer(order))).toMatchObject({ status: "open", filled: 2, volume: 5 });
  });
});

describe("reads again what is left", () => {
  test("when a seller's order that is not known here was sealed elsewhere", async () => {
    const [app, pool] = [appOrder(), poolOrder()];
    const [appHash = unknownHash, poolHash = unknownHash] = await market.publish(app, pool);
    const batch = await batchOf(requestOrder({ conditions: { volume: 3 } }), {
      app: { price: 2n * HANSE, conditions: { salt: saltOf(app) } },
      pool: { price: 9n * HANSE, conditions: { salt: saltOf(pool) } },
    });
    expect(market.chain.sealElsewhere(batch).refused).toEqual([]);
    market.chain.mine();
    for (const hash of [appHash, poolHash]) await market.until(hash, ({ filled }) => filled === 3);
  });

  test("when a deal of orders that are not known here is undone", async () => {
    const [app, pool, request] = [appOrder(), poolOrder(), requestOrder()];
    const strange = { maxPoolPrice: 11n * HANSE, conditions: { salt: saltOf(request), volume: 3 } };
    const batch = await batchOf(requestOrder(strange), {
      app: { price: 2n * HANSE, conditions: { salt: saltOf(app) } },
      pool: { price: 9n * HANSE, conditions: { salt: saltOf(pool) } },
    });
    expect(market.chain.sealElsewhere(batch).refused).toEqual([]);
    market.chain.mine();
    await eventually("the deal", async () => (await market.broker.client.trades()).trades.length === 1);
    // Taken with what was filled already, so that nothing of theirs has changed since.
    const hashes: Hex[] = [];
    for (const order of [app, pool, request]) {
      const taken = await publish(
        order.type === "request" ? requestOrder({ ...order.order, category: 7 }) : order,
      );
      expect(taken.filled).toBe(3);
      hashes.push(taken.hash);
    }
    market.chain.rewind(1);
    market.chain.mine();
    for (const hash of hashes) await market.until(hash, ({ filled }) => filled === 0);
  });

  test("when the salt is cancelled on chain", async () => {
    const [request, pool] = [requestOrder(), poolOrder()];
    const hashes: Hex[] = await market.publish(request, pool);
    // Another kind's salt means nothing.
    market.chain.cancel(requester.address, "pool", saltOf(request));
    market.chain.cancel(requester.address, "request", saltOf(pool));
    market.chain.mine();
    market.chain.cancel(requester.address, "request", saltOf(request));
    market.chain.mine();
    await market.until(hashes[0] as Hex, ({ status }) => status === "cancelled");
    expect((await market.broker.client.order(hashes[1] as Hex)).status).toBe("open");
    await expect(publish(dearer(request))).rejects.toMatchObject({ code: "HANSE_ORDER_CANCELLED" });
  });
});
