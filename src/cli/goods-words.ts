import { receiptAbi } from "#src/abi/receipt-abi.ts";
import type { SealedGoods } from "#src/chain/goods-reader.ts";
import { priceOfAll } from "#src/protocol/goods-deals.ts";
import { inHanse } from "#src/protocol/money.ts";
import { fields } from "./answer.ts";
import { arbiterWords } from "./checkout-words.ts";
import type { ChainConnection } from "./connection.ts";
import { timeWords } from "./time-words.ts";

/** A deal of goods as programs read it. */
export function goodsShown({ id, deal, ...state }: SealedGoods) {
  return { deal: id, ...state, price: priceOfAll(deal), content: deal };
}

/** A deal of goods as people read it: what was agreed, where it stands, and until when what is possible. */
export async function goodsWords(
  { chain, deployment }: ChainConnection,
  { id, deal, stage, since, extended, complaint }: SealedGoods,
): Promise<string[]> {
  const { answerTime, rulingTime } = await chain.viem.readContract({
    ...{ address: deployment.contracts.receipt, abi: receiptAbi, functionName: "rules" },
  });
  const deliverUntil = since + deal.deliverWithin;
  const complainUntil = deliverUntil + deal.complaintTime + (extended ? deal.resaleMargin : 0);
  const next: Partial<Record<typeof stage, string>> = {
    Sealed: `has to be shipped by ${timeWords(deal.sealedAt + deal.shipWithin)}, or the money comes back`,
    Shipped: `has to be there by ${timeWords(deliverUntil)}; may be complained about until ${timeWords(complainUntil)}`,
    Disputed: `the seller may answer until ${timeWords(since + answerTime)}, or has lost`,
    Contested: `may be ruled until ${timeWords(since + rulingTime)}`,
  };
  return [
    ...fields({
      ...{ deal: id, stage, since: timeWords(since), complaint },
      ...{ seller: deal.seller, buyer: deal.buyer, pieces: deal.quantity, price: inHanse(priceOfAll(deal)) },
    }),
    ...(next[stage] === undefined ? [] : [next[stage]]),
    arbiterWords(deal),
  ];
}
