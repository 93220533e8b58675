import { getAddress, type Hex, numberToHex, zeroAddress } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { chainBehind } from "#src/broker/told-block.ts";
import { orderToJson } from "#src/client/order-schema.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import type { Order } from "#src/protocol/orders.ts";
import type { Database } from "#src/store/database.ts";
import type { MemoryMarketChain } from "./support/memory-market-chain.ts";
import { createTestChain, startTestBroker, type TestBroker } from "./support/test-broker.ts";
import { startTestPostgres } from "./support/test-database.ts";
import {
  APP,
  appOrder,
  CHAIN_ID,
  CLERK,
  DATASET,
  datasetOrder,
  HANSE,
  NOW,
  POOL,
  poolOrder,
  requester,
  requestOrder,
  signed,
  stranger,
  unknownHash,
} from "./support/traders.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<BrokerTables>;
let chain: MemoryMarketChain;
let broker: TestBroker;

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = await postgres.open(await postgres.create());
  chain = createTestChain();
  broker = await startTestBroker(chain, database);
});

afterAll(async () => {
  await broker?.stop();
  await database?.close();
  await postgres?.stop();
});

async function post(body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${broker.url}/v1/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const wire = async (order: Order, signer?: Parameters<typeof signed>[1], chainId?: number) =>
  orderToJson(await signed(order, signer, chainId)) as Record<string, unknown>;

/** Any terms. */
const TERMS = { checker: stranger.address, data: "0x01" };
const UNSIGNED = { cap: "1", validUntil: "1", epoch: "0", signature: "0x" };

test("takes a signature written in capitals, and can still read what it keeps", async () => {
  const order = await wire(requestOrder());
  const written = String(order.signature);
  const capitals = `0x${written.slice(2).toUpperCase()}`;
  const { status, body } = await post({ ...order, signature: capitals });
  expect(status, JSON.stringify(body)).toBe(201);
  const { order: kept } = await broker.client.order(body.hash as Hex);
  expect(kept).toMatchObject({ signature: written });
});

describe("refuses", () => {
  const cases: [string, () => Promise<unknown>, number, string][] = [
    ["what is no JSON", async () => "{", 400, "HANSE_REQUEST_INVALID"],
    ["nothing", async () => "null", 422, "HANSE_ORDER_MALFORMED"],
    [
      "an unknown type",
      async () => ({ type: "wish", order: {}, signature: "0x" }),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "an unknown field",
      async () => ({ ...(await wire(appOrder())), color: "red" }),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "a price beyond 64 bits",
      async () => {
        const order = (await wire(appOrder())) as { order: object };
        return { ...order, order: { ...order.order, price: (2n ** 64n).toString() } };
      },
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "a smallest fill above the volume",
      () => wire(appOrder({ conditions: { volume: 2, minFill: 3 } })),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "terms that did not come with it",
      () => wire(appOrder({ conditions: { terms: unknownHash } })),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "terms that the order does not name",
      async () => ({ ...(await wire(appOrder())), terms: TERMS }),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "a sponsorship where no sponsor is named",
      async () => ({ ...(await wire(requestOrder())), sponsorship: UNSIGNED }),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "a sponsorship of a pool's order",
      async () => ({ ...(await wire(poolOrder())), sponsorship: UNSIGNED }),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "a certifier the Clerk does not know",
      () => wire(appOrder({ conditions: { certifier: stranger.address } })),
      422,
      "HANSE_ORDER_MALFORMED",
    ],
    [
      "another chain, stated",
      async () => ({ ...(await wire(appOrder())), chainId: 1 }),
      422,
      "HANSE_ORDER_WRONG_CHAIN",
    ],
    [
      "another chain, stated and signed for",
      async () => ({ ...(await wire(appOrder(), undefined, 1)), chainId: 1 }),
      422,
      "HANSE_ORDER_WRONG_CHAIN",
    ],
    [
      "another Clerk, stated",
      async () => ({ ...(await wire(appOrder())), clerk: stranger.address }),
      422,
      "HANSE_ORDER_WRONG_CHAIN",
    ],
    [
      "another chain, signed for silently",
      () => wire(appOrder(), undefined, 1),
      422,
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    ["a stranger's signature", () => wire(appOrder(), stranger), 422, "HANSE_ORDER_SIGNATURE_INVALID"],
    ["another's request", () => wire(requestOrder(), stranger), 422, "HANSE_ORDER_SIGNATURE_INVALID"],
    [
      "a changed order",
      async () => {
        const order = (await wire(appOrder())) as { order: object };
        return { ...order, order: { ...order.order, price: "1" } };
      },
      422,
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    [
      "an empty signature",
      async () => ({ ...(await wire(appOrder())), signature: "0x" }),
      422,
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    ["an app nobody registered", () => wire(appOrder({ app: APP + 1n })), 404, "HANSE_ORDER_ASSET_UNKNOWN"],
    ["a pool sold as an app", () => wire(appOrder({ app: POOL })), 404, "HANSE_ORDER_ASSET_UNKNOWN"],
    [
      "a dataset nobody registered",
      () => wire(datasetOrder({ dataset: DATASET + 1n })),
      404,
      "HANSE_ORDER_ASSET_UNKNOWN",
    ],
    [
      "a request for an unknown app",
      () => wire(requestOrder({ app: APP + 1n })),
      404,
      "HANSE_ORDER_ASSET_UNKNOWN",
    ],
    [
      "a request for an unknown dataset",
      () => wire(requestOrder({ dataset: DATASET + 1n })),
      404,
      "HANSE_ORDER_ASSET_UNKNOWN",
    ],
    [
      "an expired order",
      () => wire(appOrder({ conditions: { validUntil: NOW - 1n } })),
      422,
      "HANSE_ORDER_EXPIRED",
    ],
    ["a future epoch", () => wire(appOrder({ conditions: { epoch: 1n } })), 422, "HANSE_ORDER_WRONG_EPOCH"],
    [
      "an order for another matcher",
      () => wire(appOrder({ conditions: { matcher: stranger.address } })),
      422,
      "HANSE_ORDER_RESTRICTED",
    ],
    [
      "an order cancelled on chain",
      async () => {
        const order = requestOrder();
        chain.cancel(requester.address, "request", order.order.conditions.salt);
        return await wire(order);
      },
      422,
      "HANSE_ORDER_CANCELLED",
    ],
    [
      "a request beyond the requester's money",
      () => wire(requestOrder({ maxPoolPrice: 999n * HANSE })),
      422,
      "HANSE_ORDER_UNFUNDED",
    ],
    [
      "a request whose smallest fill is beyond the requester's money",
      () => wire(requestOrder({ conditions: { volume: 100, minFill: 84 } })),
      422,
      "HANSE_ORDER_UNFUNDED",
    ],
    [
      "a pool order without the stake",
      () => wire(poolOrder({ price: 3_334n * HANSE })),
      422,
      "HANSE_ORDER_STAKE_MISSING",
    ],
  ];
  test("for now what cannot be checked, while the chain's node is behind", async () => {
    const { filled } = chain;
    chain.filled = () => Promise.reject(chainBehind(6n, 7n));
    const answer = await post(await wire(appOrder()));
    chain.filled = filled;
    expect(answer).toMatchObject({ status: 503, body: { code: "HANSE_RPC_BEHIND", retryable: true } });
  });

  test.each(cases)("%s", async (_, make, status, code) => {
    const answer = await post(await make());
    expect(answer.body).toMatchObject({ code });
    expect(answer.status).toBe(status);
  });

  test("an order that others filled, and names the volume", async () => {
    const [app, pool, request] = await Promise.all([
      signed(appOrder()),
      signed(poolOrder({ category: 9 })),
      signed(requestOrder({ category: 9, conditions: { volume: 2 } })),
    ]);
    const empty = { datasets: [], sponsorships: [], terms: [] };
    const batch = { ...empty, apps: [app], pools: [pool], requests: [request] };
    const { refused } = chain.sealElsewhere({
      ...batch,
      matches: [{ app: 0, dataset: 65_535, pool: 0, request: 0 }],
    } as never);
    expect(refused).toEqual([]);
    const answer = await post(orderToJson(request));
    expect(answer.body).toMatchObject({ code: "HANSE_ORDER_OVERFILLED", details: { filled: 2, volume: 2 } });
  });

  test("an epoch that was raised", async () => {
    const owner = stranger.address;
    chain.raiseEpoch(owner, 3n);
    chain.deposit(owner, 100n * HANSE);
    const old = requestOrder({ requester: owner, conditions: { epoch: 2n } });
    expect((await post(await wire(old, stranger))).body).toMatchObject({
      code: "HANSE_ORDER_WRONG_EPOCH",
      details: { epoch: "2", accountEpoch: "3" },
    });
  });

  test("and tells what to do, with the values that made it", async () => {
    const { body } = await post(await wire(requestOrder({ maxPoolPrice: 999n * HANSE })));
    expect(body).toMatchObject({
      code: "HANSE_ORDER_UNFUNDED",
      hint: expect.stringContaining("Deposit"),
      retryable: false,
      details: { account: requester.address, missingNano: expect.stringMatching(/^\d+$/) },
    });
  });
});

describe("takes", () => {
  test("an order, once: the same again answers with its state", async () => {
    const body = await wire(appOrder());
    const [first, again] = [await post({ ...body, chainId: CHAIN_ID, clerk: CLERK }), await post(body)];
    expect(first).toMatchObject({ status: 201, body: { status: "open", filled: 0, volume: 5, type: "app" } });
    expect(again).toEqual({ status: 200, body: first.body });
  });

  test("the same order sent many times at once, once", async () => {
    const body = await wire(appOrder());
    const statuses = (await Promise.all(Array.from({ length: 8 }, () => post(body)))).map(
      ({ status }) => status,
    );
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 200)).toHaveLength(7);
  });

  test("a compact signature (64 bytes)", async () => {
    const order = await signed(appOrder());
    const bytes = Buffer.from(order.signature.slice(2), "hex");
    const s = Buffer.from(bytes.subarray(32, 64));
    if (bytes[64] === 28) s[0] = (s[0] ?? 0) | 0x80;
    const signature = `0x${Buffer.concat([bytes.subarray(0, 32), s]).toString("hex")}` as Hex;
    expect((await post(orderToJson({ ...order, signature }))).status).toBe(201);
  });

  test("a contract's signature", async () => {
    const wallet = getAddress("0x00000000000000000000000000000000000c0de1");
    chain.deposit(wallet, 100n * HANSE);
    const order = requestOrder({ requester: wallet });
    const signature = numberToHex(7, { size: 96 });
    expect((await post(orderToJson({ ...order, signature }))).body).toMatchObject({
      code: "HANSE_ORDER_SIGNATURE_INVALID",
    });
    chain.acceptContractSignature(wallet, orderDigest(orderHash(order), CHAIN_ID, CLERK), signature);
    expect((await post(orderToJson({ ...order, signature }))).status).toBe(201);
  });

  test("the last second, all of a balance, and an order for this very matcher", async () => {
    const orders = [
      appOrder({ conditions: { validUntil: NOW + 60n, matcher: chain.matcher } }),
      appOrder({ conditions: { matcher: zeroAddress } }),
      poolOrder({ category: 8, price: 333n * HANSE, conditions: { minFill: 5 } }),
    ];
    for (const order of orders) expect((await post(await wire(order))).status).toBe(201);
  });

  test("and counts them", async () => {
    const text = await (await fetch(`${broker.url}/metrics`)).text();
    expect(text).toMatch(
      /broker_orders_received_total\{type="app",result="created",service="broker"\} [1-9]/,
    );
    expect(text).toMatch(
      /broker_orders_received_total\{type="unknown",result="HANSE_ORDER_MALFORMED",service="broker"\} [1-9]/,
    );
    expect(text).toMatch(/broker_orders_open\{type="app",service="broker"\} [1-9]/);
    expect(text).toMatch(/broker_chain_block\{service="broker"\} \d/);
  });
});
