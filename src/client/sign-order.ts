import type { Address, LocalAccount } from "viem";
import { bulkProof, bulkTree, bulkTypedData, encodeBulkSignature } from "#src/protocol/bulk-order.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { clerkDomain, ORDER_TYPED_DATA, PRIMARY_TYPES } from "#src/protocol/order-types.ts";
import type { Order, SignedOrder, Sponsorship } from "#src/protocol/orders.ts";
import { SPONSORSHIP_TYPED_DATA } from "#src/protocol/sponsorship.ts";
import type { BrokerClient } from "./broker-client.ts";
import type { OrderState } from "./broker-schema.ts";

/** Signs an order for one Clerk on one chain, as a wallet would. */
export async function signOrder(
  account: LocalAccount,
  order: Order,
  chainId: number,
  clerk: Address,
): Promise<SignedOrder> {
  const typedData = {
    domain: clerkDomain(chainId, clerk),
    types: ORDER_TYPED_DATA,
    primaryType: PRIMARY_TYPES[order.type],
    message: order.order,
  };
  // The types say more than the wallet library can follow: which message goes with which primary type.
  const signature = await account.signTypedData(typedData as never);
  return { ...order, signature };
}

/**
 * Signs orders of one kind at once, each to be used by itself; a wallet shows them all.
 * @throws RangeError unless there are 2 to 1,024 of them, of one kind
 */
export async function signBulk(
  account: LocalAccount,
  orders: readonly Order[],
  chainId: number,
  clerk: Address,
): Promise<SignedOrder[]> {
  const tree = bulkTree(orders);
  const typedData = { domain: clerkDomain(chainId, clerk), ...bulkTypedData(orders) };
  const signature = await account.signTypedData(typedData as never);
  return orders.map((order, index) => ({
    ...order,
    signature: encodeBulkSignature({ signature, proof: bulkProof(tree, index), index }),
  }));
}

/** Signs that the account pays for a request which names it as its sponsor. */
export async function signSponsorship(
  account: LocalAccount,
  request: Order & { readonly type: "request" },
  word: Omit<Sponsorship, "signature">,
  chainId: number,
  clerk: Address,
): Promise<Sponsorship> {
  const { cap, validUntil, epoch } = word;
  const signature = await account.signTypedData({
    domain: clerkDomain(chainId, clerk),
    types: SPONSORSHIP_TYPED_DATA,
    primaryType: "Sponsorship",
    message: { request: orderHash(request), cap, validUntil, epoch },
  });
  return { cap, validUntil, epoch, signature };
}

/** Signs an order and publishes it, telling the broker which chain it is for. */
export async function publishOrder(
  broker: BrokerClient,
  account: LocalAccount,
  order: Order,
  meantFor: { readonly chainId: number; readonly clerk: Address },
): Promise<OrderState> {
  return await broker.publish(await signOrder(account, order, meantFor.chainId, meantFor.clerk), meantFor);
}
