import { keccak256, numberToHex, zeroAddress, zeroHash } from "viem";
import type { Conditions } from "#src/protocol/orders.ts";
import type { Moment } from "../moment.ts";
import { type Leg, MatchRefused } from "./batch.ts";
import type { Deal } from "./deal.ts";
import { type Fills, requestIdOf } from "./fills.ts";
import type { Quartet } from "./match-check.ts";
import type { Standing } from "./standing.ts";

/** The deal that a match comes to now, but for what the certifier adds. Throws `MatchRefused` without volume. */
export function draftOf(quartet: Quartet, fills: Fills, now: Moment): Deal {
  const { request, app, dataset, pool, standing } = quartet;
  const requestId = requestIdOf(request.requester, request.conditions.salt);
  const tags = [request.tag, app.tag, dataset?.tag ?? zeroHash];
  return {
    requestId,
    app: app.app,
    dataset: dataset?.dataset ?? 0n,
    pool: pool.pool,
    appOwner: standing.app.signer,
    datasetOwner: standing.dataset?.signer ?? zeroAddress,
    poolOwner: standing.pool.signer,
    requester: request.requester,
    payer: request.sponsor === zeroAddress ? request.requester : request.sponsor,
    beneficiary: request.beneficiary,
    callback: request.callback,
    certifier: request.conditions.certifier,
    appPrice: app.price,
    datasetPrice: dataset?.price ?? 0n,
    poolPrice: pool.price,
    poolStake: 0n,
    sealedAtBlock: now.block,
    firstTask: fills.sealed("request", request.requester, request.conditions.salt, requestId),
    volume: volumeOf(quartet, fills),
    trust: request.trust,
    category: request.category,
    tag: numberToHex(
      tags.reduce((all, tag) => all | BigInt(tag), 0n),
      { size: 32 },
    ),
    paramsHash: keccak256(request.params),
    attesters: request.attesters,
    frozen: zeroHash,
  };
}

/** The smallest volume left, if it is enough for everybody. */
function volumeOf({ request, app, dataset, pool, standing }: Quartet, fills: Fills): number {
  const orders: ReadonlyArray<readonly [Leg, Conditions | undefined, Standing | undefined]> = [
    ["request", request.conditions, standing.request],
    ["app", app.conditions, standing.app],
    ["dataset", dataset?.conditions, standing.dataset],
    ["pool", pool.conditions, standing.pool],
  ];
  const present = orders.flatMap(([leg, conditions, of]) => {
    if (conditions === undefined || of === undefined) return [];
    // All requests with a salt are one, whoever of them was sealed.
    const name = leg === "request" ? requestIdOf(of.signer, of.salt) : of.hash;
    const taken = fills.sealed(leg, of.signer, of.salt, name);
    return [{ leg, minFill: conditions.minFill, left: Math.max(conditions.volume - taken, 0) }];
  });
  // Of those who have the same left, the first is to blame.
  const scarcest = present.toSorted((a, b) => a.left - b.left)[0];
  if (scarcest === undefined || scarcest.left === 0) {
    throw new MatchRefused(scarcest?.leg ?? "request", "CancelledOrFilled");
  }
  const unwilling = present.find(({ minFill }) => scarcest.left < minFill);
  if (unwilling !== undefined) throw new MatchRefused(unwilling.leg, "FillTooSmall");
  return scarcest.left;
}
