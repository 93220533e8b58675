import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Selectable, sql, type Transaction } from "kysely";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isRetryable } from "#src/kernel/errors.ts";
import { chainTime } from "../deals/chain-time.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import { lockProducts, movePieces } from "./move-pieces.ts";

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
  /** Reserves all of these or none, in their order. @throws as `reserve`, of the first that cannot be had */
  reserveAll(wishes: readonly ReservationWish[]): Promise<readonly Reservation[]>;
  /** Gives back what is held. Again changes nothing. @throws HANSE_RESERVATION_UNKNOWN, HANSE_CONFLICT once it is ordered */
  release(partner: string, id: string): Promise<Reservation>;
  /** @throws HANSE_RESERVATION_UNKNOWN */
  find(partner: string, id: string): Promise<Reservation>;
  /** Puts the pieces of reservations that are over back among those that others can have. */
  giveBack(trx: Transaction<ShopTables>, over: readonly Reservation[]): Promise<void>;
  /** Gives back what has been held too long, some hundreds at a time. @returns those that expired */
  expire(): Promise<readonly Reservation[]>;
}

export interface ReservationDeskDeps {
  readonly database: ShopDatabase;
  readonly clock?: Clock;
  /** Told how many are new or given back, once they are: of what comes again, by the same key or id, nothing is told. */
  readonly onChange?: (partner: string, change: "reserved" | "released", count: number) => void;
}

export interface ReservationDeskOptions {
  /** How long (milliseconds) a reservation holds; 15 minutes unless told. */
  readonly holdMs?: number;
  /** How many one partner may hold at a time; 1,000 unless told. */
  readonly mostHeld?: number;
}

interface Waiting {
  readonly wishes: readonly ReservationWish[];
  readonly resolve: (reservations: readonly Reservation[]) => void;
  readonly reject: (reason: unknown) => void;
  /** In a transaction of its own: with others it failed. */
  readonly alone?: boolean;
}

type Outcome = readonly Reservation[] | HanseError;

/** How many wishes one transaction takes, but for one caller's that are more. */
const AT_ONCE = 500;
/** Where so many wait, others are on their way: as long as they come, they are waited for, so long (milliseconds) each time. */
const CROWD = 10;
const GATHER_MS = 2;

/**
 * Reservations of this shop's products.
 *
 * Those who want the same piece at the same moment would wait for each other's transaction, each for its own disk write.
 * So what comes while one is under way is taken together by the next: as many wishes as there are, in the order in which
 * they came, in one transaction.
 */
