import { type Kysely, sql } from "kysely";
import type { Address, Hex } from "viem";
import { z } from "zod";
import type { Logger } from "#src/kernel/logger.ts";
import type { Database } from "#src/store/database.ts";
import { type Migration, migrate } from "#src/store/migrations.ts";
import { signedSchema, toJson } from "./journal-codec.ts";
import { currentOf, type JournalEntry, type TransactionJournal } from "./transaction-journal.ts";

/** See `JournalEntry` for what the columns mean; `nonce` and `hash` are those of what was signed last. */
const journalMigrations: readonly Migration[] = [
  {
    id: "0001-transactions",
    sql: `
      create table transactions (
        chain text not null,
        id text not null,
        sender text not null,
        what text not null,
        state text not null check (state in ('open', 'mined', 'final', 'refused')),
        nonce int8 not null,
        hash text not null,
        signed jsonb not null,
        block_number int8,
        block_hash text,
        changed_at timestamptz not null,
        primary key (chain, id));
      create index on transactions (chain, sender, nonce) where state in ('open', 'mined');
      create index on transactions (changed_at) where state in ('final', 'refused');
    `,
  },
];

interface JournalTables {
  transactions: {
    chain: Hex;
    id: string;
    sender: Address;
    what: string;
    state: JournalEntry["state"];
    nonce: bigint;
    hash: Hex;
    signed: unknown;
    block_number: bigint | null;
    block_hash: Hex | null;
    changed_at: Date;
  };
}

const signedList = z.tuple([signedSchema], signedSchema);

/**
 * A journal in a schema of its own, such as `broker_journal`, which is brought up to date first.
 * @throws HANSE_DATABASE_*
 */
export async function openPostgresJournal<Tables>(
  { database, logger }: { readonly database: Database<Tables>; readonly logger: Logger },
  schema: string,
): Promise<TransactionJournal> {
  const shared = database as unknown as Database<unknown>;
  await migrate({ database: shared, logger }, schema, journalMigrations);
  const journal = (shared.kysely as Kysely<JournalTables>).withSchema(schema);
  const rows = journal.selectFrom("transactions").selectAll();

  return {
    async find(chain, id) {
      const row = await rows.where("chain", "=", chain).where("id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : entryOf(row);
    },
    async unfinished(chain, from) {
      const found = await rows
        .where("chain", "=", chain)
        .where("sender", "=", from)
        .where("state", "in", ["open", "mined"])
        .orderBy("nonce")
        .execute();
      return found.map(entryOf);
    },
    async put(entry) {
      const { chain, id, ...rest } = rowOf(entry);
      await journal
        .insertInto("transactions")
        .values({ chain, id, ...rest })
        .onConflict((conflict) => conflict.columns(["chain", "id"]).doUpdateSet(rest))
        .execute();
    },
    async prune(before) {
      await journal
        .deleteFrom("transactions")
        .where("state", "in", ["final", "refused"])
        .where("changed_at", "<", new Date(before))
        .execute();
    },
  };
}

function rowOf(entry: JournalEntry) {
  const { chain, id, from: sender, what, state, signed, block, changedAt } = entry;
  const { nonce, hash } = currentOf(entry);
  return {
    ...{ chain, id, sender, what, state, hash },
    nonce: BigInt(nonce),
    signed: sql`${toJson(signed)}::jsonb`,
    block_number: block?.number ?? null,
    block_hash: block?.hash ?? null,
    changed_at: new Date(changedAt),
  };
}

function entryOf(row: JournalTables["transactions"]): JournalEntry {
  const { chain, id, sender: from, what, state, block_number: number, block_hash: hash } = row;
  return {
    ...{ chain, id, from, what, state },
    signed: signedList.parse(row.signed),
    changedAt: row.changed_at.getTime(),
    ...(number === null || hash === null ? {} : { block: { number, hash } }),
  };
}
