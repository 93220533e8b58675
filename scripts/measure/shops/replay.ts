import { isHanseError } from "#src/kernel/errors.ts";
import type { Wholesale, WholesaleLine } from "./wholesale.ts";

/** An order as the shop took it. */
export interface PlacedOrder {
  readonly id: string;
  /** Pence. */
  readonly totalMinor: bigint;
}

/** How a partner of the wholesaler buys. */
export interface WholesalePartner {
  /** Has the lines quoted, and orders them. @throws HANSE_OUT_OF_STOCK with the `sku` and how many of it were `wanted` */
  order(ref: string, lines: readonly WholesaleLine[]): Promise<PlacedOrder>;
  /** Resolves when the pieces are there for others again. */
  cancel(order: PlacedOrder): Promise<void>;
}

/** An invoice, and what became of it. */
export interface ReplayedOrder extends PlacedOrder {
  readonly ref: string;
  readonly invoice: string;
  readonly lines: readonly WholesaleLine[];
  readonly cancelled: boolean;
}

export interface Replayed {
  /** Each that was taken, those that were cancelled included, in the order in which they were. */
  readonly orders: readonly ReplayedOrder[];
  /** Lines that were left out, since the shop had not got them any more. */
  readonly shortLines: number;
}

/**
 * Orders what the invoices say, one after the other. What is not there any more is left out. An order is called off as a
 * whole: whoever takes back some pieces of one cancels it, and orders the others anew.
 */
export async function replay({ events }: Wholesale, partner: WholesalePartner): Promise<Replayed> {
  const orders: ReplayedOrder[] = [];
  let shortLines = 0;
  for (const event of events) {
    if (event.type === "order") {
      await place(event.id, event.id, event.lines);
      continue;
    }
    for (const [invoice, back] of Map.groupBy(event.lines, ({ order }) => order)) {
      const at = orders.findLastIndex((order) => order.invoice === invoice && !order.cancelled);
      const known = orders[at];
      if (known === undefined) continue;
      const rest = without(known.lines, back);
      // What was left out of the order cannot be taken back.
      if (rest === undefined) continue;
      await partner.cancel(known);
      orders[at] = { ...known, cancelled: true };
      if (rest.length > 0) await place(`${invoice}.${event.id}`, invoice, rest);
    }
  }
  return { orders, shortLines };

  async function place(ref: string, invoice: string, lines: readonly WholesaleLine[]): Promise<void> {
    let wanted = lines;
    for (let attempt = 0; wanted.length > 0; attempt++) {
      try {
        const placed = await partner.order(`${ref}:${attempt}`, wanted);
        orders.push({ ...placed, ref, invoice, lines: wanted, cancelled: false });
        return;
      } catch (error) {
        if (!isHanseError(error, "HANSE_OUT_OF_STOCK")) throw error;
        // As the shop told it; through a partner's own service it stands under `peer`.
        const { sku, wanted: pieces } = (error.details.peer ?? error.details) as Record<string, unknown>;
        const short = wanted.findIndex((line) => line.sku === sku && String(line.quantity) === pieces);
        if (short < 0) throw error;
        wanted = wanted.toSpliced(short, 1);
        shortLines++;
      }
    }
  }
}

/** @returns the lines less these pieces; undefined where none of them are there */
export function without(
  lines: readonly WholesaleLine[],
  back: readonly WholesaleLine[],
): readonly WholesaleLine[] | undefined {
  const rest = lines.map((line) => ({ ...line }));
  let found = false;
  for (const { sku, quantity } of back) {
    const line = rest.find((each) => each.sku === sku && each.quantity >= quantity);
    if (line === undefined) continue;
    line.quantity -= quantity;
    found = true;
  }
  return found ? rest.filter(({ quantity }) => quantity > 0n) : undefined;
}
