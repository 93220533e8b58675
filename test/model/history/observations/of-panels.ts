import { sealsChain } from "#src/protocol/contributions.ts";
import type { Seat } from "../../panel/seats.ts";
import type { TaskBook } from "../../panel/task.ts";
import { RULES } from "../../rules.ts";
import type { PanelName, World } from "../world.ts";
import { type Observation, rowsOf, view } from "./observation.ts";

const STATUSES = ["open", "certified", "failed", "claimed"] as const;

/** Pools, seats, categories and tasks of one certifier. */
export function ofPanel({ law, assets }: World, name: PanelName, whole: boolean): Observation[] {
  const { seats: book, tasks, categories } = law[name];
  const { pools, seats } = book;
  const numbersOf = (id: bigint) => Array.from({ length: pools.get(id).seats + 1 }, (_, number) => number);
  const all = assets.pool.flatMap(({ id }) => numbersOf(id).map((number) => [String(id), String(number)]));
  const touched = rowsOf(seats, false).map(({ key }) => key);
  return [
    ...assets.pool.map(({ id }, i) => {
      const pool = pools.get(id);
      const words = [
        ...[pool.seatStake, BigInt(pool.schedulerShare), BigInt(pool.closed)],
        ...[BigInt(pool.opened), BigInt(pool.seats), BigInt(pool.liveSeats)],
      ];
      return view(`pool ${i} of ${name}`, name, "pool", [id], words);
    }),
    ...(whole ? all : touched).map((key) =>
      view(`seat ${key[1]} of pool ${key[0]} of ${name}`, name, "seat", key, seatWords(seats.get(...key))),
    ),
    ...rowsOf(categories, whole).flatMap(({ key, value }) =>
      value === undefined
        ? []
        : [
            view(`category ${key[0]} of ${name}`, name, "category", key, [
              value.roundBlocks,
              value.deadlineBlocks,
            ]),
          ],
    ),
    ...rowsOf(tasks.tasks, whole).map(({ key: [id], value }) =>
      view(`task ${id}`, name, "task", [id], taskWords(value)),
    ),
  ];
}

/** What is revealed of a jury's tasks. */
export function ofPolls({ law }: World, whole: boolean): Observation[] {
  const { polls } = law.jury;
  return rowsOf(polls.votes, whole).map(({ key: [id], value: votes }) => {
    const { leading, votes: most } = polls.tally(id as `0x${string}`);
    const revealed = votes.reduce((bits, { position }) => bits | (1n << BigInt(position)), 0n);
    return view(`poll of ${id}`, "jury", "poll", [id], [BigInt(leading), BigInt(most), revealed]);
  });
}

/** Seeds that somebody had recorded. */
export function ofSeeds({ law }: World, whole: boolean): Observation[] {
  return rowsOf(law.seeds.recorded, whole).flatMap(({ key, value }) =>
    value === undefined ? [] : [view(`seed of ${key[0]}`, "seeds", "seedOf", key, [BigInt(value)])],
  );
}

function seatWords(seat: Seat | undefined): bigint[] {
  if (seat === undefined) return Array<bigint>(8).fill(0n);
  const { worker, enrolledAt, leftAt, convicted, stake, score, misses, earned } = seat;
  return [
    ...[BigInt(worker), enrolledAt, leftAt, BigInt(convicted)],
    ...[stake, BigInt(score), BigInt(misses), earned],
  ];
}

function taskWords({ status, rounds, seals }: TaskBook): bigint[] {
  const running = rounds.at(-1);
  const drawnBefore = rounds.slice(0, -1).flatMap(({ drawn }) => drawn ?? []);
  const drawn = [...drawnBefore, ...(running?.drawn ?? [])];
  const places = drawn.reduce(
    (bits, seat, place) => (seals.some((each) => each.seat === seat) ? bits | (1n << BigInt(place)) : bits),
    0n,
  );
  const chain = BigInt(sealsChain(seals)) << (8n * 13n);
  const [first] = rounds;
  const completedAt = running?.completedAt;
  const sealedAt = (first?.seedBlock ?? 0n) - RULES.seedDelay;
  return [
    // Round 1 counts from the seal, and is not written before somebody commits.
    ...[BigInt(STATUSES.indexOf(status)), BigInt(rounds.length), BigInt(drawn.length)],
    ...[BigInt(running?.drawn?.length ?? 0), completedAt === undefined ? 0n : completedAt - sealedAt],
    ...[running === first ? 0n : (running?.seedBlock ?? 0n), places, chain],
  ];
}
