import { type Hex, numberToHex, zeroAddress, zeroHash } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { createBroker } from "#src/broker/broker.ts";
import { createClerkMarketChain } from "#src/broker/clerk-market-chain.ts";
import { CANCELLED, type MarketChain, type MarketEvent, NO_DATASET } from "#src/broker/market-chain.ts";
import { createSender } from "#src/chain/sender.ts";
import { createBrokerClient } from "#src/client/broker-client.ts";
import { signOrder } from "#src/client/sign-order.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import type { Order } from "#src/protocol/orders.ts";
import { LEGS } from "#src/protocol/refusals.ts";
import { onlyMembersOf } from "#src/protocol/restrictions.ts";
import { startTestChain, type TestChain, testAccount } from "../e2e/chain-fixture.ts";
import { openTestMarket, REQUESTER, SELLER, type TestMarket } from "../e2e/market-fixture.ts";
import { eventually } from "./support/test-broker.ts";
import { silent, startTestPostgres } from "./support/test-database.ts";
import { appOrder, HANSE, poolOrder, requestOrder, saltOf } from "./support/traders.ts";

// Given the real contracts on a development chain: the port reads, seals and follows them as the broker expects.

const requester = testAccount(REQUESTER);
const seller = testAccount(SELLER);
const EPOCH_RAISER = 10;
const PRESIGNER = 11;
const PAYEE = testAccount(12).address;
let real: TestChain;
let market: TestMarket;
let app: AssetId;
let chain: MarketChain;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;

beforeAll(async () => {
  real = await startTestChain({ categories: [{ roundBlocks: 10, deadlineBlocks: 100 }] } as never);
  market = await openTestMarket(real, 1);
  app = await market.registerApp(new TextEncoder().encode("an app"));
  // A reorg takes nonces back: what waits for its receipt then is lost, which should not take a minute here.
  const sender = createSender(
    { chain: real.chain, account: testAccount(9) },
    { timeoutMs: 3_000, pollMs: 50 },
  );
  chain = createClerkMarketChain({ ...real, sender, logger: silent }, { pollMs: 50 });
  postgres = await startTestPostgres();
}, 120_000);

afterAll(async () => {
  await market?.stop();
  await real?.stop();
  await postgres?.stop();
});

const terms = (volume = 1) => ({ certifier: real.deployment.contracts.poco, validUntil: 2n ** 40n, volume });
const sells = (volume?: number): [Order, Order] => [
  appOrder({ app, conditions: terms(volume) }),
  poolOrder({ pool: market.pool, category: 0, conditions: terms(volume) }),
];
const wish = (volume?: number, trust = 1): Order =>
  requestOrder({
    requester: requester.address,
    beneficiary: requester.address,
    app,
    category: 0,
    trust,
    conditions: terms(volume),
  });
const sign = (order: Order) =>
  signOrder(order.type === "request" ? requester : seller, order, chain.chainId, chain.clerk);

const clerkCall = (by: number, functionName: string, args: readonly unknown[]) =>
  market.senderOf(by).send({ address: chain.clerk, abi: clerkAbi, functionName, args });

async function batchOf(...wishes: Order[]) {
  const [a, p] = await Promise.all(sells(wishes.length * 5).map(sign));
  const requests = await Promise.all(wishes.map(sign));
  return {
    apps: [a as never],
    datasets: [],
    pools: [p as never],
    requests: requests as never[],
    sponsorships: [],
    terms: [],
    matches: wishes.map((_, request) => ({ app: 0, dataset: NO_DATASET, pool: 0, request })),
  };
}

describe("reads", () => {
  test("owners, accounts, certifiers and what is filled", async () => {
    expect(await chain.ownerOf(app)).toBe(seller.address);
    expect(await chain.ownerOf(app + 1n)).toBeUndefined();
    expect(await chain.account(requester.address)).toEqual({
      freeNano: 1_000n * HANSE,
      lockedNano: 0n,
      epoch: 0n,
    });
    expect(await chain.isCertifier(real.deployment.contracts.poco)).toBe(true);
    expect(await chain.isCertifier(requester.address)).toBe(false);
    expect(await chain.filled("app", requester.address, zeroHash)).toBe(0);
  });

  test("no from what is no contract, or not the one meant", async () => {
    const { token } = real.deployment.contracts;
    for (const group of [requester.address, token, zeroAddress]) {
      expect(await chain.isMember({ restriction: onlyMembersOf(group), subject: zeroHash })).toBe(false);
    }
  });
});

test("seals what it can of a batch, and tells what was refused and why", async () => {
  const [good, greedy] = [wish(), wish(1, 1_000_000)];
  const batch = await batchOf(good, greedy);
  expect(await chain.preview(batch)).toEqual([
    { leg: "request", refusal: "None" },
    { leg: "pool", refusal: "TrustNotMet" },
  ]);
  const { sealed, refused, txHash } = await chain.seal(batch, "seal:mixed");
  // Under the same name nothing is sent again, and the first one's outcome told.
  expect(await chain.seal(batch, "seal:mixed")).toEqual({ sealed, refused, txHash });
  expect(await chain.sealed("seal:mixed")).toEqual({ sealed, refused, txHash });
  expect(await chain.sealed("seal:another")).toBeUndefined();
  expect(refused).toEqual([{ index: 1, leg: "pool", refusal: "TrustNotMet" }]);
  expect(sealed).toMatchObject([
    {
      txHash,
      orders: { request: orderHash(good) },
      deal: { pool: market.pool, volume: 1, requester: requester.address },
    },
  ]);
  expect(sealed[0]?.orders.dataset).toBeUndefined();
  expect(await chain.filled("request", requester.address, saltOf(good))).toBe(1);
  expect(await chain.filled("app", requester.address, saltOf(good))).toBe(0);
  const draft = { ...sealed[0]?.deal, poolPrice: 10n * HANSE } as never;
  expect(await chain.admit(draft, 0, 0n)).toEqual({ refusal: "None", poolStakeNano: 3n * HANSE });
  expect((await chain.admit(draft, 1_000, 0n)).refusal).toBe("SeatsTooFew");
});

