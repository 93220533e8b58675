import type { ColumnType, Generated, Kysely, Selectable, Transaction } from "kysely";
import type { Address, Hex } from "viem";
import type { ShopStanding } from "#src/client/hub-schema.ts";
import type { Database } from "#src/store/database.ts";

/** What is known of a shop, as JSON. */
export interface ShopFacts {
  readonly owner: Address;
  readonly key: Hex;
  readonly previousKey?: Hex;
  /** Unix seconds. */
  readonly overlapEnds?: number;
  readonly endpoint: string;
  readonly profile: string;
  /** Nano-HANSE, decimal. */
  readonly stake: string;
  /** Whether it was suspended when it left: nobody has to hear it out. */
  readonly suspended?: true;
}

/** The tables of the schema `hub`. */
export interface HubTables {
  /** The one chain and Hub this database belongs to, and how far the list has come. */
  feed: {
    only_one: Generated<boolean>;
    /** Names the sequence of changes. */
    id: Generated<string>;
    chain_id: bigint;
    hub: Address;
    genesis_hash: Hex;
    /** Of the last change. The row is locked while one is made, so that they become visible in their order. */
    sequence: Generated<bigint>;
  };
  /** The last blocks dealt with, to find a reorganisation after a restart; the highest is the cursor. */
  blocks: { number: bigint; hash: Hex };
  /** What each event of the chain made of a shop: undone blocks leave what was before. */
  shop_states: {
    code: string;
    block: bigint;
    log_index: number;
    standing: ShopStanding;
    facts: ColumnType<ShopFacts, string, string>;
  };
  /** The list. One row for each code: a shop of our own takes the place of another hub service's. */
  shops: {
    code: string;
    /** URL of the hub service that lists it; null: it is in our Hub. */
    origin: string | null;
    standing: ShopStanding;
    facts: ColumnType<ShopFacts, string, string>;
    sequence: bigint;
    changed_at: Generated<Date>;
  };
  /** Other hub services, how far each was followed, and the last time its list was begun from the beginning. */
  origins: { url: string; feed: string; cursor: string; reading: string };
  /** What each of them lists, kept apart: `shops` has of a code what is chosen. */
  origin_shops: {
    origin: string;
    code: string;
    standing: "member" | "leaving";
    facts: ColumnType<ShopFacts, string, string>;
    /** The reading of the whole list in which it was told last. */
    reading: string;
  };
  log_in_nonces: { nonce: string; expires_at: Date };
  /** Sessions. */
  families: {
    id: Generated<string>;
    account: Address;
    expires_at: Date;
    revoked_at: Date | null;
  };
  /** SHA-256 of each refresh token; the one that is not used is good. */
  refresh_tokens: { hash: string; family: string; used_at: Date | null };
}

export type HubDatabase = Database<HubTables>;
export type HubQueries = Kysely<HubTables> | Transaction<HubTables>;
export type ShopRow = Selectable<HubTables["shops"]>;
