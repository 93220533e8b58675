import { getAddress, type Hex, hexToString, zeroAddress, zeroHash } from "viem";
import { assetIdToHex, NO_ASSET } from "#src/protocol/ids.ts";
import { inHanse } from "#src/protocol/money.ts";
import { type Conditions, type Order, payerOf, type RequestOrder } from "#src/protocol/orders.ts";
import { POOL_STAKE_PERCENT } from "#src/protocol/panel-parameters.ts";
import { restrictionRule } from "#src/protocol/restrictions.ts";
import { TAG_BITS } from "#src/protocol/tags.ts";
import { timeWords } from "./time-words.ts";

/** An order in words: everything that its signature will stand for. */
export function orderInWords(order: Order): string[] {
  const { conditions } = order.order;
  switch (order.type) {
    case "app": {
      const { app, price, trust, onlyDataset, onlyPool, onlyRequester } = order.order;
      return [
        `sell the use of app ${assetIdToHex(app)} for ${inHanse(price)} a task`,
        ...(trust > 0 ? [`only where trust ${trust} or more is asked for`] : []),
        ...needed(order.order.tag, "the pool has to offer"),
        ...only({ datasets: onlyDataset, pools: onlyPool, requesters: onlyRequester }),
        ...conditionWords(conditions),
      ];
    }
    case "dataset": {
      const { dataset, price, trust, onlyApp, onlyPool, onlyRequester } = order.order;
      return [
        `sell the use of dataset ${assetIdToHex(dataset)} for ${inHanse(price)} a task`,
        ...(trust > 0 ? [`only where trust ${trust} or more is asked for`] : []),
        ...needed(order.order.tag, "the pool has to offer"),
        ...only({ apps: onlyApp, pools: onlyPool, requesters: onlyRequester }),
        ...conditionWords(conditions),
      ];
    }
    case "pool": {
      const { pool, price, category, trust, onlyApp, onlyDataset, onlyRequester } = order.order;
      return [
        `sell computing in pool ${assetIdToHex(pool)} for ${inHanse(price)} a task`,
        `tasks of category ${category}, trust ${trust} at most; ${POOL_STAKE_PERCENT} % of the price are at stake for each`,
        ...needed(order.order.tag, "offers"),
        ...only({ apps: onlyApp, datasets: onlyDataset, requesters: onlyRequester }),
        ...conditionWords(conditions),
      ];
    }
    case "request":
      return [...requestWords(order.order), ...conditionWords(conditions)];
  }
}

function requestWords(request: RequestOrder): string[] {
  const { requester, app, dataset, maxAppPrice, maxDatasetPrice, maxPoolPrice, category, trust } = request;
  const unit = maxAppPrice + maxDatasetPrice + maxPoolPrice;
  const { beneficiary, callback, sponsor, attesters, minSeats, minSeatStake } = request;
  return [
    `buy ${request.conditions.volume} tasks of app ${assetIdToHex(app)}, for at most ${inHanse(maxAppPrice)} each`,
    dataset === NO_ASSET
      ? "on no dataset"
      : `on dataset ${assetIdToHex(dataset)}, for at most ${inHanse(maxDatasetPrice)} each`,
    `computed by a pool for at most ${inHanse(maxPoolPrice)} each, category ${category}, ${trustWords(trust)}`,
    `in all at most ${inHanse(unit * BigInt(request.conditions.volume))}, paid by ${payerOf(request)}`,
    `requester ${requester}`,
    ...(sponsor === zeroAddress ? [] : ["the sponsor has to sign too"]),
    ...(beneficiary === requester ? [] : [`the result is for ${beneficiary}`]),
    ...(callback === zeroAddress ? [] : [`contract ${callback} is told the result`]),
    ...(attesters === zeroHash ? [] : [`enclaves may stand in for replication: ${restricted(attesters)}`]),
    ...(minSeats > 0 ? [`the pool has ${minSeats} seats at least`] : []),
    ...(minSeatStake > 0n ? [`with ${inHanse(minSeatStake)} at stake behind each`] : []),
    ...needed(request.tag, "the pool has to offer"),
    ...only({ apps: request.onlyApp, datasets: request.onlyDataset, pools: request.onlyPool }),
    `parameters: ${paramsWords(request.params)}`,
  ];
}

function conditionWords(conditions: Conditions): string[] {
  const { volume, minFill, validUntil, epoch, certifier, matcher, salt, externalRef, terms } = conditions;
  return [
    `volume ${volume} tasks${minFill > 1 ? `, at least ${minFill} at once` : ""}`,
    `until ${timeWords(validUntil)}, in epoch ${epoch}`,
    `certifier ${certifier}`,
    ...(matcher === zeroAddress ? [] : [`only ${matcher} may seal it`]),
    ...(externalRef === zeroHash ? [] : [`agreement ${externalRef}`]),
    ...(terms === zeroHash ? [] : [`further terms ${terms}`]),
    `salt ${salt}`,
  ];
}

function trustWords(trust: number): string {
  return trust <= 1 ? `trust ${trust}: one worker, not checked` : `trust ${trust}`;
}

function needed(tag: Hex, what: string): string[] {
  const bits = BigInt(tag);
  if (bits === 0n) return [];
  const names = Object.entries(TAG_BITS).filter(([, bit]) => (bits >> BigInt(bit)) & 1n);
  const named = names.reduce((sum, [, bit]) => sum | (1n << BigInt(bit)), 0n);
  const rest = bits & ~named;
  const words = [...names.map(([name]) => name), ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])];
  return [`${what}: ${words.join(", ")}`];
}

function only(rules: Readonly<Record<string, Hex>>): string[] {
  return Object.entries(rules).flatMap(([who, rule]) =>
    restrictionRule(rule).type === "any" ? [] : [`only ${who}: ${restricted(rule)}`],
  );
}

function restricted(restriction: Hex): string {
  const rule = restrictionRule(restriction);
  if (rule.type === "any") return "any";
  if (rule.type === "members") return `members of the group ${getAddress(rule.group)}`;
  // An account is padded with zeros from the left; an asset's first byte is its kind.
  return /^0x0{24}/.test(rule.subject) ? getAddress(`0x${rule.subject.slice(26)}`) : rule.subject;
}

/** Text as text, unless it could hide something. */
function paramsWords(params: Hex): string {
  const text = hexToString(params);
  return params !== "0x" && /^[\x20-\x7e\n\t]*$/.test(text) ? text : params;
}
