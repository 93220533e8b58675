import type { Selectable } from "kysely";
import type { Address, Hex } from "viem";
import type { LogEntry, LogPage } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { PoolDatabase, PoolTables } from "./pool-tables.ts";

/** What the scheduler itself did or saw; what the chain tells is noted where the chain is followed. */
export interface TaskNote {
  readonly taskId: Hex;
  readonly entry: string;
  readonly worker?: Address;
  readonly tx?: Hex;
}

export interface LogFilter {
  readonly task?: Hex | undefined;
  readonly worker?: Address | undefined;
  readonly before?: bigint | undefined;
  readonly limit: number;
}

/** The log that people ask: by task, by worker. */
export interface TaskLog {
  note(note: TaskNote): Promise<void>;
  /** Newest first. */
  read(filter: LogFilter): Promise<LogPage>;
  /** In the order in which it was seen. */
  timeline(taskId: Hex): Promise<LogEntry[]>;
  /** Drops old entries of tasks that are settled. @returns how many */
  prune(): Promise<number>;
}

export interface TaskLogOptions {
  /** How long entries of settled tasks are kept, in milliseconds; 30 days unless told. */
  readonly logRetentionMs?: number;
}

/** Of one task: a timeline is bounded by its places, but nobody has to be believed in that. */
const LONGEST_TIMELINE = 1_000;
const PRUNED_AT_ONCE = 10_000;

export function createTaskLog(
  { database, clock = systemClock }: { readonly database: PoolDatabase; readonly clock?: Clock },
  { logRetentionMs = 30 * 86_400_000 }: TaskLogOptions = {},
): TaskLog {
  const { kysely } = database;
  return {
    async note({ taskId, entry, worker = null, tx = null }) {
      const at = new Date(clock.now());
      await kysely
        .insertInto("timeline")
        .values({ task_id: taskId, at, block: null, worker, tx, entry })
        .execute();
    },

    async read({ task, worker, before, limit }) {
      let query = kysely.selectFrom("timeline").selectAll().orderBy("id", "desc").limit(limit);
      if (task !== undefined) query = query.where("task_id", "=", task);
      if (worker !== undefined) query = query.where("worker", "=", worker);
      if (before !== undefined) query = query.where("id", "<", before);
      const rows = await query.execute();
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        entries: rows.map((row) => ({ taskId: row.task_id, ...entryOf(row) })),
        ...(last === undefined ? {} : { next: String(last.id) }),
      };
    },

    async timeline(taskId) {
      const rows = await kysely
        .selectFrom("timeline")
        .selectAll()
        .where("task_id", "=", taskId)
        .orderBy("id")
        .limit(LONGEST_TIMELINE)
        .execute();
      return rows.map(entryOf);
    },

    async prune() {
      const old = kysely
        .selectFrom("timeline")
        .innerJoin("tasks", "tasks.id", "timeline.task_id")
        .select("timeline.id")
        .where("timeline.at", "<", new Date(clock.now() - logRetentionMs))
        .where("tasks.status", "!=", "open")
        .limit(PRUNED_AT_ONCE);
      const { numDeletedRows } = await kysely
        .deleteFrom("timeline")
        .where("id", "in", old)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

function entryOf({ at, block, worker, tx, entry }: Selectable<PoolTables["timeline"]>): LogEntry {
  return {
    at: at.toISOString(),
    ...(block === null ? {} : { block: String(block) }),
    ...(worker === null ? {} : { worker }),
    ...(tx === null ? {} : { tx }),
    entry,
  };
}
