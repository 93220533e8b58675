import type { Transaction } from "kysely";
import type { Hex } from "viem";
import type { BlockRef } from "#src/chain/follower.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { idOfDeal, taskId, taskIndices } from "#src/protocol/deals.ts";
import { encodeDeal } from "./deal-codec.ts";
import { type PoolDeal, type TaskEvent, wordsOf } from "./pool-events.ts";
import type { PoolDatabase, PoolTables } from "./pool-tables.ts";
import { type SettledBlock, storeSettlements, timeOf } from "./settlements.ts";
import { type Spending, storeSpendings } from "./spendings.ts";

/** Whose tasks a database holds. */
export interface PoolIdentity {
  readonly pool: Hex;
  readonly poco: Hex;
  readonly genesisHash: Hex;
}

/** What one block brought. */
export interface PoolBlock {
  readonly block: SettledBlock;
  readonly deals: readonly PoolDeal[];
  /** Of any pool's tasks: those of others have no row here, and leave none. */
  readonly events: readonly TaskEvent[];
  readonly spendings: readonly Spending[];
}

/** How far the chain was followed, and what was found on the way. */
export interface FollowStore {
  /**
   * The last block that was dealt with.
   * @throws HANSE_CHAIN_MISMATCH when the database is of another pool, certifier or chain
   */
  cursor(identity: PoolIdentity): Promise<BlockRef | undefined>;
  /** The last blocks that were dealt with, newest last. */
  blocks(): Promise<BlockRef[]>;
  /** The number of the last block that was dealt with. */
  followedTo(): Promise<bigint | undefined>;
  /** Which of these tasks are the pool's. */
  known(taskIds: readonly Hex[]): Promise<Set<Hex>>;
  /** Stores what a block brought with the cursor: all or nothing. */
  apply(block: PoolBlock): Promise<void>;
  /** Forgets everything above a block. */
  rewind(to: BlockRef): Promise<void>;
}

/** Blocks kept to trace a reorganisation. */
const REMEMBERED = 256n;

export function createFollowStore(database: PoolDatabase): FollowStore {
  const { kysely } = database;
  return {
    async cursor({ pool, poco, genesisHash }) {
      const found = { pool, poco, genesis_hash: genesisHash };
      await kysely
        .insertInto("cursor")
        .values(found)
        .onConflict((at) => at.doNothing())
        .execute();
      const row = await kysely.selectFrom("cursor").selectAll().executeTakeFirstOrThrow();
      if (row.pool !== pool || row.poco !== poco || row.genesis_hash !== genesisHash) {
        throw new HanseError(
          "HANSE_CHAIN_MISMATCH",
          "this database holds the tasks of another pool or chain",
          {
            details: {
              expected: found,
              found: { pool: row.pool, poco: row.poco, genesis_hash: row.genesis_hash },
            },
          },
        );
      }
      return row.block_number === null || row.block_hash === null
        ? undefined
        : { number: row.block_number, hash: row.block_hash };
    },

    async blocks() {
      return await kysely.selectFrom("blocks").selectAll().orderBy("number").execute();
    },

    async followedTo() {
      const row = await kysely.selectFrom("cursor").select("block_number").executeTakeFirst();
      return row?.block_number ?? undefined;
    },

    known: (taskIds) => knownTasks(kysely, taskIds),

    async apply({ block, deals, events, spendings }) {
      await database.transaction(async (trx) => {
        for (const deal of deals) await storeDeal(trx, deal, block);
        const known = await knownTasks(
          trx,
          events.map((event) => event.taskId),
        );
        const own = events.filter((event) => known.has(event.taskId));
        await storeTimeline(trx, block, own);
        await storeSettlements(trx, block, own);
        await storeSpendings(trx, spendings);
        await trx.updateTable("cursor").set({ block_number: block.number, block_hash: block.hash }).execute();
        await trx
          .insertInto("blocks")
          .values({ number: block.number, hash: block.hash })
          .onConflict((at) => at.column("number").doUpdateSet({ hash: block.hash }))
          .execute();
        await trx
          .deleteFrom("blocks")
          .where("number", "<=", block.number - REMEMBERED)
          .execute();
      });
    },

    async rewind(to) {
      await database.transaction(async (trx) => {
        await trx.deleteFrom("deals").where("sealed_at", ">", to.number).execute();
        for (const table of ["timeline", "verdicts", "settlements", "spendings"] as const) {
          await trx.deleteFrom(table).where("block", ">", to.number).execute();
        }
        // What is settled stays so unless the block that settled it is gone.
        await trx
          .updateTable("tasks")
          .set({ status: "open", settled_at: null })
          .where("status", "!=", "open")
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom("settlements")
                  .select("settlements.task_id")
                  .whereRef("settlements.task_id", "=", "tasks.id"),
              ),
            ),
          )
          .execute();
        const open = trx.selectFrom("tasks").select("id").where("status", "=", "open");
        // Drawn by a block that may be gone, and committed in others.
        await trx.deleteFrom("places").where("task_id", "in", open).execute();
        await trx
          .updateTable("contributions")
          .set({ committed: false })
          .where("task_id", "in", open)
          .execute();
        await trx
          .updateTable("tasks")
          .set({ round: 0, seed_block: null, closed: false, reveal: [], reveal_since: null, forecast: null })
          .where("status", "=", "open")
          .execute();
        const known =
          to.hash === "0x"
            ? { block_number: null, block_hash: null }
            : { block_number: to.number, block_hash: to.hash };
        await trx.updateTable("cursor").set(known).execute();
        await trx.deleteFrom("blocks").where("number", ">", to.number).execute();
      });
    },
  };
}

