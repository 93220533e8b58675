import { sql } from "kysely";
import { type Hex, keccak256, stringToHex } from "viem";
import type { OrderPost, Sale } from "#src/client/shop-schema.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import type { Stage } from "#src/protocol/goods-deals.ts";
import type { ShipTo } from "#src/protocol/ship-to.ts";
import type { ShopAdapter } from "../adapters/shop-adapter.ts";
import type { CallQueue } from "../deals/call-queue.ts";
import { chainTime } from "../deals/chain-time.ts";
import type { DealStore } from "../deals/deal-store.ts";
import type { ReceiptCalls } from "../deals/receipt-calls.ts";
import type { ReservationDesk } from "../inventory/reservation-desk.ts";
import type { ShopKeys } from "../shop-keys.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import type { SaleState, ShopDatabase } from "../shop-tables.ts";
import type { Rates } from "./rates.ts";
import { createSaleAddresses } from "./sale-addresses.ts";
import { createSaleBook, type QuoteRow, type SaleRow, type Trx, wrongState } from "./sale-book.ts";
import { createSalePieces } from "./sale-pieces.ts";
import { createSaleWork } from "./sale-work.ts";

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
  const { database, deals, reservations, receipt, rates, keys, metrics, logger, clock = systemClock } = deps;
  const { onDue = () => undefined, alone = (work) => work() } = deps;
  const pieces = createSalePieces(database);
  const addresses = createSaleAddresses({ keys, deals });
  const book = createSaleBook({ database, deals, reservations, addresses, clock }, { code, currency });
  const { row, insert, update, dealOf, view } = book;
  const { work, tellShipped, putBack, callOff } = createSaleWork({ ...deps, book, pieces, onDue });

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
            .set({ state: "placed", deal_id: null, changed_at: new Date(clock.now()) })
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

    work,
  };
  return sales;

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

  /** Whether the chain's time, as far as it was followed, is past the last second at which a quote can be sealed. */
  async function isOver(trx: Trx, quote: QuoteRow): Promise<boolean> {
    const { rows } = await sql<{ time: Date | null }>`select ${chainTime} as time`.execute(trx);
    return (rows[0]?.time?.getTime() ?? 0) > quote.valid_until.getTime();
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
