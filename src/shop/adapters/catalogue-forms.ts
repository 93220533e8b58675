import { z } from "zod";

const sockSchema = z.object({ sock_id: z.string(), name: z.string(), price: z.string(), count: z.number() });
const pricedSchema = z.object({
  id: z.string(),
  name: z.string(),
  price: z.object({ currency: z.string(), value: z.string() }),
});
const boutiqueSchema = z.object({
  ...{ id: z.string(), name: z.string(), description: z.string().default("") },
  ...{ picture: z.string().default(""), categories: z.array(z.string()).default([]) },
  priceUsd: z.object({
    currencyCode: z.string(),
    units: z.union([z.number().int(), z.string()]).default(0),
    nanos: z.number().int().min(0).max(999_999_999).default(0),
  }),
});

/**
 * Rows of a catalogue as `readCatalogue` has them, of one that another system wrote: Sock Shop (`{"socks": […]}`, with
 * counts), Online Boutique (`priceUsd` in units and nanos, no counts), and products whose `price` names its currency
 * (`{"currency", "value"}`, as `data/uci-online-retail` has them, no counts). Nothing is checked here but the form: a row
 * that has none of them stays as it is.
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
    const { sock_id, name, price, count } = sock.data;
    return { sku: sock_id, name, price, quantity: count };
  }
  const priced = pricedSchema.safeParse(row);
  if (priced.success) {
    const { id, name, price } = priced.data;
    return { sku: id, name, price: price.value, currency: price.currency };
  }
  const boutique = boutiqueSchema.safeParse(row);
  if (boutique.success) {
    const { id, name, description, picture, categories, priceUsd } = boutique.data;
    const price = `${priceUsd.units}.${String(priceUsd.nanos).padStart(9, "0")}`.replace(/\.?0+$/, "");
    return {
      sku: id,
      name,
      description,
      image: picture,
      categories,
      price,
      currency: priceUsd.currencyCode,
    };
  }
  return row;
}
