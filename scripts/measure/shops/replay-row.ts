import { randomBytes } from "node:crypto";
import { bytesToHex } from "viem";
import { z } from "zod";
import { shipToContext } from "#src/client/shop-schema.ts";
import { seal } from "#src/identity/sealed-box.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { formatPrice } from "#src/protocol/price.ts";
import type { MeasuredShops } from "./open-shops.ts";
import { replay, type WholesalePartner } from "./replay.ts";
import type { ShopRow } from "./shop-row.ts";
import { openSignedSocket, type SignedSocket, type SocketRequest } from "./signed-socket.ts";
import { catalogueOf, readWholesale, type Wholesale } from "./wholesale.ts";

const BAR = 300;

/** Five real days of a wholesaler, as orders of one partner: quoted, ordered, cancelled, all of it signed. */
export async function measureReplay(shops: MeasuredShops): Promise<ShopRow> {
  const { seller, buyer } = shops;
  const wholesale = await readWholesale();
  const socket = await openSignedSocket(seller, buyer);
  await stockUp(shops, wholesale);
  const before = await seller.cpuSeconds();
  const begun = performance.now();
  const { orders, shortLines } = await replay(wholesale, partnerOf(shops, socket));
  const seconds = (performance.now() - begun) / 1_000;
  const cpuSeconds = (await seller.cpuSeconds()) - before;
  socket.close();

  const prices = new Map(wholesale.offers.map(({ sku, priceMinor }) => [sku, priceMinor]));
  const wrong = orders.filter(
    ({ lines, totalMinor }) =>
      lines.reduce((sum, { sku, quantity }) => sum + (prices.get(sku) ?? 0n) * quantity, 0n) !== totalMinor,
  );
  if (wrong.length > 0) throw new Error(`${wrong.length} totals are wrong, the first of ${wrong[0]?.ref}`);
  await checkPieces(shops, wholesale, orders);
  const kept = orders.filter(({ cancelled }) => !cancelled);
  const lines = orders.reduce((sum, order) => sum + order.lines.length, 0);
  const total = kept.reduce((sum, { totalMinor }) => sum + totalMinor, 0n);
  const value = Math.round(lines / cpuSeconds);
  return {
    what: "lines of a wholesaler's real invoices ordered per CPU-second of the shop: quoted, signed, told, some cancelled",
    // More is better.
    ...{ value, bar: BAR, unit: "lines" },
    reference: `${orders.length} orders, ${lines} lines, ${formatPrice({ currency: "GBP", minor: total })} GBP in ${Math.round(seconds)} s, ${cpuSeconds.toFixed(1)} s of CPU time; ${orders.length - kept.length} cancelled, ${shortLines} lines sold out`,
    ...(value < BAR ? { limit: "CPU time of the one process" } : {}),
  };
}

async function stockUp({ seller }: MeasuredShops, wholesale: Wholesale): Promise<void> {
  const products = catalogueOf(wholesale).map(({ sku, name, priceMinor, onHand }) => ({
    ...{ sku, name, price: formatPrice({ currency: "GBP", minor: priceMinor }), quantity: String(onHand) },
  }));
  for (let at = 0; at < products.length; at += 2_000) {
    const content = JSON.stringify(products.slice(at, at + 2_000));
    await seller.own("/v1/owner/products/import", { format: "json", content }, z.unknown());
  }
}

function partnerOf({ seller, buyer }: MeasuredShops, socket: SignedSocket): WholesalePartner {
  const address = {
    ...{ name: "A wholesale buyer", lines: ["1 Harbour Street"], city: "Lübeck", region: "" },
    ...{ postalCode: "23552", country: "DE" },
  };
  return {
    async order(ref, lines) {
      const wish = lines.map(({ sku, quantity }) => ({
        product: `${seller.code}:${sku}`,
        quantity: String(quantity),
      }));
      const quote = await ask(
        {
          ...{ method: "POST", target: "/api/v1/quotes", headers: { "idempotency-key": `invoice:${ref}` } },
          body: { lines: wish, buyer: buyer.owner },
        },
        z.object({ id: z.string(), totalMinor: z.coerce.bigint() }),
      );
      const text = new TextEncoder().encode(
        JSON.stringify({ ...address, salt: bytesToHex(randomBytes(32)) }),
      );
      const shipTo = Buffer.from(seal(seller.key.publicKey, text, shipToContext(quote.id))).toString(
        "base64url",
      );
      const { id } = await ask(
        {
          ...{ method: "POST", target: "/api/v1/order" },
          body: { ref: `invoice:${ref}`, quote: quote.id, shipTo },
        },
        z.object({ id: z.string() }),
      );
      return { id, totalMinor: quote.totalMinor };
    },
    async cancel({ id }) {
      const schema = z.object({ state: z.literal("cancelled") });
      await ask({ method: "POST", target: `/api/v1/order/${id}/cancel`, body: {} }, schema);
    },
  };

  async function ask<Schema extends z.ZodType>(
    request: SocketRequest,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const { status, body } = await socket.send(await socket.prepare(request));
    const answer: unknown = JSON.parse(body);
    if (status < 300) return schema.parse(answer);
    const { code, message, details } = answer as Pick<HanseError, "code" | "message" | "details">;
    throw new HanseError(code, message, { details });
  }
}

/** What is kept for the orders that stand, and nothing else, is kept. */
async function checkPieces(
  { seller }: MeasuredShops,
  wholesale: Wholesale,
  orders: Awaited<ReturnType<typeof replay>>["orders"],
): Promise<void> {
  const kept = new Map<string, bigint>();
  for (const { lines, cancelled } of orders) {
    if (cancelled) continue;
    for (const { sku, quantity } of lines) kept.set(sku, (kept.get(sku) ?? 0n) + quantity);
  }
  const rows = await seller.database.kysely
    .selectFrom("products")
    .select(["sku", "on_hand", "reserved"])
    .execute();
  const stock = new Map(wholesale.offers.map((offer) => [offer.sku, offer.stock]));
  const wrong = rows.find(
    ({ sku, on_hand, reserved }) => on_hand !== stock.get(sku) || reserved !== (kept.get(sku) ?? 0n),
  );
  if (wrong !== undefined || rows.length !== stock.size) {
    throw new Error(`of ${wrong?.sku} ${wrong?.reserved} are kept`);
  }
}
