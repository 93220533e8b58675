import type { Hex } from "viem";
import type { BrokerDatabase, OrderRow } from "./broker-tables.ts";
import { type NewOrder, newOrderRow } from "./order-store.ts";

/** Writes orders; those that arrive while a commit is under way share the next one. */
export interface OrderWriter {
  /**
   * Resolves after the commit.
   * @returns the stored row, and whether it is new
   */
  write(order: NewOrder): Promise<{ readonly row: OrderRow; readonly created: boolean }>;
}

interface Waiting {
  readonly order: NewOrder;
  readonly resolve: (written: { row: OrderRow; created: boolean }) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows in one statement: PostgreSQL takes 65,535 parameters. */
const MOST_ROWS = 500;

export function createOrderWriter({ database }: { readonly database: BrokerDatabase }): OrderWriter {
  const waiting: Waiting[] = [];
  let writing = false;

  async function drain(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MOST_ROWS);
      try {
        const rows = await store(batch.map(({ order }) => order));
        for (const { order, resolve, reject } of batch) {
          const found = rows.get(order.hash);
          if (found === undefined) reject(new Error(`order ${order.hash} was not stored`));
          else {
            resolve(found);
            // The same order twice in a batch is new once.
            rows.set(order.hash, { ...found, created: false });
          }
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    writing = false;
  }

  async function store(orders: readonly NewOrder[]) {
    return await database.transaction(async (trx) => {
      const created = await trx
        .insertInto("orders")
        .values(orders.map(newOrderRow))
        .onConflict((conflict) => conflict.column("hash").doNothing())
        .returningAll()
        .execute();
      const rows = new Map<Hex, { row: OrderRow; created: boolean }>(
        created.map((row) => [row.hash, { row, created: true }]),
      );
      const known = orders.map(({ hash }) => hash).filter((hash) => !rows.has(hash));
      if (known.length > 0) {
        const old = await trx.selectFrom("orders").selectAll().where("hash", "in", known).execute();
        for (const row of old) rows.set(row.hash, { row, created: false });
      }
      return rows;
    });
  }

  return {
    write: (order) =>
      new Promise((resolve, reject) => {
        waiting.push({ order, resolve, reject });
        if (!writing) void drain();
      }),
  };
}
