import type { Address, Hex } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import type { Sender } from "#src/chain/sender.ts";
import { COMPLAINTS, type Complaint, goodsDealHash } from "#src/protocol/goods-deals.ts";
import type { SignedGoodsOrder } from "#src/protocol/goods-orders.ts";
import { sealedDeals } from "./deal-follower.ts";
import type { KnownDeal, SealedDeal } from "./deal-store.ts";

type Sale = Extract<SignedGoodsOrder, { type: "sale" }>;
type Purchase = Extract<SignedGoodsOrder, { type: "purchase" }>;
type Deal = Pick<KnownDeal, "id" | "deal">;

/**
 * What a shop has the Receipt do. Each is sent under an id that names it: again, also after a crash, it is not sent twice.
 * @throws HANSE_TRANSACTION_REVERTED and what else `Sender.send` throws
 */
export interface ReceiptCalls {
  /** Seals all of these pairs or none. @returns the deals, in the order of the pairs */
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
      const { logs } = await send("seal", [batch, true], id);
      return sealedDeals(logs.filter(({ address }) => address.toLowerCase() === receipt.toLowerCase()));
    },
    ship: (deal, trackingHash) => act("ship", deal, trackingHash),
    refund: (deal) => act("refund", deal),
    confirm: (deal, signature) => act("confirm", deal, signature),
    release: (deal) => act("release", deal),
    dispute: (deal, complaint, evidence) => act("dispute", deal, COMPLAINTS.indexOf(complaint), evidence),
    contest: (deal, evidence) => act("contest", deal, evidence),
    enforce: (deal) => act("enforce", deal),
  };
}
