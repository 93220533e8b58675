import type { Hex } from "viem";
import { assetIdToHex, NO_ASSET } from "./ids.ts";
import type { AppOrder, Conditions, DatasetOrder, PoolOrder, RequestOrder } from "./orders.ts";
import type { Leg, Refusal } from "./refusals.ts";
import { allows, onlyAccount } from "./restrictions.ts";
import { missingTags } from "./tags.ts";

/** Orders that may go together; `dataset` is absent where the request wants none. */
export interface Quartet {
  readonly request: RequestOrder;
  readonly app: AppOrder;
  readonly dataset?: DatasetOrder | undefined;
  readonly pool: PoolOrder;
}

/** A question only a contract can answer: is `subject` a member of the group that `restriction` names? */
export interface GroupQuestion {
  readonly restriction: Hex;
  readonly subject: Hex;
}

export type MatchVerdict =
  | { readonly type: "refused"; readonly leg: Leg; readonly refusal: Refusal }
  /** The orders go together if every question is answered with yes; mostly there is none. */
  | { readonly type: "compatible"; readonly questions: readonly GroupQuestion[] };

/**
 * Whether orders that are each valid go together: twin of `contracts/clerk/MatchRules.sol`, in the same order of checks.
 */
export function checkMatch({ request, app, dataset, pool }: Quartet): MatchVerdict {
  const questions: GroupQuestion[] = [];
  const refused = (leg: Leg, refusal: Refusal): MatchVerdict => ({ type: "refused", leg, refusal });
  const ofApp = checkApp(request, app, questions) ?? checkOnlyPool(app, pool, questions);
  if (ofApp !== undefined) return refused("app", ofApp);
  if (dataset === undefined) {
    if (request.dataset !== NO_ASSET) return refused("dataset", "DatasetMissing");
  } else {
    const ofDataset = checkDataset(request, dataset, questions) ?? checkOnlyPool(dataset, pool, questions);
    if (ofDataset !== undefined) return refused("dataset", ofDataset);
  }
  const needed = [request.tag, app.tag, ...(dataset === undefined ? [] : [dataset.tag])];
  const ofPool = checkPool(request, pool, needed, questions);
  return ofPool === undefined ? { type: "compatible", questions } : refused("pool", ofPool);
}

/** The request against the app's order. Questions for groups are added to `questions`; undefined: nothing against it. */
export function checkApp(
  request: RequestOrder,
  app: AppOrder,
  questions: GroupQuestion[],
): Refusal | undefined {
  if (app.app !== request.app) return "OtherApp";
  if (app.price > request.maxAppPrice) return "PriceAboveBid";
  if (app.trust > request.trust) return "TrustNotMet";
  if (!sameCertifier(app, request)) return "OtherCertifier";
  return admitted(questions, [
    [request.onlyApp, () => assetIdToHex(app.app)],
    [app.onlyRequester, () => onlyAccount(request.requester)],
    [app.onlyDataset, () => assetIdToHex(request.dataset)],
  ]);
}

/** The request against the dataset's order. */
export function checkDataset(
  request: RequestOrder,
  dataset: DatasetOrder,
  questions: GroupQuestion[],
): Refusal | undefined {
  if (dataset.dataset !== request.dataset) return "OtherDataset";
  if (dataset.price > request.maxDatasetPrice) return "PriceAboveBid";
  if (dataset.trust > request.trust) return "TrustNotMet";
  if (!sameCertifier(dataset, request)) return "OtherCertifier";
  return admitted(questions, [
    [request.onlyDataset, () => assetIdToHex(dataset.dataset)],
    [dataset.onlyRequester, () => onlyAccount(request.requester)],
    [dataset.onlyApp, () => assetIdToHex(request.app)],
  ]);
}

/** The request against the pool's order; `needed` are the tags of request, app and dataset. */
export function checkPool(
  request: RequestOrder,
  pool: PoolOrder,
  needed: readonly Hex[],
  questions: GroupQuestion[],
): Refusal | undefined {
  if (pool.category !== request.category) return "OtherCategory";
  if (pool.price > request.maxPoolPrice) return "PriceAboveBid";
  if (pool.trust < request.trust) return "TrustNotMet";
  if (missingTags(needed, pool.tag) !== undefined) return "TagNotMet";
  if (!sameCertifier(pool, request)) return "OtherCertifier";
  return admitted(questions, [
    [request.onlyPool, () => assetIdToHex(pool.pool)],
    [pool.onlyRequester, () => onlyAccount(request.requester)],
    [pool.onlyApp, () => assetIdToHex(request.app)],
    [pool.onlyDataset, () => assetIdToHex(request.dataset)],
  ]);
}

/** What an app's or a dataset's order says about the pool. */
export function checkOnlyPool(
  seller: AppOrder | DatasetOrder,
  pool: PoolOrder,
  questions: GroupQuestion[],
): Refusal | undefined {
  return admitted(questions, [[seller.onlyPool, () => assetIdToHex(pool.pool)]]);
}

/** Subjects are made only where a restriction asks for them: mostly none does. */
function admitted(
  questions: GroupQuestion[],
  rules: readonly (readonly [restriction: Hex, subject: () => Hex])[],
): Refusal | undefined {
  for (const [restriction, subjectOf] of rules) {
    if (/^0x0*$/.test(restriction)) continue;
    const subject = subjectOf();
    const answer = allows(restriction, subject);
    if (answer === false) return "Restricted";
    if (answer === "ask") questions.push({ restriction, subject });
  }
  return undefined;
}

function sameCertifier(a: { conditions: Conditions }, b: { conditions: Conditions }): boolean {
  return a.conditions.certifier.toLowerCase() === b.conditions.certifier.toLowerCase();
}
