import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { createBrokerClient } from "#src/client/broker-client.ts";
import { Random } from "../model/history/random.ts";
import { query } from "../store/test-database.ts";
import { type MarketProcesses, type PostgresEnd, startMarketProcesses } from "./market-processes.ts";
import { createTraders, type Traders } from "./market-traders.ts";

// Given a market whose services are processes of their own, and traders who sign and publish all the time,
// when a service is killed with SIGKILL every second or two, and PostgreSQL is ended in each of its ways in between,
// - then no answer of the broker is a fault, and what it acknowledged is there whenever it is asked
// - then an audit meanwhile finds nothing
// - then, left to itself, the market comes to rest: whatever can be matched is sealed, and each deal is settled
// - then the audit finds that nothing was lost, doubled or created
// - and it finds what is made up there

const DEEP = process.env.HANSE_TEST_DEEP === "1";
const SEED = Number(process.env.HANSE_TEST_SEED ?? 20261128);
const WORKERS = 3;
const KILLING_MS = DEEP ? 120_000 : 45_000;
const LONGEST_MS = 3 * KILLING_MS;
const REQUESTS = DEEP ? 150 : 60;
/** A load that hardly got through proves nothing: on a slow machine it is killed for longer. */
const LEAST_DEALS = 10;
const TRADERS = 3;
/** Whoever was killed last has started again, and what nobody answered is past its deadline of 240 blocks. */
const REST_MS = 400_000;
const POSTGRES_ENDS: readonly PostgresEnd[] = DEEP
  ? ["fast", "killed", "immediate", "killed", "fast"]
  : ["fast", "killed", "immediate"];

let stack: MarketProcesses;
let traders: Traders;
/** How PostgreSQL was ended so far, and how many audits meanwhile found nothing. */
const databaseEnds: PostgresEnd[] = [];
let audits = 0;

beforeAll(async () => {
  stack = await startMarketProcesses(WORKERS);
  const { testChain, goods } = stack;
  traders = createTraders({ testChain, goods, brokerUrl: stack.broker.url, random: new Random(SEED) });
  await traders.begin();
}, 300_000);

afterAll(() => stack?.stop(), 60_000);

describe("a market whose services are killed", () => {
  it("loses, doubles and creates nothing", { timeout: LONGEST_MS + REST_MS + 120_000 }, async () => {
    const meanwhile: string[] = [];
    const over = new AbortController();
    const { signal } = over;
    const pace = { requests: REQUESTS / TRADERS, everyMs: (KILLING_MS * TRADERS) / REQUESTS, signal };
    const trading = Array.from({ length: TRADERS }, () => traders.trade(pace));
    await Promise.all([
      ...[...trading, killAtRandom(signal), restartPostgres(signal), auditMeanwhile(signal, meanwhile)],
      enoughIsKilled().finally(() => over.abort()),
    ]);
    expect(traders.complaints).toEqual([]);
    expect(meanwhile).toEqual([]);

    await Promise.all(stack.services.map((each) => each.untilReady()));
    const deals = await comesToRest();
    const acknowledged = [...traders.acknowledged.keys()];
    const { exitCode, looked, findings, complaint } = await stack.audit({ atRest: true, acknowledged });
    const figures = { seed: SEED, acknowledged: acknowledged.length, deals: deals.length, looked, ...told() };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    expect(findings, complaint).toEqual([]);
    expect(exitCode, complaint).toBe(0);
    // Or it was no proof.
    expect(deals.length).toBeGreaterThanOrEqual(LEAST_DEALS);
    expect(neverKilled(stack.services).map(({ name }) => name)).toEqual([]);
    expect(databaseEnds).toEqual(POSTGRES_ENDS);
    expect(audits).toBeGreaterThan(0);
  });

  it("is found out where something is lost or made up", { timeout: 120_000 }, async () => {
    await stack.endServices();
    const [lost = "0x"] = [...traders.acknowledged]
      .filter(([, fate]) => fate === "open")
      .map(([hash]) => hash);
    await query(stack.databaseUrls.broker, `delete from broker.orders where hash = '${lost}'`);
    const doubled = `0x${"d0".repeat(32)}`;
    await query(
      stack.databaseUrls.broker,
      `insert into broker.deals (id, request_hash, app_hash, dataset_hash, pool_hash, category, volume, open_units,
         content, params, block, block_hash, tx_hash, sealed_at)
       select '${doubled}', request_hash, app_hash, dataset_hash, pool_hash, category, volume, open_units,
         content, params, block, block_hash, tx_hash, sealed_at from broker.deals order by sequence limit 1`,
    );
    const [task] = await query<{ id: Hex }>(
      stack.databaseUrls.pool,
      `update pool.tasks set status = 'open' where id = (select id from pool.tasks where status = 'certified' limit 1)
       returning id`,
    );
    const acknowledged = [...traders.acknowledged.keys()];
    const { exitCode, findings } = await stack.audit({ atRest: true, acknowledged });
    expect(exitCode).toBe(1);
    expect(findings.map(({ code, what }) => [code, what]).toSorted()).toEqual([
      ["BROKER_DEAL_INVENTED", doubled],
      ["ORDER_LOST", lost],
      ["POOL_TASK_STATUS_DIFFERS", task?.id],
    ]);
  });
});

