import type { Generated } from "kysely";
import type { Address, Hex } from "viem";
import type { TaskForecast, TaskStatusName, WorkerFault } from "#src/client/pool-schema.ts";
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
  deals: {
    id: Hex;
    sealed_at: bigint;
    trust: bigint;
    deal: Hex;
    /** Hash of the request order it was sealed for: what the order is called everywhere. */
    order_hash: Hex;
    tx: Hex;
    sealed_time: Date;
    volume: bigint;
    /** Nano-HANSE per task. */
    pool_price: bigint;
    pool_stake: bigint;
  };
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
    /** Of a drawn task: what it still takes, as last reckoned. */
    forecast: TaskForecast | null;
  };
  /** `score` is the seat's at the draw. */
  places: { task_id: Hex; round: number; seat: bigint; worker: Address; score: Generated<number> };
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
  /** What happened to tasks, in the order in which it was seen. */
  timeline: {
    id: Generated<bigint>;
    task_id: Hex;
    at: Generated<Date>;
    /** Null: it did not happen on the chain. */
    block: bigint | null;
    worker: Address | null;
    tx: Hex | null;
    entry: string;
  };
  /** Tasks that workers were told to compute; round 0: named, not drawn. */
  hand_outs: { task_id: Hex; worker: Address; round: number; handed_at: Date; answered_at: Date | null };
  /** Steps that workers did not take, and answers that contradict their own. */
  faults: {
    id: Generated<bigint>;
    task_id: Hex;
    worker: Address;
    round: number;
    fault: WorkerFault;
    at: Date;
  };
  /** What the chain said of workers. Amounts are nano-HANSE: what was earned, or lost. */
  verdicts: {
    task_id: Hex;
    worker: Address;
    verdict: "right" | "wrong" | "missed";
    block: bigint;
    amount: bigint;
  };
  /** How the chain settled a task, in nano-HANSE; see `deal-account.ts`. */
  settlements: {
    task_id: Hex;
    block: bigint;
    at: Date;
    tx: Hex;
    outcome: Exclude<TaskStatusName, "open">;
    price: bigint;
    rewards: bigint;
    spoils: bigint;
    fines: bigint;
    slashed: bigint;
  };
  /** The pool's own transactions, in wei of the chain's coin. */
  spendings: {
    tx: Hex;
    /** Null: it served no task in particular. */
    task_id: Hex | null;
    block: bigint;
    at: Date;
    what: string;
    gas: bigint;
    /** Arrives as text. */
    wei: string;
    success: boolean;
  };
}

export type PoolDatabase = Database<PoolTables>;
