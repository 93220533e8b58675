import type { Address, LocalAccount } from "viem";
import { GOODS_PRIMARY_TYPES, GOODS_TYPED_DATA, receiptDomain } from "#src/protocol/goods-order-types.ts";
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
