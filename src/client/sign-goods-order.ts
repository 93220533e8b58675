import type { Address, Hex, LocalAccount } from "viem";
import {
  CONFIRMATION_TYPED_DATA,
  GOODS_PRIMARY_TYPES,
  GOODS_TYPED_DATA,
  receiptDomain,
  SPLIT_TYPED_DATA,
} from "#src/protocol/goods-order-types.ts";
import type { GoodsOrder, SignedGoodsOrder } from "#src/protocol/goods-orders.ts";

/** Signs an order of goods for one Receipt on one chain, as a wallet would. */
export async function signGoodsOrder(
  account: LocalAccount,
  order: GoodsOrder,
  chainId: number,
  receipt: Address,
): Promise<SignedGoodsOrder> {
  const typedData = goodsTypedData(order, chainId, receipt);
  // The types say more than the wallet library can follow: which message goes with which primary type.
  const signature = await account.signTypedData(typedData as never);
  return { ...order, signature };
}

/** What a wallet is asked to sign. */
export function goodsTypedData({ type, order }: GoodsOrder, chainId: number, receipt: Address) {
  return {
    domain: receiptDomain(chainId, receipt),
    types: GOODS_TYPED_DATA,
    primaryType: GOODS_PRIMARY_TYPES[type],
    message: order,
  };
}

/** What a buyer signs when its parcel came: the seller is paid. `deal` is `goodsDealHash`. */
export async function signConfirmation(
  account: LocalAccount,
  deal: Hex,
  chainId: number,
  receipt: Address,
): Promise<Hex> {
  return await account.signTypedData({
    domain: receiptDomain(chainId, receipt),
    types: CONFIRMATION_TYPED_DATA,
    primaryType: "Confirmation",
    message: { deal },
  });
}

/** What either side signs when both agree that the buyer gets `toBuyer` (nano-HANSE) of the price. */
export async function signSplit(
  account: LocalAccount,
  { deal, toBuyer }: { readonly deal: Hex; readonly toBuyer: bigint },
  chainId: number,
  receipt: Address,
): Promise<Hex> {
  return await account.signTypedData({
    domain: receiptDomain(chainId, receipt),
    types: SPLIT_TYPED_DATA,
    primaryType: "Split",
    message: { deal, toBuyer },
  });
}
