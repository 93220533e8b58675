import { sql } from "kysely";
import type { Hex } from "viem";
import { describe, expect, test } from "vitest";
import { HanseError } from "#src/kernel/errors.ts";
import type { Order } from "#src/protocol/orders.ts";
import { onlyAccount, onlyMembersOf } from "#src/protocol/restrictions.ts";
import { tagsToHex } from "#src/protocol/tags.ts";
import { reasons, useOpenMarket } from "./support/open-market.ts";
import { eventually } from "./support/test-broker.ts";
import {
  appOrder,
  DATASET,
  datasetOrder,
  HANSE,
  poolOrder,
  requester,
  requestOrder,
  stranger,
  unknownHash,
} from "./support/traders.ts";

const market = useOpenMarket();

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
    const [hash = unknownHash] = await market.publish(requestOrder(), ...others());
    const order = await eventually("the book", async () => {
      const found = await market.broker.client.order(hash);
      return found.whyNot.length > 0 && (found.whyNot[0]?.refusal !== "NoOrder" || others().length === 0)
        ? found
        : false;
    });
    expect(reasons(order)).toEqual(expected);
    for (const { message, hint } of order.whyNot) expect(message.length * hint.length).toBeGreaterThan(0);
  });

  test("and 404 for what it does not have", async () => {
    const { client } = market.broker;
    // One after the other: a promise that is refused before somebody waits for it counts as nobody's.
    for (const ask of [
      () => client.order(unknownHash),
      () => client.deal(unknownHash),
      () => client.cancel(unknownHash, requester),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: "HANSE_NOT_FOUND" });
    }
  });
});

describe("seals", () => {
  test("what matches, and tells the deal, the trade and the history", async () => {
    const [, dataset, , request = unknownHash] = await market.publish(
      appOrder(),
      datasetOrder(),
      poolOrder({ price: 9n * HANSE }),
      requestOrder({ dataset: DATASET, conditions: { volume: 3 }, params: "0xc0de" }),
    );
    const order = await market.filled(request);
    expect(order.history.map(({ type }) => type)).toEqual(["received", "fill", "filled"]);
    expect(order.whyNot).toEqual([]);

    const { trades, next } = await market.broker.client.trades({ category: 1 });
    expect(next).toBeUndefined();
    expect(trades).toMatchObject([
      { volume: 3, poolPrice: 9n * HANSE, appPrice: HANSE, datasetPrice: HANSE },
    ]);
    const deal = await market.broker.client.deal(trades[0]?.deal as Hex);
    expect(deal).toMatchObject({
      openUnits: 3,
      params: "0xc0de",
      orders: { request, dataset },
      content: { requester: requester.address, app: expect.stringContaining("0x01") },
    });
    const metrics = await (await fetch(`${market.broker.url}/metrics`)).text();
    expect(metrics).toMatch(/broker_deals_sealed_total\{service="broker"\} 1/);
    expect((await fetch(`${market.broker.url}/readyz`)).status).toBe(200);
    expect(JSON.stringify(await (await fetch(`${market.broker.url}/docs/openapi.json`)).json())).toContain(
      "/v1/orders/{hash}",
    );
  });

  test("many requests in one batch, each shared order passed once", async () => {
    await market.publish(appOrder({ conditions: { volume: 100 } }));
    const requests = await market.publish(
      ...Array.from({ length: 6 }, () => requestOrder({ conditions: { volume: 2 } })),
    );
    await market.publish(poolOrder({ conditions: { volume: 100 } }));
    for (const hash of requests) await market.filled(hash);
    expect(market.chain.batches).toHaveLength(1);
    expect(market.chain.batches[0]).toMatchObject({
      matches: { length: 6 },
      apps: { length: 1 },
      pools: { length: 1 },
    });
    expect(await market.broker.client.depth(1)).toEqual({
      category: 1,
      asks: [{ price: 10n * HANSE, volume: 88, orders: 1 }],
      bids: [],
    });
  });

  test("as much as is left, piece by piece", async () => {
    const [request = unknownHash] = await market.publish(
      requestOrder({ conditions: { volume: 7 } }),
      appOrder({ conditions: { volume: 50 } }),
    );
    await market.publish(poolOrder({ conditions: { volume: 3 } }));
    await market.until(request, (order) => order.filled === 3);
    await market.publish(poolOrder({ conditions: { volume: 10 } }));
    const { history } = await market.filled(request);
    expect(history.map(({ type, details }) => [type, details?.filled])).toEqual([
      ["received", undefined],
      ["fill", 3],
      ["fill", 7],
      ["filled", undefined],
    ]);
    expect((await market.broker.client.trades()).trades.map(({ volume }) => volume)).toEqual([4, 3]);
  });

  test("only with members of a group, once there are any", async () => {
    await market.close();
    await market.open({ retryBlocks: 2 });
    const group = onlyMembersOf("0x00000000000000000000000000000000000000Fe");
    const [request = unknownHash] = await market.publish(
      requestOrder(),
      appOrder(),
      poolOrder({ onlyRequester: group }),
    );
    await market.until(request, (order) => order.whyNot[0]?.refusal === "Restricted");
    expect(market.chain.batches).toEqual([]);
    market.chain.setMember({ restriction: group, subject: onlyAccount(requester.address) }, true);
    market.chain.mine();
    market.chain.mine();
    market.chain.mine();
    await market.filled(request);
  });
});

