import { type SqlBool, sql, type Transaction } from "kysely";
import type { Address, Hex } from "viem";
import type { Book } from "#src/book/book.ts";
import type { OrderStatus } from "#src/client/broker-schema.ts";
import type { OrderType, SignedOrder } from "#src/protocol/orders.ts";
import type { Refusal } from "#src/protocol/refusals.ts";
import type { BrokerDatabase, BrokerTables, OrderRow } from "./broker-tables.ts";
import type { ChainFacts } from "./chain-facts.ts";
import type { MarketChain } from "./market-chain.ts";
import type { MarketTime } from "./market-time.ts";
import { type OrderStanding, orderStanding } from "./order-standing.ts";
import type { BookRow } from "./order-store.ts";
import type { ReadableOrders } from "./readable-orders.ts";

/** What may have changed. */
export interface Touched {
  /** Read what is filled again: of these, and of the open ones that share a volume with them. */
  readonly orders?: readonly Hex[];
  /** Volumes that were filled or cancelled, as `requestId` names them: the same. */
  readonly volumes?: readonly Hex[];
  /** Orders that were filled. One that is not known here may share its volume with any of its signer's. */
  readonly sold?: readonly SoldOrder[];
  /** Accounts whose money, epoch or keys are another; the open orders they signed or sponsor are looked at. */
  readonly signers?: readonly Address[];
  /** Assets that changed hands. */
  readonly assets?: readonly Hex[];
  readonly certifiers?: readonly Address[];
  /** All that are blocked: what blocked them may be over. */
  readonly blocked?: boolean;
  /** All that rest on the Keyring's word: no event tells of a key that expired, or of a contract's other mind. */
  readonly byKeyring?: boolean;
}

export interface SoldOrder {
  readonly hash: Hex;
  readonly type: OrderType;
  readonly signer: Address;
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
  readonly chain: Pick<MarketChain, "toldNumber">;
  readonly database: BrokerDatabase;
  readonly facts: ChainFacts;
  readonly time: MarketTime;
  readonly book: Book;
  readonly orders: ReadableOrders;
}

/** Rows in one statement: PostgreSQL takes 65,535 parameters. */
const MOST_ROWS = 1_000;

/** With one parameter however long the list: of one signer alone there may be more orders than a statement takes parameters. */
function isOneOf(
  column: "hash" | "volume_id" | "signer" | "sponsor" | "asset" | "certifier",
  list: readonly Hex[],
) {
  return sql<SqlBool>`${sql.ref(column)} = any(${list})`;
}

/** The orders whose fill is read again. */
interface FilledOrders {
  readonly hashes: readonly Hex[];
  readonly volumes: readonly Hex[];
  readonly sellers: readonly SoldOrder[];
  has(row: OrderRow): boolean;
}

