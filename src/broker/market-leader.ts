import type { Book } from "#src/book/book.ts";
import type { Clock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import type { ApplyChainEvent } from "./chain-applier.ts";
import { knownBlocks } from "./chain-cursor.ts";
import type { MarketChain } from "./market-chain.ts";
import type { Matcher } from "./matcher.ts";
import { addToBook, type OrderLedger } from "./order-ledger.ts";
import { newestRemoval, removalsAfter } from "./order-removal.ts";
import { openOrdersAfter } from "./order-store.ts";
import { endAttempt, pendingAttempts } from "./seal-attempts.ts";

export interface MarketLeaderDeps {
  readonly chain: MarketChain;
  readonly database: BrokerDatabase;
  readonly book: Book;
  readonly ledger: OrderLedger;
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
  const { chain, database, book, ledger, matcher, applyEvent, clock, logger } = deps;
  let newest = 0n;
  let lastRemoval = 0n;

  /** What an earlier process sent without seeing its end: the chain knows. */
  async function reconcile(): Promise<void> {
    for (const { id, orders } of await pendingAttempts(database.kysely)) {
      await ledger.reassess({ orders }, { also: (trx) => endAttempt(trx, id, { status: "reconciled" }) });
      logger.warn(
        { attempt: id, orders: orders.length },
        "an interrupted batch was reconciled with the chain",
      );
    }
  }

  async function load(): Promise<void> {
    for (;;) {
      const rows = await openOrdersAfter(database.kysely, newest, PAGE);
      for (const row of rows) addToBook(book, row);
      newest = rows.at(-1)?.sequence ?? newest;
      if (rows.length < PAGE) return;
    }
  }

  /** Orders that another process took off the book. */
  async function drop(): Promise<void> {
    const removals = await removalsAfter(database.kysely, lastRemoval);
    lastRemoval = removals.at(-1)?.id ?? lastRemoval;
    for (const { order_hash } of removals) book.remove(order_hash);
  }

  /** Orders that another process took. */
  async function adopt(): Promise<void> {
    const from = newest > LOOK_BEHIND ? newest - LOOK_BEHIND : 0n;
    const rows = await openOrdersAfter(database.kysely, from, PAGE);
    const unknown = rows.filter(({ hash }) => !book.has(hash));
    newest = rows.at(-1)?.sequence ?? newest;
    if (unknown.length === 0) return;
    // They were checked against the chain some time ago, and no event since was applied to them.
    await ledger.reassess({ orders: unknown.map(({ hash }) => hash) });
    for (const { hash, sequence } of unknown) {
      const [row] = await openOrdersAfter(database.kysely, sequence - 1n, 1);
      if (row?.hash === hash) addToBook(book, row);
    }
    matcher.wake();
  }

  async function poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all([adopt(), drop()]).catch((error) =>
        logger.warn({ err: error }, "orders of other processes cannot be read"),
      );
      await clock.sleep(POLL_MS, signal).catch(() => undefined);
    }
  }

  async function follow(signal: AbortSignal): Promise<void> {
    for await (const event of chain.events(await knownBlocks(database.kysely), signal)) {
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
      lastRemoval = await newestRemoval(database.kysely);
      await reconcile();
      await load();
      logger.info({ orders: book.size }, "the book is rebuilt");
      onReady();
      const works = [follow(all), matcher.run(all), poll(all)].map(stopOnFailure);
      const ends = await Promise.allSettled(works);
      const failed = ends.find((end) => end.status === "rejected");
      if (failed !== undefined && !signal.aborted) throw failed.reason;
    },
    admit(row, stale) {
      if (row.sequence > newest) newest = row.sequence;
      addToBook(book, row);
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
