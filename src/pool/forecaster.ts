import type { TaskForecast } from "#src/client/pool-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { weight } from "#src/protocol/confidence.ts";
import {
  type AnswerOdds,
  forecastRounds,
  type Replication,
  sealsNeeded,
} from "#src/protocol/replication-forecast.ts";
import { type ClosedRound, type SealsTold, sealsTold } from "./round-verdict.ts";
import { taskLogger } from "./task-logger.ts";
import type { TaskSight } from "./task-sight.ts";
import type { Place, TaskStore } from "./task-store.ts";
import type { WorkerStandings } from "./worker-standing.ts";

export interface ForecasterDeps {
  readonly store: TaskStore;
  readonly standings: WorkerStandings;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/**
 * Keeps what a task still takes with the task, for whoever asks. Nobody can be warned by it: whom a later round will draw is
 * not known before its seed's block is there.
 */
export interface Forecaster {
  /**
   * While a round is open.
   * @param answered the seats, of all rounds, that have sealed something
   * @param told what is known of the seals of earlier rounds
   */
  open(
    sight: TaskSight,
    places: readonly Place[],
    answered: ReadonlySet<number>,
    told: SealsTold,
  ): Promise<void>;
  /** Once it is closed: of its seals, some are told. */
  closed(sight: TaskSight, round: ClosedRound): Promise<void>;
}

const ODDS_MS = 60_000;

export function createForecaster({
  store,
  standings,
  logger,
  clock = systemClock,
}: ForecasterDeps): Forecaster {
  let known: { readonly odds: AnswerOdds; readonly until: number } | undefined;

  return {
    async open(sight, places, answered, { agreeing, differing, untold }) {
      const { deal, course } = sight;
      const running = places.filter(({ round }) => round === course.round);
      const awaited = running.filter(({ seat }) => !answered.has(seat));
      const sealed = [...untold, ...running.filter(({ seat }) => answered.has(seat))];
      const seen = agreeing.length + differing.length + sealed.length + awaited.length;
      await keep(sight, {
        ...{ trust: deal.trust, round: course.round, missed: places.length - seen },
        ...{ agreeing: weights(agreeing), differing: weights(differing) },
        ...{ sealed: weights(sealed), awaited: weights(awaited) },
      });
    },

    async closed(sight, round) {
      const { agreeing, differing, untold } = sealsTold(round);
      await keep(sight, {
        ...{ trust: round.trust, round: sight.course.round, awaited: [] },
        ...{ agreeing: weights(agreeing), differing: weights(differing), sealed: weights(untold) },
        missed: round.drawn - round.seals.length,
      });
    },
  };

  async function keep(sight: TaskSight, replication: Replication): Promise<void> {
    const needed = sealsNeeded(replication);
    const { thisRound, rounds } = forecastRounds(replication, await oddsNow());
    const forecast: TaskForecast = {
      sealsNeeded: needed?.seals ?? null,
      inRound: needed?.round ?? null,
      thisRound: rounded(thisRound),
      rounds: rounded(rounds),
    };
    const before = sight.task.forecast;
    if (before !== null && same(before, forecast)) return;
    await store.update(sight.taskId, { forecast });
    taskLogger(logger, sight).info({ round: replication.round, ...forecast }, "forecast");
  }

  async function oddsNow(): Promise<AnswerOdds> {
    if (known === undefined || known.until < clock.now()) {
      known = { odds: await standings.odds(), until: clock.now() + ODDS_MS };
    }
    return known.odds;
  }
}

function weights(scored: readonly { readonly score: number }[]): bigint[] {
  return scored.map(({ score }) => weight(score));
}

/** Odds are no better than that. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** The database keeps no order of members. */
function same(a: TaskForecast, b: TaskForecast): boolean {
  return (Object.keys(b) as (keyof TaskForecast)[]).every((name) => a[name] === b[name]);
}