export function createOrderLedger({ chain, database, facts, time, book, orders }: LedgerDeps): OrderLedger {
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other: a later reading must not be overwritten by an earlier one. */
  function inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function reassess(touched: Touched, change: LedgerChange): Promise<void> {
    const filled = await filledOrders(touched);
    const rows = await touchedRows(touched, filled);
    const changed: { row: OrderRow; standing: OrderStanding }[] = [];
    const now = time.passed();
    await Promise.all(
      rows.map(async (row) => {
        const signed = orders.read(row);
        // What cannot be read stays as it is: all else is looked at.
        if (signed === undefined) return;
        const standing = await standingOf(row, signed, filled.has(row), now);
        const blocked =
          standing.blocked ?? (standing.status === "open" ? change.refusals?.get(row.hash) : undefined);
        const next = { ...standing, blocked };
        if (differs(row, next)) changed.push({ row, standing: next });
      }),
    );
    // Asked after the reading, so that nothing read is of a later block than this.
    const readAt = changed.length > 0 ? await chain.toldNumber() : 0n;
    if (changed.length === 0 && change.also === undefined) return;
    const written = await database.transaction(async (trx) => {
      const standings: { row: OrderRow; standing: OrderStanding }[] = [];
      for (const { row, standing } of changed) {
        standings.push({ row, standing: await write(trx, row, standing, change.block, readAt) });
      }
      await change.also?.(trx);
      return standings;
    });
    for (const { row, standing } of written) tellBook(row, standing);
  }

  /** What was filled, or may have been: by hash, by volume, and by signer where nothing else is known. */
  async function filledOrders({ orders = [], volumes = [], sold = [] }: Touched): Promise<FilledOrders> {
    const named = [...new Set([...orders, ...sold.map(({ hash }) => hash)])];
    const known =
      named.length === 0
        ? []
        : await database.kysely
            .selectFrom("orders")
            .select(["hash", "volume_id"])
            .where(isOneOf("hash", named))
            .execute();
    const hashes = new Set(known.map(({ hash }) => hash));
    const shared = new Set([...volumes, ...known.map(({ volume_id }) => volume_id)]);
    const strangers = sold.filter(({ hash }) => !hashes.has(hash));
    const sellers = new Map(strangers.map((order) => [`${order.type} ${order.signer}`, order]));
    return {
      hashes: [...hashes],
      volumes: [...shared],
      sellers: [...sellers.values()],
      has: ({ hash, volume_id, type, signer }) =>
        hashes.has(hash) || shared.has(volume_id) || sellers.has(`${type} ${signer}`),
    };
  }

  async function touchedRows(
    { signers = [], assets = [], certifiers = [], blocked = false, byKeyring = false }: Touched,
    { hashes, volumes, sellers }: FilledOrders,
  ): Promise<OrderRow[]> {
    const lists = [hashes, volumes, sellers, signers, assets, certifiers];
    if (lists.every(({ length }) => length === 0) && !blocked && !byKeyring) return [];
    return await database.kysely
      .selectFrom("orders")
      .selectAll()
      .where((of) => {
        const open = [
          ...(volumes.length > 0 ? [isOneOf("volume_id", volumes)] : []),
          ...sellers.map(({ type, signer }) => of.and([of("type", "=", type), of("signer", "=", signer)])),
          ...(signers.length > 0 ? [isOneOf("signer", signers), isOneOf("sponsor", signers)] : []),
          ...(assets.length > 0 ? [isOneOf("asset", assets)] : []),
          ...(certifiers.length > 0 ? [isOneOf("certifier", certifiers)] : []),
          ...(blocked ? [of("blocked", "is not", null)] : []),
          ...(byKeyring ? [of("by_keyring", "=", true)] : []),
        ].map((touched) => of.and([touched, of("status", "=", "open")]));
        return of.or(hashes.length > 0 ? [isOneOf("hash", hashes), ...open] : open);
      })
      .orderBy("sequence")
      .execute();
  }

  async function standingOf(
    row: OrderRow,
    signed: SignedOrder,
    reread: boolean,
    now: bigint,
  ): Promise<OrderStanding> {
    const { hash, type, signer, removed, by_keyring: byKeyring } = row;
    const filledBefore = Number(row.filled);
    const { salt } = signed.order.conditions;
    const filled = reread ? await facts.filled(type, signer, salt) : filledBefore;
    const input = { hash, signed, signer, filled, filledBefore, byKeyring, removed, now };
    return await orderStanding(facts, input);
  }

  function tellBook(row: OrderRow, { status, filled, blocked }: OrderStanding): void {
    if (status !== "open") {
      book.remove(row.hash);
      return;
    }
    const remaining = Number(row.volume) - filled;
    addToBook(book, orders, { ...row, filled: BigInt(filled), blocked: blocked ?? null });
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
            .where(isOneOf("hash", hashes))
            .where("status", "=", "open")
            .returning("hash")
            .execute();
          for (let from = 0; from < rows.length; from += MOST_ROWS) {
            const events = rows.slice(from, from + MOST_ROWS).map(({ hash }) => ({
              order_hash: hash,
              type: "expired",
              block: null,
              details: null,
            }));
            await trx.insertInto("order_events").values(events).execute();
          }
        });
        for (const hash of hashes) book.remove(hash);
      }),
  };
}

/** Puts an open order of the database into the book, where it can be read. */
export function addToBook(book: Book, orders: ReadableOrders, row: BookRow): void {
  const signed = orders.read(row);
  if (signed === undefined) return;
  const added = book.add({
    hash: row.hash,
    signed,
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

/** @returns what was written: an order that its signer took back while the chain was read stays taken back */
async function write(
  trx: Transaction<BrokerTables>,
  row: OrderRow,
  read: OrderStanding,
  block: bigint | undefined,
  readAt: bigint,
): Promise<OrderStanding> {
  const { filled } = read;
  const isTakenBack = sql<boolean>`removed and ${read.status} <> 'filled'`;
  const written = await trx
    .updateTable("orders")
    .set({
      status: sql<OrderStatus>`case when ${isTakenBack} then 'cancelled' else ${read.status} end`,
      filled: BigInt(filled),
      blocked: sql<Refusal | null>`case when ${isTakenBack} then null else ${read.blocked ?? null} end`,
      changed_at_block: readAt,
    })
    .where("hash", "=", row.hash)
    .returning("removed")
    .executeTakeFirstOrThrow();
  const takenBack = written.removed && read.status !== "filled";
  const { status, blocked } = takenBack ? ({ status: "cancelled", blocked: undefined } as const) : read;
  const event = { order_hash: row.hash, block: block ?? null };
  const events: { type: string; details: string | null }[] = [];
  if (row.filled !== BigInt(filled)) {
    const undone = filled < row.filled;
    events.push({
      type: undone ? "fill-undone" : "fill",
      details: JSON.stringify({ filled, volume: Number(row.volume) }),
    });
  }
  // That it was taken back is written down already.
  if (row.status !== status && (row.removed || !takenBack))
    events.push({ type: status === "open" ? "reopened" : status, details: null });
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
  return { status, filled, blocked };
}
