import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parsePrice } from "#src/protocol/price.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";

// What is done with odd lines, and where the stock comes from, is in data/uci-online-retail/README.md.

/** A code at a price. */
export interface Offer {
  readonly sku: string;
  readonly name: string;
  /** Pence. */
  readonly priceMinor: bigint;
  /** Pieces in the house before the first order. */
  readonly stock: bigint;
}

export interface WholesaleLine {
  readonly sku: string;
  readonly quantity: bigint;
}

/** What happens, in the order of time. */
export type WholesaleEvent =
  | { readonly type: "order"; readonly id: string; readonly lines: readonly WholesaleLine[] }
  /** Pieces of earlier orders come back. */
  | {
      readonly type: "cancellation";
      readonly id: string;
      readonly lines: readonly (WholesaleLine & { readonly order: string })[];
      /** Lines that take back nothing of these days. */
      readonly unmatched: number;
    };

export interface Wholesale {
  readonly offers: readonly Offer[];
  readonly events: readonly WholesaleEvent[];
}

const FOLDER = join(import.meta.dirname, "../../../data/uci-online-retail");
const CURRENCY = "GBP";

const catalogueSchema = z.object({
  products: z.array(z.object({ id: z.string(), name: z.string(), price: z.object({ value: z.string() }) })),
});
const invoiceSchema = z.object({
  id: z.string(),
  at: z.string(),
  customer: z.string(),
  lines: z.array(z.tuple([z.string(), z.number().int(), z.string()])),
});
type Invoice = z.output<typeof invoiceSchema>;

/** @param times beginnings of times, such as `2010-12-03`; all five days unless told. What runs out then, does so by their orders. */
export async function readWholesale(times: readonly string[] = [""]): Promise<Wholesale> {
  const catalogue = catalogueSchema.parse(JSON.parse(await readFile(join(FOLDER, "catalogue.json"), "utf8")));
  const invoices = (await readFile(join(FOLDER, "orders.ndjson"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => invoiceSchema.parse(JSON.parse(line)))
    .filter(({ at }) => times.some((time) => at.startsWith(time)));
  const listed = new Map(
    catalogue.products.map(({ id, name, price }) => [id, { name, pence: penceOf(price.value) }]),
  );
  const skuOf = (code: string, price: string) => {
    const plain = code.replaceAll(" ", "_");
    const pence = penceOf(price);
    return listed.get(code)?.pence === pence ? plain : `${plain}.${pence}`;
  };

  const sold = new Map<string, { readonly name: string; readonly priceMinor: bigint; pieces: bigint }>();
  for (const [id, { name, pence }] of listed) sold.set(id, { name, priceMinor: pence, pieces: 0n });
  const ordered: { id: string; customer: string; lines: (WholesaleLine & { back: bigint })[] }[] = [];
  const events = invoices.flatMap(({ id, customer, lines }): WholesaleEvent[] => {
    if (id.startsWith("C")) return [cancellation({ id, customer, lines })];
    const own = lines
      .filter(([, quantity, price]) => quantity > 0 && penceOf(price) > 0n)
      .map(([code, quantity, price]) => {
        const sku = skuOf(code, price);
        const offer = sold.get(sku) ?? {
          ...{ name: listed.get(code)?.name ?? code, priceMinor: penceOf(price), pieces: 0n },
        };
        offer.pieces += BigInt(quantity);
        sold.set(sku, offer);
        return { sku, quantity: BigInt(quantity) };
      });
    if (own.length === 0) return [];
    ordered.push({ id, customer, lines: own.map((line) => ({ ...line, back: 0n })) });
    return [{ type: "order", id, lines: own }];
  });
  const names = [...sold.keys()].sort();
  const offers = names.map((sku, index): Offer => {
    const { pieces, ...offer } = sold.get(sku) as { name: string; priceMinor: bigint; pieces: bigint };
    return { sku, ...offer, stock: pieces === 0n ? 1n : index % 10 === 0 ? (pieces * 9n) / 10n : pieces };
  });
  return { offers, events };

  function cancellation({ id, customer, lines }: Pick<Invoice, "id" | "customer" | "lines">): WholesaleEvent {
    const matched = lines.flatMap(([code, quantity, price]) => {
      const [sku, pieces] = [skuOf(code, price), BigInt(-quantity)];
      const order =
        customer === ""
          ? undefined
          : ordered.findLast(
              (each) =>
                each.customer === customer &&
                each.lines.some((line) => line.sku === sku && line.quantity - line.back >= pieces),
            );
      const line = order?.lines.find((each) => each.sku === sku && each.quantity - each.back >= pieces);
      if (order === undefined || line === undefined) return [];
      line.back += pieces;
      return [{ order: order.id, sku, quantity: pieces }];
    });
    return { type: "cancellation", id, lines: matched, unmatched: lines.length - matched.length };
  }
}

/** The offers as a shop's catalogue. */
export function catalogueOf({ offers }: Wholesale): CatalogueProduct[] {
  return offers.map(({ sku, name, priceMinor, stock }) => ({
    ...{
      internalId: sku,
      sku,
      name,
      description: "",
      imageUrl: "",
      categories: [],
      priceMinor,
      onHand: stock,
    },
  }));
}

function penceOf(price: string): bigint {
  const exact = parsePrice(price, CURRENCY);
  if (exact === undefined) throw new Error(`${price} is no price`);
  return exact.minor;
}
