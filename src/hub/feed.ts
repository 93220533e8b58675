import { sql } from "kysely";
import type { Address, Hex } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import type { HubQueries, ShopRow } from "./hub-tables.ts";
import type { ShopState } from "./shop-events.ts";

/** What a hub service's database belongs to. */
export interface FeedIdentity {
  readonly chainId: number;
  readonly hub: Address;
  readonly genesisHash: Hex;
}

/**
 * Binds the database to its chain and Hub at the first start.
 * @returns the id of its feed
 * @throws HANSE_CHAIN_MISMATCH when it belongs to another: a development chain that was replaced too
 */
export async function bindFeed(queries: HubQueries, identity: FeedIdentity): Promise<string> {
  const ours = {
    chain_id: BigInt(identity.chainId),
    hub: identity.hub,
    genesis_hash: identity.genesisHash,
  };
  await queries
    .insertInto("feed")
    .values(ours)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const bound = await queries.selectFrom("feed").selectAll().executeTakeFirstOrThrow();
  const { chain_id, hub, genesis_hash } = bound;
  if (chain_id === ours.chain_id && hub === ours.hub && genesis_hash === ours.genesis_hash) return bound.id;
  throw new HanseError("HANSE_CHAIN_MISMATCH", "The database belongs to another chain or Hub", {
    details: { database: { chainId: chain_id, hub, genesisHash: genesis_hash }, chain: identity },
  });
}

/** The number of the last change. */
export async function lastSequence(queries: HubQueries): Promise<bigint> {
  return (await queries.selectFrom("feed").select("sequence").executeTakeFirst())?.sequence ?? 0n;
}

/** No number is given twice, also by a database that was set back: what it lost, it tells again above all that it told. */
const nextSequence = sql<bigint>`greatest(sequence + 1, (extract(epoch from clock_timestamp()) * 1000)::int8)`;

/**
 * Puts what a shop is now into the list, as the newest change. The feed's row stays locked until the transaction ends:
 * whoever reads up to a sequence has seen all below it.
 * @returns its sequence
 */
export async function putShop(
  queries: HubQueries,
  code: string,
  { standing, facts }: ShopState,
  origin: string | null = null,
): Promise<bigint> {
  const { sequence } = await queries
    .updateTable("feed")
    .set({ sequence: nextSequence })
    .returning("sequence")
    .executeTakeFirstOrThrow();
  const row = { origin, standing, facts: JSON.stringify(facts), sequence, changed_at: new Date() };
  await queries
    .insertInto("shops")
    .values({ code, ...row })
    .onConflict((conflict) => conflict.column("code").doUpdateSet(row))
    .execute();
  return sequence;
}

export interface ShopPageOptions {
  /** Undefined: from the beginning, members and those that leave only. */
  readonly since: bigint | undefined;
  /** All unless told. */
  readonly limit?: number;
}

/** Shops in the order of their last changes. */
export async function listShops(queries: HubQueries, { since, limit }: ShopPageOptions): Promise<ShopRow[]> {
  const query = queries
    .selectFrom("shops")
    .selectAll()
    .orderBy("sequence")
    .$if(limit !== undefined, (all) => all.limit(limit ?? 0));
  return await (since === undefined
    ? query.where("standing", "in", ["member", "leaving"])
    : query.where("sequence", ">", since)
  ).execute();
}

export async function findShop(queries: HubQueries, code: string): Promise<ShopRow | undefined> {
  return await queries.selectFrom("shops").selectAll().where("code", "=", code).executeTakeFirst();
}

/** How many of our own there are by standing. */
export async function countShops(queries: HubQueries): Promise<ReadonlyMap<string, number>> {
  const rows = await queries
    .selectFrom("shops")
    .select(["standing", (at) => at.fn.countAll<bigint>().as("count")])
    .where("origin", "is", null)
    .groupBy("standing")
    .execute();
  return new Map(rows.map(({ standing, count }) => [standing, Number(count)]));
}
