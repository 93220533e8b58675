import { sql } from "kysely";
import { keccak256, stringToHex } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ShopAdapter } from "../adapters/shop-adapter.ts";
import type { CallQueue } from "../deals/call-queue.ts";
import { chainTime } from "../deals/chain-time.ts";
import type { ReceiptCalls } from "../deals/receipt-calls.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import type { SaleState, ShopDatabase } from "../shop-tables.ts";
import type { SaleBook, SaleRow, Trx } from "./sale-book.ts";
import type { SalePieces } from "./sale-pieces.ts";

/** What is done for sales unasked, and again after a crash. */
export interface SaleWork {
  /** See `Sales.work`. */
  work(): Promise<void>;
  /** Has the chain told that its parcel is on its way. */
  tellShipped(sale: SaleRow): Promise<void>;
  /** Pieces that have left the house are there again, in the shop's own system too. */
  putBack(sale: SaleRow): Promise<void>;
  /** Of what is not paid: pieces that are kept are there for others; those that have left the house are put back by `work`. */
  callOff(trx: Trx, sale: SaleRow): Promise<SaleRow>;
}

export interface SaleWorkDeps {
  readonly database: ShopDatabase;
  readonly book: SaleBook;
  readonly pieces: SalePieces;
  readonly adapter: ShopAdapter;
  readonly receipt: Pick<ReceiptCalls, "refund" | "ship">;
  readonly calls: CallQueue;
  readonly metrics: Pick<ShopMetrics, "ordered">;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Called when there is something for `work` to do. */
  readonly onDue: () => void;
}

export function createSaleWork({
  database,
  book: { row, update, dealOf },
  pieces,
  adapter,
  receipt,
  calls,
  metrics,
  logger,
  clock = systemClock,
  onDue,
}: SaleWorkDeps): SaleWork {
  const now = () => new Date(clock.now());

  return { work, tellShipped, putBack, callOff };

  async function work(): Promise<void> {
    await lapse();
    await giveUp();
    for (let after = ""; ; ) {
      const due = await dueAfter(after);
      for (const id of due) await orWait(id, () => settle(id));
      if (due.length < AT_ONCE) return;
      after = due.at(-1) as string;
    }
  }

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

  async function callOff(trx: Trx, sale: SaleRow): Promise<SaleRow> {
    const kept = sale.stock === "reserved";
    if (kept) await pieces.giveBack(trx, sale.id);
    return await update(trx, sale.id, { state: "cancelled", ...(kept ? { stock: "back" } : {}) });
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
