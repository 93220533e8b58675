import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { z } from "zod";
import { type SignedOrderJson, signedOrderSchema } from "#src/client/order-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Order, OrderType, SignedOrder } from "#src/protocol/orders.ts";

/** An order in its JSON form as far as it is said: amounts as decimal strings in nano-HANSE, ids in hex. */
export interface Draft {
  readonly order: Readonly<Record<string, unknown>>;
  readonly conditions: Readonly<Record<string, unknown>>;
}

/** What somebody who signs need not say. */
export interface DraftDefaults {
  readonly certifier: Address;
  /** Unix seconds. */
  readonly validUntil: bigint;
  readonly epoch: bigint;
  readonly salt: Hex;
  /** Who signs, or is signed for. */
  readonly account: Address;
}

const anybody = {
  app: { onlyDataset: zeroHash, onlyPool: zeroHash, onlyRequester: zeroHash },
  dataset: { onlyApp: zeroHash, onlyPool: zeroHash, onlyRequester: zeroHash },
  pool: { onlyApp: zeroHash, onlyDataset: zeroHash, onlyRequester: zeroHash },
  request: { onlyApp: zeroHash, onlyDataset: zeroHash, onlyPool: zeroHash },
} as const;

/** Where nothing is said it is neutral: no more is asked, nobody is left out. */
function neutral(type: OrderType, { account }: DraftDefaults): Record<string, unknown> {
  const shared = { tag: zeroHash, ...anybody[type] };
  switch (type) {
    case "app":
    case "dataset":
      return { ...shared, trust: 0 };
    case "pool":
      return { ...shared, category: 0 };
    case "request":
      return {
        ...shared,
        requester: account,
        dataset: zeroHash,
        maxDatasetPrice: "0",
        category: 0,
        minSeats: 0,
        minSeatStake: "0",
        beneficiary: account,
        callback: zeroAddress,
        sponsor: zeroAddress,
        attesters: zeroHash,
        params: "0x",
      };
  }
}

/** The draft that a file holds: the order itself, or an order as it was signed. Its signature is not taken over. */
export function draftOfFile(type: OrderType, json: unknown): Draft & Pick<SignedOrderJson, "terms"> {
  const file = z.record(z.string(), z.unknown()).safeParse(json);
  if (!file.success) throw malformed("the file holds no object");
  const whole = file.data;
  if (whole.type !== undefined && whole.type !== type)
    throw malformed(`the file holds an order of type ${whole.type}`);
  const inner = (whole.order ?? whole) as Record<string, unknown>;
  const { conditions = {}, type: _, ...order } = inner;
  return {
    order,
    conditions: conditions as Record<string, unknown>,
    ...(whole.terms === undefined ? {} : { terms: whole.terms as SignedOrderJson["terms"] }),
  };
}

/**
 * Puts an order together: what flags say wins over what a file says, and that over the defaults.
 * @throws HANSE_ORDER_MALFORMED naming each field that is missing or wrong
 */
export function composeOrder(
  type: OrderType,
  defaults: DraftDefaults,
  drafts: readonly Draft[],
  terms?: SignedOrderJson["terms"],
): Order & Pick<SignedOrder, "terms"> {
  const { certifier, validUntil, epoch, salt } = defaults;
  const conditions = {
    ...{ certifier, matcher: zeroAddress, validUntil: String(validUntil), epoch: String(epoch), minFill: 1 },
    ...{ volume: 1, salt, externalRef: zeroHash, terms: zeroHash },
  };
  const json = {
    type,
    order: {
      ...Object.assign(neutral(type, defaults), ...drafts.map(({ order }) => order)),
      conditions: Object.assign(conditions, ...drafts.map((each) => each.conditions)),
    },
    // Only to have it checked: it is signed afterwards.
    signature: "0x",
    ...(terms === undefined ? {} : { terms }),
  };
  const parsed = signedOrderSchema.safeParse(json);
  if (!parsed.success) throw malformed(z.prettifyError(parsed.error));
  const { signature: _, ...order } = parsed.data;
  return order as Order & Pick<SignedOrder, "terms">;
}

function malformed(reason: string): HanseError {
  return new HanseError("HANSE_ORDER_MALFORMED", `this makes no order: ${reason}`, {
    hint: "Say what is missing by a flag (`hanse help order sign`) or in the file given with --from.",
  });
}
