import { z } from "zod";

// What else a row has is handed on: what nobody reads is refused, for it may be how many pieces there are.
const sockSchema = z.looseObject({
  ...{ sock_id: z.string(), name: z.string(), price: z.string(), count: z.number() },
  quantity: z.never().optional(),
});
const pricedSchema = z.looseObject({
  ...{ id: z.string().optional(), sku: z.string().optional() },
  price: z.strictObject({ currency: z.string(), value: z.string() }),
  sold: z.unknown().optional(),
});
const boutiqueSchema = z.looseObject({
  ...{ id: z.string(), picture: z.string().default("") },
  priceUsd: z.strictObject({
    currencyCode: z.string(),
    units: z.union([z.number().int(), z.string()]).default(0),
    nanos: z.number().int().min(0).max(999_999_999).default(0),
  }),
});

/**
 * Rows of a catalogue as `readCatalogue` has them, of one that another system wrote: Sock Shop (`{"socks": […]}`, with
 * counts), Online Boutique (`priceUsd` in units and nanos), and products whose `price` names its currency
 * (`{"currency", "value"}`, as `data/uci-online-retail` has them). Neither counts pieces; a `quantity` beside is taken. Nothing
 * is checked here but the form: a row that has none of them stays as it is, and so does what else a row has.
 * @returns undefined where there are no rows
 */
export function rowsOf(catalogue: unknown): readonly unknown[] | undefined {
  if (Array.isArray(catalogue)) return catalogue.map(plainRow);
  const { products, socks } = (catalogue ?? {}) as { products?: unknown; socks?: unknown };
  const rows = products ?? socks;
  return Array.isArray(rows) ? rows.map(plainRow) : undefined;
}

function plainRow(row: unknown): unknown {
  const sock = sockSchema.safeParse(row);
  // The source does not say its currency: it is taken as the shop's own.
  if (sock.success) {
    const { sock_id, count, ...rest } = sock.data;
    return { ...rest, sku: sock_id, quantity: count };
  }
  const priced = pricedSchema.safeParse(row);
  if (priced.success) {
    // How many were sold is told beside, not how many there are.
    const { id, sku = id, price, sold: _sold, ...rest } = priced.data;
    return {
      ...rest,
      ...(id === undefined ? {} : { id }),
      sku,
      price: price.value,
      currency: price.currency,
    };
  }
  const boutique = boutiqueSchema.safeParse(row);
  if (boutique.success) {
    const { id, picture, priceUsd, ...rest } = boutique.data;
    const price = `${priceUsd.units}.${String(priceUsd.nanos).padStart(9, "0")}`.replace(/\.?0+$/, "");
    return { ...rest, sku: id, image: picture, price, currency: priceUsd.currencyCode };
  }
  return row;
}
