import { randomUUID } from "node:crypto";
import { type Selectable, sql, type Transaction } from "kysely";
import { type Hex, keccak256, stringToHex } from "viem";
import { type OrderPost, quoteSchema, type Sale } from "#src/client/shop-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import type { Stage } from "#src/protocol/goods-deals.ts";
import type { ShipTo } from "#src/protocol/ship-to.ts";
import type { ShopAdapter } from "../adapters/shop-adapter.ts";
import type { CallQueue } from "../deals/call-queue.ts";
import { chainTime } from "../deals/chain-time.ts";
import type { DealStore } from "../deals/deal-store.ts";
import type { ReceiptCalls } from "../deals/receipt-calls.ts";
import { ownSku } from "../inventory/own-product.ts";
import type { ReservationDesk } from "../inventory/reservation-desk.ts";
import type { ShopKeys } from "../shop-keys.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import type { SaleState, ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { Rates } from "./rates.ts";
import { createSaleAddresses } from "./sale-addresses.ts";
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
  readonly keys: Pick<ShopKeys, "open">;
  readonly metrics: ShopMetrics;
  /** For what the chain is told of sales: one that waits to be mined holds up no other. */
  readonly calls: CallQueue;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Called when there is something for `work` to do. */
  readonly onDue?: () => void;
  /** One at a time with whatever else reads or changes the shop's own system. */
  readonly alone?: <Value>(work: () => Promise<Value>) => Promise<Value>;
}

