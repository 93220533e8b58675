import { encodeAbiParameters, type Hex, keccak256, zeroHash } from "viem";
import { checkApp, checkDataset, checkPool, type GroupQuestion } from "#src/protocol/match-rules.ts";
import type { AppOrder, DatasetOrder, PoolOrder, RequestOrder } from "#src/protocol/orders.ts";
import { allows, onlyAsset } from "#src/protocol/restrictions.ts";
import { type Batch, type Leg, type Match, MatchRefused, NO_DATASET, type Terms } from "./batch.ts";
import type { Standing, Standings } from "./standing.ts";

/** The orders of one match, and how each stands. */
export interface Quartet {
  readonly request: RequestOrder;
  readonly app: AppOrder;
  readonly dataset?: DatasetOrder | undefined;
  readonly pool: PoolOrder;
  readonly standing: {
    readonly request: Standing;
    readonly app: Standing;
    readonly dataset?: Standing | undefined;
    readonly pool: Standing;
  };
}

/** @returns undefined where the match names an order that is not there */
export function quartetOf(batch: Batch, standings: Standings, match: Match): Quartet | undefined {
  const request = batch.requests[match.request]?.order;
  const app = batch.apps[match.app]?.order;
  const pool = batch.pools[match.pool]?.order;
  const none = match.dataset === NO_DATASET;
  const dataset = none ? undefined : batch.datasets[match.dataset]?.order;
  const standing = {
    request: standings.requests[match.request],
    app: standings.apps[match.app],
    dataset: none ? undefined : standings.datasets[match.dataset],
    pool: standings.pools[match.pool],
  };
  if (request === undefined || app === undefined || pool === undefined) return undefined;
  if (!none && dataset === undefined) return undefined;
  const { request: ofRequest, app: ofApp, pool: ofPool, dataset: ofDataset } = standing;
  if (ofRequest === undefined || ofApp === undefined || ofPool === undefined) return undefined;
  return {
    ...{ request, app, dataset, pool },
    standing: { request: ofRequest, app: ofApp, dataset: ofDataset, pool: ofPool },
  };
}

/** Whether orders go together, each standing by itself: throws `MatchRefused` with the leg to blame. */
export function checkQuartet(quartet: Quartet, isMember: (question: GroupQuestion) => boolean): void {
  const { request, app, dataset, pool, standing } = quartet;
  refuseUnless("request", standing.request.refusal);

  const demand = (leg: Leg, own: string, compare: (questions: GroupQuestion[]) => string | undefined) => {
    refuseUnless(leg, own);
    const questions: GroupQuestion[] = [];
    refuseUnless(leg, compare(questions) ?? "None");
    if (!questions.every(isMember)) throw new MatchRefused(leg, "Restricted");
  };
  demand(
    "app",
    standing.app.refusal,
    (questions) => checkApp(request, app, questions) ?? servedBy(app.onlyPool, pool, questions),
  );
  if (dataset === undefined) {
    if (request.dataset !== 0n) throw new MatchRefused("dataset", "DatasetMissing");
  } else {
    demand(
      "dataset",
      standing.dataset?.refusal ?? "None",
      (questions) => checkDataset(request, dataset, questions) ?? servedBy(dataset.onlyPool, pool, questions),
    );
  }
  const needed = [request.tag, app.tag, ...(dataset === undefined ? [] : [dataset.tag])];
  demand("pool", standing.pool.refusal, (questions) => checkPool(request, pool, needed, questions));
}

function servedBy(onlyPool: Hex, pool: PoolOrder, questions: GroupQuestion[]): string | undefined {
  const answer = allows(onlyPool, onlyAsset(pool.pool));
  if (answer === "ask") questions.push({ restriction: onlyPool, subject: onlyAsset(pool.pool) });
  return answer === false ? "Restricted" : undefined;
}

function refuseUnless(leg: Leg, refusal: string): void {
  if (refusal !== "None") throw new MatchRefused(leg, refusal);
}

/** The orders of a match that have further conditions, in the order in which they are asked: that of the legs. */
export function termsOf({ request, app, dataset, pool }: Quartet): Array<{ leg: Leg; terms: Hex }> {
  const all: Array<{ leg: Leg; terms: Hex }> = [
    { leg: "request", terms: request.conditions.terms },
    { leg: "app", terms: app.conditions.terms },
    { leg: "dataset", terms: dataset?.conditions.terms ?? zeroHash },
    { leg: "pool", terms: pool.conditions.terms },
  ];
  return all.filter(({ terms }) => terms !== zeroHash);
}

export function termsHash({ checker, data }: Terms): Hex {
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes" }], [checker, data]));
}
