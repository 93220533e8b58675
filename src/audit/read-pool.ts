import { sql } from "kysely";
import { decodeAbiParameters, getAbiItem, type Hex } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Database } from "#src/store/database.ts";
import type { PoolFacts } from "./facts.ts";
import { readCursor } from "./read-chain.ts";

// The tables as this program reads them; what the columns mean is said in `src/pool/pool-tables.ts`.

interface CursorRow {
  readonly pool: Hex;
  readonly block_number: bigint | null;
  readonly block_hash: Hex | null;
}
interface DealRow {
  readonly id: Hex;
  readonly deal: Hex;
}
interface TaskRow {
  readonly id: Hex;
  readonly deal_id: Hex;
  readonly status: string;
}
interface ContributionRow {
  readonly task_id: Hex;
  readonly seat: bigint;
  readonly round: number;
  readonly seal: Hex;
}

/**
 * What a pool's database says, as of one moment.
 * @returns undefined where the database holds no pool, or none that was ever started
 */
export async function readPoolFacts({
  database,
  chain,
}: {
  readonly database: Database<unknown>;
  readonly chain: ChainClient;
}): Promise<PoolFacts | undefined> {
  const rows = await database.transaction(
    async (trx) => {
      const { rows: found } = await sql<{
        there: boolean;
      }>`select to_regclass('pool.cursor') is not null as there`.execute(trx);
      if (found[0]?.there !== true) return undefined;
      return {
        cursor: (await sql<CursorRow>`select pool, block_number, block_hash from pool.cursor`.execute(trx))
          .rows[0],
        deals: (await sql<DealRow>`select id, deal from pool.deals`.execute(trx)).rows,
        tasks: (await sql<TaskRow>`select id, deal_id, status from pool.tasks`.execute(trx)).rows,
        committed: (
          await sql<ContributionRow>`select task_id, seat, round, seal from pool.contributions where committed`.execute(
            trx,
          )
        ).rows,
      };
    },
    { isolation: "repeatable read" },
  );
  if (rows?.cursor === undefined) return undefined;
  const { pool, block_number: number, block_hash: hash } = rows.cursor;
  const [parameter] = getAbiItem({ abi: pocoAbi, name: "extend" }).inputs;
  return {
    pool,
    cursor: number === null || hash === null ? undefined : await readCursor(chain, { number, hash }),
    deals: rows.deals.map(({ id, deal }) => ({ id, deal: decodeAbiParameters([parameter], deal)[0] })),
    tasks: rows.tasks.map(({ id, deal_id: dealId, status }) => ({ id, dealId, status })),
    committed: rows.committed.map(({ task_id: taskId, seat, round, seal }) => ({
      taskId,
      seat: Number(seat),
      round,
      seal,
    })),
  };
}
