import type { Address, Hex, LocalAccount } from "viem";
import { createHttpClient, type HttpClientDeps, type HttpClientOptions } from "#src/http/http-client.ts";
import { CANCEL_TYPED_DATA } from "#src/protocol/cancel-order.ts";
import { clerkDomain } from "#src/protocol/order-types.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import {
  type BrokerInfo,
  brokerInfoSchema,
  type DealDetail,
  type DepthView,
  dealDetailSchema,
  depthSchema,
  type OrderDetail,
  type OrderPage,
  type OrderQuery,
  type OrderState,
  orderDetailSchema,
  orderPageSchema,
  orderStateSchema,
  type TradePage,
  type TradeQuery,
  tradePageSchema,
} from "./broker-schema.ts";
import { orderToJson } from "./order-schema.ts";

/** The chain and Clerk an order was signed for: stated, a mistake about it is told from a bad signature. */
export interface MeantFor {
  readonly chainId?: number;
  readonly clerk?: Address;
}

/** A broker, over HTTP. Each call throws the broker's own HanseError (HANSE_ORDER_*), or HANSE_PEER_*. */
export interface BrokerClient {
  info(): Promise<BrokerInfo>;
  /** Publishes an order; publishing it again is answered with its state. Resolves once it is stored for good. */
  publish(order: SignedOrder, meantFor?: MeantFor): Promise<OrderState>;
  /** @throws HANSE_NOT_FOUND */
  order(hash: Hex): Promise<OrderDetail>;
  /** Newest first. */
  orders(query?: OrderQuery): Promise<OrderPage>;
  /** Takes an order off this broker's book. On chain it stays valid until it is cancelled there. */
  cancel(hash: Hex, signer: LocalAccount): Promise<OrderState>;
  depth(category: number, limit?: number): Promise<DepthView>;
  /** Newest first. */
  trades(query?: TradeQuery): Promise<TradePage>;
  /** @throws HANSE_NOT_FOUND */
  deal(id: Hex): Promise<DealDetail>;
}

export function createBrokerClient(
  options: HttpClientOptions & { readonly baseUrl: string },
  deps: HttpClientDeps = {},
): BrokerClient {
  const http = createHttpClient(deps, options);
  const info = () => http.request("/v1/info", { schema: brokerInfoSchema });
  return {
    info,
    publish: (order, meantFor = {}) =>
      http.request("/v1/orders", {
        method: "POST",
        body: { ...(orderToJson(order) as object), ...meantFor },
        schema: orderStateSchema,
        idempotent: true,
      }),
    order: (hash) => http.request(`/v1/orders/${hash}`, { schema: orderDetailSchema }),
    orders: (query = {}) => http.request(`/v1/orders${search(query)}`, { schema: orderPageSchema }),
    async cancel(hash, signer) {
      const { chainId, clerk } = await info();
      const signature = await signer.signTypedData({
        domain: clerkDomain(chainId, clerk),
        types: CANCEL_TYPED_DATA,
        primaryType: "CancelOrder",
        message: { orderHash: hash },
      });
      return await http.request(`/v1/orders/${hash}/cancel`, {
        method: "POST",
        body: { signature },
        schema: orderStateSchema,
        idempotent: true,
      });
    },
    depth: (category, limit) =>
      http.request(`/v1/markets/${category}/depth${search({ limit })}`, { schema: depthSchema }),
    trades: (query = {}) => http.request(`/v1/trades${search(query)}`, { schema: tradePageSchema }),
    deal: (id) => http.request(`/v1/deals/${id}`, { schema: dealDetailSchema }),
  };
}

function search(query: object): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
