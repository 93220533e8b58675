import type { Book } from "#src/book/book.ts";
import type { BrokerQueries } from "./broker-tables.ts";
import { addToBook } from "./order-ledger.ts";
import { openOrdersAfter } from "./order-store.ts";
import type { ReadableOrders } from "./readable-orders.ts";

const PAGE = 1_000;

/**
 * Puts every open order of the database that can be read into a book.
 * @returns the sequence of the newest of them; 0 when there is none
 */
export async function loadBook(queries: BrokerQueries, book: Book, orders: ReadableOrders): Promise<bigint> {
  let newest = 0n;
  let page = openOrdersAfter(queries, newest, PAGE);
  for (;;) {
    const rows = await page;
    newest = rows.at(-1)?.sequence ?? newest;
    const more = rows.length === PAGE;
    // PostgreSQL is at the next page while this one is read.
    if (more) page = openOrdersAfter(queries, newest, PAGE);
    page.catch(() => undefined);
    for (const row of rows) addToBook(book, orders, row);
    if (!more) return newest;
  }
}
