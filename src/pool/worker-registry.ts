import { sql } from "kysely";
import type { Address } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { PoolDatabase } from "./pool-tables.ts";

/** Which workers are connected; only matters where the scheduler names the worker. */
export interface WorkerRegistry {
  seen(worker: {
    readonly address: Address;
    readonly slots: number;
    readonly unreplicated: boolean;
  }): Promise<void>;
  /** How many workers said hello lately. */
  connected(): Promise<number>;
  isConnected(worker: Address): Promise<boolean>;
  /**
   * The connected worker, other than `not`, that has let the fewest tasks down since it last answered, and of those the one
   * with the most free slots; undefined when none has one.
   */
  idlest(not: Address | null): Promise<Address | undefined>;
}

export interface WorkerRegistryOptions {
  /** How long a hello holds, in milliseconds; 30 s unless told. */
  readonly connectedMs?: number;
}

export function createWorkerRegistry(
  { database, clock = systemClock }: { readonly database: PoolDatabase; readonly clock?: Clock },
  { connectedMs = 30_000 }: WorkerRegistryOptions = {},
): WorkerRegistry {
  const { kysely } = database;
  const since = () => new Date(clock.now() - connectedMs);
  return {
    async seen({ address, slots, unreplicated }) {
      const row = { slots, unreplicated, seen_at: new Date(clock.now()) };
      await kysely
        .insertInto("workers")
        .values({ address, ...row })
        .onConflict((at) => at.column("address").doUpdateSet(row))
        .execute();
    },
    async connected() {
      const { count } = await kysely
        .selectFrom("workers")
        .select((row) => row.fn.countAll<bigint>().as("count"))
        .where("seen_at", ">", since())
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async isConnected(worker) {
      const row = await kysely
        .selectFrom("workers")
        .select("address")
        .where("address", "=", worker)
        .where("seen_at", ">", since())
        .executeTakeFirst();
      return row !== undefined;
    },
    async idlest(not) {
      const rows = await kysely
        .selectFrom("workers")
        .leftJoin("tasks", (join) =>
          join.onRef("tasks.assigned_to", "=", "workers.address").on("tasks.status", "=", "open"),
        )
        .select(["workers.address", "workers.slots", (row) => row.fn.count<bigint>("tasks.id").as("busy")])
        .select(
          sql<bigint>`(select count(*) from faults where worker = workers.address and fault = 'late' and at > coalesce(
            (select max(answered_at) from hand_outs where worker = workers.address and round = 0), to_timestamp(0)))`.as(
            "late",
          ),
        )
        .where("workers.unreplicated", "=", true)
        .where("workers.seen_at", ">", since())
        .groupBy(["workers.address", "workers.slots"])
        .orderBy("workers.address")
        .execute();
      const free = rows
        .filter(({ address }) => address !== not)
        .map(({ address, slots, busy, late }) => ({ address, late, free: slots - Number(busy) }))
        .filter((row) => row.free > 0)
        .sort((a, b) => Number(a.late - b.late) || b.free - a.free);
      return free[0]?.address;
    },
  };
}
