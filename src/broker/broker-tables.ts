import type { ColumnType, Generated, Kysely, Selectable, Transaction } from "kysely";
import type { Address, Hex } from "viem";
import type { OrderStatus } from "#src/client/broker-schema.ts";
import type { OrderType } from "#src/protocol/orders.ts";
import type { Refusal } from "#src/protocol/refusals.ts";
import type { Database } from "#src/store/database.ts";

/** Written as JSON text, read as what it holds. */
type Json<Value> = ColumnType<Value, string, string>;
type JsonOrNull<Value> = ColumnType<Value | null, string | null, string | null>;
/** uint64 does not fit int8: written as bigint, read as decimal text. */
type Amount = ColumnType<string, bigint | string, bigint | string>;

/** The tables of the schema `broker`. Volumes and block numbers are int8: they arrive as bigint. */
export interface BrokerTables {
  orders: {
    hash: Hex;
    /** Time priority: the lower came first. */
    sequence: ColumnType<bigint, never, never>;
    type: OrderType;
    signer: Address;
    /** What is sold; null for requests. */
    asset: Hex | null;
    /** `requestId(signer, salt)`: orders of a kind with the same one share one volume on chain. */
    volume_id: Hex;
    /** Who pays for a request in its signer's place. */
    sponsor: Address | null;
    /** Whether a signature of it rests on the Keyring's word, which may change: on more than the account's own key. */
    by_keyring: boolean;
    /** Of pool orders and requests. */
    category: number | null;
    /** Nano-HANSE per task: the ask, or a request's highest price for the pool. */
    price: Amount;
    certifier: Address;
    valid_until: Amount;
    volume: bigint;
    /** The signed order without its signature, and what is brought beside it, as `order-places.ts` has it. */
    content: Json<unknown>;
    signature: Hex;
    filled: ColumnType<bigint, bigint | undefined, bigint>;
    status: ColumnType<OrderStatus, OrderStatus | undefined, OrderStatus>;
    /** The signer had it taken off the book; on chain it may still be valid. */
    removed: ColumnType<boolean, boolean | undefined, boolean>;
    /** Why it cannot be filled now, though it is open. */
    blocked: ColumnType<Refusal | null, Refusal | null | undefined, Refusal | null>;
    /**
     * The newest block at the time its last change was read. The chain was ahead of us then: it is read again when we
     * come to that block, which may be another one by then, and after a reorg below it.
     */
    changed_at_block: ColumnType<bigint | null, bigint | null | undefined, bigint | null>;
    received_at: ColumnType<Date, never, never>;
  };
  order_events: {
    id: Generated<bigint>;
    order_hash: Hex;
    type: string;
    at: ColumnType<Date, Date | undefined, never>;
    block: bigint | null;
    details: JsonOrNull<Record<string, unknown>>;
  };
  deals: {
    id: Hex;
    sequence: ColumnType<bigint, never, never>;
    request_hash: Hex;
    app_hash: Hex;
    dataset_hash: Hex | null;
    pool_hash: Hex;
    category: number;
    volume: bigint;
    open_units: bigint;
    /** `Deal` as JSON. */
    content: Json<Record<string, unknown>>;
    params: Hex;
    block: bigint;
    block_hash: Hex;
    tx_hash: Hex;
    sealed_at: Date;
  };
  /** Units settled in the last blocks, to open them again when those are undone. */
  settlements: { deal_id: Hex; open_units: bigint; block: bigint };
  seal_attempts: {
    id: Generated<bigint>;
    /** `pending` from before the transaction is sent until its end is known. */
    status: Generated<"pending" | "mined" | "failed" | "reconciled">;
    matches: Json<readonly AttemptedMatch[]>;
    outcome: JsonOrNull<Record<string, unknown>>;
    tx_hash: Hex | null;
    begun_at: Generated<Date>;
    ended_at: Date | null;
  };
  /** The one chain and Clerk this database belongs to. */
  chain: {
    only_one: Generated<boolean>;
    chain_id: bigint;
    clerk: Address;
    /** Null where it was bound before this was asked. */
    genesis_hash: Hex | null;
  };
  /** The last blocks dealt with, to find a reorg after a restart; the highest is the cursor. */
  blocks: { number: bigint; hash: Hex; seen_at: Generated<Date> };
}

export interface AttemptedMatch {
  readonly request: Hex;
  readonly app: Hex;
  readonly dataset?: Hex;
  readonly pool: Hex;
  readonly volume: number;
}

export type BrokerDatabase = Database<BrokerTables>;
/** A connection or a transaction. */
export type BrokerQueries = Kysely<BrokerTables> | Transaction<BrokerTables>;
export type OrderRow = Selectable<BrokerTables["orders"]>;
export type DealRow = Selectable<BrokerTables["deals"]>;