export interface Sales {
  /**
   * A partner tells an order of one of its quotes. What pays it is the chain's to say; the same order is answered alike. Where
   * its address cannot be read it is taken all the same, for it may be paid; told again with one that can, that counts.
   * @throws HANSE_QUOTE_UNKNOWN, HANSE_QUOTE_EXPIRED, HANSE_CONFLICT
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
  /**
   * Does what is due: takes pieces out of the house, and has the chain told what was shipped and what cannot be delivered, without
   * waiting until it is. Again does nothing twice; it is not for two at once.
   */
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
    keys,
    metrics,
    calls,
    logger,
    clock = systemClock,
    onDue = () => undefined,
    alone = (work) => work(),
  } = deps;
  const pieces = createSalePieces(database);
  const addresses = createSaleAddresses({ keys, deals });
  const now = () => new Date(clock.now());

  const sales: Sales = {
    async place(partner, order) {
      let again = false;
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
        const known = await trx
          .selectFrom("sales")
          .selectAll()
          .where("quote_id", "=", quote.id)
          .forUpdate()
          .executeTakeFirst();
        if (known !== undefined && known.partner_ref !== null) {
          if (known.partner_ref === order.ref) {
            again = true;
            return known;
          }
          throw new HanseError("HANSE_CONFLICT", "The quote was ordered under another reference", {
            retryable: false,
            details: { quote: quote.id, ref: known.partner_ref },
          });
        }
        await assertRefIsFree(trx, partner, order.ref);
        if (known !== undefined) {
          return await update(trx, known.id, { partner_ref: order.ref, ship_to: order.shipTo });
        }
        // By the chain's time, as far as it was followed: until then a deal may come to light that pays it.
        if (await isOver(trx, quote)) {
          throw new HanseError("HANSE_QUOTE_EXPIRED", "The quote is over", {
            details: { quote: quote.id, validUntil: quote.valid_until.toISOString() },
          });
        }
        return await insert(trx, quote, { partner_ref: order.ref, ship_to: order.shipTo });
      });
      if (!again) metrics.ordered(partner, "accepted");
      const placed = await view(again ? await mend(sale, order.shipTo) : sale);
      if (!again && placed.shipToProblem !== null) {
        logger.error(
          { sale: sale.id, partner, problem: placed.shipToProblem },
          "an order's address cannot be read",
        );
        metrics.ordered(partner, "address_unreadable");
      }
      return placed;
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
      const cancelled = await database.transaction(async (trx) => {
        const found = await row(trx, id, partner, true);
        if (found.state === "cancelled" || found.wanted === "refund") return undefined;
        if (found.state === "paid" && found.tracking === null) {
          return await update(trx, id, { wanted: "refund" });
        }
        if (found.state !== "placed") throw wrongState(found, "be cancelled");
        return await callOff(trx, found);
      });
      if (cancelled !== undefined) metrics.ordered(cancelled.partner, "cancelled");
      onDue();
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
      // Written down first: what is about to be shipped cannot be called off any more, and is shipped after a crash too.
      const sale = await database.transaction(async (trx) => {
        const found = await row(trx, id, undefined, true);
        if (found.tracking === tracking && (found.state === "paid" || found.state === "shipped"))
          return found;
        const ready = found.state === "paid" && found.stock === "taken";
        if (!ready || found.wanted !== null || found.tracking !== null) throw wrongState(found, "be shipped");
        return await update(trx, id, { tracking });
      });
      if (sale.state === "paid") await tellShipped(sale);
      return await view(await row(database.kysely, id));
    },

    async refund(id, restock) {
      const found = await row(database.kysely, id);
      if (found.state === "paid" || found.state === "shipped") await receipt.refund(await dealOf(found));
      else if (found.state !== "refunded") throw wrongState(found, "be refunded");
      if (restock) {
        // As it stands now, and again after a crash: what is refunded already can still be put back.
        await alone(async () => {
          const fresh = await row(database.kysely, id);
          if (fresh.stock === "taken") await putBack(fresh);
        });
      }
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
      return await addresses.open(await row(database.kysely, id));
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
        // Called off, then paid all the same: the price is given back.
        const off = state === "paid" && sale.state === "cancelled";
        // Its reservation had ended, or its refund was undone: the pieces may be gone.
        const again = state === "paid" && sale.stock === "back" && !off;
        const missing = again && !(await pieces.keepAgain(trx, sale.id));
        const next = await update(trx, sale.id, {
          ...{ state, deal_id: id },
          ...(again ? { stock: missing ? "missing" : "reserved" } : {}),
          ...(missing || off ? { wanted: "refund" } : state === "paid" ? {} : { wanted: null }),
        });
        if (state !== sale.state || sale.deal_id !== id) await count(next, quote.total_minor);
        if (state === "refunded" && next.stock === "reserved") {
          await pieces.giveBack(trx, next.id);
          await update(trx, sale.id, { stock: "back" });
        }
      }
    },

    async work() {
      await lapse();
      await giveUp();
      for (let after = ""; ; ) {
        const due = await dueAfter(after);
        for (const id of due) await orWait(id, () => settle(id));
        if (due.length < AT_ONCE) return;
        after = due.at(-1) as string;
      }
    },
  };
  return sales;

  async function dueAfter(id: string): Promise<readonly string[]> {
    const rows = await database.kysely
      .selectFrom("sales")
      .select("id")
      .where("id", ">", id)
      .where((of) =>
        of.or([
          of("stock", "=", "taking"),
          of.and([of("stock", "=", "reserved"), of("state", "in", PAID)]),
          of.and([
            of("state", "=", "paid"),
            of.or([of("wanted", "=", "refund"), of("tracking", "is not", null)]),
          ]),
          of.and([of("state", "in", OFF), of("stock", "=", "taken"), of("tracking", "is", null)]),
        ]),
      )
      .orderBy("id")
      .limit(AT_ONCE)
      .execute();
    return rows.map((row) => row.id);
  }

  /** What is due for a sale as it stands now. */
  async function settle(id: string): Promise<void> {
    const sale = await row(database.kysely, id);
    const { state, stock } = sale;
    if (state === "paid" && sale.wanted === "refund") tellChain(id);
    else if (stock === "taking" || (stock === "reserved" && PAID.includes(state))) await takeOut(sale);
    else if (state === "paid" && sale.tracking !== null) tellChain(id);
    else if (OFF.includes(state) && stock === "taken" && !(await isOnItsWay(sale))) await putBack(sale);
  }

  function tellChain(id: string): void {
    calls.add(`sale ${id}`, () =>
      orWait(id, async () => {
        // As it stands once it is its turn.
        const sale = await row(database.kysely, id);
        if (sale.state !== "paid") return;
        if (sale.wanted === "refund") await receipt.refund(await dealOf(sale));
        else await tellShipped(sale);
      }),
    );
  }

  /** Whatever is wrong with one, the others are seen to. */
  async function orWait(id: string, work: () => Promise<void>): Promise<void> {
    await work().catch((err: unknown) => logger.warn({ sale: id, err }, "a sale waits"));
  }

  async function tellShipped(sale: SaleRow): Promise<void> {
    const { id, tracking } = sale;
    if (tracking === null) return;
    try {
      await receipt.ship(await dealOf(sale), keccak256(stringToHex(tracking)));
    } catch (error) {
      // The Receipt will not take it any more: it is not shipped. What it does not take now, such as where a node is behind or we
      // may not act for the owner, is told again: the parcel is on its way.
      if (isHanseError(error, "HANSE_TRANSACTION_REVERTED") && FOR_GOOD.has(error.details.error)) {
        await database.kysely
          .updateTable("sales")
          .set({ tracking: null, changed_at: now() })
          .where("id", "=", id)
          .where("state", "=", "paid")
          .execute();
      }
      throw error;
    }
  }

  /** What was told and not paid in time is over: nobody can seal its quote any more, as the chain's time tells. */
  async function lapse(): Promise<void> {
    const lapsed = await database.kysely
      .selectFrom("sales")
      .innerJoin("quotes", "quotes.id", "sales.quote_id")
      .select("sales.id")
      .where("sales.state", "=", "placed")
      .where(sql<boolean>`quotes.valid_until < ${chainTime}`)
      .limit(AT_ONCE)
      .execute();
    for (const { id } of lapsed) {
      await database.transaction(async (trx) => {
        const sale = await row(trx, id, undefined, true);
        if (sale.state === "placed") await callOff(trx, sale);
      });
    }
  }

  /**
   * What is not shipped as the time for it runs out is refunded while that costs nothing: once it is over, whoever is first has it
   * refunded, and the buyer our bond too. What nobody told an address of by half of that time cannot be shipped, and its pieces
   * are there for others.
   */
  async function giveUp(): Promise<void> {
    await sql`
      update sales set wanted = 'refund', changed_at = ${now()}
      from (select id, since, (deal::json ->> 'shipWithin')::int8 as within from deals where stage = 'Sealed') sealed
      where sealed.id = sales.deal_id and sales.state = 'paid' and sales.wanted is null and sales.tracking is null
        and ${chainTime} >= to_timestamp(
          case when sales.ship_to is null then since + within / 2 else since + within - least(${SHIP_MARGIN_S}, within / 10) end)
    `.execute(database.kysely);
  }

  /** Of what is not paid: pieces that are kept are there for others; those that have left the house are put back by `work`. */
  async function callOff(trx: Trx, sale: SaleRow): Promise<SaleRow> {
    const kept = sale.stock === "reserved";
    if (kept) await pieces.giveBack(trx, sale.id);
    return await update(trx, sale.id, { state: "cancelled", ...(kept ? { stock: "back" } : {}) });
  }

  /** Whether the chain's time, as far as it was followed, is past the last second at which a quote can be sealed. */
  async function isOver(trx: Trx, quote: Selectable<ShopTables["quotes"]>): Promise<boolean> {
    const { rows } = await sql<{ time: Date | null }>`select ${chainTime} as time`.execute(trx);
    return (rows[0]?.time?.getTime() ?? 0) > quote.valid_until.getTime();
  }

  /**
   * Pieces that are paid leave the house: first in the shop's own system, then here. That it is asked for them is written down
   * before: what it gave is found again, whatever happens to the sale or this process meanwhile.
   */
  async function takeOut({ id }: SaleRow): Promise<void> {
    const sale = await database.transaction(async (trx) => {
      const fresh = await row(trx, id, undefined, true);
      if (fresh.stock === "taking") return fresh;
      if (fresh.stock !== "reserved" || !PAID.includes(fresh.state) || fresh.wanted !== null)
        return undefined;
      return await update(trx, id, { stock: "taking", takes: fresh.takes + 1 });
    });
    if (sale === undefined) return;
    const there = await adapter.take(takingOf(sale), await pieces.linesOf(id));
    await database.transaction(async (trx) => {
      const fresh = await row(trx, id, undefined, true);
      if (fresh.stock !== "taking") return;
      // What the own system has not got is not in the house either: nobody else is to be sold it.
      await pieces.takeOut(trx, id);
      await update(trx, id, {
        stock: there ? "taken" : "missing",
        ...(there || fresh.state !== "paid" ? {} : { wanted: "refund" }),
      });
    });
    if (!there) {
      logger.warn({ sale: id }, "the shop's own system has not got what was sold");
      metrics.ordered(sale.partner, "out_of_stock");
    }
    // There may be more to do about it: a refund, or it was called off meanwhile.
    onDue();
  }

  async function putBack(sale: SaleRow): Promise<void> {
    await adapter.putBack(takingOf(sale), await pieces.linesOf(sale.id));
    await database.transaction(async (trx) => {
      const fresh = await row(trx, sale.id, undefined, true);
      if (fresh.stock !== "taken") return;
      await pieces.putBack(trx, sale.id);
      await update(trx, sale.id, { stock: "back" });
    });
  }

  /** Whether a parcel was sent, by whoever: then its pieces are not in the house. */
  async function isOnItsWay({ deal_id, tracking }: SaleRow): Promise<boolean> {
    if (tracking !== null) return true;
    if (deal_id === null) return false;
    const shipped = await database.kysely
      .selectFrom("deal_steps")
      .select("block")
      .where("deal_id", "=", deal_id)
      .where("stage", "=", "Shipped")
      .executeTakeFirst();
    return shipped !== undefined;
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
            sku: ownSku(code, product),
            quantity,
            price_minor: priceMinor,
          },
        })),
      )
      .execute();
    return sale;
  }

  async function assertRefIsFree(trx: Trx, partner: string, ref: string): Promise<void> {
    const other = await trx
      .selectFrom("sales")
      .select("quote_id")
      .where("partner", "=", partner)
      .where("partner_ref", "=", ref)
      .executeTakeFirst();
    if (other === undefined) return;
    throw new HanseError("HANSE_CONFLICT", "The reference stands for the order of another quote", {
      retryable: false,
      details: { ref, quote: other.quote_id },
    });
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

  async function count({ partner, state }: SaleRow, totalMinor: bigint): Promise<void> {
    if (state === "paid") {
      metrics.ordered(partner, "paid");
      // Without a rate it is sold all the same.
      const cents = await rates.toUsdCents({ currency, minor: totalMinor }).catch(() => 0n);
      metrics.sold(partner, cents);
    } else if (state === "settled" || state === "refunded") metrics.ordered(partner, state);
  }

  /** A box that is told again is kept where it can be read, and the one before cannot. */
  async function mend(sale: SaleRow, box: string): Promise<SaleRow> {
    if (box === sale.ship_to || (await addresses.problemOf(sale)) === undefined) return sale;
    if ((await addresses.problemOf({ ...sale, ship_to: box })) !== undefined) return sale;
    return await database.transaction((trx) => update(trx, sale.id, { ship_to: box }));
  }
}

/** Before the end of the time to ship: for the chain to take a transaction in. */
const SHIP_MARGIN_S = 600;
/** Paid, if not yet to the shop. */
const PAID: readonly SaleState[] = ["paid", "shipped", "settled"];
/** The buyer gets nothing. */
const OFF: readonly SaleState[] = ["refunded", "cancelled"];
const AT_ONCE = 100;
/** Why a deal is not shipped, nor ever will be. */
const FOR_GOOD: ReadonlySet<unknown> = new Set(["ReceiptTooLate", "ReceiptWrongStage"]);

/** What the own system is told that it takes pieces for: where they were put back and are taken again, it is another time. */
function takingOf({ id, takes }: SaleRow): string {
  return takes <= 1 ? id : `${id}.${takes}`;
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
