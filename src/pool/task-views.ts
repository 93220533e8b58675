import type { Hex } from "viem";
import type { LogEntry, TaskDetail, TaskStatusName, TaskView } from "#src/client/pool-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import type { TaskLog } from "./task-log.ts";

export interface TaskFilter {
  readonly status?: TaskStatusName | undefined;
  readonly deal?: Hex | undefined;
  readonly order?: Hex | undefined;
  readonly limit: number;
}

/** Tasks as the API shows them. */
export interface TaskViews {
  /** Newest deals first. */
  list(filter: TaskFilter): Promise<TaskView[]>;
  /** @throws HANSE_TASK_UNKNOWN */
  detail(taskId: Hex): Promise<TaskDetail>;
}

export function createTaskViews({ kysely }: PoolDatabase, log: TaskLog): TaskViews {
  const rows = () =>
    kysely
      .selectFrom("tasks")
      .innerJoin("deals", "deals.id", "tasks.deal_id")
      .select(["tasks.id", "deal_id", "task_index", "trust", "status", "round", "says", "forecast"])
      .select(["order_hash", "sealed_at", "sealed_time", "tx"]);
  type Row = Awaited<ReturnType<ReturnType<typeof rows>["executeTakeFirstOrThrow"]>>;
  const view = (row: Row): TaskView => ({
    taskId: row.id,
    dealId: row.deal_id,
    order: row.order_hash,
    index: Number(row.task_index),
    trust: Number(row.trust),
    status: row.status,
    round: row.round,
    says: row.says,
    ...(row.forecast === null ? {} : { forecast: row.forecast }),
  });

  return {
    async list({ status, deal, order, limit }) {
      let query = rows().orderBy("sealed_at", "desc").orderBy("task_index").limit(limit);
      if (status !== undefined) query = query.where("status", "=", status);
      if (deal !== undefined) query = query.where("deal_id", "=", deal);
      if (order !== undefined) query = query.where("order_hash", "=", order);
      return (await query.execute()).map(view);
    },
    async detail(taskId) {
      const row = await rows().where("tasks.id", "=", taskId).executeTakeFirst();
      if (row === undefined) {
        throw new HanseError("HANSE_TASK_UNKNOWN", `this pool has no task ${taskId}`, {
          details: { taskId },
        });
      }
      const { sealed_at: block, sealed_time: at, tx } = row;
      const sealed: LogEntry = { at: at.toISOString(), block: String(block), tx, entry: "sealed" };
      return { ...view(row), timeline: [sealed, ...(await log.timeline(taskId))] };
    },
  };
}
