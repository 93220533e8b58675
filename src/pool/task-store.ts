import type { Selectable, Updateable } from "kysely";
import type { Address, Hex } from "viem";
import type { TaskStatusName } from "#src/client/pool-schema.ts";
import type { Committed, Result } from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import { decodeDeal } from "./deal-codec.ts";
import type { PoolDatabase, PoolTables } from "./pool-tables.ts";

export type TaskRow = Selectable<PoolTables["tasks"]>;
export type ContributionRow = Selectable<PoolTables["contributions"]>;

/** A task with its deal. */
export interface StoredTask {
  readonly task: TaskRow;
  readonly deal: Deal;
  readonly dealId: Hex;
  /** Hash of the request order. */
  readonly order: Hex;
  /** The task's index in its request. */
  readonly index: number;
}

/** A seat drawn for a task. */
export interface Place {
  readonly round: number;
  readonly seat: number;
  readonly worker: Address;
  /** The seat's at the draw. */
  readonly score: number;
}

/** The scheduler's memory of its tasks. */
export interface TaskStore {
  load(taskId: Hex): Promise<StoredTask | undefined>;
  openTasks(): Promise<Hex[]>;
  /** Open tasks of trust 0 and 1. */
  openUnreplicated(): Promise<Hex[]>;
  /** Changes a task's row. */
  update(taskId: Hex, change: Updateable<PoolTables["tasks"]>): Promise<void>;
  /** @returns whether it was open until now */
  settle(taskId: Hex, status: TaskStatusName, at: Date): Promise<boolean>;
  /** Places of all rounds so far. */
  places(taskId: Hex): Promise<Place[]>;
  setDraw(
    taskId: Hex,
    draw: { readonly round: number; readonly seedBlock: bigint },
    places: readonly Place[],
  ): Promise<void>;
  contributions(taskId: Hex): Promise<ContributionRow[]>;
  /** @returns the seal that stands for this seat: the first one, whatever comes later */
  addContribution(taskId: Hex, contribution: Committed & { readonly signature: Hex }): Promise<Hex>;
  /** What is on the chain is so, also where it did not come through here. */
  markCommitted(taskId: Hex, seals: readonly Committed[]): Promise<void>;
  digests(taskId: Hex): Promise<{ round: number; worker: Address; digest: Hex }[]>;
  addDigest(
    taskId: Hex,
    digest: { readonly round: number; readonly worker: Address; readonly digest: Hex },
  ): Promise<void>;
  result(taskId: Hex): Promise<{ readonly worker: Address; readonly result: Result } | undefined>;
  addResult(taskId: Hex, worker: Address, result: Result): Promise<void>;
  dropResult(taskId: Hex): Promise<void>;
}

