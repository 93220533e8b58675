import type { Transaction } from "kysely";
import type { Address, Hex } from "viem";
import type { Book } from "#src/book/book.ts";
import type { Refusal } from "#src/protocol/refusals.ts";
import type { BrokerDatabase, BrokerTables, OrderRow } from "./broker-tables.ts";
import type { ChainFacts } from "./chain-facts.ts";
import type { MarketChain } from "./market-chain.ts";
import type { MarketTime } from "./market-time.ts";
import { type OrderStanding, orderStanding } from "./order-standing.ts";
import { signedOrderOf } from "./order-store.ts";

/** What may have changed. */
export interface Touched {
  /** Read what is filled again. */
  readonly orders?: readonly Hex[];
  /** Accounts whose money or epoch is another; their open orders are looked at. */
  readonly signers?: readonly Address[];
  /** Assets that changed hands. */
  readonly assets?: readonly Hex[];
  readonly certifiers?: readonly Address[];
  /** All that are blocked: what blocked them may be over. */
  readonly blocked?: boolean;
}

export interface LedgerChange {
  readonly block?: bigint | undefined;
  /** Blocks these orders unless the chain gives another reason. */
  readonly refusals?: ReadonlyMap<Hex, Refusal>;
  /** Written in the same transaction. */
  readonly also?: (trx: Transaction<BrokerTables>) => Promise<unknown>;
}

/**
 * The one place where an order's status changes after it was taken. Every change is read from the chain, never
 * counted along, so that repeating, missing or undoing an event cannot make it wrong.
 */
export interface OrderLedger {
  /** Looks at what was touched, writes what changed in one transaction, then tells the book. One at a time. */
  reassess(touched: Touched, change?: LedgerChange): Promise<void>;
  /** Takes orders out whose time is over. */
  expire(hashes: readonly Hex[]): Promise<void>;
}

export interface LedgerDeps {
  readonly chain: Pick<MarketChain, "headNumber">;
  readonly database: BrokerDatabase;
  readonly facts: ChainFacts;
  readonly time: MarketTime;
  readonly book: Book;
}