type Queries = Pick<Transaction<PoolTables>, "selectFrom">;

async function knownTasks(queries: Queries, taskIds: readonly Hex[]): Promise<Set<Hex>> {
  if (taskIds.length === 0) return new Set();
  const rows = await queries
    .selectFrom("tasks")
    .select("id")
    .where("id", "in", [...new Set(taskIds)])
    .execute();
  return new Set(rows.map(({ id }) => id));
}

async function storeDeal(
  trx: Transaction<PoolTables>,
  { deal, order, tx }: PoolDeal,
  block: SettledBlock,
): Promise<void> {
  const id = idOfDeal(deal);
  const facts = {
    ...{ order_hash: order, tx, sealed_time: timeOf(block), sealed_at: deal.sealedAtBlock },
    ...{ volume: BigInt(deal.volume), pool_price: deal.poolPrice, pool_stake: deal.poolStake },
  };
  await trx
    .insertInto("deals")
    .values({ id, trust: BigInt(deal.trust), deal: encodeDeal(deal), ...facts })
    .onConflict((at) => at.column("id").doUpdateSet(facts))
    .execute();
  const tasks = taskIndices(deal).map((index) => ({ id: taskId(deal, index), index }));
  // A bag may hold more tasks than one statement takes parameters.
  for (let from = 0; from < tasks.length; from += 1_000) {
    const some = tasks.slice(from, from + 1_000);
    await trx
      .insertInto("tasks")
      .values(
        some.map((task) => ({ id: task.id, deal_id: id, task_index: BigInt(task.index), says: "Sealed." })),
      )
      .onConflict((at) => at.doNothing())
      .execute();
  }
}

async function storeTimeline(
  trx: Transaction<PoolTables>,
  block: SettledBlock,
  events: readonly TaskEvent[],
): Promise<void> {
  const rows = events.flatMap((event) =>
    wordsOf(event).map(({ entry, worker = null }) => ({
      ...{ task_id: event.taskId, at: timeOf(block), block: block.number, tx: event.tx, worker, entry },
    })),
  );
  if (rows.length > 0) await trx.insertInto("timeline").values(rows).execute();
}
