import type { Generated } from "kysely";
import type { Address, Hex } from "viem";
import type { TaskStatusName } from "#src/client/pool-schema.ts";
import type { Database } from "#src/store/database.ts";

/** The tables of the schema `pool`. Block numbers, seats and indices are int8: they arrive as bigint. */
export interface PoolTables {
  /** How far the chain was followed, and which chain and pool it was. */
  /** The last blocks dealt with, up to the cursor, to trace a reorganisation after a restart. */
  blocks: { number: bigint; hash: Hex };
  cursor: {
    only_one: Generated<boolean>;
    pool: string;
    poco: string;
    genesis_hash: string;
    block_number: bigint | null;
    block_hash: Hex | null;
  };
  deals: { id: Hex; sealed_at: bigint; trust: bigint; deal: Hex };
  tasks: {
    id: Hex;
    deal_id: Hex;
    task_index: bigint;
    status: Generated<TaskStatusName>;
    /** The running round as last seen; 0: nobody is drawn yet. */
    round: Generated<number>;
    /** The block whose seed drew `places` of the running round. */
    seed_block: bigint | null;
    closed: Generated<boolean>;
    /** Digests of the results that are worth asking for. */
    reveal: Generated<Hex[]>;
    reveal_since: Date | null;
    /** Trust 0 and 1: whom the scheduler named. */
    assigned_to: Address | null;
    assigned_at: Date | null;
    says: string;
    settled_at: Date | null;
  };
  places: { task_id: Hex; round: number; seat: bigint; worker: Address };
  contributions: {
    task_id: Hex;
    seat: bigint;
    round: number;
    worker: Address;
    seal: Hex;
    /** Null: it came from the chain. */
    signature: Hex | null;
    /** It is on the chain. */
    committed: Generated<boolean>;
    received_at: Generated<Date>;
  };
  digests: { task_id: Hex; worker: Address; round: number; digest: Hex };
  /** What was revealed, proved right against the seals before it was stored. */
  results: {
    task_id: Hex;
    worker: Address;
    outcome: number;
    content: Hex;
    memory_hash: Hex;
    callback_data: Hex;
  };
  workers: { address: Address; slots: number; seen_at: Date; unreplicated: boolean };
  timeline: { id: Generated<bigint>; task_id: Hex; block: bigint; entry: string };
}

export type PoolDatabase = Database<PoolTables>;
