import { createFastSortition, numberWord } from "./fast-sortition.ts";
import { createReferee, type OperatorShare } from "./operator-share.ts";

/** How many tasks ended in each round, and with whose result; the others stayed without one. */
export interface Tasks {
  readonly operator: readonly number[];
  readonly honest: readonly number[];
}

/**
 * Draws `tasks` tasks with the protocol's sortition and plays each to its end. The same numbers give the same tasks: task t
 * has the id `scenario`, and `t + 2^32 · (round − 1)` for the seed of its round, which is as good as any block's hash, since
 * only its keccak is used. The holder has the seats of the lowest numbers.
 */
export async function simulate(share: OperatorShare, scenario: number, tasks: number): Promise<Tasks> {
  const sortition = await createFastSortition(share.seats);
  const winner = createReferee(share);
  const random = createRandom(scenario);
  const ended = { operator: share.places.map(() => 0), honest: share.places.map(() => 0) };
  const taskId = numberWord(scenario);
  for (let task = 0; task < tasks; task++) {
    sortition.begin(taskId);
    let [operator, honest, taken] = [0, 0, 0];
    for (const [round, places] of share.places.entries()) {
      sortition.useSeed(numberWord(task + 2 ** 32 * round));
      for (; taken < places; taken++) {
        const seat = sortition.draw();
        if (seat === undefined) throw new RangeError("the pool has too few seats for the places");
        if (seat < share.operatorSeats) operator++;
        else if (share.absence === 0 || random() >= share.absence) honest++;
      }
      const side = winner(operator, honest, places);
      if (side === undefined) continue;
      ended[side][round] = (ended[side][round] ?? 0) + 1;
      break;
    }
  }
  return ended;
}

/** Numbers in [0, 1), the same for the same seed (Mulberry32): who is absent needs no more. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
