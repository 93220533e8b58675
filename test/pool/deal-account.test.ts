import { rm } from "node:fs/promises";
import type { Address } from "viem";
import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { Account } from "#src/client/pool-schema.ts";
import { startTestChain, type TestChain, testAccount } from "../e2e/chain-fixture.ts";
import { FIRST_WORKER, openTestMarket, POOL_PRICE, SELLER, type TestMarket } from "../e2e/market-fixture.ts";
import {
  keptLog,
  lying,
  obedient,
  type RunningPool,
  startPool,
  startWorker,
} from "../e2e/market-services.ts";
import { silent, startTestPostgres, temporaryDirectory } from "../store/test-database.ts";

// On a real chain, six workers of whom one lies, four deals: replicated, certified on one worker's word,
// certified to fail, and claimed back. Then
// - the accounts of the deals are to the nano-HANSE what the Clerk paid the pool's owner, and its seats
// - and to the wei what the owner's transactions cost
// - the pool's account is their sum
// - a pool that lost its database comes to the same accounts of money

const WORKERS = 6;
const LIARS = [1];
const APP_PRICE = 10n ** 9n;

let testChain: TestChain;
let market: TestMarket;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let stateDir: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [testChain, postgres, stateDir] = await Promise.all([
    startTestChain({
      categories: [
        { roundBlocks: 25, deadlineBlocks: 150 },
        { roundBlocks: 2, deadlineBlocks: 13 },
      ],
    }),
    startTestPostgres(),
    temporaryDirectory(),
  ]);
  market = await openTestMarket(testChain, WORKERS);
}, 180_000);

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
  await market?.stop();
  await postgres?.stop();
  await testChain?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

const owner = testAccount(SELLER).address;

async function clerkBalance(account: Address): Promise<{ total: bigint; locked: bigint }> {
  const { clerk } = testChain.deployment.contracts;
  const args = [account] as const;
  const call = { address: clerk, abi: clerkAbi, functionName: "account", args } as const;
  const { free, locked } = await testChain.chain.viem.readContract(call);
  return { total: free + locked, locked };
}

async function seatEarnings(): Promise<bigint> {
  const { poco } = testChain.deployment.contracts;
  const seats = await Promise.all(
    Array.from({ length: WORKERS }, (_, number) => {
      const args = [market.pool, number] as const;
      return testChain.chain.viem.readContract({ address: poco, abi: pocoAbi, functionName: "seat", args });
    }),
  );
  return seats.reduce((sum, { earned }) => sum + earned, 0n);
}

async function open(): Promise<RunningPool> {
  const { logger, lines } = keptLog("pool");
  onTestFailed(() => void process.stdout.write(`${lines.map((line) => JSON.stringify(line)).join("\n")}\n`));
  const pool = await startPool(testChain, market, { databaseUrl: await postgres.fresh(), logger });
  stops.push(pool.stop);
  return pool;
}

/** Whether so many tasks are known to be settled, and no other is open. */
async function settled({ client }: RunningPool, count: number): Promise<true | undefined> {
  const { open: running, ...ended } = (await client.account()).total.tasks;
  const all = ended.certified + ended.failed + ended.claimed;
  return running === 0 && all === count ? true : undefined;
}

const SUMS = [
  "incomeNano",
  "rewardsNano",
  "failureFeesNano",
  "spoilsNano",
  "finesNano",
  "stakeLockedNano",
  "stakeReturnedNano",
  "stakeSlashedNano",
  "profitNano",
] as const satisfies readonly (keyof Account)[];

it("is to the nano what the chain moved", { timeout: 400_000 }, async () => {
  const app = await market.registerApp(new TextEncoder().encode("an app"));
  const first = await open();
  for (let number = 0; number < WORKERS; number++) {
    const runner = LIARS.includes(number) ? lying(number) : obedient;
    const worker = await startWorker(testChain, market, {
      ...{ number, stateDir, runner, poolUrl: first.url, logger: silent },
    });
    stops.push(() => worker.stop());
  }
  const before = await clerkBalance(owner);
  const coin = await testChain.chain.viem.getBalance({ address: owner });
  const deals = {
    replicated: await market.seal({ app, trust: 3, volume: 3, params: "work" }),
    alone: await market.seal({ app, trust: 1, params: "alone" }),
    failing: await market.seal({ app, trust: 3, params: "fail" }),
    silent: await market.seal({ app, trust: 2, category: 1, params: "never" }),
  };
  await market.watcher.waitFor("the end of all tasks", () => settled(first, 6), 300_000);

  const accounts = {
    replicated: await first.client.dealAccount(deals.replicated.dealId),
    alone: await first.client.dealAccount(deals.alone.dealId),
    failing: await first.client.dealAccount(deals.failing.dealId),
    silent: await first.client.dealAccount(deals.silent.dealId),
  };
  // However slow the machine, and whoever missed its place for it.
  expect(accounts.replicated.tasks.certified).toBeGreaterThan(0);
  expect(accounts.alone.tasks.certified).toBe(1);
  expect(accounts.failing.tasks.failed).toBe(1);
  expect(accounts.silent.tasks.claimed).toBe(1);
  expect(accounts.failing.failureFeesNano).toBe(POOL_PRICE / 10n);
  expect(accounts.silent.stakeSlashedNano).toBe((POOL_PRICE * 30n) / 100n);
  expect(accounts.silent.incomeNano).toBe(0n);

  const { total, days } = await first.client.account();
  const all = Object.values(accounts);
  for (const name of SUMS)
    expect(total[name], name).toBe(all.reduce((sum, account) => sum + account[name], 0n));
  expect(days.reduce((sum, day) => sum + day.profitNano, 0n)).toBe(total.profitNano);
  expect(days.reduce((sum, day) => sum + day.costWei, 0n)).toBe(total.costWei);

  // The owner also owns the app, which was paid for each success.
  const certified = BigInt(total.tasks.certified);
  const now = await clerkBalance(owner);
  expect(now.total - before.total).toBe(total.profitNano + certified * APP_PRICE);
  expect(now.locked).toBe(before.locked);
  // Who was named is paid in its account, and who committed for a task that was claimed is compensated there.
  const paidAlone = accounts.alone.rewardsNano;
  expect(await seatEarnings()).toBe(total.rewardsNano - paidAlone);
  const workers = await first.client.workers();
  expect(workers.reduce((sum, worker) => sum + worker.earnedNano, 0n)).toBe(total.rewardsNano);

  expect(coin - (await testChain.chain.viem.getBalance({ address: owner }))).toBe(total.costWei);

  // What workers lost is what the chain took: fines and stakes.
  const lost = workers.reduce((sum, worker) => sum + worker.lostNano, 0n);
  const fines = workers.reduce((sum, worker) => sum + BigInt(worker.missed), 0n);
  expect(fines).toBeGreaterThan(0n);
  expect(lost).toBeGreaterThanOrEqual(total.spoilsNano + total.finesNano);
  const convicted = workers.filter(({ wrong }) => wrong > 0).map(({ address }) => address);
  expect(LIARS.map((number) => testAccount(FIRST_WORKER + number).address)).toEqual(
    expect.arrayContaining(convicted),
  );

  await first.stop();
  const second = await open();
  await market.watcher.waitFor("the chain to be followed again", () => settled(second, 6), 60_000);
  const rebuilt = (await second.client.account()).total;
  for (const name of SUMS) expect(rebuilt[name], name).toBe(total[name]);
  expect(rebuilt.tasks).toEqual(total.tasks);
});