async function enoughIsKilled(): Promise<void> {
  const [least, most] = [KILLING_MS, LONGEST_MS].map((ms) => AbortSignal.timeout(ms));
  const isEnough = async () =>
    neverKilled(stack.services).length === 0 &&
    databaseEnds.length === POSTGRES_ENDS.length &&
    audits > 0 &&
    (await sealedDeals()).length >= LEAST_DEALS;
  while (!least?.aborted || (!most?.aborted && !(await isEnough()))) await sleep(250);
}

function neverKilled(services: MarketProcesses["services"]): MarketProcesses["services"] {
  return services.filter(({ kills }) => kills === 0);
}

/** Every second or two somebody, while most are up; sometimes one that is just starting. */
async function killAtRandom(over: AbortSignal): Promise<void> {
  const random = new Random(SEED + 1);
  for (;;) {
    await sleep(random.between(1_000, 2_000));
    if (over.aborted) return;
    const up = stack.services.filter((each) => each.isUp());
    // Where services start slowly nothing would ever be done but starting.
    const isAlive = up.length > stack.services.length / 2;
    if (random.chance(15)) await random.pick(stack.services).kill();
    else if (isAlive) await random.pick(neverKilled(up).length > 0 ? neverKilled(up) : up).kill();
  }
}

async function restartPostgres(over: AbortSignal): Promise<void> {
  const random = new Random(SEED + 2);
  for (const end of POSTGRES_ENDS) {
    await sleep(KILLING_MS / (POSTGRES_ENDS.length + 1));
    if (over.aborted) return;
    await stack.restartPostgres(end, random.between(500, 2_500));
    databaseEnds.push(end);
  }
}

/** An audit cannot be had while the database is away. */
const AWAY = /HANSE_DATABASE_UNAVAILABLE/;

async function auditMeanwhile(over: AbortSignal, wrong: string[]): Promise<void> {
  while (!over.aborted) {
    await sleep(8_000);
    const { exitCode, findings, complaint } = await stack.audit({ atRest: false });
    if (exitCode === 0) audits++;
    if (findings.length > 0 || (exitCode !== 0 && !AWAY.test(complaint)))
      wrong.push(JSON.stringify({ exitCode, findings, complaint }));
  }
}

/** Waits until everything that can happen has: with the buyer, who takes back what nobody certified in time. */
async function comesToRest(): Promise<readonly Hex[]> {
  const client = createBrokerClient({ baseUrl: stack.broker.url });
  const { watcher } = stack.market;
  const until = Date.now() + REST_MS / 2;
  for (const [hash, fate] of traders.acknowledged) {
    if (fate === "any") continue;
    await watcher.waitFor(
      `${hash} is ${fate}`,
      async () => ((await client.order(hash)).status === fate ? true : undefined),
      Math.max(until - Date.now(), 1_000),
    );
  }
  const deals = await sealedDeals();
  await watcher.waitFor(
    "all are settled",
    async () => ((await openUnits(deals)) === 0 ? true : undefined),
    REST_MS / 2,
  );
  const { number } = await stack.testChain.chain.viem.getBlock();
  await watcher.waitFor("all have seen it", () => haveFollowed(number), 60_000);
  return deals;
}

async function sealedDeals(): Promise<Hex[]> {
  const { chain, deployment } = stack.testChain;
  const logs = await chain.viem.getContractEvents({
    ...{ address: deployment.contracts.clerk, abi: clerkAbi, eventName: "DealSealed", fromBlock: 0n },
  });
  return logs.flatMap(({ args: { id } }) => (id === undefined ? [] : [id]));
}

async function openUnits(deals: readonly Hex[]): Promise<number> {
  const { chain, deployment } = stack.testChain;
  const clerk = { address: deployment.contracts.clerk, abi: clerkAbi } as const;
  const states = await Promise.all(
    deals.map((id) => chain.viem.readContract({ ...clerk, functionName: "dealState", args: [id] })),
  );
  return states.reduce((sum, state) => sum + state.openUnits, 0);
}

async function haveFollowed(block: bigint): Promise<true | undefined> {
  const { databaseUrls } = stack;
  const [[broker], [pool]] = await Promise.all([
    query<{ at: string }>(databaseUrls.broker, "select max(number) as at from broker.blocks"),
    query<{ at: string }>(databaseUrls.pool, "select max(block_number) as at from pool.cursor"),
  ]);
  return [broker, pool].every((row) => BigInt(row?.at ?? 0) >= block) ? true : undefined;
}

function told() {
  return {
    aways: traders.aways,
    kills: Object.fromEntries(stack.services.map(({ name, kills }) => [name, kills])),
    falls: Object.fromEntries(stack.services.map(({ name, falls }) => [name, falls])),
  };
}
