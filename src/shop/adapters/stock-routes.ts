import { IMPORT_LIMIT, importedSchema, importPostSchema, stockSchema } from "#src/client/shop-schema.ts";
import { refusalsOf } from "#src/http/error-body.ts";
import type { HttpServer } from "#src/http/server.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import { formatPrice } from "#src/protocol/price.ts";
import { readCatalogue } from "./catalogue-file.ts";
import type { StockAdapter } from "./stock-adapter.ts";

export interface StockRoutesDeps {
  readonly stock: StockAdapter;
  readonly currency: Currency;
  /** Has the shop take over what changed. */
  readonly sync: () => Promise<void>;
}

const refusals = refusalsOf(400, 401, 409, 413, 422, 503);

/** How the owner of the built-in stock fills it; on a part of the server that asks for the owner's token. */
export function registerStockRoutes(scope: HttpServer, { stock, currency, sync }: StockRoutesDeps): void {
  scope.get(
    "/v1/owner/products",
    {
      schema: {
        summary: "Products and pieces of the built-in stock",
        response: {
          200: stockSchema,
          ...refusals,
        },
      },
    },
    async () => ({
      currency,
      products: (await stock.catalogue()).map(
        ({ sku, internalId, name, priceMinor, onHand, featured = false }) => ({
          ...{ sku, id: internalId, name, featured, price: formatPrice({ currency, minor: priceMinor }) },
          quantity: onHand === null ? null : onHand.toString(),
        }),
      ),
    }),
  );
  scope.post(
    "/v1/owner/products/import",
    {
      bodyLimit: IMPORT_LIMIT,
      schema: {
        summary: "Take a catalogue over: JSON or CSV, as `readCatalogue` has it",
        body: importPostSchema,
        response: {
          200: importedSchema,
          ...refusals,
        },
      },
    },
    async (request) => {
      const { format, content, complete } = request.body;
      const products = readCatalogue(content, format, currency);
      const { added, removed } = await stock.put(products, { complete });
      await sync();
      return { products: products.length, added, removed };
    },
  );
}
