import { attempt } from "#src/chain/attempt.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Committed } from "#src/protocol/contributions.ts";
import { GRACE_BLOCKS } from "#src/protocol/panel-parameters.ts";
import { judgeResult, type ScoredSeal } from "#src/protocol/verdict.ts";
import { createDrawKeeper } from "./draw-keeper.ts";
import type { PocoChain } from "./poco-chain.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import { type RoundVerdict, roundVerdict } from "./round-verdict.ts";
import type { TaskSight, TaskStep } from "./task-reconciler.ts";
import type { Place, TaskStore } from "./task-store.ts";

export interface ReplicatedStepDeps {
  readonly chain: PocoChain;
  readonly store: TaskStore;
  readonly metrics: PoolMetrics;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface ReplicatedStepOptions {
  /** Commit what there is when a round has no more than so many blocks left; 3 unless told. */
  readonly commitMarginBlocks?: bigint;
  /** How long those who may know a certain result have for it before others are drawn all the same; 20 unless told. */
  readonly patienceBlocks?: bigint;
}

/** The course of a task of trust above 1: drawn, sealed, committed, compared, and finalized or drawn for again. */
export function createReplicatedStep(
  deps: ReplicatedStepDeps,
  options: ReplicatedStepOptions = {},
): TaskStep {
  const { chain, store, metrics, logger, clock = systemClock } = deps;
  const { commitMarginBlocks = 3n, patienceBlocks = 20n } = options;
  const placesOf = createDrawKeeper({ chain, store, logger });

  return async (sight) => {
    const { taskId, deal, onChain, course } = sight;
    const places = await placesOf(sight);
    if (places === undefined) {
      return say(
        sight,
        `Waiting for block ${course.seedBlock}, whose hash draws the workers of round ${course.round}.`,
      );
    }
    const committed = await chain.committed(taskId, deal, onChain);
    await store.markCommitted(taskId, committed);
    await (course.closed ? conclude(sight, places, committed) : commitWhenDue(sight, places, committed));
  };

  async function commitWhenDue(sight: TaskSight, places: readonly Place[], committed: readonly Committed[]) {
    const { taskId, deal, index, head, course } = sight;
    const drawn = places.filter(({ round }) => round === course.round);
    const done = new Set(committed.filter(({ round }) => round === course.round).map(({ seat }) => seat));
    const pending = (await store.contributions(taskId)).flatMap(({ seat, seal, signature, worker }) => {
      const place = drawn.find((each) => each.seat === Number(seat));
      if (place?.worker !== worker || signature === null || done.has(place.seat)) return [];
      return [{ seat: place.seat, seal, signature }];
    });
    await say(
      sight,
      `Round ${course.round}: ${done.size + pending.length} of ${drawn.length} drawn workers have answered, ${done.size} on the chain.`,
    );
    const everybody = done.size + pending.length === drawn.length;
    if (pending.length === 0 || !(everybody || head + commitMarginBlocks >= course.closesAt)) return;
    const log = logger.child({ taskId, round: course.round });
    let mined = await attempt(log, "commit", () => chain.commit(deal, index, pending));
    // One seal the contract does not take, of a seat that lost its stake say, must not keep the others out.
    if (!mined && pending.length > 1) {
      for (const one of pending) {
        if (await attempt(log, "commit one", () => chain.commit(deal, index, [one]))) mined = true;
      }
    }
    if (mined) metrics.commits.inc();
  }

  async function conclude(sight: TaskSight, places: readonly Place[], committed: readonly Committed[]) {
    const { taskId, deal, index } = sight;
    const seals = await scored(deal.pool, committed);
    const drawn = places.length;
    const known = await store.result(taskId);
    if (known !== undefined) {
      if (judgeResult({ taskId, trust: deal.trust, drawn }, seals, known.result).reached) {
        await say(sight, "The result is sure enough and is being finalized.");
        await attempt(logger.child({ taskId }), "finalize", () =>
          chain.finalize(deal, index, committed, known.result),
        );
        return;
      }
      // Scores fell since it was accepted.
      await store.dropResult(taskId);
    }
    const verdict = roundVerdict({ trust: deal.trust, drawn, seals, digests: await store.digests(taskId) });
    await publish(sight, verdict, seals.length, drawn);
    await extendWhenDue(sight, verdict);
  }

  /** Tells the workers, who read it from the database through the API. */
  async function publish(
    sight: TaskSight,
    verdict: RoundVerdict,
    sealed: number,
    drawn: number,
  ): Promise<void> {
    const { taskId, task, course } = sight;
    const reveal = verdict.type === "reveal" ? verdict.digests.map(({ digest }) => digest) : [];
    const says = `Round ${course.round} is closed with ${sealed} of ${drawn} answers on the chain. ${WORDS[verdict.type]}`;
    if (task.closed && task.says === says && String(task.reveal) === String(reveal)) return;
    const since = reveal.length === 0 ? null : (task.reveal_since ?? new Date(clock.now()));
    await store.update(taskId, { closed: true, reveal, reveal_since: since, says });
  }

  async function extendWhenDue({ taskId, deal, index, head, course }: TaskSight, verdict: RoundVerdict) {
    const wait = verdict.type === "extend" ? GRACE_BLOCKS : patienceBlocks;
    if (head < course.closesAt + wait) return;
    await attempt(logger.child({ taskId }), "extend", () => chain.extend(deal, index, course.round));
  }

  async function scored(pool: bigint, committed: readonly Committed[]): Promise<ScoredSeal[]> {
    return Promise.all(
      committed.map(async (seal) => ({ ...seal, score: (await chain.seat(pool, seal.seat)).score })),
    );
  }

  async function say({ taskId, task }: TaskSight, says: string): Promise<void> {
    if (task.says !== says) await store.update(taskId, { says });
  }
}

const WORDS = {
  wait: "Their digests are awaited.",
  reveal: "Enough may agree: they are asked for the result.",
  extend: "They do not agree surely enough: more workers will be drawn.",
} as const satisfies Record<RoundVerdict["type"], string>;
