import type { Hex } from "viem";
import type { Book } from "#src/book/book.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { bookChangesAfter, newestBookChange } from "./book-changes.ts";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import type { ApplyChainEvent } from "./chain-applier.ts";
import { knownBlocks } from "./chain-cursor.ts";
import { loadBook } from "./load-book.ts";
import type { MarketChain, MarketChainEvent } from "./market-chain.ts";
import type { Matcher } from "./matcher.ts";
import { addToBook, type OrderLedger } from "./order-ledger.ts";
import { openOrders, openOrdersAfter } from "./order-store.ts";
import type { ReadableOrders } from "./readable-orders.ts";

export interface MarketLeaderDeps {
  readonly chain: MarketChain;
  readonly database: BrokerDatabase;
  readonly book: Book;
  readonly ledger: OrderLedger;
  readonly orders: ReadableOrders;
  readonly matcher: Matcher;
  readonly applyEvent: ApplyChainEvent;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The one process that keeps the book, follows the chain and seals. */
export interface MarketLeader {
  /** Rebuilds the book, then works until the signal aborts. Rejects when something fails that waiting does not mend. */
  run(signal: AbortSignal, onReady: () => void): Promise<void>;
  /** An order was committed, by this process. */
  admit(row: OrderRow, stale: boolean): void;
}

const PAGE = 1_000;
/**
 * Orders of other processes are looked for this far behind the newest: a sequence is drawn before its order is
 * committed, so a lower one may become visible later.
 */
const LOOK_BEHIND = 1_000n;
const POLL_MS = 500;

export function createMarketLeader(deps: MarketLeaderDeps): MarketLeader {
  const { chain, database, book, ledger, orders, matcher, applyEvent, clock, logger } = deps;
  let newest = 0n;
  let lastChange = 0n;
  /** Signed anew, and not in the book again yet. */
  const renewed = new Set<Hex>();

  /** Orders that their signers took off the book, or signed anew. */
  async function change(): Promise<void> {
    const changes = await bookChangesAfter(database.kysely, lastChange);
    lastChange = changes.at(-1)?.id ?? lastChange;
    for (const { order_hash, type } of changes) {
      book.remove(order_hash);
      if (type === "renewed") renewed.add(order_hash);
    }
    // One by one: an order that cannot be looked at keeps no other back, and its turn comes again.
    for (const hash of renewed) {
      try {
        await enter([hash]);
        renewed.delete(hash);
      } catch (err) {
        if (isRetryable(err)) throw err;
        logger.warn({ err, order: hash }, "an order that was signed anew cannot be looked at");
      }
    }
  }

  /** Puts orders of the database into the book. */
  async function enter(hashes: readonly Hex[]): Promise<void> {
    if (hashes.length === 0) return;
    // They were checked against the chain some time ago, and no event since was applied to them.
    await ledger.reassess({ orders: hashes });
    for (const row of await openOrders(database.kysely, hashes)) addToBook(book, orders, row);
    matcher.wake();
  }

  /** Orders that another process took. */
  async function adopt(): Promise<void> {
    let last = newest > LOOK_BEHIND ? newest - LOOK_BEHIND : 0n;
    for (;;) {
      const rows = await openOrdersAfter(database.kysely, last, PAGE);
      await enter(rows.map(({ hash }) => hash).filter((hash) => !book.has(hash) && !orders.isSetAside(hash)));
      last = rows.at(-1)?.sequence ?? last;
      if (last > newest) newest = last;
      if (rows.length < PAGE) return;
    }
  }

  async function poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all([adopt(), change()]).catch((error) =>
        logger.warn({ err: error }, "orders of other processes cannot be read"),
      );
      await clock.sleep(POLL_MS, signal).catch(() => undefined);
    }
  }

  async function follow(events: AsyncIterable<MarketChainEvent>): Promise<void> {
    for await (const event of events) {
      await applyEvent(event);
      if (event.type !== "finalized") matcher.wake();
    }
  }

  return {
    async run(signal, onReady) {
      // One that fails stops the others: half a leader would go on with a book nobody keeps right.
      const failure = new AbortController();
      const all = AbortSignal.any([signal, failure.signal]);
      const stopOnFailure = (work: Promise<void>) =>
        work.catch((error: unknown) => {
          failure.abort();
          throw error;
        });
      const tending = stopOnFailure(chain.tend(all));
      const works = [tending];
      try {
        lastChange = await newestBookChange(database.kysely);
        // Before anything is read: no state is from before what this database knows.
        const events = chain.events(await knownBlocks(database.kysely), all);
        newest = await loadBook(database.kysely, book, orders);
        logger.info({ orders: book.size }, "the book is rebuilt");
        onReady();
        works.push(...[follow(events), matcher.run(all), poll(all)].map(stopOnFailure));
      } catch (error) {
        failure.abort();
        await tending.catch(() => undefined);
        throw error;
      }
      const ends = await Promise.allSettled(works);
      const failed = ends.find((end) => end.status === "rejected");
      if (failed !== undefined && !signal.aborted) throw failed.reason;
    },
    admit(row, stale) {
      if (row.sequence > newest) newest = row.sequence;
      addToBook(book, orders, row);
      if (stale) {
        ledger
          .reassess({ orders: [row.hash] })
          .catch((error) =>
            logger.warn({ err: error, order: row.hash }, "a new order cannot be checked again"),
          );
      }
      matcher.wake();
    },
  };
}
