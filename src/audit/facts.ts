import type { Address, Hex } from "viem";
import type { Committed } from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import type { OrderType } from "#src/protocol/orders.ts";

// What an audit knows. Amounts are nano-HANSE. Addresses are checksummed, so that they compare as texts.

export interface Place {
  readonly number: bigint;
  readonly hash: Hex;
}

/** Where an event stands: the order of two is that of their `index` within a block. */
interface At {
  readonly block: bigint;
  readonly txHash: Hex;
}

export interface DealFact extends At {
  readonly id: Hex;
  readonly blockHash: Hex;
  readonly requestHash: Hex;
  readonly orders: Readonly<Record<"app" | "dataset" | "pool", Hex>>;
  readonly deal: Deal;
  readonly params: Hex;
  /** As the Clerk keeps it at the head. */
  readonly state: { readonly openUnits: number; readonly requestFilled: number; readonly commitment: Hex };
}

export interface SettlementFact extends At {
  readonly dealId: Hex;
  readonly openUnits: number;
  readonly seized: bigint;
}

export type VerdictType = "certified" | "failed" | "claimed";

export interface VerdictFact extends At {
  readonly taskId: Hex;
  readonly type: VerdictType;
  /** What workers got: in their seats, or in their accounts. */
  readonly rewards: bigint;
}

/** What a seat lost for a task: by being wrong, or by being absent. */
export interface LossFact extends At {
  readonly taskId: Hex;
  readonly amount: bigint;
  /** It went to those who were right. */
  readonly toWinners: boolean;
}

export interface SealsFact extends At {
  readonly taskId: Hex;
  readonly seals: readonly Committed[];
}

/** What the chain tells at one head: all events up to it, and the state there. */
export interface ChainFacts {
  readonly head: Place & { readonly timestamp: bigint };
  readonly contracts: Readonly<Record<"clerk" | "till" | "poco" | "token", Address>>;
  readonly transfers: readonly { readonly from: Address; readonly to: Address; readonly amount: bigint }[];
  readonly balances: ReadonlyMap<Address, bigint>;
  readonly supply: bigint;
  readonly deposits: readonly { readonly account: Address; readonly amount: bigint }[];
  readonly withdrawals: readonly { readonly account: Address; readonly amount: bigint }[];
  /** Every account that any event names. */
  readonly accounts: ReadonlyMap<Address, { readonly free: bigint; readonly locked: bigint }>;
  /** What each certifier holds of each account. */
  readonly bonds: readonly {
    readonly account: Address;
    readonly certifier: Address;
    readonly amount: bigint;
  }[];
  /** Raised epochs. */
  readonly epochs: readonly (At & { readonly account: Address; readonly epoch: bigint })[];
  readonly seats: readonly {
    readonly pool: Hex;
    readonly number: number;
    readonly stake: bigint;
    readonly earned: bigint;
  }[];
  readonly deals: readonly DealFact[];
  readonly settlements: readonly SettlementFact[];
  readonly verdicts: readonly VerdictFact[];
  readonly losses: readonly LossFact[];
  readonly seals: readonly SealsFact[];
  /** Status numbers of `IPanel`, of every task of every deal of Poco. */
  readonly statuses: ReadonlyMap<Hex, number>;
}

/** How far a database has followed the chain. */
export interface CursorFact {
  readonly own: Place;
  /** Of the chain's block with that number; undefined where it has none. */
  readonly onChain: { readonly hash: Hex; readonly timestamp: bigint } | undefined;
}

export const ORDER_CANCELLED = 2 ** 32 - 1;

export interface OrderFact {
  readonly hash: Hex;
  /** The hash of what is stored. */
  readonly contentHash: Hex;
  readonly type: OrderType;
  readonly signer: Address;
  readonly status: string;
  readonly volume: number;
  readonly filled: number;
  /** Taken off the book by its signer. */
  readonly removed: boolean;
  readonly validUntil: bigint;
  readonly epoch: bigint;
  /** The row was read from a block that the cursor has not come to: it may be ahead. */
  readonly ahead: boolean;
  /** What the Clerk counts at the cursor for orders with its signer and salt; `ORDER_CANCELLED` where they are cancelled. */
  readonly filledOnChain: number;
}

export interface BrokerDealFact extends At {
  readonly id: Hex;
  readonly blockHash: Hex;
  readonly requestHash: Hex;
  readonly orders: Readonly<Record<"app" | "dataset" | "pool", Hex>>;
  readonly volume: number;
  readonly openUnits: number;
  readonly params: Hex;
  /** The deal as the broker keeps it: members by name, as decimal or hex text. */
  readonly content: Readonly<Record<string, unknown>>;
}

export interface AttemptFact {
  readonly id: bigint;
  readonly status: string;
  readonly txHash: Hex | undefined;
  /** Deals that it says were sealed. */
  readonly sealed: number | undefined;
  readonly requests: readonly Hex[];
  readonly begunAt: Date;
}

export interface BrokerFacts {
  readonly cursor: CursorFact | undefined;
  readonly orders: readonly OrderFact[];
  /** Orders whose rows are damaged. */
  readonly unreadable: readonly Hex[];
  readonly deals: readonly BrokerDealFact[];
  readonly attempts: readonly AttemptFact[];
}

export interface PoolFacts {
  readonly pool: Hex;
  readonly cursor: CursorFact | undefined;
  readonly deals: readonly { readonly id: Hex; readonly deal: Deal }[];
  readonly tasks: readonly { readonly id: Hex; readonly dealId: Hex; readonly status: string }[];
  /** Answers that the pool believes to be on the chain. */
  readonly committed: readonly {
    readonly taskId: Hex;
    readonly seat: number;
    readonly round: number;
    readonly seal: Hex;
  }[];
}

export interface MarketFacts {
  readonly chain: ChainFacts;
  readonly broker?: BrokerFacts | undefined;
  readonly pools?: readonly PoolFacts[] | undefined;
  /** Orders that somebody was told are stored. */
  readonly acknowledged?: readonly Hex[] | undefined;
  /** Milliseconds since 1970, of whoever asks. */
  readonly now: number;
}

/** How much of what is under way is no finding. Nothing, where everything has come to rest. */
export interface AuditGrace {
  /** Blocks that a task may be overdue, or its settlement or an answer to it unknown to the pool. */
  readonly blocks: bigint;
  /** Seconds that an order may be open after its time, or an attempt to seal last. */
  readonly seconds: bigint;
}
