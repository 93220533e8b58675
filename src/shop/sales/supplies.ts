import type { Address, Hex } from "viem";
import type { Supply } from "#src/client/shop-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { isOver } from "#src/protocol/goods-deals.ts";
import type { DealStore } from "../deals/deal-store.ts";
import type { Catalogue } from "../inventory/catalogue.ts";
import type { ShopDatabase } from "../shop-tables.ts";

/** What this shop sells on: by which of its own purchases it gets a product. */
export interface Supplies {
  /**
   * Sales of the product are resales of what that deal delivers from now on; null: of nothing any more.
   * @throws HANSE_PRODUCT_UNKNOWN; HANSE_DEAL_UNKNOWN unless the shop is its buyer; HANSE_CONFLICT once it is over
   */
  set(product: string, deal: Hex | null): Promise<Supply>;
  /** The deal that delivers so many pieces of a product, where one is named that is not over and has as many. */
  of(sku: string, pieces: bigint): Promise<Hex | undefined>;
}

export interface SuppliesDeps {
  readonly database: ShopDatabase;
  readonly deals: DealStore;
  readonly catalogue: Catalogue;
}

export function createSupplies(
  { database, deals, catalogue }: SuppliesDeps,
  { code, owner }: { readonly code: string; readonly owner: Address },
): Supplies {
  return {
    async set(product, deal) {
      const [prefix = "", sku = ""] = product.split(":");
      if (prefix !== code) {
        throw new HanseError("HANSE_PRODUCT_UNKNOWN", `${product} is no product of ${code}`, {
          details: { product },
        });
      }
      await catalogue.find(sku);
      if (deal === null) {
        await database.kysely.deleteFrom("supplies").where("sku", "=", sku).execute();
        return { product, deal };
      }
      const known = await deals.find(deal);
      if (known?.deal.buyer !== owner) {
        throw new HanseError("HANSE_DEAL_UNKNOWN", `${code} bought nothing by that deal`, {
          details: { deal },
        });
      }
      if (isOver(known.stage)) {
        throw new HanseError("HANSE_CONFLICT", "The deal is over: nothing of it can be complained about", {
          details: { deal, stage: known.stage },
        });
      }
      await database.kysely
        .insertInto("supplies")
        .values({ sku, deal_id: deal })
        .onConflict((conflict) => conflict.column("sku").doUpdateSet({ deal_id: deal }))
        .execute();
      return { product, deal };
    },

    async of(sku, pieces) {
      const row = await database.kysely
        .selectFrom("supplies")
        .select("deal_id")
        .where("sku", "=", sku)
        .executeTakeFirst();
      const known = row === undefined ? undefined : await deals.find(row.deal_id);
      if (known === undefined || isOver(known.stage) || BigInt(known.deal.quantity) < pieces)
        return undefined;
      return known.id;
    },
  };
}
