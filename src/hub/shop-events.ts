import { type Address, isAddressEqual, type Log } from "viem";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import type { CHANGE_TYPES, ShopStanding } from "#src/client/hub-schema.ts";
import { shopCodeFromHex } from "#src/protocol/shop-code.ts";
import type { ShopFacts } from "./hub-tables.ts";

/** Characters of a text that a shop wrote; no more are taken where it joins by this service. */
const MAX_TEXT = 512;

export type ChangeType = (typeof CHANGE_TYPES)[number];

/** What is known of a shop at one moment. */
export interface ShopState {
  readonly standing: ShopStanding;
  readonly facts: ShopFacts;
}

/** Something the Hub told of one shop. */
export interface ShopEvent {
  readonly code: string;
  readonly logIndex: number;
  /** What others are told of it; undefined: that it happened is no news. */
  readonly type: ChangeType | undefined;
  /** @returns undefined where the shop is not known, which the Hub rules out */
  readonly apply: (before: ShopState | undefined) => ShopState | undefined;
}

/** What the Hub told in these logs, in order. */
export function shopEventsOf(logs: readonly Log[], hub: Address): ShopEvent[] {
  const ours = logs.filter(({ address }) => isAddressEqual(address, hub));
  return decodeEvents({ abi: hubAbi, logs: ours }).flatMap((event): ShopEvent[] => {
    const told = tell(event);
    const code = "code" in event.args ? shopCodeFromHex(event.args.code) : undefined;
    return told === undefined || code === undefined ? [] : [{ code, logIndex: event.logIndex, ...told }];
  });
}

type HubEvent = ReturnType<typeof decodeEvents<typeof hubAbi>>[number];

function tell(event: HubEvent): Pick<ShopEvent, "type" | "apply"> | undefined {
  switch (event.eventName) {
    case "ShopJoined": {
      const { owner, key, stake } = event.args;
      const facts = { owner, key, ...textsOf(event.args), stake: String(stake) };
      return { type: "joined", apply: () => ({ standing: "member", facts }) };
    }
    case "ShopUpdated": {
      const texts = textsOf(event.args);
      return { type: "updated", apply: withFacts(() => texts) };
    }
    case "KeyRotated": {
      const { key, previousKey, overlapEnds } = event.args;
      // No end: what was before is good no more, and what was before that neither.
      const overlap = overlapEnds === 0 ? {} : { previousKey, overlapEnds };
      return {
        type: "rotated",
        apply: (before) => {
          if (before === undefined) return undefined;
          const { previousKey: _, overlapEnds: __, ...facts } = before.facts;
          return { ...before, facts: { ...facts, key, ...overlap } };
        },
      };
    }
    case "StakeAdded":
    case "ShopSlashed": {
      const { stake } = event.args;
      return { type: undefined, apply: withFacts(() => ({ stake: String(stake) })) };
    }
    case "ShopSuspended": {
      const { suspended } = event.args;
      return {
        type: suspended ? "suspended" : "restored",
        apply: withStanding(suspended ? "suspended" : "member"),
      };
    }
    case "ShopLeaving":
      return {
        type: "left",
        apply: (before) =>
          before && {
            standing: "leaving",
            facts: { ...before.facts, ...(before.standing === "suspended" ? { suspended: true } : {}) },
          },
      };
    case "ShopLeft":
      return {
        type: undefined,
        apply: (before) => before && { standing: "left", facts: { ...before.facts, stake: "0" } },
      };
    default:
      return undefined;
  }
}

/**
 * As they can be kept and told. The contract takes whatever is sent: a character zero, which PostgreSQL takes in no text, would
 * hold the list up for ever, and a profile without end would fill its pages.
 */
function textsOf({ endpoint, profile }: Pick<ShopFacts, "endpoint" | "profile">) {
  const plain = (text: string) => text.replaceAll("\0", "\ufffd").slice(0, MAX_TEXT).toWellFormed();
  return { endpoint: plain(endpoint), profile: plain(profile) };
}

function withFacts(change: () => Partial<ShopFacts>): ShopEvent["apply"] {
  return (before) => before && { ...before, facts: { ...before.facts, ...change() } };
}

function withStanding(standing: ShopStanding): ShopEvent["apply"] {
  return (before) => before && { ...before, standing };
}