export function createTaskStore(database: PoolDatabase): TaskStore {
  const { kysely } = database;
  return {
    async load(taskId) {
      const row = await kysely
        .selectFrom("tasks")
        .innerJoin("deals", "deals.id", "tasks.deal_id")
        .selectAll("tasks")
        .select(["deals.deal", "deals.order_hash as order"])
        .where("tasks.id", "=", taskId)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { deal, order, ...task } = row;
      return { task, deal: decodeDeal(deal), dealId: task.deal_id, order, index: Number(task.task_index) };
    },
    async openTasks() {
      const rows = await kysely.selectFrom("tasks").select("id").where("status", "=", "open").execute();
      return rows.map(({ id }) => id);
    },
    async openUnreplicated() {
      const rows = await kysely
        .selectFrom("tasks")
        .innerJoin("deals", "deals.id", "tasks.deal_id")
        .select("tasks.id")
        .where("status", "=", "open")
        .where("trust", "<=", 1n)
        .execute();
      return rows.map(({ id }) => id);
    },
    async update(taskId, change) {
      await kysely.updateTable("tasks").set(change).where("id", "=", taskId).execute();
    },
    async settle(taskId, status, at) {
      const says = SETTLED[status];
      const { numUpdatedRows } = await kysely
        .updateTable("tasks")
        .set({ status, settled_at: at, reveal: [], forecast: null, ...(says === undefined ? {} : { says }) })
        .where("id", "=", taskId)
        .where("status", "=", "open")
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async places(taskId) {
      const rows = await kysely.selectFrom("places").selectAll().where("task_id", "=", taskId).execute();
      return rows.map(({ round, seat, worker, score }) => ({ round, seat: Number(seat), worker, score }));
    },
    async setDraw(taskId, { round, seedBlock }, places) {
      await database.transaction(async (trx) => {
        await trx.deleteFrom("places").where("task_id", "=", taskId).execute();
        const rows = places.map(({ seat, ...place }) => ({ task_id: taskId, seat: BigInt(seat), ...place }));
        if (rows.length > 0) await trx.insertInto("places").values(rows).execute();
        await trx
          .updateTable("tasks")
          .set({ round, seed_block: seedBlock, closed: false, reveal: [], reveal_since: null })
          .where("id", "=", taskId)
          .execute();
      });
    },
    contributions: (taskId) =>
      kysely.selectFrom("contributions").selectAll().where("task_id", "=", taskId).orderBy("seat").execute(),
    async addContribution(taskId, { seat, round, worker, seal, signature }) {
      await kysely
        .insertInto("contributions")
        .values({ task_id: taskId, seat: BigInt(seat), round, worker, seal, signature })
        .onConflict((at) => at.doNothing())
        .execute();
      const row = await kysely
        .selectFrom("contributions")
        .select("seal")
        .where("task_id", "=", taskId)
        .where("seat", "=", BigInt(seat))
        .executeTakeFirstOrThrow();
      return row.seal;
    },
    async markCommitted(taskId, seals) {
      if (seals.length === 0) return;
      const rows = seals.map(({ seat, round, worker, seal }) => ({
        ...{ task_id: taskId, seat: BigInt(seat), round, worker, seal },
        ...{ signature: null, committed: true },
      }));
      await kysely
        .insertInto("contributions")
        .values(rows)
        .onConflict((at) =>
          at.columns(["task_id", "seat"]).doUpdateSet((excluded) => ({
            seal: excluded.ref("excluded.seal"),
            round: excluded.ref("excluded.round"),
            worker: excluded.ref("excluded.worker"),
            committed: true,
          })),
        )
        .execute();
    },
    digests: (taskId) =>
      kysely
        .selectFrom("digests")
        .select(["round", "worker", "digest"])
        .where("task_id", "=", taskId)
        .orderBy("worker")
        .execute(),
    async addDigest(taskId, digest) {
      await kysely
        .insertInto("digests")
        .values({ task_id: taskId, ...digest })
        .onConflict((at) => at.doNothing())
        .execute();
    },
    async result(taskId) {
      const row = await kysely
        .selectFrom("results")
        .selectAll()
        .where("task_id", "=", taskId)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { worker, outcome, content, memory_hash: memoryHash, callback_data: callbackData } = row;
      return { worker, result: { outcome, content, memoryHash, callbackData } };
    },
    async addResult(taskId, worker, { outcome, content, memoryHash, callbackData }) {
      await kysely
        .insertInto("results")
        .values({
          task_id: taskId,
          worker,
          outcome,
          content,
          memory_hash: memoryHash,
          callback_data: callbackData,
        })
        .onConflict((at) => at.doNothing())
        .execute();
    },
    async dropResult(taskId) {
      await kysely.deleteFrom("results").where("task_id", "=", taskId).execute();
    },
  };
}

const SETTLED: Partial<Record<TaskStatusName, string>> = {
  certified: "Certified: everybody is paid.",
  failed: "Certified to fail: the payer has its money back, but for a small fee.",
  claimed: "Not certified in time: the payer has its money back.",
};