export function createReservationDesk(
  { database, clock = systemClock, onChange = () => undefined }: ReservationDeskDeps,
  { holdMs = 15 * 60_000, mostHeld = 1_000 }: ReservationDeskOptions = {},
): ReservationDesk {
  let waiting: Waiting[] = [];
  let working = false;

  return {
    async reserve(wish) {
      const [reservation] = await reserveAll([wish]);
      return reservation as Reservation;
    },

    reserveAll,

    async release(partner, id) {
      let again = false;
      const released = await database.transaction(async (trx) => {
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
        again = held.state !== "held";
        if (again) return held;
        await giveBack(trx, [held]);
        return await trx
          .updateTable("reservations")
          .set({ state: "released" })
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirstOrThrow();
      });
      if (!again) onChange(partner, "released", 1);
      return released;
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
              .where(sql<boolean>`(sealable_until is null or sealable_until < ${chainTime})`)
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

  function reserveAll(wishes: readonly ReservationWish[]): Promise<readonly Reservation[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Reservation[]>();
    waiting.push({ wishes, resolve, reject });
    if (!working) void work();
    return promise;
  }

  async function work(): Promise<void> {
    working = true;
    await gather();
    while (waiting.length > 0) {
      const batch = nextBatch();
      try {
        const outcomes = await take(batch.map(({ wishes }) => wishes));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const outcome = outcomes[index] as Outcome;
          if (outcome instanceof HanseError) reject(outcome);
          else resolve(outcome);
        }
      } catch (error) {
        // One that the database does not take is not to cost the others theirs: each by itself.
        const again = batch.length > 1 && !isRetryable(error);
        if (again) waiting = [...batch.map((each) => ({ ...each, alone: true })), ...waiting];
        else for (const { reject } of batch) reject(error);
      }
    }
    working = false;
  }

  /** Those who come together are taken together: a straggler would pay for a transaction of its own. */
  async function gather(): Promise<void> {
    // What arrived in the same turn of the event loop belongs to the first batch too.
    await new Promise((resolve) => setImmediate(resolve));
    for (let seen = CROWD - 1; waiting.length > seen && waiting.length < AT_ONCE; ) {
      seen = waiting.length;
      await sleep(GATHER_MS);
    }
  }

  function nextBatch(): readonly Waiting[] {
    let [callers, wishes] = [0, 0];
    for (const each of waiting) {
      wishes += each.wishes.length;
      if (callers > 0 && (wishes > AT_ONCE || each.alone === true)) break;
      callers++;
      if (each.alone === true) break;
    }
    const batch = waiting.slice(0, callers);
    waiting = waiting.slice(callers);
    return batch;
  }

  /** @returns for each caller its reservations, or why there are none */
  async function take(callers: readonly (readonly ReservationWish[])[]): Promise<Outcome[]> {
    const { outcomes, made: fresh } = await database.transaction(async (trx) => {
      const wishes = callers.flat();
      const partners = [...new Set(wishes.map(({ partner }) => partner))];
      const rows = await lockProducts(
        trx,
        wishes.map(({ sku }) => sku),
      );
      const products = new Map(rows.map((row) => [row.sku, { ...row }]));
      const { earlier, held } = await heldBy(trx, partners, wishes);
      const known = new Map(earlier.map((each) => [nameOf(each.partner, each.idempotency_key), each]));

      const now = new Date(clock.now());
      const expiresAt = new Date(now.getTime() + holdMs);
      const made: Reservation[] = [];
      const outcomes = callers.map((asked): Outcome => {
        const begun = made.length;
        const own: Reservation[] = [];
        for (const wish of asked) {
          const outcome = takeOne(wish);
          if (outcome instanceof HanseError) {
            // All or none: what this caller had so far is there for the next.
            for (const each of made.splice(begun)) undo(each);
            return outcome;
          }
          own.push(outcome);
        }
        return own;
      });
      await keepReservations(trx, made, { now, expiresAt });
      await movePieces(
        trx,
        made.map(({ sku, quantity }) => ({ sku, reserved: quantity })),
        rows,
      );
      return { outcomes, made };

      function takeOne(wish: ReservationWish): Reservation | HanseError {
        const { sku, partner, quantity, idempotencyKey } = wish;
        const same = known.get(nameOf(partner, idempotencyKey));
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
        known.set(nameOf(partner, idempotencyKey), reservation);
        made.push(reservation);
        return reservation;
      }

      function undo({ sku, partner, quantity, idempotency_key }: Reservation): void {
        const product = products.get(sku);
        if (product !== undefined) product.reserved -= quantity;
        held.set(partner, (held.get(partner) ?? 0) - 1);
        known.delete(nameOf(partner, idempotency_key));
      }
    });
    for (const [partner, { length }] of Map.groupBy(fresh, (each) => each.partner)) {
      onChange(partner, "reserved", length);
    }
    return outcomes;
  }

  async function giveBack(trx: Transaction<ShopTables>, over: readonly Reservation[]): Promise<void> {
    await movePieces(
      trx,
      over.map(({ sku, quantity }) => ({ sku, reserved: -quantity })),
    );
  }
}

/** What these partners hold: their reservations under these wishes' keys, and how many each of them has. */
async function heldBy(
  trx: Transaction<ShopTables>,
  partners: readonly string[],
  wishes: readonly ReservationWish[],
): Promise<{ readonly earlier: readonly Reservation[]; readonly held: Map<string, number> }> {
  // One parameter for all keys: each would be parsed by itself.
  const keys = [...new Set(wishes.map(({ idempotencyKey }) => idempotencyKey))];
  const earlier = await trx
    .selectFrom("reservations")
    .selectAll()
    .where(sql<boolean>`partner = any(${partners}::text[]) and idempotency_key = any(${keys}::text[])`)
    .execute();
  const counts = await trx
    .selectFrom("reservations")
    .select(["partner", (of) => of.fn.countAll<bigint>().as("held")])
    .where(sql<boolean>`partner = any(${partners}::text[])`)
    .where("state", "=", "held")
    .groupBy("partner")
    .execute();
  return { earlier, held: new Map(counts.map((row) => [row.partner, Number(row.held)])) };
}

/** Writes reservations that are new: by columns, since hundreds of rows by values take longer to build than to write. */
async function keepReservations(
  trx: Transaction<ShopTables>,
  made: readonly Reservation[],
  { now, expiresAt }: { readonly now: Date; readonly expiresAt: Date },
): Promise<void> {
  if (made.length === 0) return;
  await sql`
    insert into reservations (id, sku, partner, quantity, state, expires_at, idempotency_key, created_at)
    select id, sku, partner, quantity, 'held', ${expiresAt}, idempotency_key, ${now}
    from unnest(
      ${made.map(({ id }) => id)}::text[], ${made.map(({ sku }) => sku)}::text[],
      ${made.map(({ partner }) => partner)}::text[], ${made.map(({ quantity }) => quantity)}::int8[],
      ${made.map((each) => each.idempotency_key)}::text[]
    ) as made(id, sku, partner, quantity, idempotency_key)`.execute(trx);
}

const nameOf = (partner: string, idempotencyKey: string) => `${partner} ${idempotencyKey}`;

function unknown(id: string): HanseError {
  return new HanseError("HANSE_RESERVATION_UNKNOWN", "There is no such reservation of yours", {
    details: { id },
  });
}