describe("does not try in vain", () => {
  test("a pair that the Clerk would refuse is not sent, the next pool is", async () => {
    market.chain.admits = ({ poolPrice }) => (poolPrice < 10n * HANSE ? "SeatsTooFew" : "None");
    const [request = unknownHash] = await market.publish(
      requestOrder(),
      appOrder(),
      poolOrder({ price: 9n * HANSE }),
    );
    await market.until(request, ({ whyNot }) => whyNot[0]?.refusal === "SeatsTooFew");
    await market.publish(poolOrder());
    await market.filled(request);
    expect(market.chain.batches).toHaveLength(1);
  });

  test("a pair that was refused as it was mined is not sent again", async () => {
    let asked = 0;
    // Good when it is looked at first, not any more when it is mined.
    market.chain.admits = ({ poolPrice }) =>
      poolPrice < 10n * HANSE && ++asked > 1 ? "SeatsTooFew" : "None";
    const [request = unknownHash] = await market.publish(
      requestOrder(),
      appOrder(),
      poolOrder({ price: 9n * HANSE }),
    );
    const order = await market.until(request, ({ whyNot }) => whyNot[0]?.refusal === "SeatsTooFew");
    expect(order.status).toBe("open");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(market.chain.batches).toHaveLength(1);
    await market.publish(poolOrder());
    await market.filled(request);
    expect(market.chain.batches).toHaveLength(2);
  });

  test("a refused order waits for the chain to change", async () => {
    // Enough for the smallest fill, not for all five tasks.
    market.chain.withdraw(requester.address, 980n * HANSE);
    market.chain.mine();
    const [request = unknownHash] = await market.publish(requestOrder(), appOrder(), poolOrder());
    const order = await market.until(request, ({ blocked }) => blocked !== undefined);
    expect(order).toMatchObject({
      status: "open",
      blocked: { refusal: "PayerUnfunded", code: "HANSE_ORDER_UNFUNDED" },
      whyNot: [{ leg: "request", refusal: "PayerUnfunded" }],
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(market.chain.batches).toEqual([]);
    market.chain.deposit(requester.address, 500n * HANSE);
    market.chain.mine();
    await market.filled(request);
  });

  test("a batch that fails as a whole is tried match by match", async () => {
    await market.publish(appOrder({ conditions: { volume: 100 } }));
    const requests = await market.publish(requestOrder(), requestOrder());
    const reverted = () => new HanseError("HANSE_TRANSACTION_REVERTED", "seal was refused");
    // The batch fails, then the first of its matches alone.
    market.chain.faults.push({ type: "before", error: reverted() }, { type: "before", error: reverted() });
    await market.publish(poolOrder({ conditions: { volume: 100 } }));
    await market.filled(requests[1] as Hex);
    const first = await market.broker.client.order(requests[0] as Hex);
    expect(reasons(first)).toEqual([["pool", "SealReverted", undefined]]);
  });

  test("an RPC failure is waited out", async () => {
    market.chain.faults.push({
      type: "before",
      error: new HanseError("HANSE_RPC_UNAVAILABLE", "nobody answers"),
    });
    const [request = unknownHash] = await market.publish(requestOrder(), appOrder(), poolOrder());
    await market.filled(request);
    expect(market.chain.batches).toHaveLength(1);
  });

  test("a transaction whose receipt was lost is not sent again", async () => {
    market.chain.faults.push({
      type: "after",
      error: new HanseError("HANSE_TRANSACTION_LOST", "no receipt"),
    });
    const [request = unknownHash] = await market.publish(requestOrder(), appOrder(), poolOrder());
    await market.filled(request);
    await eventually("the deal", async () => (await market.broker.client.trades()).trades.length === 1);
    expect(market.chain.batches).toHaveLength(1);
  });
});

test("writes the end of a batch down as soon as the database lets it", async () => {
  const { kysely } = market.database;
  await sql`create function broker.refuse() returns trigger language plpgsql as 'begin raise exception ''not now''; end'`.execute(
    kysely,
  );
  await sql`create trigger refuse before update on broker.seal_attempts for each row execute function broker.refuse()`.execute(
    kysely,
  );
  const [, , request = unknownHash] = await market.publish(appOrder(), poolOrder(), requestOrder());
  const attempts = () => kysely.selectFrom("seal_attempts").select("status").execute();
  await eventually("the batch", async () => market.chain.batches.length === 1);
  expect(await attempts()).toEqual([{ status: "pending" }]);
  await sql`drop trigger refuse on broker.seal_attempts`.execute(kysely);
  await eventually("its end", async () => (await attempts())[0]?.status !== "pending");
  await market.filled(request);
  expect(await attempts()).toEqual([{ status: "mined" }]);
  expect(market.chain.batches).toHaveLength(1);
});
