import type { Address, LocalAccount } from "viem";
import { clerkDomain, ORDER_TYPED_DATA, PRIMARY_TYPES } from "#src/protocol/order-types.ts";
import type { Order, SignedOrder } from "#src/protocol/orders.ts";
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

/** Signs an order and publishes it, telling the broker which chain it is for. */
export async function publishOrder(
  broker: BrokerClient,
  account: LocalAccount,
  order: Order,
  meantFor: { readonly chainId: number; readonly clerk: Address },
): Promise<OrderState> {
  return await broker.publish(await signOrder(account, order, meantFor.chainId, meantFor.clerk), meantFor);
}
