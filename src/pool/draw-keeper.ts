import { attempt } from "#src/chain/attempt.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { roundOf } from "#src/protocol/places.ts";
import type { PocoChain } from "./poco-chain.ts";
import { RECORD_SEED_AFTER } from "./replication-timing.ts";
import type { TaskSight } from "./task-sight.ts";
import type { Place, TaskStore } from "./task-store.ts";

/** Who was drawn for a task: read once for each round, and kept readable for as long as the task runs. */
export function createDrawKeeper(deps: { chain: PocoChain; store: TaskStore; logger: Logger }) {
  const { chain, store, logger } = deps;
  const recorded = new Set<bigint>();

  /** @returns places of all rounds so far, or undefined while the running round's seed is unknown */
  return async (sight: TaskSight): Promise<Place[] | undefined> => {
    const { taskId, task, course, head } = sight;
    if (head > course.seedBlock + RECORD_SEED_AFTER) await record(course.seedBlock);
    if (task.round === course.round && task.seed_block === course.seedBlock) return store.places(taskId);
    const places = await draw(sight);
    if (places !== undefined) await store.setDraw(taskId, course, places);
    return places;
  };

  async function draw({ deal, index, course }: TaskSight): Promise<Place[] | undefined> {
    const seats = await chain.drawn(deal, index, course.round);
    if (seats === undefined) return undefined;
    return Promise.all(
      seats.map(async (seat, position) => {
        const { worker, score } = await chain.seat(deal.pool, seat);
        return { seat, worker, score, round: roundOf(position, deal.trust) };
      }),
    );
  }

  async function record(block: bigint): Promise<void> {
    if (recorded.has(block)) return;
    await attempt(logger, `record the seed of block ${block}`, () => chain.recordSeed(block));
    // Refused, it was forgotten already, and stays so.
    recorded.add(block);
  }
}
