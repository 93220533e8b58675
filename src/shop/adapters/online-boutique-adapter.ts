import { readFile } from "node:fs/promises";
import { z } from "zod";
import { HanseError } from "#src/kernel/errors.ts";
import { type Currency, MINOR_DIGITS } from "#src/protocol/currencies.ts";
import type { ShopAdapter } from "./shop-adapter.ts";

const catalogueSchema = z.object({
  products: z.array(
    z.strictObject({
      id: z.string().regex(/^[\w.-]{1,64}$/),
      name: z.string(),
      description: z.string(),
      picture: z.string().default(""),
      priceUsd: z.strictObject({
        currencyCode: z.string(),
        units: z.coerce.bigint().default(0n),
        nanos: z.number().int().min(0).max(999_999_999).default(0),
      }),
      categories: z.array(z.string()).default([]),
    }),
  ),
});

export interface OnlineBoutiqueOptions {
  /** A `products.json` as Online Boutique's catalogue service reads it. */
  readonly path: string;
  /** The shop's: a price in another is refused, for nothing here knows what it is worth. */
  readonly currency: Currency;
  /** Where its pictures are served, put before their paths. */
  readonly pictureBase?: string;
}

/**
 * Reads the catalogue of an Online-Boutique-shaped shop. That shop counts no stock: there is always enough of everything,
 * and nothing to take off.
 * @throws HANSE_CATALOGUE_INVALID from `catalogue`
 */
export function createOnlineBoutiqueAdapter({
  path,
  currency,
  pictureBase = "",
}: OnlineBoutiqueOptions): ShopAdapter {
  return {
    async catalogue() {
      const text = await readFile(path, "utf8").catch((cause: unknown) => {
        throw new HanseError("HANSE_CATALOGUE_INVALID", `${path} cannot be read`, {
          cause,
          details: { path },
        });
      });
      let products: z.output<typeof catalogueSchema>["products"];
      try {
        products = catalogueSchema.parse(JSON.parse(text)).products;
      } catch (cause) {
        throw new HanseError("HANSE_CATALOGUE_INVALID", `${path} is no Online Boutique catalogue`, {
          cause,
          details: { path },
        });
      }
      return products.map(({ id, name, description, picture, priceUsd, categories }) => ({
        ...{ internalId: id, sku: id, name, description, categories, onHand: null },
        imageUrl: picture === "" ? "" : `${pictureBase}${picture}`,
        priceMinor: minorOf(priceUsd, currency, path),
      }));
    },
    take: async () => true,
    putBack: async () => undefined,
  };
}

/** Units and billionths of a unit, exactly. */
function minorOf(
  { currencyCode, units, nanos }: z.output<typeof catalogueSchema>["products"][number]["priceUsd"],
  currency: Currency,
  path: string,
): bigint {
  const digits = MINOR_DIGITS[currency];
  const step = 10n ** BigInt(9 - digits);
  if (currencyCode === currency && units >= 0n && BigInt(nanos) % step === 0n) {
    return units * 10n ** BigInt(digits) + BigInt(nanos) / step;
  }
  throw new HanseError(
    "HANSE_CATALOGUE_INVALID",
    `${units}.${String(nanos).padStart(9, "0")} ${currencyCode} is no exact price in ${currency}`,
    { details: { path, currency, currencyCode } },
  );
}
