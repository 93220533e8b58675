import type { Hex } from "viem";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { NO_DATASET, type SealBatch } from "#src/broker/market-chain.ts";
import type { OrderDetail } from "#src/client/broker-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Order } from "#src/protocol/orders.ts";
import { onlyAccount, onlyMembersOf } from "#src/protocol/restrictions.ts";
import { tagsToHex } from "#src/protocol/tags.ts";
import type { Database } from "#src/store/database.ts";
import type { MemoryMarketChain } from "./support/memory-market-chain.ts";
import { createTestChain, eventually, startTestBroker, type TestBroker } from "./support/test-broker.ts";
import { startTestPostgres } from "./support/test-database.ts";
import {
  APP,
  appOrder,
  CERTIFIER,
  DATASET,
  datasetOrder,
  HANSE,
  openTestMarket,
  poolOrder,
  poolOwner,
  requester,
  requestOrder,
  signed,
  stranger,
  unknownHash,
} from "./support/traders.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let name: string;
let database: Database<BrokerTables>;
let chain: MemoryMarketChain;
let broker: TestBroker;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
beforeEach(async () => {
  name = await postgres.create();
  chain = createTestChain();
  await open();
});
afterEach(async () => {
  await close();
});
afterAll(async () => {
  await postgres?.stop();
});

async function open(options?: Parameters<typeof startTestBroker>[2]): Promise<void> {
  database = await postgres.open(name);
  broker = await startTestBroker(chain, database, options);
}

async function close(): Promise<void> {
  await broker.stop();
  await database.close();
}

async function publish(...orders: Order[]): Promise<Hex[]> {
  const states = [];
  for (const order of orders) states.push(await broker.client.publish(await signed(order)));
  return states.map(({ hash }) => hash);
}

const until = (hash: Hex, met: (order: OrderDetail) => boolean, what = "the change") =>
  eventually(`${what} of ${hash}`, async () => {
    const order = await broker.client.order(hash);
    return met(order) ? order : undefined;
  });
const filled = (hash: Hex) => until(hash, ({ status }) => status === "filled", "the fill");
const reasons = ({ whyNot }: OrderDetail) => whyNot.map(({ leg, refusal, code }) => [leg, refusal, code]);

async function batchOf(request: Order, app = appOrder(), pool = poolOrder()): Promise<SealBatch> {
  const [a, p, r] = await Promise.all([signed(app), signed(pool), signed(request)]);
  return {
    apps: [a as never],
    datasets: [],
    pools: [p as never],
    requests: [r as never],
    matches: [{ app: 0, dataset: NO_DATASET, pool: 0, request: 0 }],
  };
}

describe("says why nothing matches", () => {
  const cases: [string, () => Order[], (string | undefined)[][]][] = [
    [
      "nobody sells",
      () => [],
      [
        ["app", "NoOrder", undefined],
        ["pool", "NoOrder", undefined],
      ],
    ],
    [
      "the pool lacks a tag",
      () => [appOrder({ tag: tagsToHex(["gpu"]) }), poolOrder()],
      [["pool", "TagNotMet", "HANSE_ORDER_TAG_MISMATCH"]],
    ],
    [
      "the ask is above the bid",
      () => [appOrder(), poolOrder({ price: 11n * HANSE })],
      [["pool", "PriceAboveBid", "HANSE_ORDER_PRICE_ABOVE_BID"]],
    ],
    [
      "the pool is for somebody else",
      () => [appOrder(), poolOrder({ onlyRequester: onlyAccount(stranger.address) })],
      [["pool", "Restricted", "HANSE_ORDER_RESTRICTED"]],
    ],
  ];
  test.each(cases)("when %s", async (_, others, expected) => {
    const [hash = unknownHash] = await publish(requestOrder(), ...others());
    const order = await eventually("the book", async () => {
      const found = await broker.client.order(hash);
      return found.whyNot.length > 0 && (found.whyNot[0]?.refusal !== "NoOrder" || others().length === 0)
        ? found
        : false;
    });
    expect(reasons(order)).toEqual(expected);
    for (const { message, hint } of order.whyNot) expect(message.length * hint.length).toBeGreaterThan(0);
  });

  test("and 404 for what it does not have", async () => {
    for (const ask of [
      broker.client.order(unknownHash),
      broker.client.deal(unknownHash),
      broker.client.cancel(unknownHash, requester),
    ]) {
      await expect(ask).rejects.toMatchObject({ code: "HANSE_NOT_FOUND" });
    }
  });
});

