// Attaches a shop system of your own to a Hanse shop: the service asks it what there is, and tells it what was sold. This one
// speaks to a system with an HTTP API at SHOP_SYSTEM_URL; put your system's calls in place of its three.
//
//   GET  /products                       [{ "id", "sku", "name", "text", "image", "tags", "cents", "stock" }]
//   POST /orders/:order/taken            [{ "id", "quantity" }]      204, or 409: not there any more
//   POST /orders/:order/returned         the same

import type { AdapterLine, ShopAdapter } from "#src/shop/adapters/shop-adapter.ts";

/** A product as that system tells of it. */
interface SystemProduct {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly text?: string;
  readonly image?: string;
  readonly tags?: readonly string[];
  readonly cents: number;
  /** Null: it is not counted. */
  readonly stock: number | null;
}

const TIMEOUT_MS = 10_000;

export default function makeAdapter(
  base: string = process.env.SHOP_SYSTEM_URL ?? "http://127.0.0.1:8080",
): ShopAdapter {
  const ask = async (path: string, lines?: readonly AdapterLine[]): Promise<Response> => {
    const body = lines?.map(({ internalId, quantity }) => ({ id: internalId, quantity: Number(quantity) }));
    const response = await fetch(`${base}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // Whatever is thrown here is tried again: it has to be something that passes.
    if (!response.ok && response.status !== 409)
      throw new Error(`the shop system answers ${response.status}`);
    return response;
  };
  return {
    async catalogue() {
      const products = (await (await ask("/products")).json()) as readonly SystemProduct[];
      return products.map(({ id, sku, name, text = "", image = "", tags = [], cents, stock }) => ({
        ...{ internalId: id, sku, name, description: text, imageUrl: image, categories: tags },
        // Exact: minor units of the shop's currency, and whole pieces.
        ...{ priceMinor: BigInt(cents), onHand: stock === null ? null : BigInt(stock) },
      }));
    },

    // The order's id makes being told again harmless: your system has to remember it with what it took.
    async take(orderId, lines) {
      return (await ask(`/orders/${orderId}/taken`, lines)).status !== 409;
    },

    async putBack(orderId, lines) {
      await ask(`/orders/${orderId}/returned`, lines);
    },
  };
}
