import type { Address, Hex } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import type { Sender } from "#src/chain/sender.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { COMPLAINTS, type Complaint, goodsDealHash } from "#src/protocol/goods-deals.ts";
import { SIDES, type SignedGoodsOrder } from "#src/protocol/goods-orders.ts";
import { goodsRefusalText } from "#src/protocol/goods-refusal-text.ts";
import { GOODS_REFUSALS } from "#src/protocol/goods-refusals.ts";
import { sealedDeals } from "./deal-follower.ts";
import type { KnownDeal, SealedDeal } from "./deal-store.ts";

type Sale = Extract<SignedGoodsOrder, { type: "sale" }>;
type Purchase = Extract<SignedGoodsOrder, { type: "purchase" }>;
type Deal = Pick<KnownDeal, "id" | "deal">;

/**
 * What a shop has the Receipt do. Each is sent under an id that names it: again, also after a crash, it is not sent twice.
 * @throws what `Sender.send` throws
 */
export interface ReceiptCalls {
  /** Seals all of these pairs or none. @throws HANSE_CHECKOUT_REFUSED with the Receipt's reason @returns the deals, in the order of the pairs */
  seal(
    id: string,
    pairs: readonly { readonly sale: Sale; readonly purchase: Purchase }[],
  ): Promise<readonly SealedDeal[]>;
  ship(deal: Deal, trackingHash: Hex): Promise<void>;
  refund(deal: Deal): Promise<void>;
  /** With the buyer's signature; the buyer itself and its operators need none. */
  confirm(deal: Deal, signature: Hex): Promise<void>;
  release(deal: Deal): Promise<void>;
  dispute(deal: Deal, complaint: Complaint, evidenceHash: Hex): Promise<void>;
  contest(deal: Deal, evidenceHash: Hex): Promise<void>;
  enforce(deal: Deal): Promise<void>;
  /** Lengthens the time to complain about `supply`, which `resale` sells on. */
  extend(supply: Deal, resale: Deal): Promise<void>;
}

/** Says why the Receipt seals nothing: what is wrong with the first match that it refuses. */
function asRefusal(error: unknown): unknown {
  if (!isHanseError(error, "HANSE_TRANSACTION_REVERTED")) return error;
  const { args } = error.details as { readonly args?: readonly unknown[] };
  const [match, side, number] = error.details.error === "ReceiptMatchRefused" ? (args ?? []) : [];
  const refusal = GOODS_REFUSALS[Number(number)];
  if (refusal === undefined)
    return new HanseError("HANSE_CHECKOUT_REFUSED", error.shortMessage, { cause: error });
  const { message, hint, code } = goodsRefusalText(refusal);
  return new HanseError("HANSE_CHECKOUT_REFUSED", message, {
    ...{ cause: error, hint },
    details: {
      leg: Number(match),
      side: SIDES[Number(side)],
      refusal,
      ...(code === undefined ? {} : { code }),
    },
  });
}

export function createReceiptCalls({
  sender,
  receipt,
}: {
  readonly sender: Sender;
  readonly receipt: Address;
}): ReceiptCalls {
  const send = (functionName: string, args: readonly unknown[], id: string) =>
    sender.send({ address: receipt, abi: receiptAbi, functionName, args }, { id });
  const act = async (name: string, { deal, id }: Deal, ...args: readonly unknown[]) => {
    // A reorganisation may seal the same orders at another moment: that is another deal under the same id.
    await send(name, [deal, ...args], `${name} ${id} ${goodsDealHash(deal)}`);
  };
  return {
    async seal(id, pairs) {
      const batch = {
        sales: pairs.map(({ sale }) => ({ order: sale.order, signature: sale.signature })),
        purchases: pairs.map(({ purchase }) => ({ order: purchase.order, signature: purchase.signature })),
        terms: [],
        matches: pairs.map((_, index) => ({ sale: index, purchase: index })),
      };
      const { logs } = await send("seal", [batch, true], id).catch((error: unknown) => {
        throw asRefusal(error);
      });
      return sealedDeals(logs.filter(({ address }) => address.toLowerCase() === receipt.toLowerCase()));
    },
    ship: (deal, trackingHash) => act("ship", deal, trackingHash),
    refund: (deal) => act("refund", deal),
    confirm: (deal, signature) => act("confirm", deal, signature),
    release: (deal) => act("release", deal),
    dispute: (deal, complaint, evidence) => act("dispute", deal, COMPLAINTS.indexOf(complaint), evidence),
    contest: (deal, evidence) => act("contest", deal, evidence),
    enforce: (deal) => act("enforce", deal),
    extend: (supply, resale) => act("extend", supply, resale.deal),
  };
}
