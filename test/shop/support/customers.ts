import type { LocalAccount } from "viem";
import { type Checkout, checkoutSchema } from "#src/client/shop-schema.ts";
import { signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { createHttpClient } from "#src/http/http-client.ts";
import { purchase } from "#src/protocol/goods-orders.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";

export const SHIP_TO = {
  ...{ name: "A Buyer", lines: ["1 Harbour Street"], city: "Lübeck", region: "" },
  ...{ postalCode: "23552", country: "DE" },
};

/** Somebody with a wallet who buys at a shop, as a browser would. */
export function createCustomer(
  shop: { readonly endpoint: string },
  wallet: LocalAccount,
  at: { readonly chainId: number; readonly receipt: `0x${string}` },
  shipTo = SHIP_TO,
) {
  const client = createHttpClient({}, { retries: 0, timeoutMs: 30_000 });
  const customer = {
    wallet,
    async begin(lines: readonly (readonly [product: string, quantity: number])[]): Promise<Checkout> {
      const body = {
        buyer: wallet.address,
        lines: lines.map(([product, quantity]) => ({ product, quantity })),
        shipTo,
      };
      return await client.request(`${shop.endpoint}/v1/checkouts`, {
        ...{ method: "POST", body, schema: checkoutSchema },
      });
    },
    async signatures({ legs }: Checkout) {
      return await Promise.all(
        legs.map(
          async ({ purchase: order }) =>
            (await signGoodsOrder(wallet, purchase(order), at.chainId, at.receipt)).signature,
        ),
      );
    },
    async pay(checkout: Checkout): Promise<Checkout> {
      return await client.request(`${shop.endpoint}/v1/checkouts/${checkout.id}/signatures`, {
        ...{ method: "POST", body: { signatures: await customer.signatures(checkout) } },
        schema: checkoutSchema,
      });
    },
    async find(id: string): Promise<Checkout> {
      return await client.request(`${shop.endpoint}/v1/checkouts/${id}`, { schema: checkoutSchema });
    },
  };
  return customer;
}

/** A product of the built-in stock. */
export function product(sku: string, onHand: bigint | null, priceMinor = 500n): CatalogueProduct {
  return {
    ...{ internalId: `own-${sku}`, sku, name: sku, description: "", imageUrl: "", categories: [] },
    ...{ priceMinor, onHand },
  };
}
