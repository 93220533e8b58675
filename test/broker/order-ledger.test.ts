import { sql } from "kysely";
import { type Hex, numberToHex } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBook } from "#src/book/book.ts";
import type { BrokerTables } from "#src/broker/broker-tables.ts";
import { createMarketTime } from "#src/broker/market-time.ts";
import { createOrderLedger, type OrderLedger } from "#src/broker/order-ledger.ts";
import { systemClock } from "#src/kernel/clock.ts";
import type { Database } from "#src/store/database.ts";
import { startTestPostgres } from "./support/test-database.ts";

// Given more orders than a statement of PostgreSQL takes parameters, which one signer alone may have: what concerns them all at
// once, such as their payer's withdrawal, is dealt with like anything else.

const MANY = 70_000;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Database<BrokerTables>;
let ledger: OrderLedger;
beforeAll(async () => {
  postgres = await startTestPostgres();
  database = await postgres.openMigrated();
  ledger = createOrderLedger({
    chain: { toldNumber: async () => 1n },
    database,
    // No order is looked at here.
    facts: {} as never,
    time: createMarketTime({ clock: systemClock }),
    ...{ book: createBook(), orders: {} as never },
  });
}, 60_000);
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});

const hashes = Array.from({ length: MANY }, (_, at): Hex => numberToHex(at + 1, { size: 32 }));

test("so many are looked at again", async () => {
  await ledger.reassess({ orders: hashes, volumes: hashes, assets: hashes });
});

test("so many expire at once", { timeout: 60_000 }, async () => {
  await sql`
    insert into orders (hash, type, signer, price, certifier, valid_until, volume, content, signature, volume_id, by_keyring)
    select '0x' || lpad(to_hex(each), 64, '0'), 'request', '0x', 1, '0x', 1, 1, '[]', '0x', each::text, false
    from generate_series(1, ${MANY}::int) each`.execute(database.kysely);
  await ledger.expire(hashes);
  const { open } = await database.kysely
    .selectFrom("orders")
    .select((of) => of.fn.countAll<bigint>().as("open"))
    .where("status", "=", "open")
    .executeTakeFirstOrThrow();
  expect(open).toBe(0n);
  const { told } = await database.kysely
    .selectFrom("order_events")
    .select((of) => of.fn.countAll<bigint>().as("told"))
    .where("type", "=", "expired")
    .executeTakeFirstOrThrow();
  expect(told).toBe(BigInt(MANY));
});