describe("seals", () => {
  test("what matches, and tells the deal, the trade and the history", async () => {
    const [, dataset, , request = unknownHash] = await publish(
      appOrder(),
      datasetOrder(),
      poolOrder({ price: 9n * HANSE }),
      requestOrder({ dataset: DATASET, conditions: { volume: 3 }, params: "0xc0de" }),
    );
    const order = await filled(request);
    expect(order.history.map(({ type }) => type)).toEqual(["received", "fill", "filled"]);
    expect(order.whyNot).toEqual([]);

    const { trades, next } = await broker.client.trades({ category: 1 });
    expect(next).toBeUndefined();
    expect(trades).toMatchObject([
      { volume: 3, poolPrice: 9n * HANSE, appPrice: HANSE, datasetPrice: HANSE },
    ]);
    const deal = await broker.client.deal(trades[0]?.deal as Hex);
    expect(deal).toMatchObject({
      openUnits: 3,
      params: "0xc0de",
      orders: { request, dataset },
      content: { requester: requester.address, app: expect.stringContaining("0x01") },
    });
    const metrics = await (await fetch(`${broker.url}/metrics`)).text();
    expect(metrics).toMatch(/broker_deals_sealed_total\{service="broker"\} 1/);
    expect((await fetch(`${broker.url}/readyz`)).status).toBe(200);
    expect(JSON.stringify(await (await fetch(`${broker.url}/docs/openapi.json`)).json())).toContain(
      "/v1/orders/{hash}",
    );
  });

  test("many requests in one batch, each shared order passed once", async () => {
    await publish(appOrder({ conditions: { volume: 100 } }));
    const requests = await publish(
      ...Array.from({ length: 6 }, () => requestOrder({ conditions: { volume: 2 } })),
    );
    await publish(poolOrder({ conditions: { volume: 100 } }));
    for (const hash of requests) await filled(hash);
    expect(chain.batches).toHaveLength(1);
    expect(chain.batches[0]).toMatchObject({
      matches: { length: 6 },
      apps: { length: 1 },
      pools: { length: 1 },
    });
    expect(await broker.client.depth(1)).toEqual({
      category: 1,
      asks: [{ price: 10n * HANSE, volume: 88, orders: 1 }],
      bids: [],
    });
  });

  test("as much as is left, piece by piece", async () => {
    const [request = unknownHash] = await publish(
      requestOrder({ conditions: { volume: 7 } }),
      appOrder({ conditions: { volume: 50 } }),
    );
    await publish(poolOrder({ conditions: { volume: 3 } }));
    await until(request, (order) => order.filled === 3);
    await publish(poolOrder({ conditions: { volume: 10 } }));
    const { history } = await filled(request);
    expect(history.map(({ type, details }) => [type, details?.filled])).toEqual([
      ["received", undefined],
      ["fill", 3],
      ["fill", 7],
      ["filled", undefined],
    ]);
    expect((await broker.client.trades()).trades.map(({ volume }) => volume)).toEqual([4, 3]);
  });

  test("only with members of a group, once there are any", async () => {
    await close();
    await open({ retryBlocks: 2 });
    const group = onlyMembersOf("0x00000000000000000000000000000000000000Fe");
    const [request = unknownHash] = await publish(
      requestOrder(),
      appOrder(),
      poolOrder({ onlyRequester: group }),
    );
    await until(request, (order) => order.whyNot[0]?.refusal === "Restricted");
    expect(chain.batches).toEqual([]);
    chain.setMember({ restriction: group, subject: onlyAccount(requester.address) }, true);
    chain.mine();
    chain.mine();
    chain.mine();
    await filled(request);
  });
});