export function createOrderLedger({ chain, database, facts, time, book }: LedgerDeps): OrderLedger {
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other: a later reading must not be overwritten by an earlier one. */
  function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function reassess(touched: Touched, change: LedgerChange): Promise<void> {
    const rows = await touchedRows(touched);
    const reread = new Set(touched.orders ?? []);
    const changed: { row: OrderRow; standing: OrderStanding }[] = [];
    const now = time.now();
    await Promise.all(
      rows.map(async (row) => {
        const standing = await standingOf(row, reread.has(row.hash), now);
        const blocked =
          standing.blocked ?? (standing.status === "open" ? change.refusals?.get(row.hash) : undefined);
        const next = { ...standing, blocked };
        if (differs(row, next)) changed.push({ row, standing: next });
      }),
    );
    // Asked after the reading, so that nothing read is of a later block than this.
    const readAt = changed.length > 0 ? await chain.headNumber() : 0n;
    if (changed.length > 0 || change.also !== undefined) {
      await database.transaction(async (trx) => {
        for (const { row, standing } of changed) await write(trx, row, standing, change.block, readAt);
        await change.also?.(trx);
      });
    }
    for (const { row, standing } of changed) tellBook(row, standing);
  }

  async function touchedRows({ orders, signers, assets, certifiers, blocked }: Touched): Promise<OrderRow[]> {
    if (!(orders?.length || signers?.length || assets?.length || certifiers?.length || blocked)) return [];
    return await database.kysely
      .selectFrom("orders")
      .selectAll()
      .where((of) =>
        of.or([
          ...(orders?.length ? [of("hash", "in", orders)] : []),
          ...(signers?.length ? [of.and([of("signer", "in", signers), of("status", "=", "open")])] : []),
          ...(assets?.length ? [of.and([of("asset", "in", assets), of("status", "=", "open")])] : []),
          ...(certifiers?.length
            ? [of.and([of("certifier", "in", certifiers), of("status", "=", "open")])]
            : []),
          ...(blocked ? [of.and([of("blocked", "is not", null), of("status", "=", "open")])] : []),
        ]),
      )
      .orderBy("sequence")
      .execute();
  }

  async function standingOf(row: OrderRow, reread: boolean, now: bigint): Promise<OrderStanding> {
    const filledBefore = Number(row.filled);
    const filled = reread ? await facts.filled(row.signer, row.hash) : filledBefore;
    const { signer, removed } = row;
    return await orderStanding(facts, {
      signed: signedOrderOf(row),
      signer,
      filled,
      filledBefore,
      removed,
      now,
    });
  }

  function tellBook(row: OrderRow, { status, filled, blocked }: OrderStanding): void {
    if (status !== "open") {
      book.remove(row.hash);
      return;
    }
    const remaining = Number(row.volume) - filled;
    addToBook(book, { ...row, filled: BigInt(filled), blocked: blocked ?? null });
    book.setRemaining(row.hash, remaining);
    book.setFillable(row.hash, blocked ?? true);
  }

  return {
    reassess: (touched, change = {}) => inTurn(() => reassess(touched, change)),
    expire: (hashes) =>
      inTurn(async () => {
        if (hashes.length === 0) return;
        await database.transaction(async (trx) => {
          const rows = await trx
            .updateTable("orders")
            .set({ status: "expired", blocked: null })
            .where("hash", "in", hashes)
            .where("status", "=", "open")
            .returning("hash")
            .execute();
          if (rows.length === 0) return;
          const events = rows.map(({ hash }) => ({
            order_hash: hash,
            type: "expired",
            block: null,
            details: null,
          }));
          await trx.insertInto("order_events").values(events).execute();
        });
        for (const hash of hashes) book.remove(hash);
      }),
  };
}

/** Puts an open order of the database into the book. */
export function addToBook(book: Book, row: OrderRow): void {
  const added = book.add({
    hash: row.hash,
    signed: signedOrderOf(row),
    signer: row.signer,
    remaining: Number(row.volume - row.filled),
    // A sequence counts orders: it stays far below 2^53.
    sequence: Number(row.sequence),
  });
  if (added && row.blocked !== null) book.setFillable(row.hash, row.blocked);
}

function differs(row: OrderRow, { status, filled, blocked }: OrderStanding): boolean {
  return row.status !== status || row.filled !== BigInt(filled) || row.blocked !== (blocked ?? null);
}

async function write(
  trx: Transaction<BrokerTables>,
  row: OrderRow,
  { status, filled, blocked }: OrderStanding,
  block: bigint | undefined,
  readAt: bigint,
): Promise<void> {
  await trx
    .updateTable("orders")
    .set({
      status,
      filled: BigInt(filled),
      blocked: blocked ?? null,
      changed_at_block: readAt,
    })
    .where("hash", "=", row.hash)
    .execute();
  const event = { order_hash: row.hash, block: block ?? null };
  const events: { type: string; details: string | null }[] = [];
  if (row.filled !== BigInt(filled)) {
    const undone = filled < row.filled;
    events.push({
      type: undone ? "fill-undone" : "fill",
      details: JSON.stringify({ filled, volume: Number(row.volume) }),
    });
  }
  if (row.status !== status) events.push({ type: status === "open" ? "reopened" : status, details: null });
  if (status === "open" && row.blocked !== (blocked ?? null)) {
    events.push(
      blocked === undefined
        ? { type: "unblocked", details: null }
        : { type: "blocked", details: JSON.stringify({ refusal: blocked }) },
    );
  }
  if (events.length > 0) {
    await trx
      .insertInto("order_events")
      .values(events.map((each) => ({ ...event, ...each })))
      .execute();
  }
}
