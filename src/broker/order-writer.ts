import { sql, type Transaction } from "kysely";
import type { Hex } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import type { BrokerDatabase, BrokerTables, OrderRow } from "./broker-tables.ts";
import { type NewOrder, newOrderRow } from "./order-store.ts";

/** Writes orders; those that arrive while a commit is under way share the next one. */
export interface OrderWriter {
  /**
   * Resolves after the commit.
   * @returns the stored row, and whether it is new
   * @throws HANSE_ORDER_SALT_USED when another open order of the kind shares its volume
   */
  write(order: NewOrder): Promise<Written>;
}

interface Written {
  readonly row: OrderRow;
  readonly created: boolean;
}

interface Waiting {
  readonly order: NewOrder;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows in one statement: PostgreSQL takes 65,535 parameters. */
const MOST_ROWS = 500;

/** Names the lock that writers pass on: `orders` in ASCII. */
const TURN = 0x6f7264657273n;

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
          else if (found instanceof HanseError) reject(found);
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
      const hashes = orders.map(({ hash }) => hash);
      // Writers of all processes take turns: two orders with one salt must not pass each other unseen.
      await sql`select pg_advisory_xact_lock(${TURN})`.execute(trx);
      const known = await trx.selectFrom("orders").selectAll().where("hash", "in", hashes).execute();
      const written = new Map<Hex, Written | HanseError>(
        known.map((row) => [row.hash, { row, created: false }]),
      );
      const fresh = new Map(
        orders.flatMap((order) => (written.has(order.hash) ? [] : [[order.hash, newOrderRow(order)]])),
      );
      const users = await volumesInUse(trx, [...fresh.values()]);
      for (const [hash, row] of fresh) {
        const key = `${row.type} ${row.volume_id}`;
        const user = users.get(key);
        users.set(key, user ?? hash);
        if (user === undefined) continue;
        written.set(hash, saltUsed(row, user));
        fresh.delete(hash);
      }
      if (fresh.size === 0) return written;
      const created = await trx
        .insertInto("orders")
        .values([...fresh.values()])
        .returningAll()
        .execute();
      for (const row of created) written.set(row.hash, { row, created: true });
      return written;
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

type NewRow = ReturnType<typeof newOrderRow>;

/** The open orders among those whose volume new ones would share, by kind and volume. */
async function volumesInUse(
  trx: Transaction<BrokerTables>,
  rows: readonly NewRow[],
): Promise<Map<string, Hex>> {
  if (rows.length === 0) return new Map();
  const volumes = rows.map(({ volume_id }) => volume_id);
  const open = await trx
    .selectFrom("orders")
    .select(["hash", "type", "volume_id"])
    .where("status", "=", "open")
    .where("volume_id", "in", volumes)
    .execute();
  return new Map(open.map(({ hash, type, volume_id }) => [`${type} ${volume_id}`, hash]));
}

function saltUsed({ type, signer }: NewRow, user: Hex): HanseError {
  return new HanseError("HANSE_ORDER_SALT_USED", `Another open ${type} order of ${signer} has this salt`, {
    details: { signer, orderHash: user },
  });
}
