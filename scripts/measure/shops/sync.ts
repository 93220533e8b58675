import { z } from "zod";
import type { MeasuredShops } from "./open-shops.ts";
import type { ShopRow } from "./shop-row.ts";

const PRODUCTS = 10_000;
const BAR_S = 5;

/** A partner that takes over a whole catalogue, from the owner's word to the last product in its database. */
export async function measureSync({ seller, buyer }: MeasuredShops): Promise<ShopRow> {
  const products = Array.from({ length: PRODUCTS }, (_, at) => ({
    ...{ sku: `P${at}`, name: `Product number ${at}`, price: `${1 + (at % 90)}.99`, quantity: at % 50 },
    description: "What it is made of, how large it is, and how it is washed. ".repeat(3),
    ...{ image: `https://shop.example/products/${at}.jpg`, categories: ["kitchen", "gifts"] },
  }));
  for (let at = 0; at < PRODUCTS; at += 2_000) {
    const content = JSON.stringify(products.slice(at, at + 2_000));
    await seller.own("/v1/owner/products/import", { format: "json", content }, z.unknown());
  }
  const syncedSchema = z.object({ told: z.number(), gone: z.number() });
  const begun = performance.now();
  const { told } = await buyer.own(`/v1/owner/listings/${seller.code}/sync`, {}, syncedSchema);
  const seconds = (performance.now() - begun) / 1_000;
  const { listed } = await buyer.database.kysely
    .selectFrom("listings")
    .select((of) => of.fn.countAll<bigint>().as("listed"))
    .executeTakeFirstOrThrow();
  if (told !== PRODUCTS || Number(listed) !== PRODUCTS) {
    throw new Error(`of ${PRODUCTS} products ${told} were told and ${listed} are listed`);
  }
  const value = Math.round(seconds * 100) / 100;
  return {
    what: `${PRODUCTS.toLocaleString("en-US")} products of one shop taken over by another, wall clock`,
    ...{ value, bar: BAR_S, unit: "s" },
    reference: `ten signed pages of 1,000, each a transaction of the one that takes them over`,
    ...(value > BAR_S ? { limit: "CPU time of both processes" } : {}),
  };
}
