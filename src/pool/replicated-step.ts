import type { Address } from "viem";
import { attempt } from "#src/chain/attempt.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { placesAfter } from "#src/protocol/confidence.ts";
import type { Committed } from "#src/protocol/contributions.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { GRACE_BLOCKS, MAX_PLACES, SEED_DELAY } from "#src/protocol/panel-parameters.ts";
import { judgeResult, type ScoredSeal } from "#src/protocol/verdict.ts";
import { createDrawKeeper } from "./draw-keeper.ts";
import type { Forecaster } from "./forecaster.ts";
import type { PocoChain } from "./poco-chain.ts";
import type { PoolMetrics } from "./pool-metrics.ts";
import { type ReplicatedStepOptions, replicationTiming } from "./replication-timing.ts";
import {
  type ClosedRound,
  type RoundDigest,
  type RoundVerdict,
  roundVerdict,
  sealsTold,
} from "./round-verdict.ts";
import { taskLogger } from "./task-logger.ts";
import type { TaskSight, TaskStep } from "./task-sight.ts";
import type { ContributionRow, Place, TaskStore } from "./task-store.ts";
import type { WorkerWatch } from "./worker-watch.ts";

export interface ReplicatedStepDeps {
  readonly chain: PocoChain;
  readonly store: TaskStore;
  readonly forecaster: Forecaster;
  readonly watch: WorkerWatch;
  readonly metrics: PoolMetrics;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The course of a task of trust above 1: drawn, sealed, committed, compared, and finalized or drawn for again. */
export function createReplicatedStep(
  deps: ReplicatedStepDeps,
  options: ReplicatedStepOptions = {},
): TaskStep {
  const { chain, store, forecaster, watch, metrics, logger, clock = systemClock } = deps;
  const { commitMarginBlocks, patienceBlocks } = replicationTiming(options);
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
    const { deal, index, head, course } = sight;
    const drawn = places.filter(({ round }) => round === course.round);
    const done = new Set(committed.filter(({ round }) => round === course.round).map(({ seat }) => seat));
    const contributions = await store.contributions(sight.taskId);
    const pending = contributions.flatMap(({ seat, seal, signature, worker }) => {
      const place = drawn.find((each) => each.seat === Number(seat));
      if (place?.worker !== worker || signature === null || done.has(place.seat)) return [];
      return [{ seat: place.seat, seal, signature }];
    });
    await say(
      sight,
      `Round ${course.round}: ${done.size + pending.length} of ${drawn.length} drawn workers have answered, ${done.size} on the chain.`,
    );
    await foresee(sight, places, contributions);
    const everybody = done.size + pending.length === drawn.length;
    if (pending.length === 0 || !(everybody || head + commitMarginBlocks >= course.closesAt)) return;
    const log = taskLogger(logger, sight).child({ round: course.round });
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
        await attempt(taskLogger(logger, sight), "finalize", () =>
          chain.finalize(deal, index, committed, known.result),
        );
        return;
      }
      // Scores fell since it was accepted.
      await store.dropResult(taskId);
    }
    const round = { trust: deal.trust, drawn, seals, digests: await store.digests(taskId) };
    const verdict = roundVerdict(round);
    await publish(sight, verdict, seals.length, drawn);
    await forecaster.closed(sight, round);
    await notice(sight, places, round);
    await extendWhenDue(sight, verdict, drawn);
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

  async function extendWhenDue(sight: TaskSight, verdict: RoundVerdict, drawn: number) {
    const { deal, index, head, course } = sight;
    if (!canExtend(sight, drawn)) return;
    const wait = verdict.type === "extend" ? GRACE_BLOCKS : patienceBlocks;
    if (head < course.closesAt + wait) return;
    await attempt(taskLogger(logger, sight), "extend", () => chain.extend(deal, index, course.round));
  }

  /** What an open round still takes; earlier rounds may be told already. */
  async function foresee(
    sight: TaskSight,
    places: readonly Place[],
    contributions: readonly ContributionRow[],
  ): Promise<void> {
    const { taskId, deal, course } = sight;
    const scoreOf = new Map(places.map(({ seat, score }) => [seat, score]));
    const earlier = contributions
      .filter(({ committed, round }) => committed && round < course.round)
      .map(({ seat, round, worker, seal }) => {
        return { seat: Number(seat), round, worker, seal, score: scoreOf.get(Number(seat)) ?? 0 };
      });
    const digests = earlier.length === 0 ? [] : await store.digests(taskId);
    const told = sealsTold({ trust: deal.trust, drawn: places.length, seals: earlier, digests });
    const answered = new Set(contributions.map(({ seat }) => Number(seat)));
    await forecaster.open(sight, places, answered, told);
  }

  /** Who let the round go by; and who does not tell what it sealed, while nobody else told the result. */
  async function notice(sight: TaskSight, places: readonly Place[], { seals, digests }: SeenRound) {
    const { taskId, head, course } = sight;
    const answered = new Set((await store.contributions(taskId)).map(({ seat }) => Number(seat)));
    for (const { seat, worker, round } of places) {
      // What was received and not committed is not the worker's omission.
      if (!answered.has(seat)) await watch.fault(sight, { worker, round }, "silent");
    }
    if (head < course.closesAt + GRACE_BLOCKS) return;
    for (const { worker, round } of seals) {
      if (digests.some((each) => each.worker === worker && each.round === round)) continue;
      await watch.fault(sight, { worker, round }, "undisclosed");
    }
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

/** Whether another round could be drawn and kept; else the task ends by this one or by its deadline. As `Rounds.sol`. */
function canExtend({ deal, head, course }: TaskSight, drawn: number): boolean {
  // Fewer than there should be: no seat is left that was not drawn.
  if (drawn >= MAX_PLACES || drawn < placesAfter(deal.trust, course.round)) return false;
  const { roundBlocks, deadlineBlocks } = frozenTerms(deal);
  // Mined in the next block at the earliest.
  const neededUntil = head + 1n + SEED_DELAY + roundBlocks + GRACE_BLOCKS;
  return neededUntil <= deal.sealedAtBlock + deadlineBlocks;
}

interface SeenRound extends ClosedRound {
  readonly digests: readonly (RoundDigest & { readonly worker: Address })[];
}

const WORDS = {
  wait: "Their digests are awaited.",
  reveal: "Enough may agree: they are asked for the result.",
  extend: "They do not agree surely enough: more workers will be drawn.",
} as const satisfies Record<RoundVerdict["type"], string>;
