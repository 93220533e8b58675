import { randomUUID } from "node:crypto";
import { type Selectable, sql, type Transaction } from "kysely";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import { nextSequence } from "./feed-sequence.ts";

export interface ReservationWish {
  readonly sku: string;
  readonly partner: string;
  /** Pieces. */
  readonly quantity: bigint;
  /** The same reservation is answered where it comes again. */
  readonly idempotencyKey: string;
}

export type Reservation = Selectable<ShopTables["reservations"]>;

export interface ReservationDesk {
  /**
   * Takes pieces off what others can have, until the reservation expires.
   * @throws HANSE_OUT_OF_STOCK with what is left; HANSE_PRODUCT_UNKNOWN; HANSE_CONFLICT where the idempotency key stands
   * for another wish; HANSE_RATE_LIMITED where the partner holds too many
   */
  reserve(wish: ReservationWish): Promise<Reservation>;
  /** Gives back what is held. Again changes nothing. @throws HANSE_RESERVATION_UNKNOWN, HANSE_CONFLICT once it is ordered */
  release(partner: string, id: string): Promise<Reservation>;
  /** @throws HANSE_RESERVATION_UNKNOWN */
  find(partner: string, id: string): Promise<Reservation>;
  /** Puts the pieces of reservations that are over back among those that others can have. */
  giveBack(trx: Transaction<ShopTables>, over: readonly Reservation[]): Promise<void>;
  /** Gives back what has been held too long, some hundreds at a time. @returns those that expired */
  expire(): Promise<readonly Reservation[]>;
}

export interface ReservationDeskOptions {
  /** How long (milliseconds) a reservation holds; 15 minutes unless told. */
  readonly holdMs?: number;
  /** How many one partner may hold at a time; 1,000 unless told. */
  readonly mostHeld?: number;
}

interface Waiting {
  readonly wish: ReservationWish;
  readonly resolve: (reservation: Reservation) => void;
  readonly reject: (reason: unknown) => void;
}

/** How many wishes one transaction takes. */
const AT_ONCE = 500;

/**
 * Reservations of this shop's products.
 *
 * Those who want the same piece at the same moment would wait for each other's transaction, each for its own disk write.
 * So what comes while one is under way is taken together by the next: as many wishes as there are, in the order in which
 * they came, in one transaction.
 */
