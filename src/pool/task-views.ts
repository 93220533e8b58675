import type { Hex } from "viem";
import type { TaskDetail, TaskStatusName, TaskView } from "#src/client/pool-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { PoolDatabase } from "./pool-tables.ts";

/** Tasks as the API shows them. */
export interface TaskViews {
  /** Newest deals first. */
  list(query: { readonly status?: TaskStatusName | undefined; readonly limit: number }): Promise<TaskView[]>;
  /** @throws HANSE_TASK_UNKNOWN */
  detail(taskId: Hex): Promise<TaskDetail>;
}

export function createTaskViews({ kysely }: PoolDatabase): TaskViews {
  const rows = () =>
    kysely
      .selectFrom("tasks")
      .innerJoin("deals", "deals.id", "tasks.deal_id")
      .select(["tasks.id", "deal_id", "task_index", "trust", "status", "round", "says", "sealed_at"]);
  type Row = Awaited<ReturnType<ReturnType<typeof rows>["executeTakeFirstOrThrow"]>>;
  const view = (row: Row): TaskView => ({
    taskId: row.id,
    dealId: row.deal_id,
    index: Number(row.task_index),
    trust: Number(row.trust),
    status: row.status,
    round: row.round,
    says: row.says,
  });

  return {
    async list({ status, limit }) {
      const all = rows().orderBy("sealed_at", "desc").orderBy("task_index").limit(limit);
      return (await (status === undefined ? all : all.where("status", "=", status)).execute()).map(view);
    },
    async detail(taskId) {
      const row = await rows().where("tasks.id", "=", taskId).executeTakeFirst();
      if (row === undefined) {
        throw new HanseError("HANSE_TASK_UNKNOWN", `this pool has no task ${taskId}`, {
          details: { taskId },
        });
      }
      const entries = await kysely
        .selectFrom("timeline")
        .select(["block", "entry"])
        .where("task_id", "=", taskId)
        .orderBy("id")
        .execute();
      const sealed = { block: String(row.sealed_at), entry: "sealed" };
      return {
        ...view(row),
        timeline: [sealed, ...entries.map(({ block, entry }) => ({ block: String(block), entry }))],
      };
    },
  };
}
