import { HanseError } from "#src/kernel/errors.ts";
import type { BrokerDatabase, BrokerQueries } from "./broker-tables.ts";
import type { BlockRef, MarketChain } from "./market-chain.ts";

/** Blocks kept to find a reorg after a restart. */
export const REMEMBERED_BLOCKS = 256n;

/**
 * Binds the database to its chain at the first start.
 * @throws HANSE_CHAIN_MISMATCH when it belongs to another chain or Clerk: a development chain that was replaced too
 */
export async function bindChain(database: BrokerDatabase, chain: MarketChain): Promise<void> {
  const ours = { chain_id: BigInt(chain.chainId), clerk: chain.clerk, genesis_hash: chain.genesisHash };
  await database.kysely
    .insertInto("chain")
    .values(ours)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const bound = await database.kysely.selectFrom("chain").selectAll().executeTakeFirstOrThrow();
  const sameClerk =
    bound.chain_id === ours.chain_id && bound.clerk.toLowerCase() === ours.clerk.toLowerCase();
  if (sameClerk && bound.genesis_hash === ours.genesis_hash) return;
  if (sameClerk && bound.genesis_hash === null) {
    // Bound by a version that did not ask; the known blocks tell another chain all the same.
    await database.kysely.updateTable("chain").set({ genesis_hash: ours.genesis_hash }).execute();
    return;
  }
  throw new HanseError("HANSE_CHAIN_MISMATCH", "The database belongs to another chain or Clerk", {
    details: {
      database: { chainId: bound.chain_id, clerk: bound.clerk, genesisHash: bound.genesis_hash },
      chain: { chainId: chain.chainId, clerk: chain.clerk, genesisHash: chain.genesisHash },
    },
  });
}

/** Blocks dealt with, newest last. */
export async function knownBlocks(queries: BrokerQueries): Promise<BlockRef[]> {
  const rows = await queries
    .selectFrom("blocks")
    .select(["number", "hash"])
    .orderBy("number", "desc")
    .limit(Number(REMEMBERED_BLOCKS))
    .execute();
  return rows.reverse();
}

/** Moves the cursor on. */
export async function rememberBlock(queries: BrokerQueries, { number, hash }: BlockRef): Promise<void> {
  await queries
    .insertInto("blocks")
    .values({ number, hash })
    .onConflict((conflict) => conflict.column("number").doUpdateSet({ hash }))
    .execute();
  await queries
    .deleteFrom("blocks")
    .where("number", "<=", number - REMEMBERED_BLOCKS)
    .execute();
}

/** Moves the cursor back. */
export async function forgetBlocksAbove(queries: BrokerQueries, number: bigint): Promise<void> {
  await queries.deleteFrom("blocks").where("number", ">", number).execute();
}

export async function lastBlock(queries: BrokerQueries): Promise<bigint | undefined> {
  const row = await queries
    .selectFrom("blocks")
    .select("number")
    .orderBy("number", "desc")
    .executeTakeFirst();
  return row?.number;
}
