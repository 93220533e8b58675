import { NO_ASSET } from "#src/protocol/ids.ts";
import {
  checkApp,
  checkDataset,
  checkMatch,
  checkPool,
  type GroupQuestion,
} from "#src/protocol/match-rules.ts";
import type { Obstacle, Refusal } from "#src/protocol/refusals.ts";
import type { Exclusions } from "./exclusions.ts";
import type { GroupAnswers } from "./group-answers.ts";
import type { Quartet } from "./proposal.ts";
import { available, type Resting, type RestingOrder } from "./resting-order.ts";
import type { Shelf } from "./shelf.ts";

/** Where a request looks for its partners. */
export interface Counterparties {
  readonly apps: Shelf<Resting<"app">> | undefined;
  readonly datasets: Shelf<Resting<"dataset">> | undefined;
  readonly pools: Shelf<Resting<"pool">> | undefined;
}

export interface Rules {
  readonly answers: GroupAnswers;
  readonly exclusions: Exclusions;
}

/**
 * The first match for a request in the order of price, then time: pools first, then apps, then datasets. Several
 * orders for the app or the dataset are rare, pools compete.
 */
export function findQuartet(
  request: Resting<"request">,
  { apps, datasets, pools }: Counterparties,
  rules: Rules,
  now: bigint,
): Quartet | undefined {
  if (apps === undefined || pools === undefined) return undefined;
  const wanted = request.signed.order;
  const goodApps = sellers(request, apps, wanted.maxAppPrice, rules, now, (order, questions) =>
    checkApp(wanted, order.signed.order, questions),
  );
  if (goodApps.length === 0) return undefined;
  const goodDatasets: (Resting<"dataset"> | undefined)[] =
    wanted.dataset === NO_ASSET
      ? [undefined]
      : datasets === undefined
        ? []
        : sellers(request, datasets, wanted.maxDatasetPrice, rules, now, (order, questions) =>
            checkDataset(wanted, order.signed.order, questions),
          );
  if (goodDatasets.length === 0) return undefined;

  for (
    let pool = pools.ladder.best();
    pool !== undefined && pool.price <= request.price;
    pool = pools.ladder.after(pool)
  ) {
    if (pool.validUntil < now || rules.exclusions.refusal(request.hash, pool.hash) !== undefined) continue;
    // Most pools that do not fit are told by the request alone.
    if (checkPool(wanted, pool.signed.order, [wanted.tag], []) !== undefined) continue;
    for (const app of goodApps) {
      for (const dataset of goodDatasets) {
        const volume = commonVolume(request, app, dataset, pool);
        if (volume.refusal !== undefined) continue;
        const questions = questionsOf(request, app, dataset, pool, rules);
        if (questions === undefined) continue;
        return { request, app, ...(dataset ? { dataset } : {}), pool, volume: volume.tasks, questions };
      }
    }
  }
  return undefined;
}

/** The smallest available volume, as the Clerk takes it, and who finds it too small. */
export function commonVolume(
  request: Resting<"request">,
  app: Resting<"app">,
  dataset: Resting<"dataset"> | undefined,
  pool: Resting<"pool">,
): { readonly tasks: number; readonly refusal?: Refusal } {
  const orders: RestingOrder[] = dataset ? [request, app, dataset, pool] : [request, app, pool];
  const tasks = Math.min(...orders.map(available));
  return orders.some(({ minFill }) => tasks < minFill) ? { tasks, refusal: "FillTooSmall" } : { tasks };
}

function sellers<Type extends "app" | "dataset">(
  request: Resting<"request">,
  shelf: Shelf<Resting<Type>>,
  maxPrice: bigint,
  { answers, exclusions }: Rules,
  now: bigint,
  check: (order: Resting<Type>, questions: GroupQuestion[]) => Obstacle | undefined,
): Resting<Type>[] {
  const good: Resting<Type>[] = [];
  for (
    let order = shelf.ladder.best();
    order !== undefined && order.price <= maxPrice;
    order = shelf.ladder.after(order)
  ) {
    const questions: GroupQuestion[] = [];
    if (order.validUntil < now || exclusions.refusal(request.hash, order.hash) !== undefined) continue;
    if (check(order, questions) !== undefined) continue;
    if (answers.open(questions) !== undefined) good.push(order);
  }
  return good;
}

/** The questions still open for four orders that each fit the request; undefined when they do not fit together. */
function questionsOf(
  request: Resting<"request">,
  app: Resting<"app">,
  dataset: Resting<"dataset"> | undefined,
  pool: Resting<"pool">,
  { answers }: Rules,
): readonly GroupQuestion[] | undefined {
  const verdict = checkMatch({
    request: request.signed.order,
    app: app.signed.order,
    dataset: dataset?.signed.order,
    pool: pool.signed.order,
  });
  return verdict.type === "compatible" ? answers.open(verdict.questions) : undefined;
}
