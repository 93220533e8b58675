import { randomUUID } from "node:crypto";
import { type Selectable, sql, type Transaction } from "kysely";
import { type Hex, keccak256, stringToHex } from "viem";
import { type OrderPost, quoteSchema, type Sale, shipToContext } from "#src/client/shop-schema.ts";
import { open } from "#src/identity/sealed-box.ts";
import type { ShopKey } from "#src/identity/shop-key.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import type { Stage } from "#src/protocol/goods-deals.ts";
import { type ShipTo, shipToHash, shipToSchema } from "#src/protocol/ship-to.ts";
import type { ShopAdapter } from "../adapters/shop-adapter.ts";
import type { DealStore } from "../deals/deal-store.ts";
import type { ReceiptCalls } from "../deals/receipt-calls.ts";
import type { ReservationDesk } from "../inventory/reservation-desk.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import type { SaleState, ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { Rates } from "./rates.ts";
import { createSalePieces } from "./sale-pieces.ts";

type Trx = Transaction<ShopTables>;
type SaleRow = Selectable<ShopTables["sales"]>;

export interface SaleDeps {
  readonly database: ShopDatabase;
  readonly deals: DealStore;
  readonly reservations: ReservationDesk;
  readonly adapter: ShopAdapter;
  readonly receipt: ReceiptCalls;
  readonly rates: Rates;
  /** To open where parcels go. */
  readonly key: ShopKey;
  readonly metrics: ShopMetrics;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface Sales {
  /**
   * A partner tells an order of one of its quotes. What pays it is the chain's to say; the same order is answered alike.
   * @throws HANSE_QUOTE_UNKNOWN, HANSE_QUOTE_EXPIRED, HANSE_CONFLICT, HANSE_SEALED_BOX_INVALID
   */
  place(partner: string, order: OrderPost): Promise<Sale>;
  /** @throws HANSE_SALE_UNKNOWN */
  find(id: string, partner?: string): Promise<Sale>;
  list(): Promise<readonly Sale[]>;
  /** Calls an order off that is not shipped: what was paid is given back. @throws HANSE_SALE_UNKNOWN, HANSE_SALE_STATE */
  cancel(id: string, partner?: string): Promise<Sale>;
  /** The buyer wants to send it back; the owner refunds it, or not. @throws as `cancel` */
  askReturn(partner: string, id: string, reason: string): Promise<Sale>;
  /** The owner: the parcel is on its way. @throws as `cancel` */
  ship(id: string, tracking: string): Promise<Sale>;
  /** The owner gives the price back. `restock`: the pieces are in the house again. @throws as `cancel` */
  refund(id: string, restock: boolean): Promise<Sale>;
  /**
   * The owner answers a complaint: it is wrong, and the arbiter is to say so. The bond for it is the shop's own money.
   * @param evidence what speaks for the shop; the chain has its hash
   * @throws as `cancel`; HANSE_TRANSACTION_REVERTED
   */
  contest(id: string, evidence: string): Promise<Sale>;
  /** Where the parcel goes, opened with the shop's key. @throws HANSE_SEALED_BOX_INVALID */
  shipTo(id: string): Promise<ShipTo | undefined>;
  /** What follows from deals that are new or changed; part of the transaction that stores them. */
  onDeals(trx: Trx, ids: readonly Hex[]): Promise<void>;
  /** Does what is due: takes pieces out of the house, refunds what cannot be delivered. Again does nothing twice. */
  work(): Promise<void>;
}

export function createSales(
  deps: SaleDeps,
  { code, currency }: { readonly code: string; readonly currency: Currency },
): Sales {
  const {
    database,
    deals,
    reservations,
    adapter,
    receipt,
    rates,
    key,
    metrics,
    logger,
    clock = systemClock,
  } = deps;
  const pieces = createSalePieces(database);
  const now = () => new Date(clock.now());

  const sales: Sales = {
    async place(partner, order) {
      const sale = await database.transaction(async (trx) => {
        const quote = await trx
          .selectFrom("quotes")
          .selectAll()
          .where("id", "=", order.quote)
          .where("partner", "=", partner)
          .forUpdate()
          .executeTakeFirst();
        if (quote === undefined) {
          throw new HanseError("HANSE_QUOTE_UNKNOWN", "There is no such quote of yours", {
            details: { id: order.quote },
          });
        }
        // Opened now: an address that nobody can read is refused while the buyer can still seal another.
        openAddress(order.quote, order.shipTo);
        const known = await trx
          .selectFrom("sales")
          .selectAll()
          .where("quote_id", "=", quote.id)
          .forUpdate()
          .executeTakeFirst();
        if (known !== undefined && known.partner_ref !== null) {
          if (known.partner_ref === order.ref) return known;
          throw new HanseError("HANSE_CONFLICT", "The quote was ordered under another reference", {
            details: { quote: quote.id, ref: known.partner_ref },
          });
        }
        if (known !== undefined) {
          return await update(trx, known.id, { partner_ref: order.ref, ship_to: order.shipTo });
        }
        if (quote.valid_until.getTime() < clock.now()) {
          throw new HanseError("HANSE_QUOTE_EXPIRED", "The quote is over", {
            details: { quote: quote.id, validUntil: quote.valid_until.toISOString() },
          });
        }
        return await insert(trx, quote, { partner_ref: order.ref, ship_to: order.shipTo });
      });
      metrics.ordered(partner, "accepted");
      return await view(sale);
    },

    async find(id, partner) {
      return await view(await row(database.kysely, id, partner));
    },

    async list() {
      const rows = await database.kysely
        .selectFrom("sales")
        .selectAll()
        .orderBy("created_at", "desc")
        .limit(1_000)
        .execute();
      return await Promise.all(rows.map(view));
    },

    async cancel(id, partner) {
      const sale = await database.transaction(async (trx) => {
        const found = await row(trx, id, partner, true);
        if (found.state === "cancelled" || found.wanted === "refund") return found;
        if (found.state === "paid") return await update(trx, id, { wanted: "refund" });
        if (found.state !== "placed") throw wrongState(found, "be cancelled");
        if (found.stock === "reserved") await pieces.giveBack(trx, found.id);
        return await update(trx, id, { state: "cancelled", stock: "back" });
      });
      metrics.ordered(sale.partner, "cancelled");
      await sales.work();
      return await sales.find(id);
    },

    async askReturn(partner, id, reason) {
      const found = await row(database.kysely, id, partner);
      if (found.state !== "shipped" && found.state !== "settled") throw wrongState(found, "be returned");
      return await view(
        await database.transaction((trx) =>
          update(trx, id, { return_reason: found.return_reason ?? reason }),
        ),
      );
    },

    async ship(id, tracking) {
      const found = await row(database.kysely, id);
      if (found.state !== "paid" || found.stock !== "taken" || found.wanted !== null)
        throw wrongState(found, "be shipped");
      await receipt.ship(await dealOf(found), keccak256(stringToHex(tracking)));
      return await view(await database.transaction((trx) => update(trx, id, { tracking })));
    },

    async refund(id, restock) {
      const found = await row(database.kysely, id);
      if (found.state !== "paid" && found.state !== "shipped") throw wrongState(found, "be refunded");
      await receipt.refund(await dealOf(found));
      if (restock && found.stock === "taken") await putBack(found);
      return await view(await row(database.kysely, id));
    },

    async contest(id, evidence) {
      const found = await row(database.kysely, id);
      const known = await dealOf(found);
      if (known.stage !== "Disputed") throw wrongState(found, "be contested: nobody waits for an answer");
      await receipt.contest(known, keccak256(stringToHex(evidence)));
      return await view(await row(database.kysely, id));
    },

    async shipTo(id) {
      const { quote_id, ship_to, deal_id } = await row(database.kysely, id);
      if (ship_to === null) return undefined;
      const address = openAddress(quote_id, ship_to);
      const known = deal_id === null ? undefined : await deals.find(deal_id);
      if (known === undefined || shipToHash(address) === known.deal.shipTo) return address;
      throw new HanseError("HANSE_SEALED_BOX_INVALID", "The address is not the one that the buyer signed", {
        details: { id, deal: deal_id },
      });
    },

    async onDeals(trx, ids) {
      for (const id of ids) {
        const deal = await trx.selectFrom("deals").selectAll().where("id", "=", id).executeTakeFirst();
        if (deal === undefined) {
          // Its seal was undone: it is placed again, and may be sealed again.
          await trx
            .updateTable("sales")
            .set({ state: "placed", deal_id: null, changed_at: now() })
            .where("deal_id", "=", id)
            .execute();
          continue;
        }
        const quote = await trx
          .selectFrom("quotes")
          .selectAll()
          .where("sale_hash", "=", deal.sale_hash)
          .forUpdate()
          .executeTakeFirst();
        if (quote === undefined) continue;
        const known = await trx
          .selectFrom("sales")
          .selectAll()
          .where("quote_id", "=", quote.id)
          .forUpdate()
          .executeTakeFirst();
        // The chain told of it before its partner did, or the partner never will.
        const sale = known ?? (await insert(trx, quote, {}));
        const state = stateOf(deal.stage);
        // Called off, then paid all the same: its pieces may be gone.
        const again = sale.stock === "back" && sale.deal_id === null;
        const missing = again && !(await pieces.keepAgain(trx, sale.id));
        const next = await update(trx, sale.id, {
          ...{ state, deal_id: id },
          ...(again ? { stock: missing ? "missing" : "reserved" } : {}),
          ...(missing ? { wanted: "refund" } : state === "paid" ? {} : { wanted: null }),
        });
        if (state !== sale.state || sale.deal_id !== id) await count(next, quote.total_minor);
        if (state === "refunded" && sale.stock === "reserved") {
          await pieces.giveBack(trx, next.id);
          await update(trx, sale.id, { stock: "back" });
        }
      }
    },

    async work() {
      await lapse();
      const due = await database.kysely
        .selectFrom("sales")
        .selectAll()
        .where("state", "in", ["paid", "refunded"])
        .where((of) =>
          of.or([
            of("wanted", "=", "refund"),
            of.and([of("stock", "=", "reserved"), of("state", "=", "paid")]),
            of.and([of("stock", "=", "taken"), of("state", "=", "refunded"), of("tracking", "is", null)]),
          ]),
        )
        .orderBy("created_at")
        .limit(100)
        .execute();
      for (const sale of due) {
        try {
          if (sale.wanted === "refund" && sale.state === "paid") await receipt.refund(await dealOf(sale));
          else if (sale.state === "paid") await takeOut(sale);
          else if (sale.state === "refunded" && sale.stock === "taken") await putBack(sale);
        } catch (error) {
          logger.warn({ sale: sale.id, deal: sale.deal_id, err: error }, "a sale waits for what is due");
        }
      }
    },
  };
  return sales;

  /** What was told and not paid in time is over: nobody can seal its quote any more, as the chain's time tells. */
  async function lapse(): Promise<void> {
    const lapsed = await database.kysely
      .selectFrom("sales")
      .innerJoin("quotes", "quotes.id", "sales.quote_id")
      .select("sales.id")
      .where("sales.state", "=", "placed")
      .where(sql<boolean>`quotes.valid_until < (select to_timestamp(max(time)) from chain_blocks)`)
      .limit(100)
      .execute();
    for (const { id } of lapsed) {
      await database.transaction(async (trx) => {
        const sale = await row(trx, id, undefined, true);
        if (sale.state !== "placed") return;
        if (sale.stock === "reserved") await pieces.giveBack(trx, sale.id);
        await update(trx, id, { state: "cancelled", stock: "back" });
      });
    }
  }

  /** Pieces that are paid leave the house: first in the shop's own system, under the sale's id, then here. */
  async function takeOut(sale: SaleRow): Promise<void> {
    const there = await adapter.take(sale.id, await pieces.linesOf(sale.id));
    await database.transaction(async (trx) => {
      const fresh = await row(trx, sale.id, undefined, true);
      if (fresh.stock !== "reserved" || fresh.state !== "paid") return;
      if (!there) {
        logger.warn({ sale: sale.id }, "the shop's own system has not got what was sold: it is refunded");
        metrics.ordered(sale.partner, "out_of_stock");
        await pieces.giveBack(trx, sale.id);
        await update(trx, sale.id, { stock: "missing", wanted: "refund" });
        return;
      }
      await pieces.takeOut(trx, sale.id);
      await update(trx, sale.id, { stock: "taken" });
    });
    if (!there) await sales.work();
  }

  async function putBack(sale: SaleRow): Promise<void> {
    await adapter.putBack(sale.id, await pieces.linesOf(sale.id));
    await database.transaction(async (trx) => {
      const fresh = await row(trx, sale.id, undefined, true);
      if (fresh.stock !== "taken") return;
      await pieces.putBack(trx, sale.id);
      await update(trx, sale.id, { stock: "back" });
    });
  }

  // ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A sale of a quote; the pieces that are kept for the quote are the sale's from now on. */
  async function insert(
    trx: Trx,
    quote: Selectable<ShopTables["quotes"]>,
    told: Partial<Pick<SaleRow, "partner_ref" | "ship_to">>,
  ) {
    const id = randomUUID();
    const { lines } = quoteSchema.parse(JSON.parse(quote.content));
    const kept = await trx
      .updateTable("reservations")
      .set({ state: "ordered" })
      .where("quote_id", "=", quote.id)
      .where("state", "=", "held")
      .returningAll()
      .execute();
    const whole = kept.length === lines.length;
    if (!whole) await reservations.giveBack(trx, kept);
    const sale = await trx
      .insertInto("sales")
      .values({
        ...{ id, partner: quote.partner, quote_id: quote.id, state: "placed", deal_id: null, wanted: null },
        ...{ partner_ref: null, ship_to: null, tracking: null, return_reason: null, ...told },
        stock: whole ? "reserved" : "back",
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await trx
      .insertInto("sale_lines")
      .values(
        lines.map(({ product, quantity, priceMinor }, line) => ({
          ...{
            sale_id: id,
            line,
            sku: product.slice(product.indexOf(":") + 1),
            quantity,
            price_minor: priceMinor,
          },
        })),
      )
      .execute();
    return sale;
  }

  async function update(trx: Trx, id: string, change: Partial<Omit<SaleRow, "id">>): Promise<SaleRow> {
    return await trx
      .updateTable("sales")
      .set({ ...change, changed_at: now() })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async function row(
    from: Trx | ShopDatabase["kysely"],
    id: string,
    partner?: string,
    lock = false,
  ): Promise<SaleRow> {
    const found = await from
      .selectFrom("sales")
      .selectAll()
      .where("id", "=", id)
      .$if(partner !== undefined, (query) => query.where("partner", "=", partner ?? ""))
      .$if(lock, (query) => query.forUpdate())
      .executeTakeFirst();
    if (found !== undefined) return found;
    throw new HanseError("HANSE_SALE_UNKNOWN", "There is no such order of yours", { details: { id } });
  }

  async function dealOf(sale: SaleRow) {
    const known = sale.deal_id === null ? undefined : await deals.find(sale.deal_id);
    if (known === undefined) throw wrongState(sale, "be acted on: its deal is not on chain");
    return known;
  }

  async function view(sale: SaleRow): Promise<Sale> {
    const quote = await database.kysely
      .selectFrom("quotes")
      .selectAll()
      .where("id", "=", sale.quote_id)
      .executeTakeFirstOrThrow();
    const lines = await database.kysely
      .selectFrom("sale_lines")
      .selectAll()
      .where("sale_id", "=", sale.id)
      .orderBy("line")
      .execute();
    const deal = sale.deal_id === null ? undefined : await deals.find(sale.deal_id);
    return {
      ...{
        id: sale.id,
        partner: sale.partner,
        ref: sale.partner_ref,
        quote: sale.quote_id,
        state: sale.state,
      },
      ...{ stage: deal?.stage ?? null, deal: sale.deal_id, currency, tracking: sale.tracking },
      ...{
        totalMinor: quote.total_minor,
        totalNano: quote.total_nano,
        returnReason: sale.return_reason,
        packed: sale.stock === "taken",
      },
      lines: lines.map(({ sku, quantity, price_minor }) => ({
        product: `${code}:${sku}`,
        quantity,
        priceMinor: price_minor,
      })),
      createdAt: sale.created_at.toISOString(),
    };
  }

  async function count({ partner, state }: SaleRow, totalMinor: bigint): Promise<void> {
    if (state === "paid") {
      metrics.ordered(partner, "paid");
      // Without a rate it is sold all the same.
      const cents = await rates.toUsdCents({ currency, minor: totalMinor }).catch(() => 0n);
      metrics.sold(partner, cents);
    } else if (state === "settled" || state === "refunded") metrics.ordered(partner, state);
  }

  function openAddress(quote: string, box: string): ShipTo {
    const text = new TextDecoder().decode(open(key, Buffer.from(box, "base64url"), shipToContext(quote)));
    const parsed = shipToSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw new HanseError("HANSE_SEALED_BOX_INVALID", "The box holds no address");
  }
}

function stateOf(stage: Stage): SaleState {
  switch (stage) {
    case "None":
      return "placed";
    case "Sealed":
      return "paid";
    case "Shipped":
    case "Disputed":
    case "Contested":
      return "shipped";
    case "Refunded":
    case "WonByBuyer":
      return "refunded";
    default:
      return "settled";
  }
}

function wrongState(sale: SaleRow, text: string): HanseError {
  return new HanseError("HANSE_SALE_STATE", `An order that is ${sale.state} cannot ${text}`, {
    details: { id: sale.id, state: sale.state, stock: sale.stock },
  });
}
