import { sql } from "kysely";
import type { Hex } from "viem";
import type { BlockRef } from "#src/chain/follower.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type Deal, idOfDeal, taskId, taskIndices } from "#src/protocol/deals.ts";
import { encodeDeal } from "./deal-codec.ts";
import type { PoolDatabase } from "./pool-tables.ts";

/** Whose tasks a database holds. */
export interface PoolIdentity {
  readonly pool: Hex;
  readonly poco: Hex;
  readonly genesisHash: Hex;
}

/** Something that happened to a task, for its timeline. */
export interface TaskNote {
  readonly taskId: Hex;
  readonly entry: string;
}

/** What one block brought. */
export interface PoolBlock {
  readonly block: BlockRef;
  readonly deals: readonly Deal[];
  readonly notes: readonly TaskNote[];
}

/** How far the chain was followed, and what was found on the way. */
export interface FollowStore {
  /**
   * The last block that was dealt with.
   * @throws HANSE_CHAIN_MISMATCH when the database is of another pool, certifier or chain
   */
  cursor(identity: PoolIdentity): Promise<BlockRef | undefined>;
  /** The last blocks that were dealt with, newest last. */
  known(): Promise<BlockRef[]>;
  /** Stores a block's deals with the cursor: both or neither. */
  apply(block: PoolBlock): Promise<void>;
  /** Forgets everything above a block. */
  rewind(to: BlockRef): Promise<void>;
}

/** Blocks kept to trace a reorganisation. */
const REMEMBERED = 256n;

export function createFollowStore(database: PoolDatabase): FollowStore {
  return {
    async cursor({ pool, poco, genesisHash }) {
      const found = { pool, poco, genesis_hash: genesisHash };
      await database.kysely
        .insertInto("cursor")
        .values(found)
        .onConflict((at) => at.doNothing())
        .execute();
      const row = await database.kysely.selectFrom("cursor").selectAll().executeTakeFirstOrThrow();
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

    async known() {
      return await database.kysely.selectFrom("blocks").selectAll().orderBy("number").execute();
    },

    async apply({ block, deals, notes }) {
      await database.transaction(async (trx) => {
        for (const deal of deals) {
          const id = idOfDeal(deal);
          await trx
            .insertInto("deals")
            .values({ id, sealed_at: deal.sealedAtBlock, trust: BigInt(deal.trust), deal: encodeDeal(deal) })
            .onConflict((at) => at.doNothing())
            .execute();
          const tasks = taskIndices(deal).map((index) => ({ id: taskId(deal, index), index }));
          // A bag may hold more tasks than one statement takes parameters.
          for (let from = 0; from < tasks.length; from += 1_000) {
            const some = tasks.slice(from, from + 1_000);
            await trx
              .insertInto("tasks")
              .values(
                some.map((task) => ({
                  id: task.id,
                  deal_id: id,
                  task_index: BigInt(task.index),
                  says: "Sealed.",
                })),
              )
              .onConflict((at) => at.doNothing())
              .execute();
          }
        }
        for (const { taskId: task_id, entry } of notes) {
          // A task of another pool has no row here, and no timeline.
          await sql`insert into timeline (task_id, block, entry)
            select id, ${block.number}, ${entry} from tasks where id = ${task_id}`.execute(trx);
        }
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
        // What is settled stays so unless the block that settled it is gone.
        await trx
          .updateTable("tasks")
          .set({ status: "open", settled_at: null })
          .where("id", "in", trx.selectFrom("timeline").select("task_id").where("block", ">", to.number))
          .execute();
        await trx.deleteFrom("timeline").where("block", ">", to.number).execute();
        // Draws and commitments of open tasks are read from the chain again; signed answers stay good.
        const open = trx.selectFrom("tasks").select("id").where("status", "=", "open");
        await trx.deleteFrom("places").where("task_id", "in", open).execute();
        await trx
          .updateTable("contributions")
          .set({ committed: false })
          .where("task_id", "in", open)
          .execute();
        await trx
          .updateTable("tasks")
          .set({ round: 0, seed_block: null, closed: false, reveal: [], reveal_since: null })
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