describe("does not try in vain", () => {
  test("a refused pair is not sent again, the next pool is", async () => {
    chain.admits = ({ poolPrice }) => (poolPrice < 10n * HANSE ? "SeatsTooFew" : "None");
    const [request = unknownHash] = await publish(
      requestOrder(),
      appOrder(),
      poolOrder({ price: 9n * HANSE }),
    );
    const order = await until(request, ({ whyNot }) => whyNot[0]?.refusal === "SeatsTooFew");
    expect(order.status).toBe("open");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(chain.batches).toHaveLength(1);
    await publish(poolOrder());
    await filled(request);
    expect(chain.batches).toHaveLength(2);
  });

  test("a refused order waits for the chain to change", async () => {
    // Enough for the smallest fill, not for all five tasks.
    chain.withdraw(requester.address, 980n * HANSE);
    chain.mine();
    const [request = unknownHash] = await publish(requestOrder(), appOrder(), poolOrder());
    const order = await until(request, ({ blocked }) => blocked !== undefined);
    expect(order).toMatchObject({
      status: "open",
      blocked: { refusal: "PayerUnfunded", code: "HANSE_ORDER_UNFUNDED" },
      whyNot: [{ leg: "request", refusal: "PayerUnfunded" }],
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(chain.batches).toEqual([]);
    chain.deposit(requester.address, 500n * HANSE);
    chain.mine();
    await filled(request);
  });

  test("a batch that fails as a whole is tried match by match", async () => {
    await publish(appOrder({ conditions: { volume: 100 } }));
    const requests = await publish(requestOrder(), requestOrder());
    const reverted = () => new HanseError("HANSE_TRANSACTION_REVERTED", "seal was refused");
    // The batch fails, then the first of its matches alone.
    chain.faults.push({ type: "before", error: reverted() }, { type: "before", error: reverted() });
    await publish(poolOrder({ conditions: { volume: 100 } }));
    await filled(requests[1] as Hex);
    const first = await broker.client.order(requests[0] as Hex);
    expect(reasons(first)).toEqual([["pool", "Restricted", "HANSE_ORDER_RESTRICTED"]]);
  });

  test("an RPC failure is waited out", async () => {
    chain.faults.push({ type: "before", error: new HanseError("HANSE_RPC_UNAVAILABLE", "nobody answers") });
    const [request = unknownHash] = await publish(requestOrder(), appOrder(), poolOrder());
    await filled(request);
    expect(chain.batches).toHaveLength(1);
  });

  test("a transaction whose receipt was lost is not sent again", async () => {
    chain.faults.push({ type: "after", error: new HanseError("HANSE_TRANSACTION_LOST", "no receipt") });
    const [request = unknownHash] = await publish(requestOrder(), appOrder(), poolOrder());
    await filled(request);
    await eventually("the deal", async () => (await broker.client.trades()).trades.length === 1);
    expect(chain.batches).toHaveLength(1);
  });
});

describe("follows the chain", () => {
  test("fills that others sealed", async () => {
    const request = requestOrder({ conditions: { volume: 6 } });
    const [hash = unknownHash] = await publish(request);
    chain.sealElsewhere(await batchOf(request));
    chain.mine();
    await until(hash, (order) => order.filled === 5);
    const [trade] = (await broker.client.trades()).trades;
    expect(await broker.client.deal(trade?.deal as Hex)).toMatchObject({
      orders: { request: hash },
      volume: 5,
    });
  });

  test("cancellations, epochs and certifiers", async () => {
    const [cancelled = unknownHash, old = unknownHash, app = unknownHash] = await publish(
      requestOrder(),
      poolOrder(),
      appOrder(),
    );
    chain.cancel(requester.address, cancelled);
    chain.raiseEpoch(poolOwner.address, 1n);
    chain.registerCertifier(CERTIFIER, false);
    chain.mine();
    await until(cancelled, ({ status }) => status === "cancelled");
    await until(old, ({ status }) => status === "cancelled");
    await until(app, ({ blocked }) => blocked?.refusal === "CertifierNotRegistered");
  });

  test("a sold asset voids its orders, until it comes back", async () => {
    const [hash = unknownHash] = await publish(appOrder());
    const owner = (await broker.client.order(hash)).signer;
    chain.transfer(APP, stranger.address);
    chain.mine();
    const order = await until(hash, ({ blocked }) => blocked !== undefined);
    expect(order).toMatchObject({ status: "open", blocked: { refusal: "BadSignature" } });
    chain.transfer(APP, owner);
    chain.mine();
    await until(hash, ({ blocked }) => blocked === undefined);
  });

  test("money that leaves and comes back", async () => {
    const [request = unknownHash, pool = unknownHash] = await publish(requestOrder(), poolOrder());
    chain.withdraw(requester.address, 1_000n * HANSE);
    chain.withdraw(poolOwner.address, 1_000n * HANSE);
    chain.mine();
    await until(request, ({ blocked }) => blocked?.refusal === "PayerUnfunded");
    const order = await until(pool, ({ blocked }) => blocked?.refusal === "PoolUnfunded");
    expect(order.blocked?.code).toBe("HANSE_ORDER_STAKE_MISSING");
    expect((await broker.client.depth(1)).asks).toEqual([]);
    chain.deposit(requester.address, 100n * HANSE);
    chain.deposit(poolOwner.address, 100n * HANSE);
    chain.mine();
    await until(request, ({ blocked }) => blocked === undefined);
    await until(pool, ({ blocked }) => blocked === undefined);
  });

  test("a reorg undoes deals, fills and cancellations", async () => {
    const [cancelled = unknownHash, request = unknownHash] = await publish(
      requestOrder({ category: 2 }),
      requestOrder(),
    );
    chain.cancel(requester.address, cancelled);
    chain.mine();
    await until(cancelled, ({ status }) => status === "cancelled");
    await publish(appOrder(), poolOrder());
    await filled(request);
    const before = chain.batches.length;

    chain.rewind(2);
    chain.mine();
    // The orders are good again, so the same deal is sealed anew on the new branch.
    await eventually("a new deal", async () => chain.batches.length > before);
    await filled(request);
    const order = await until(cancelled, ({ status }) => status === "open");
    expect(order.history.map(({ type }) => type)).toEqual(["received", "cancelled", "reopened"]);
    expect((await broker.client.trades()).trades).toHaveLength(1);
  });
});

describe("lets signers take orders off the book", () => {
  test("refuses a stranger's word", async () => {
    const [hash = unknownHash] = await publish(requestOrder());
    await expect(broker.client.cancel(hash, stranger)).rejects.toMatchObject({
      code: "HANSE_ORDER_SIGNATURE_INVALID",
    });
    expect((await broker.client.order(hash)).status).toBe("open");
  });

  test("for good, though the chain says nothing", async () => {
    const request = requestOrder();
    const [hash = unknownHash] = await publish(request);
    expect(await broker.client.cancel(hash, requester)).toMatchObject({ status: "cancelled" });
    expect(await broker.client.cancel(hash, requester)).toMatchObject({ status: "cancelled" });
    await publish(appOrder(), poolOrder());
    chain.deposit(requester.address, 1n);
    chain.mine();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await broker.client.order(hash)).toMatchObject({ status: "cancelled", filled: 0 });
    expect(await broker.client.publish(await signed(request))).toMatchObject({ status: "cancelled" });
    expect(chain.batches).toEqual([]);
    // Who has the order may still seal it: the broker tells what happened.
    chain.sealElsewhere(await batchOf(request));
    chain.mine();
    await filled(hash);
  });
});

describe("keeps what it acknowledged", () => {
  test("orders and fills are there after a restart, in their place in time", async () => {
    const [first = unknownHash, second] = await publish(
      requestOrder({ conditions: { volume: 2 } }),
      requestOrder({ conditions: { volume: 2 } }),
    );
    await publish(appOrder({ conditions: { volume: 50 } }));
    await close();
    // The world goes on while the broker is down.
    chain.deposit(requester.address, HANSE);
    chain.mine();
    await open();
    expect((await broker.client.orders({ type: "request" })).orders.map(({ hash }) => hash)).toEqual([
      second,
      first,
    ]);
    await publish(poolOrder({ conditions: { volume: 3 } }));
    await filled(first);
    expect(await broker.client.order(second as Hex)).toMatchObject({ status: "open", filled: 1 });
  });

  test("fills, cancellations and a reorg that happened while it was down", async () => {
    const [gone, other] = [requestOrder(), requestOrder()];
    const [goneHash = unknownHash, otherHash = unknownHash] = await publish(gone, other);
    await eventually(
      "the cursor",
      async () => ((await broker.client.info()).block ?? 0n) >= chain.head.number,
    );
    await close();
    chain.rewind(1);
    // The forgotten block had opened the market: it comes again, and more with it.
    openTestMarket(chain);
    chain.sealElsewhere(await batchOf(gone));
    chain.cancel(requester.address, otherHash);
    chain.mine();
    await open();
    await filled(goneHash);
    await until(otherHash, ({ status }) => status === "cancelled");
  });

  test("an interrupted batch is reconciled before anything is sent", async () => {
    const request = requestOrder();
    const [hash = unknownHash] = await publish(request);
    await close();
    const queries = await postgres.open(name);
    const matches = [{ request: hash, app: unknownHash, pool: unknownHash, volume: 5 }];
    await queries.kysely
      .insertInto("seal_attempts")
      .values({ matches: JSON.stringify(matches), outcome: null, tx_hash: null, ended_at: null })
      .execute();
    await queries.close();
    chain.sealElsewhere(await batchOf(request));
    await open();
    await filled(hash);
    const { status } = await database.kysely
      .selectFrom("seal_attempts")
      .select("status")
      .executeTakeFirstOrThrow();
    expect(status).toBe("reconciled");
    expect(chain.batches).toEqual([]);
  });

  test("a database of another chain is refused", async () => {
    await close();
    const other = { ...chain, chainId: 5 };
    const reopened = await postgres.open(name);
    await expect(startTestBroker(other, reopened)).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH" });
    await reopened.close();
    await open();
  });
});

describe("two processes on one database", () => {
  test("both take orders, one matches, and the other takes over", async () => {
    const secondDatabase = await postgres.open(name);
    const second = await startTestBroker(chain, secondDatabase);
    try {
      const request = await second.client.publish(await signed(requestOrder()));
      const dropped = await second.client.publish(await signed(requestOrder({ category: 3 })));
      await until(dropped.hash, ({ whyNot }) => whyNot.length > 0);
      await second.client.cancel(dropped.hash, requester);
      await eventually("the removal", async () => (await broker.client.depth(3)).bids.length === 0);
      expect(await second.client.depth(1)).toMatchObject({ bids: [{ volume: 5, orders: 1 }] });
      await publish(appOrder({ conditions: { volume: 50 } }), poolOrder());
      await filled(request.hash);
      await broker.stop();
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

describe("lists", () => {
  test("orders by signer, type and status, in pages, newest first", async () => {
    const hashes = await publish(
      ...Array.from({ length: 5 }, () => requestOrder()),
      poolOrder({ category: 4 }),
    );
    const first = await broker.client.orders({ signer: requester.address, limit: 3 });
    expect(first.orders.map(({ hash }) => hash)).toEqual(hashes.slice(2, 5).reverse());
    const second = await broker.client.orders({ signer: requester.address, limit: 3, before: first.next });
    expect(second.orders.map(({ hash }) => hash)).toEqual(hashes.slice(0, 2).reverse());
    expect(second.next).toBeUndefined();
    expect((await broker.client.orders({ type: "pool" })).orders).toHaveLength(1);
    expect((await broker.client.orders({ status: "filled" })).orders).toEqual([]);
    expect(await broker.client.info()).toMatchObject({
      chainId: chain.chainId,
      categories: [1, 4],
      open: { pool: 1, request: 5 },
    });
  });
});