test("follows every event that concerns orders", async () => {
  const stop = new AbortController();
  const seen: MarketEvent[] = [];
  const following = (async () => {
    for await (const event of chain.events([], stop.signal))
      if (event.type === "block") seen.push(...event.events);
  })();
  const cancelled = numberToHex(7, { size: 32 });
  await clerkCall(REQUESTER, "cancel", [LEGS.indexOf("pool"), [cancelled]]);
  await clerkCall(REQUESTER, "withdraw", [1n]);
  await clerkCall(REQUESTER, "pay", [[{ account: PAYEE, amount: 1n }]]);
  const { keyring } = real.deployment.contracts;
  const keyringCall = { address: keyring, abi: keyringAbi, functionName: "presign" };
  await market.senderOf(PRESIGNER).send({ ...keyringCall, args: [zeroHash, true] });
  await clerkCall(EPOCH_RAISER, "raiseEpoch", [4n]);
  expect(await chain.filled("pool", requester.address, cancelled)).toBe(CANCELLED);
  await eventually("the epoch", async () =>
    seen.some(
      (each) => each.type === "account-changed" && each.account === testAccount(EPOCH_RAISER).address,
    ),
  );
  stop.abort();
  await following;
  expect(new Set(seen.map(({ type }) => type))).toEqual(
    new Set(["asset-transferred", "account-changed", "certifier-changed", "deal-sealed", "order-cancelled"]),
  );
  expect(seen).toContainEqual({ type: "asset-transferred", asset: app, to: seller.address });
  expect(seen).toContainEqual(
    expect.objectContaining({
      type: "order-cancelled",
      leg: "pool",
      salt: cancelled,
      account: requester.address,
    }),
  );
  for (const account of [PAYEE, testAccount(PRESIGNER).address]) {
    expect(seen).toContainEqual({ type: "account-changed", account });
  }
});

test("a broker on it: publishes to sealed deals, through a sale of the app and a reorg", async () => {
  const database = await postgres.open(await postgres.create());
  const metrics = createMetrics({ service: "broker", processMetrics: false });
  const broker = createBroker({ chain, database, logger: silent, metrics }, { port: 0 });
  const { url } = await broker.start();
  const client = createBrokerClient({ baseUrl: url });
  const until = (hash: Hex, status: string) =>
    eventually(`${status} of ${hash}`, async () => (await client.order(hash)).status === status, 30_000);
  try {
    for (const order of sells(100)) await client.publish(await sign(order));
    const requests = [wish(2), wish(3)];
    for (const order of requests) await client.publish(await sign(order));
    for (const order of requests) await until(orderHash(order), "filled");
    // And one that was sealed before, not by this broker: it is told when its block is followed.
    const trades = await eventually("three deals", async () => {
      const told = (await client.trades()).trades;
      return told.length >= 3 ? told : undefined;
    });
    expect(trades.map(({ volume }) => volume).sort()).toEqual([1, 2, 3]);
    expect(await client.deal(trades[0]?.deal as Hex)).toMatchObject({ openUnits: trades[0]?.volume });

    const snapshot = await real.chain.viem.request({ method: "evm_snapshot" as never });
    const last = wish(1);
    const hash = orderHash(last);
    await client.publish(await sign(last));
    await until(hash, "filled");
    await eventually(
      "the block",
      async () => ((await client.info()).block ?? 0n) > ((await client.trades()).trades[0]?.block ?? 0n),
    );
    await real.chain.viem.request({ method: "evm_revert" as never, params: [snapshot] as never });
    // Sealed anew on the other branch, by the same transaction if that still holds there.
    await eventually(
      "the deal's block on the other branch",
      async () => {
        const deals = await database.kysely.selectFrom("deals").select(["block", "block_hash"]).execute();
        const blocks = deals.map(async ({ block, block_hash }) => {
          const found = await real.chain.viem.getBlock({ blockNumber: block }).catch(() => undefined);
          return found?.hash === block_hash;
        });
        return deals.length === 4 && (await Promise.all(blocks)).every((same) => same);
      },
      30_000,
    );
    await until(hash, "filled");
    expect(await chain.filled("request", requester.address, saltOf(last))).toBe(1);

    await market.senderOf(SELLER).send({
      address: real.deployment.contracts.registry,
      abi: registryAbi,
      functionName: "transferFrom",
      args: [seller.address, requester.address, app],
    });
    await eventually("the sale", async () => {
      const { orders } = await client.orders({ type: "app" });
      return orders[0]?.blocked?.refusal === "BadSignature";
    });
  } finally {
    await broker.stop();
    await database.close();
  }
}, 120_000);
