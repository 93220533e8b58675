import { sql } from "kysely";
import type { Address, Hex } from "viem";
import type { WorkerStep, WorkerTask } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isSealOf } from "#src/protocol/contributions.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import type { WorkerWatch } from "./worker-watch.ts";

export interface WorkerTasksOptions {
  /** Who agree are asked for the result one after another: so long each has alone, in milliseconds; 5 s unless told. */
  readonly revealTurnMs?: number;
  /** How long a settled task is still listed as done, in milliseconds; 10 minutes unless told. */
  readonly doneMs?: number;
}

export interface WorkerTasksDeps {
  readonly database: PoolDatabase;
  readonly watch: WorkerWatch;
  readonly clock?: Clock;
}

/** What a worker is to do now, by task. */
export function createWorkerTasks(
  { database, watch, clock = systemClock }: WorkerTasksDeps,
  { revealTurnMs = 5_000, doneMs = 600_000 }: WorkerTasksOptions = {},
): (worker: Address) => Promise<WorkerTask[]> {
  const { kysely } = database;

  return async (worker) => {
    const rows = await kysely
      .selectFrom("tasks")
      .leftJoin("places", (join) =>
        join.onRef("places.task_id", "=", "tasks.id").on("places.worker", "=", worker),
      )
      .leftJoin("contributions", (join) =>
        join.onRef("contributions.task_id", "=", "tasks.id").on("contributions.worker", "=", worker),
      )
      .leftJoin("digests", (join) =>
        join.onRef("digests.task_id", "=", "tasks.id").on("digests.worker", "=", worker),
      )
      .leftJoin("results", "results.task_id", "tasks.id")
      .leftJoin("hand_outs", (join) =>
        join
          .onRef("hand_outs.task_id", "=", "tasks.id")
          .on("hand_outs.worker", "=", worker)
          .on((where) => where("hand_outs.round", "=", where.fn.coalesce("places.round", sql.lit(0)))),
      )
      .innerJoin("deals", "deals.id", "tasks.deal_id")
      .select([
        "tasks.id",
        "tasks.deal_id",
        "tasks.task_index",
        "tasks.status",
        "tasks.round",
        "tasks.closed",
        "tasks.reveal",
        "tasks.reveal_since",
        "places.seat",
        "places.round as place_round",
        "contributions.committed",
        "contributions.seal",
        "digests.digest",
        "results.worker as revealed_by",
        "hand_outs.handed_at",
        "deals.order_hash",
      ])
      .where((where) =>
        where.or([where("places.worker", "=", worker), where("tasks.assigned_to", "=", worker)]),
      )
      .where((where) =>
        where.or([
          where("tasks.status", "=", "open"),
          where("tasks.settled_at", ">", new Date(clock.now() - doneMs)),
        ]),
      )
      // Open ones first, for they have no such time.
      .orderBy("tasks.settled_at", "desc")
      .orderBy("tasks.id")
      .limit(1_000)
      .execute();
    return Promise.all(
      rows.map(async (row) => {
        const round = row.place_round ?? 0;
        const step = await stepOf(row, worker);
        if (step === "compute" && row.handed_at === null) {
          const stored = { task: row, dealId: row.deal_id, order: row.order_hash };
          await watch.handedOut(stored, { worker, round });
        }
        const seat = row.seat === null ? null : Number(row.seat);
        return {
          taskId: row.id,
          dealId: row.deal_id,
          order: row.order_hash,
          index: Number(row.task_index),
          round,
          seat,
          step,
        };
      }),
    );
  };

  async function stepOf(row: Row, worker: Address): Promise<WorkerStep> {
    if (row.status !== "open") return "done";
    if (row.revealed_by !== null) return "wait";
    // Named, not drawn.
    if (row.place_round === null) return "compute";
    const over = row.closed || row.place_round < row.round;
    if (row.seal === null) return over ? "done" : "compute";
    if (!over) return "wait";
    if (row.committed !== true) return "done";
    if (row.digest === null) return "disclose";
    return row.reveal.includes(row.digest) && (await isTheirTurn(row, worker, row.digest))
      ? "reveal"
      : "wait";
  }

  /** One is asked first, and one more with each turn that passes in silence. */
  async function isTheirTurn(row: Row, worker: Address, digest: Hex): Promise<boolean> {
    const turns =
      row.reveal_since === null ? 0 : Math.floor((clock.now() - row.reveal_since.getTime()) / revealTurnMs);
    const seals = await kysely
      .selectFrom("contributions")
      .innerJoin("digests", (join) =>
        join
          .onRef("digests.task_id", "=", "contributions.task_id")
          .onRef("digests.worker", "=", "contributions.worker"),
      )
      .select(["contributions.worker", "contributions.seal"])
      .where("contributions.task_id", "=", row.id)
      .where("digests.digest", "=", digest)
      .orderBy("contributions.seat")
      .execute();
    const agreeing = seals.filter((seal) => isSealOf(seal, digest));
    const place = agreeing.findIndex((each) => each.worker === worker);
    return place >= 0 && place <= turns;
  }
}

interface Row {
  readonly id: Hex;
  readonly status: string;
  readonly round: number;
  readonly closed: boolean;
  readonly reveal: readonly Hex[];
  readonly reveal_since: Date | null;
  readonly place_round: number | null;
  readonly committed: boolean | null;
  readonly seal: Hex | null;
  readonly digest: Hex | null;
  readonly revealed_by: Address | null;
}
