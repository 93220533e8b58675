import { sql } from "kysely";
import type { Address, Hex } from "viem";
import type { WorkerFault, WorkerStanding } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { AnswerOdds } from "#src/protocol/replication-forecast.ts";
import type { PoolDatabase } from "./pool-tables.ts";
import type { WorkerRegistryOptions } from "./worker-registry.ts";

/** A step of one worker in one task; round 0: it was named, not drawn. */
export interface WorkerTurn {
  readonly taskId: Hex;
  readonly worker: Address;
  readonly round: number;
}

/** How workers do: told from the chain's verdicts and from what the scheduler saw itself. */
export interface WorkerStandings {
  /** The worker was told to compute. @returns whether that is news */
  handedOut(turn: WorkerTurn): Promise<boolean>;
  /** The worker answered. @returns whether that is news */
  answered(turn: WorkerTurn): Promise<boolean>;
  /** The worker did something it should not have, or nothing. @returns whether that is news */
  mark(turn: WorkerTurn, fault: WorkerFault): Promise<boolean>;
  /** All workers that the pool ever heard of, by address. */
  list(): Promise<WorkerStanding[]>;
  of(worker: Address): Promise<WorkerStanding | undefined>;
  /** The chances of one more place, by what the chain said of all places so far. */
  odds(): Promise<AnswerOdds>;
}

/**
 * What is believed before anything is known: nine places of ten bring the right answer. It weighs as much as so many
 * places that were seen.
 */
const PRIOR = { places: 20, right: 0.9, wrong: 0.05 };

export function createWorkerStandings(
  { database, clock = systemClock }: { readonly database: PoolDatabase; readonly clock?: Clock },
  { connectedMs = 30_000 }: WorkerRegistryOptions = {},
): WorkerStandings {
  const { kysely } = database;

  return {
    async handedOut({ taskId, worker, round }) {
      const { numInsertedOrUpdatedRows } = await kysely
        .insertInto("hand_outs")
        .values({ task_id: taskId, worker, round, handed_at: new Date(clock.now()), answered_at: null })
        .onConflict((known) => known.doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },

    async answered({ taskId, worker, round }) {
      const { numUpdatedRows } = await kysely
        .updateTable("hand_outs")
        .set({ answered_at: new Date(clock.now()) })
        .where("task_id", "=", taskId)
        .where("worker", "=", worker)
        .where("round", "=", round)
        .where("answered_at", "is", null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async mark({ taskId, worker, round }, fault) {
      const { numInsertedOrUpdatedRows } = await kysely
        .insertInto("faults")
        .values({ task_id: taskId, worker, round, fault, at: new Date(clock.now()) })
        .onConflict((known) => known.doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },

    list: () => standings(undefined),
    of: async (worker) => (await standings(worker))[0],

    async odds() {
      const rows = await kysely
        .selectFrom("verdicts")
        .select(["verdict", (each) => each.fn.countAll<bigint>().as("count")])
        .groupBy("verdict")
        .execute();
      const seen = (verdict: string) => Number(rows.find((row) => row.verdict === verdict)?.count ?? 0n);
      const [right, wrong] = [seen("right"), seen("wrong")];
      const places = right + wrong + seen("missed") + PRIOR.places;
      return {
        right: (right + PRIOR.right * PRIOR.places) / places,
        wrong: (wrong + PRIOR.wrong * PRIOR.places) / places,
      };
    },
  };

  async function standings(worker: Address | undefined): Promise<WorkerStanding[]> {
    const only = worker === undefined ? sql`true` : sql`address = ${worker}`;
    const { rows } = await sql<Row>`
      with known as (
        select address from workers union select worker from places union select worker from verdicts
        union select worker from hand_outs)
      select known.address, workers.slots, workers.seen_at, coalesce(workers.unreplicated, false) as unreplicated,
        handed.*, judged.*, faulted.faults
      from known left join workers using (address)
      cross join lateral (
        select count(*) as hand_outs, count(answered_at) as answers,
          percentile_cont(0.5) within group (order by extract(epoch from answered_at - handed_at) * 1000)
            filter (where answered_at is not null) as median_ms
        from hand_outs where worker = known.address) handed
      cross join lateral (
        select count(*) filter (where verdict = 'right') as "right",
          count(*) filter (where verdict = 'wrong') as wrong,
          count(*) filter (where verdict = 'missed') as missed,
          coalesce(sum(amount) filter (where verdict = 'right'), 0)::int8 as earned,
          coalesce(sum(amount) filter (where verdict <> 'right'), 0)::int8 as lost
        from verdicts where worker = known.address) judged
      cross join lateral (
        select coalesce(jsonb_object_agg(fault, times), '{}') as faults
        from (select fault, count(*) as times from faults where worker = known.address group by fault) each) faulted
      where ${only} order by known.address`.execute(kysely);
    return rows.map(standingOf);
  }

  function standingOf(row: Row): WorkerStanding {
    const seen = row.seen_at;
    return {
      address: row.address,
      connected: seen !== null && seen.getTime() > clock.now() - connectedMs,
      ...(seen === null ? {} : { lastSeen: seen.toISOString() }),
      ...(row.slots === null ? {} : { slots: row.slots }),
      unreplicated: row.unreplicated,
      handOuts: Number(row.hand_outs),
      answers: Number(row.answers),
      ...(row.median_ms === null ? {} : { medianAnswerMs: Math.round(row.median_ms) }),
      right: Number(row.right),
      wrong: Number(row.wrong),
      missed: Number(row.missed),
      earnedNano: row.earned,
      lostNano: row.lost,
      faults: row.faults,
    };
  }
}

interface Row {
  readonly address: Address;
  readonly slots: number | null;
  readonly seen_at: Date | null;
  readonly unreplicated: boolean;
  readonly hand_outs: bigint;
  readonly answers: bigint;
  readonly median_ms: number | null;
  readonly right: bigint;
  readonly wrong: bigint;
  readonly missed: bigint;
  readonly earned: bigint;
  readonly lost: bigint;
  readonly faults: Partial<Record<WorkerFault, number>>;
}
