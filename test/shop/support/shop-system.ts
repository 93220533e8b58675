import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export type ShopSystem = Awaited<ReturnType<typeof startShopSystem>>;

/** A shop system that is none of ours, with the API that `examples/shop-adapter` speaks to. */
export async function startShopSystem() {
  const stock = new Map<string, number>();
  /** Orders that took something, and those that were put back. */
  const [taken, returned] = [new Set<string>(), new Set<string>()];
  let away = false;
  let silent = false;
  const server = createServer(async (request, response) => {
    // It does what it is asked for, and never says so.
    const answer = (status: number, body = "") => void (silent || response.writeHead(status).end(body));
    if (away) return answer(503);
    if (request.url === "/products") {
      const counted = [...stock].map(([id, left], at) => ({
        ...{ id, sku: `SKU-${at + 1}`, name: `Product ${id}`, cents: 1_999 + at, stock: left },
      }));
      const voucher = { id: "voucher", sku: "GIFT", name: "Voucher", cents: 1_000, stock: null };
      return answer(200, JSON.stringify([...counted, voucher]));
    }
    const [, order, move] = /^\/orders\/([^/]+)\/(taken|returned)$/.exec(request.url ?? "") ?? [];
    if (order === undefined) return answer(404);
    const wanted = new Map<string, number>();
    for (const { id, quantity } of (await json(request)) as { id: string; quantity: number }[])
      wanted.set(id, (wanted.get(id) ?? 0) + quantity);
    // From here on nothing waits: one order after the other.
    if (move === "returned") {
      if (!taken.has(order) || returned.has(order)) return answer(204);
      returned.add(order);
      for (const [id, pieces] of wanted) stock.set(id, (stock.get(id) ?? 0) + pieces);
      return answer(204);
    }
    if (taken.has(order)) return answer(204);
    if ([...wanted].some(([id, pieces]) => (stock.get(id) ?? -1) < pieces)) return answer(409);
    taken.add(order);
    for (const [id, pieces] of wanted) stock.set(id, (stock.get(id) ?? 0) - pieces);
    answer(204);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fill(pieces: Readonly<Record<string, number>>) {
      for (const [id, left] of Object.entries(pieces)) stock.set(id, left);
    },
    /** Whether it answers nobody. */
    setAway(is: boolean) {
      away = is;
    },
    /** Whether it leaves everybody waiting. */
    setSilent(is: boolean) {
      silent = is;
    },
    left: () => Object.fromEntries(stock),
    async stop() {
      server.closeAllConnections();
      await new Promise((stopped) => server.close(stopped));
    },
  };
}
