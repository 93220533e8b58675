import type { Hex } from "viem";
import { NO_ASSET } from "#src/protocol/ids.ts";
import {
  checkApp,
  checkDataset,
  checkOnlyPool,
  checkPool,
  type GroupQuestion,
} from "#src/protocol/match-rules.ts";
import { type Leg, type Obstacle, REFUSALS, type Refusal } from "#src/protocol/refusals.ts";
import type { Counterparties, Rules } from "./find-quartet.ts";
import { available, type Resting, type RestingOrder } from "./resting-order.ts";
import type { Shelf } from "./shelf.ts";

/** Why one leg of a request finds nobody. */
export interface WhyNot {
  readonly leg: Leg;
  /** `NoOrder`: nobody offers it at all. */
  readonly refusal: Obstacle | "NoOrder";
  /** How many orders are refused for this. */
  readonly orders: number;
  /** One of them. */
  readonly example?: Hex;
}

/** Orders looked at for each leg: this explains, it does not match. */
const MOST_ORDERS = 500;

/**
 * The refusals that keep a request unmatched, by leg; within a leg those that came nearest to a match first. Empty
 * when nothing stands against it.
 */
export function whyNot(
  request: Resting<"request">,
  { apps, datasets, pools }: Counterparties,
  rules: Rules,
): WhyNot[] {
  const wanted = request.signed.order;
  if (request.blockedBy !== undefined) return [{ leg: "request", refusal: request.blockedBy, orders: 1 }];
  if (available(request) < request.minFill) return [{ leg: "request", refusal: "FillTooSmall", orders: 1 }];

  const appLeg = judge("app", apps, (order, questions) => checkApp(wanted, order.signed.order, questions));
  const datasetLeg =
    wanted.dataset === NO_ASSET
      ? undefined
      : judge("dataset", datasets, (order, questions) => checkDataset(wanted, order.signed.order, questions));
  const [app, dataset] = [appLeg.good[0]?.signed.order, datasetLeg?.good[0]?.signed.order];
  const sellers = [app, dataset].filter((order) => order !== undefined);
  const needed = [wanted.tag, ...sellers.map(({ tag }) => tag)];
  const poolLeg = judge("pool", pools, (order, questions) => {
    const pool = order.signed.order;
    const refusal = checkPool(wanted, pool, needed, questions);
    if (refusal !== undefined) return refusal;
    return sellers.some((seller) => checkOnlyPool(seller, pool, questions) !== undefined)
      ? "Restricted"
      : undefined;
  });
  return [...appLeg.reasons, ...(datasetLeg?.reasons ?? []), ...poolLeg.reasons];

  function judge<Type extends "app" | "dataset" | "pool">(
    leg: Leg,
    shelf: Shelf<Resting<Type>> | undefined,
    check: (order: Resting<Type>, questions: GroupQuestion[]) => Obstacle | undefined,
  ): { good: Resting<Type>[]; reasons: WhyNot[] } {
    const good: Resting<Type>[] = [];
    const found = new Map<Obstacle, { orders: number; example: Hex }>();
    for (const order of [...(shelf?.all ?? [])].slice(0, MOST_ORDERS)) {
      const questions: GroupQuestion[] = [];
      const refusal =
        check(order, questions) ??
        (rules.answers.open(questions) === undefined ? "Restricted" : undefined) ??
        order.blockedBy ??
        rules.exclusions.refusal(request.hash, order.hash) ??
        (tooSmall(request, order) ? "FillTooSmall" : undefined);
      if (refusal === undefined) {
        good.push(order);
        continue;
      }
      const before = found.get(refusal);
      found.set(refusal, { orders: (before?.orders ?? 0) + 1, example: before?.example ?? order.hash });
    }
    good.sort((a, b) => (a.price === b.price ? a.sequence - b.sequence : a.price < b.price ? -1 : 1));
    if (good.length > 0) return { good, reasons: [] };
    if (found.size === 0) return { good, reasons: [{ leg, refusal: "NoOrder", orders: 0 }] };
    const reasons = [...found].map(([refusal, of]) => ({ leg, refusal, ...of }));
    return { good, reasons: reasons.sort((a, b) => nearness(b.refusal) - nearness(a.refusal)) };
  }
}

function tooSmall(a: RestingOrder, b: RestingOrder): boolean {
  const volume = Math.min(available(a), available(b));
  return volume < a.minFill || volume < b.minFill;
}

/** `REFUSALS` stand in about the order in which they are checked: who fails late was nearly good. */
function nearness(refusal: Obstacle): number {
  return REFUSALS.indexOf(refusal as Refusal);
}
