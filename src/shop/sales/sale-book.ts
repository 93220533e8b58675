import { randomUUID } from "node:crypto";
import type { Selectable, Transaction } from "kysely";
import { quoteSchema, type Sale } from "#src/client/shop-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import type { DealStore, KnownDeal } from "../deals/deal-store.ts";
import { ownSku } from "../inventory/own-product.ts";
import type { ReservationDesk } from "../inventory/reservation-desk.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { SaleAddresses } from "./sale-addresses.ts";

export type Trx = Transaction<ShopTables>;
export type SaleRow = Selectable<ShopTables["sales"]>;
export type QuoteRow = Selectable<ShopTables["quotes"]>;

/** Sales as they are written down. */
export interface SaleBook {
  /**
   * @param partner nobody else's
   * @param lock until the transaction ends
   * @throws HANSE_SALE_UNKNOWN
   */
  row(from: Trx | ShopDatabase["kysely"], id: string, partner?: string, lock?: boolean): Promise<SaleRow>;
  /** A sale of a quote; the pieces that are kept for the quote are the sale's from now on. */
  insert(
    trx: Trx,
    quote: QuoteRow,
    told: Partial<Pick<SaleRow, "partner_ref" | "ship_to">>,
  ): Promise<SaleRow>;
  update(trx: Trx, id: string, change: Partial<Omit<SaleRow, "id">>): Promise<SaleRow>;
  /** The deal that pays it. @throws HANSE_SALE_STATE where there is none */
  dealOf(sale: SaleRow): Promise<KnownDeal>;
  /** As its partner and its owner are told. */
  view(sale: SaleRow): Promise<Sale>;
}

export interface SaleBookDeps {
  readonly database: ShopDatabase;
  readonly deals: Pick<DealStore, "find">;
  readonly reservations: Pick<ReservationDesk, "giveBack">;
  readonly addresses: Pick<SaleAddresses, "problemOf">;
  readonly clock?: Clock;
}

export function createSaleBook(
  { database, deals, reservations, addresses, clock = systemClock }: SaleBookDeps,
  { code, currency }: { readonly code: string; readonly currency: Currency },
): SaleBook {
  return { row, insert, update, dealOf, view };

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
            sku: ownSku(code, product),
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
      .set({ ...change, changed_at: new Date(clock.now()) })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
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
    // Of what is shipped or over, nobody needs it any more.
    const awaited = sale.tracking === null && (sale.state === "placed" || sale.state === "paid");
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
        shipToProblem: awaited ? ((await addresses.problemOf(sale)) ?? null) : null,
      },
      lines: lines.map(({ sku, quantity, price_minor }) => ({
        product: `${code}:${sku}`,
        quantity,
        priceMinor: price_minor,
      })),
      createdAt: sale.created_at.toISOString(),
    };
  }
}

export function wrongState(sale: SaleRow, text: string): HanseError {
  return new HanseError("HANSE_SALE_STATE", `An order that is ${sale.state} cannot ${text}`, {
    details: { id: sale.id, state: sale.state, stock: sale.stock },
  });
}
