import { type Hex, numberToHex, zeroAddress, zeroHash } from "viem";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrokerTables, DealRow } from "#src/broker/broker-tables.ts";
import { findDeal, removeDealsAbove, removeDealsOfOtherBranch, storeDeals } from "#src/broker/deal-store.ts";
import type { SealedDeal } from "#src/broker/market-chain.ts";
import { forgetSettlementsUpTo, settleUnit, undoSettlementsAbove } from "#src/broker/settlements.ts";
import { dealDetail } from "#src/broker/views.ts";
import type { Database } from "#src/store/database.ts";
import { startTestPostgres } from "./support/test-database.ts";

const hash = (number: number): Hex => numberToHex(number, { size: 32 });
const ID = hash(1);

/** The same request's first deal, as sealed in one block or another. */
const sealedIn = (number: number, branch: number, volume: number): SealedDeal => ({
  id: ID,
  orders: { request: hash(2), app: hash(3), pool: hash(4 + branch) },
  deal: {
    ...{
      requestId: hash(5),
      app: 1n,
      dataset: 0n,
      pool: 3n,
      appOwner: zeroAddress,
      datasetOwner: zeroAddress,
    },
    ...{ poolOwner: zeroAddress, requester: zeroAddress, payer: zeroAddress, beneficiary: zeroAddress },
    ...{
      callback: zeroAddress,
      certifier: zeroAddress,
      appPrice: 1n,
      datasetPrice: 0n,
      poolPrice: 2n,
      poolStake: 1n,
    },
    ...{ sealedAtBlock: BigInt(number), firstTask: 0, volume, trust: 1, category: 0, tag: zeroHash },
    ...{ paramsHash: zeroHash, attesters: zeroHash, frozen: zeroHash },
  },
  params: "0x",
  block: { number: BigInt(number), hash: hash(100 * branch + number) },
  txHash: hash(1_000 * branch + number),
});

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<BrokerTables>;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
beforeEach(async () => {
  database = await postgres.openMigrated();
  return () => database.close();
});
afterAll(() => postgres?.stop());

const store = (deal: SealedDeal) => storeDeals(database.kysely, [deal], new Date(0));
const settle = (openUnits: number, block: number) =>
  settleUnit(database.kysely, { dealId: ID, openUnits }, BigInt(block));
const stored = async () => {
  const row = await findDeal(database.kysely, ID);
  return (
    row && {
      block: row.block,
      pool: row.pool_hash,
      volume: row.volume,
      open: row.open_units,
      sealedAtBlock: row.content.sealedAtBlock,
    }
  );
};

describe("a deal that is stored again", () => {
  test("of another block is what it is there", async () => {
    await store(sealedIn(20, 1, 5));
    await settle(3, 21);
    await store(sealedIn(21, 2, 4));
    expect(await stored()).toEqual({ block: 21n, pool: hash(6), volume: 4n, open: 4n, sealedAtBlock: "21" });
  });

  test("of the same block keeps what was settled of it", async () => {
    await store(sealedIn(20, 1, 5));
    await settle(3, 21);
    await store(sealedIn(20, 1, 5));
    expect(await stored()).toMatchObject({ open: 3n });
  });
});

describe("a deal that was stored ahead of the follower", () => {
  test("goes when its block turns out to be another one", async () => {
    await store(sealedIn(20, 1, 5));
    await removeDealsOfOtherBranch(database.kysely, { number: 20n, hash: hash(220) });
    expect(await stored()).toBeUndefined();
  });

  test("stays when it is in that very block, or in a later one", async () => {
    await store(sealedIn(20, 1, 5));
    await removeDealsOfOtherBranch(database.kysely, { number: 20n, hash: hash(120) });
    await removeDealsOfOtherBranch(database.kysely, { number: 19n, hash: hash(219) });
    expect(await stored()).toMatchObject({ block: 20n });
  });
});

describe("units that were settled in blocks that did not happen", () => {
  const undoAbove = (block: number) => undoSettlementsAbove(database.kysely, BigInt(block));
  const open = async () => (await stored())?.open;

  test("are open again, and those of blocks that stay are not", async () => {
    await store(sealedIn(20, 1, 5));
    for (const [openUnits, block] of [
      [4, 21],
      [3, 22],
      [2, 24],
      [1, 24],
      [0, 25],
    ] as const)
      await settle(openUnits, block);
    await undoAbove(25);
    expect(await open()).toBe(0n);
    await undoAbove(23);
    expect(await open()).toBe(3n);
    await settle(2, 24);
    expect(await open()).toBe(2n);
    await undoAbove(20);
    expect(await open()).toBe(5n);
    await undoAbove(20);
    expect(await open(), "undone once").toBe(5n);
  });

  test("are settled once, however often their block is told", async () => {
    await store(sealedIn(20, 1, 5));
    for (let i = 0; i < 2; i++) await settle(4, 21);
    await undoAbove(20);
    expect(await open()).toBe(5n);
  });

  test("are no concern of the same deal of another block", async () => {
    await store(sealedIn(20, 1, 5));
    await settle(4, 22);
    await settle(3, 22);
    await store(sealedIn(21, 2, 4));
    await undoAbove(21);
    expect(await open()).toBe(4n);
  });

  test("go with their deal, are forgotten in time, and are nothing where the deal is not known", async () => {
    await settle(4, 22);
    await store(sealedIn(20, 1, 5));
    await settle(4, 22);
    await forgetSettlementsUpTo(database.kysely, 22n);
    await undoAbove(21);
    expect(await open(), "final").toBe(4n);
    await settle(3, 23);
    await removeDealsAbove(database.kysely, 19n);
    await undoAbove(19);
    expect(await stored()).toBeUndefined();
  });
});

test("a deal of billions of tasks is told without reckoning them all", async () => {
  await store(sealedIn(1, 0, 2 ** 32 - 2));
  const { tasks, volume } = dealDetail((await findDeal(database.kysely, ID)) as DealRow);
  expect(volume).toBe(2 ** 32 - 2);
  expect(tasks).toHaveLength(1_000);
});