export function createReservationDesk(
  { database, clock = systemClock }: { readonly database: ShopDatabase; readonly clock?: Clock },
  { holdMs = 15 * 60_000, mostHeld = 1_000 }: ReservationDeskOptions = {},
): ReservationDesk {
  let waiting: Waiting[] = [];
  let working = false;

  return {
    reserve(wish) {
      const { promise, resolve, reject } = Promise.withResolvers<Reservation>();
      waiting.push({ wish, resolve, reject });
      if (!working) void work();
      return promise;
    },

    async release(partner, id) {
      return await database.transaction(async (trx) => {
        const held = await trx
          .selectFrom("reservations")
          .selectAll()
          .where("id", "=", id)
          .where("partner", "=", partner)
          .forUpdate()
          .executeTakeFirst();
        if (held === undefined) throw unknown(id);
        if (held.state === "ordered") {
          throw new HanseError("HANSE_CONFLICT", "The reservation is ordered: cancel the order", {
            details: { id },
          });
        }
        if (held.state !== "held") return held;
        await giveBack(trx, [held]);
        return await trx
          .updateTable("reservations")
          .set({ state: "released" })
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirstOrThrow();
      });
    },

    async find(partner, id) {
      const found = await database.kysely
        .selectFrom("reservations")
        .selectAll()
        .where("id", "=", id)
        .where("partner", "=", partner)
        .executeTakeFirst();
      if (found === undefined) throw unknown(id);
      return found;
    },

    giveBack,

    async expire() {
      return await database.transaction(async (trx) => {
        const over = await trx
          .updateTable("reservations")
          .set({ state: "expired" })
          .where("id", "in", (query) =>
            query
              .selectFrom("reservations")
              .select("id")
              .where("state", "=", "held")
              .where("expires_at", "<=", new Date(clock.now()))
              // A seal may still turn it into an order while the chain's time, as far as it was followed, is not over.
              .where(
                sql<boolean>`(sealable_until is null or sealable_until < (select to_timestamp(max(time)) from chain_blocks))`,
              )
              .orderBy("id")
              .limit(AT_ONCE)
              .forUpdate()
              .skipLocked(),
          )
          .returningAll()
          .execute();
        await giveBack(trx, over);
        return over;
      });
    },
  };

  async function work(): Promise<void> {
    working = true;
    // What arrived in the same turn belongs to the first batch too.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, AT_ONCE);
      waiting = waiting.slice(AT_ONCE);
      try {
        const outcomes = await take(batch.map(({ wish }) => wish));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const outcome = outcomes[index];
          if (outcome instanceof HanseError) reject(outcome);
          else resolve(outcome as Reservation);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    working = false;
  }

  /** @returns for each wish its reservation, or why there is none */
  async function take(wishes: readonly ReservationWish[]): Promise<(Reservation | HanseError)[]> {
    return await database.transaction(async (trx) => {
      const skus = [...new Set(wishes.map(({ sku }) => sku))];
      const partners = [...new Set(wishes.map(({ partner }) => partner))];
      // Locked in one order, whoever takes several.
      const rows = await trx
        .selectFrom("products")
        .select(["sku", "on_hand", "reserved", "gone"])
        .where("sku", "in", skus)
        .orderBy("sku")
        .forUpdate()
        .execute();
      const products = new Map(rows.map((row) => [row.sku, { ...row, before: row.reserved }]));
      const earlier = await trx
        .selectFrom("reservations")
        .selectAll()
        .where("partner", "in", partners)
        .where("idempotency_key", "in", [...new Set(wishes.map((wish) => wish.idempotencyKey))])
        .execute();
      const known = new Map(earlier.map((each) => [`${each.partner} ${each.idempotency_key}`, each]));
      const counts = await trx
        .selectFrom("reservations")
        .select(["partner", (of) => of.fn.countAll<bigint>().as("held")])
        .where("partner", "in", partners)
        .where("state", "=", "held")
        .groupBy("partner")
        .execute();
      const held = new Map(counts.map((row) => [row.partner, Number(row.held)]));

      const now = new Date(clock.now());
      const expiresAt = new Date(now.getTime() + holdMs);
      const made: Reservation[] = [];
      const outcomes = wishes.map((wish): Reservation | HanseError => {
        const { sku, partner, quantity, idempotencyKey } = wish;
        const name = `${partner} ${idempotencyKey}`;
        const same = known.get(name);
        if (same !== undefined) {
          if (same.sku === sku && same.quantity === quantity) return same;
          return new HanseError("HANSE_CONFLICT", "This idempotency key stands for another reservation", {
            details: { idempotencyKey },
          });
        }
        const product = products.get(sku);
        if (product === undefined || product.gone) {
          return new HanseError("HANSE_PRODUCT_UNKNOWN", `There is no product ${sku}`, { details: { sku } });
        }
        const left = product.on_hand === null ? undefined : product.on_hand - product.reserved;
        if (left !== undefined && left < quantity) {
          return new HanseError("HANSE_OUT_OF_STOCK", `There are ${left} of ${sku}, not ${quantity}`, {
            details: { sku, available: left.toString(), wanted: quantity.toString() },
          });
        }
        const holds = held.get(partner) ?? 0;
        if (holds >= mostHeld) {
          return new HanseError("HANSE_RATE_LIMITED", `${partner} holds ${holds} reservations already`, {
            details: { held: holds, retryAfterSeconds: 60 },
          });
        }
        product.reserved += quantity;
        held.set(partner, holds + 1);
        const reservation: Reservation = {
          ...{ id: randomUUID(), sku, partner, quantity, state: "held" as const },
          ...{ expires_at: expiresAt, idempotency_key: idempotencyKey, created_at: now },
          ...{ quote_id: null, sealable_until: null },
        };
        known.set(name, reservation);
        made.push(reservation);
        return reservation;
      });
      if (made.length > 0) await trx.insertInto("reservations").values(made).execute();
      for (const { sku, on_hand, reserved, before } of products.values()) {
        if (reserved === before) continue;
        const soldOut = on_hand !== null && on_hand > before && on_hand === reserved;
        await trx
          .updateTable("products")
          .set({ reserved, ...(soldOut ? { sequence: await nextSequence(trx) } : {}) })
          .where("sku", "=", sku)
          .execute();
      }
      return outcomes;
    });
  }

  async function giveBack(trx: Transaction<ShopTables>, over: readonly Reservation[]): Promise<void> {
    const bySku = new Map<string, bigint>();
    for (const { sku, quantity } of over) bySku.set(sku, (bySku.get(sku) ?? 0n) + quantity);
    for (const [sku, quantity] of [...bySku].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const row = await trx
        .selectFrom("products")
        .select(["on_hand", "reserved"])
        .where("sku", "=", sku)
        .forUpdate()
        .executeTakeFirstOrThrow();
      const wasSoldOut = row.on_hand !== null && row.on_hand === row.reserved;
      await trx
        .updateTable("products")
        .set({
          reserved: row.reserved - quantity,
          ...(wasSoldOut ? { sequence: await nextSequence(trx) } : {}),
        })
        .where("sku", "=", sku)
        .execute();
    }
  }
}

function unknown(id: string): HanseError {
  return new HanseError("HANSE_RESERVATION_UNKNOWN", "There is no such reservation of yours", {
    details: { id },
  });
}
