import { concatHex, type Hex, type LocalAccount, numberToHex, padHex, zeroAddress, zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { createPoolClient } from "#src/client/pool-client.ts";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { createFollowStore } from "#src/pool/follow-store.ts";
import { poolMigrations } from "#src/pool/pool-migrations.ts";
import type { PoolDatabase, PoolTables } from "#src/pool/pool-tables.ts";
import { createScheduler, type SchedulerOptions } from "#src/pool/scheduler.ts";
import {
  CONTRIBUTION_TYPED_DATA,
  pocoDomain,
  type Result,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import { type Deal, taskId, taskIndices } from "#src/protocol/deals.ts";
import { openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { startTestServer } from "../http/test-server.ts";
import { silent } from "../store/test-database.ts";
import { createFakePoco, type FakePoco } from "./fake-poco.ts";

export const POOL = (3n << 248n) | 1n;
export const ROUND_BLOCKS = 20;
export const DEADLINE_BLOCKS = 100;
/** Of every deal here; round 1 is drawn by the block after, and open to block 121. */
export const SEALED_AT = 100n;

/** Hashes of the request order of every deal here, and of the transaction that sealed it. */
export const ORDER: Hex = `0x${"0d".repeat(32)}`;
export const TX: Hex = `0x${"7a".repeat(32)}`;

export const rightResult: Result = {
  outcome: 0,
  content: `0x${"11".repeat(32)}`,
  memoryHash: `0x${"22".repeat(32)}`,
  callbackData: "0x",
};
export const wrongResult: Result = { ...rightResult, content: `0x${"33".repeat(32)}` };

export function dealOf(change: Partial<Deal> = {}): Deal {
  const nobody = zeroAddress;
  return {
    ...{
      requestId: `0x${"ab".repeat(32)}`,
      app: 1n,
      dataset: 0n,
      pool: POOL,
      appOwner: nobody,
      datasetOwner: nobody,
    },
    ...{
      poolOwner: nobody,
      requester: nobody,
      payer: nobody,
      beneficiary: nobody,
      callback: nobody,
      certifier: nobody,
    },
    ...{
      appPrice: 1n,
      datasetPrice: 0n,
      poolPrice: 5n,
      poolStake: 1n,
      sealedAtBlock: SEALED_AT,
      firstTask: 0,
      volume: 1,
    },
    ...{ trust: 5, category: 0, tag: zeroHash, paramsHash: zeroHash, attesters: zeroHash },
    frozen: padHex(
      concatHex([
        ...[numberToHex(9, { size: 4 }), numberToHex(1n, { size: 8 }), numberToHex(500, { size: 2 })],
        ...[numberToHex(ROUND_BLOCKS, { size: 4 }), numberToHex(DEADLINE_BLOCKS, { size: 4 })],
      ]),
      { dir: "right", size: 32 },
    ),
    ...change,
  };
}

/** An empty block; blocks come every second. */
export function blockAt(number: bigint) {
  const block = {
    number,
    hash: padHex(numberToHex(number), { size: 32 }),
    timestamp: 1_800_000_000n + number,
  };
  return { block, deals: [], events: [], spendings: [] };
}

/** A scheduler with its API on a real database, a chain by decree, and time that stands still. */
export async function startTestScheduler(
  databaseUrl: string,
  options: Partial<SchedulerOptions> = {},
  poco?: FakePoco,
) {
  const accounts = Array.from({ length: 8 }, () => privateKeyToAccount(generatePrivateKey()));
  const fake = poco ?? createFakePoco(accounts.map(({ address }) => address));
  const database: PoolDatabase = await openDatabase<PoolTables>(
    { logger: silent },
    { url: databaseUrl, schema: "pool" },
  );
  await migrate({ database: database as never, logger: silent }, "pool", poolMigrations);
  const follow = createFollowStore(database);
  await follow.cursor({ pool: "0x01", poco: "0x02", genesisHash: "0x03" });
  const clock = createManualClock(1_800_000_000_000);
  const contents = new Set<Hex>([rightResult.content, wrongResult.content]);
  const metrics = createMetrics({ service: "pool", processMetrics: false });
  const scheduler = createScheduler(
    {
      chain: fake.chain,
      database,
      logger: silent,
      metrics,
      clock,
      hasContent: async (each) => contents.has(each),
    },
    { pool: POOL, ...options },
  );
  const { server, url } = await startTestServer((http) =>
    scheduler.register(http, {
      ...{ pool: "0x01", chainId: 31_337, poco: fake.chain.poco, contentUrl: "http://127.0.0.1:1" },
      terms: { seatStake: "1", schedulerShare: 0, closed: false },
    }),
  );
  const client = createPoolClient({}, { baseUrl: url, retries: 0 });

  /** Stores a deal as the follower does. @returns its first task */
  async function seal(deal: Deal): Promise<Hex> {
    await follow.apply({ ...blockAt(deal.sealedAtBlock), deals: [{ deal, order: ORDER, tx: TX }] });
    return taskId(deal, taskIndices(deal)[0] ?? 0);
  }

  return {
    ...{ accounts, fake, database, follow, clock, contents, metrics, scheduler, client, url, seal },
    async stop() {
      await server.close();
      await scheduler.stop();
      await database.close();
    },
  };
}

export type TestScheduler = Awaited<ReturnType<typeof startTestScheduler>>;

const domain = pocoDomain(31_337, "0x00000000000000000000000000000000000000cc");

/** What a worker posts for a result. */
export async function contributionOf(
  account: LocalAccount,
  id: Hex,
  seat: number,
  result: Result,
  round = 1,
) {
  const worker = account.address;
  const seal = sealOf(worker, roundDigest(round, id, resultHash(result)));
  const message = { taskId: id, round, seal };
  const signature = await account.signTypedData({
    domain,
    types: CONTRIBUTION_TYPED_DATA,
    primaryType: "Contribution",
    message,
  });
  return { round, seat, worker, seal, signature };
}

export function digestOf(account: LocalAccount, id: Hex, result: Result, round = 1) {
  return { round, worker: account.address, digest: roundDigest(round, id, resultHash(result)) };
}
