import { readFile } from "node:fs/promises";
import type { Wholesale } from "../../../scripts/measure/shops/wholesale.ts";

export const DAYS = ["2010-12-01", "2010-12-02", "2010-12-03", "2010-12-05", "2010-12-06"];

/** Lines as the wholesaler wrote them, read another way than the replay reads them. */
export async function readLines(times: readonly string[]) {
  const texts = await Promise.all(
    DAYS.map((day) =>
      readFile(new URL(`../../../data/uci-online-retail/${day}.csv`, import.meta.url), "utf8"),
    ),
  );
  return texts
    .flatMap((text) => text.trimEnd().split("\n").slice(1))
    .map((row) => {
      const [invoice = "", code = ""] = row.split(",");
      const [quantity = "", at = "", price = ""] = row.split(",").slice(-5);
      const [pounds = "", pence = ""] = price.split(".");
      return { invoice, code, at, quantity: Number(quantity), pence: Number(pounds + pence.padEnd(2, "0")) };
    })
    .filter(({ at }) => times.some((time) => at.startsWith(time)));
}
export type RawLine = Awaited<ReturnType<typeof readLines>>[number];

export function totalOf(lines: readonly Pick<RawLine, "quantity" | "pence">[]): number {
  return lines.reduce((sum, { quantity, pence }) => sum + quantity * pence, 0);
}

/** What has to come out, by counting pieces of the raw lines: nothing of the shop, and numbers instead of bigints. */
export function expectedOrders(raw: readonly RawLine[], { offers, events }: Wholesale) {
  const left = new Map(offers.map(({ sku, stock }) => [sku, Number(stock)]));
  const prices = new Map(offers.map(({ sku, priceMinor }) => [sku, Number(priceMinor)]));
  const skuOf = ({ code, pence }: RawLine) =>
    prices.get(code) === pence ? code : `${code.replaceAll(" ", "_")}.${pence}`;
  const orders: { ref: string; invoice: string; lines: RawLine[]; total: number; cancelled: boolean }[] = [];
  let short = 0;
  const place = (ref: string, invoice: string, lines: readonly RawLine[]) => {
    const had = lines.filter((line) => {
      const pieces = left.get(skuOf(line)) ?? 0;
      if (pieces < line.quantity) {
        short++;
        return false;
      }
      left.set(skuOf(line), pieces - line.quantity);
      return true;
    });
    if (had.length > 0) orders.push({ ref, invoice, lines: had, total: totalOf(had), cancelled: false });
  };
  for (const event of events) {
    if (event.type === "order") {
      const lines = raw.filter((line) => line.invoice === event.id && line.quantity > 0 && line.pence > 0);
      place(event.id, event.id, lines);
      continue;
    }
    for (const [invoice, back] of Map.groupBy(event.lines, ({ order }) => order)) {
      const order = orders.findLast((each) => each.invoice === invoice && !each.cancelled);
      if (order === undefined) continue;
      const rest = order.lines.map((line) => ({ ...line }));
      let found = false;
      for (const { sku, quantity } of back) {
        const line = rest.find((each) => skuOf(each) === sku && each.quantity >= Number(quantity));
        if (line === undefined) continue;
        line.quantity -= Number(quantity);
        found = true;
      }
      if (!found) continue;
      order.cancelled = true;
      for (const line of order.lines) left.set(skuOf(line), (left.get(skuOf(line)) ?? 0) + line.quantity);
      const anew = rest.filter(({ quantity }) => quantity > 0);
      if (anew.length > 0) place(`${invoice}.${event.id}`, invoice, anew);
    }
  }
  return { orders, short };
}
