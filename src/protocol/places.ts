import type { Hex } from "viem";
import { placesAfter } from "./confidence.ts";
import { createShuffle } from "./draw.ts";

/** The round that the n-th drawn place belongs to, from 0 and over all rounds. */
export function roundOf(position: number, trust: number): number {
  let round = 1;
  while (position >= placesAfter(trust, round)) round++;
  return round;
}

/** Of all drawn so far, those of one round. */
export function placesOfRound(drawn: readonly number[], trust: number, round: number): readonly number[] {
  const before = round === 1 ? 0 : placesAfter(trust, round - 1);
  return drawn.slice(before, placesAfter(trust, round));
}

/** What a task's draw depends on beside its seeds. */
export interface Lottery {
  readonly taskId: Hex;
  readonly trust: number;
  /** How many seat numbers the pool had given out at the seal. */
  readonly seats: number;
  /** Whether a seat was taken before the seal, and not left before it. */
  readonly wasSeated: (seat: number) => Promise<boolean>;
}

/**
 * The seats drawn in the rounds whose seeds are given, in order: twin of `_draw` in `contracts/certifiers/panel/Draws.sol`.
 * Fewer where the pool has no more.
 */
export async function drawPlaces(lottery: Lottery, seeds: readonly Hex[]): Promise<number[]> {
  const { taskId, trust, seats, wasSeated } = lottery;
  const shuffle = createShuffle(seats);
  const drawn: number[] = [];
  for (const [before, seed] of seeds.entries()) {
    while (drawn.length < placesAfter(trust, before + 1)) {
      const seat = shuffle.draw(seed, taskId);
      if (seat === undefined) return drawn;
      if (await wasSeated(seat)) drawn.push(seat);
    }
  }
  return drawn;
}
