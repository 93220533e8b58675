import type { Address, Hex } from "viem";
import type { Deal } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { GroupQuestion } from "#src/protocol/match-rules.ts";
import type { OrderType, SignedOrder, Sponsorship, Terms } from "#src/protocol/orders.ts";
import type { Leg, Refusal } from "#src/protocol/refusals.ts";

/** What `filled` answers for a cancelled order. */
export const CANCELLED = 2 ** 32 - 1;

/** Stands for "no dataset" in a match of a batch. */
export const NO_DATASET = 2 ** 16 - 1;

/** An account of the Clerk. */
export interface ClerkAccount {
  readonly freeNano: bigint;
  readonly lockedNano: bigint;
  readonly epoch: bigint;
}

type Signed<Type extends SignedOrder["type"]> = Pick<
  Extract<SignedOrder, { type: Type }>,
  "order" | "signature"
>;

/** `Batch` of `IClerk`: orders, each once, and the matches among them by their places. */
export interface SealBatch {
  readonly apps: readonly Signed<"app">[];
  readonly datasets: readonly Signed<"dataset">[];
  readonly pools: readonly Signed<"pool">[];
  readonly requests: readonly Signed<"request">[];
  /** One for each request that names a sponsor, in the order of the requests. */
  readonly sponsorships: readonly Sponsorship[];
  /** Of all orders that have some, each once. */
  readonly terms: readonly Terms[];
  readonly matches: readonly {
    readonly app: number;
    readonly dataset: number;
    readonly pool: number;
    readonly request: number;
  }[];
}

export interface BlockRef {
  readonly number: bigint;
  readonly hash: Hex;
}

/** The orders that made a deal. */
export interface DealOrders {
  readonly request: Hex;
  readonly app: Hex;
  readonly dataset?: Hex | undefined;
  readonly pool: Hex;
}

/** A deal as the Clerk announced it. */
export interface SealedDeal {
  readonly id: Hex;
  readonly orders: DealOrders;
  readonly deal: Deal;
  readonly params: Hex;
  readonly block: BlockRef;
  readonly txHash: Hex;
}

/** A match that the Clerk left out of a batch. */
export interface RefusedMatch {
  /** Its place in the batch. */
  readonly index: number;
  readonly leg: Leg;
  readonly refusal: Refusal;
}

/** What the Clerk would do with a match if it were the only one. */
export interface MatchPreview {
  readonly leg: Leg;
  /** `None`: it would be sealed. */
  readonly refusal: Refusal;
}

/** Something that an account has to have signed, in the Clerk's domain. */
export interface Statement {
  readonly account: Address;
  readonly kind: OrderType | "sponsorship";
  /** The EIP-712 struct hash of what is said. */
  readonly hash: Hex;
  readonly signature: Hex;
}

/** Who signed a statement. */
export type Signing =
  | { readonly type: "nobody" }
  /** The account's own key: that holds for good. */
  | { readonly type: "key" }
  /** The Keyring says so, and may say otherwise later: an operator's key, a presigned digest, or a contract (ERC-1271). */
  | {
      readonly type: "keyring";
      readonly operator?: { readonly key: Address; readonly limitNano: bigint } | undefined;
    };

export interface SealOutcome {
  readonly txHash: Hex;
  readonly sealed: readonly SealedDeal[];
  readonly refused: readonly RefusedMatch[];
}

/** What happened in the Clerk, the Keyring and the Registry, as far as it concerns orders. */
export type MarketEvent =
  | { readonly type: "deal-sealed"; readonly deal: SealedDeal }
  | { readonly type: "unit-settled"; readonly dealId: Hex; readonly openUnits: number }
  | {
      readonly type: "order-cancelled";
      readonly account: Address;
      readonly leg: Leg;
      readonly salt: Hex;
      readonly txHash: Hex;
    }
  /** Money, epoch, operators or presigned digests: whatever makes an account's state another. */
  | { readonly type: "account-changed"; readonly account: Address }
  | { readonly type: "asset-transferred"; readonly asset: AssetId; readonly to: Address }
  | { readonly type: "certifier-changed"; readonly certifier: Address };

/** The chain as a broker sees it, in order. */
export type MarketChainEvent =
  | {
      readonly type: "block";
      readonly block: BlockRef;
      /** Unix seconds. */
      readonly timestamp: bigint;
      readonly events: readonly MarketEvent[];
    }
  /** Everything above `to` did not happen. */
  | { readonly type: "reorg"; readonly to: BlockRef }
  | { readonly type: "finalized"; readonly number: bigint };

/** What contracts and accounts hold. Every method throws HANSE_RPC_UNAVAILABLE (retryable) when nobody answers. */
export interface MarketState {
  /** Undefined where nobody registered the asset. */
  ownerOf(asset: AssetId): Promise<Address | undefined>;
  account(owner: Address): Promise<ClerkAccount>;
  /** Tasks filled of the orders that a signer numbered so, or `CANCELLED`. */
  filled(leg: Leg, signer: Address, salt: Hex): Promise<number>;
  isCertifier(certifier: Address): Promise<boolean>;
  /** The group contract's answer; false where it fails to give one. */
  isMember(question: GroupQuestion): Promise<boolean>;
  /** What the Keyring says of a signature. */
  keyringCheck(statement: Statement): Promise<Signing>;
  /** What orders signed by an operator's key have locked of its account's money so far. */
  spentNano(owner: Address, key: Address): Promise<bigint>;
  /** What a sponsor has paid for a request so far. */
  sponsoredNano(sponsor: Address, requestHash: Hex): Promise<bigint>;
  /** The certifier's terms for a deal: what the pool's owner has to lock for each task. */
  admit(
    draft: Deal,
    minSeats: number,
    minSeatStake: bigint,
  ): Promise<{ refusal: Refusal; poolStakeNano: bigint }>;
}

/**
 * All that the broker needs of a chain. Reads are of the newest block that the node which answers has.
 * Every method throws HANSE_RPC_UNAVAILABLE (retryable) when nobody answers.
 */
export interface MarketChain extends MarketState {
  readonly chainId: number;
  /** Tells the chain from another of the same id. */
  readonly genesisHash: Hex;
  readonly clerk: Address;
  /** Who seals: orders that name another `matcher` are not for this broker. */
  readonly matcher: Address;
  /**
   * State as of the newest block that `events` or `seal` told of: what is read after an event has the event in it, though
   * another node answers that is some blocks behind. While nobody follows the events: of the newest block.
   */
  readonly told: MarketState;
  /** Number of the block that `told` is read at. */
  toldNumber(): Promise<bigint>;
  /** Number of the newest block. */
  headNumber(): Promise<bigint>;
  /**
   * What `seal` would do with each match if it were the only one.
   * @throws HANSE_TRANSACTION_REVERTED where `seal` would revert as a whole
   */
  preview(batch: SealBatch): Promise<readonly MatchPreview[]>;
  /**
   * Seals what can be sealed of a batch, in one transaction, which is never sent twice under one name.
   * @throws HANSE_TRANSACTION_REVERTED, HANSE_TRANSACTION_UNFUNDED; HANSE_TRANSACTION_LOST and HANSE_RPC_UNAVAILABLE: it
   * may still be mined, which `sealed` tells
   */
  seal(batch: SealBatch, name: string): Promise<SealOutcome>;
  /**
   * Waits for what came of a batch that was sent under a name, by this process or one before it.
   * @returns undefined when nothing was sent
   * @throws as `seal` does
   */
  sealed(name: string): Promise<SealOutcome | undefined>;
  /** Sees to what was sent until the signal aborts: by one process at a time. */
  tend(signal: AbortSignal): Promise<void>;
  /**
   * Follows the chain until the signal aborts: one at a time, and from the call on as far as `told` is concerned.
   * @param known blocks dealt with before, newest last; none: from the Clerk's deployment
   */
  events(known: readonly BlockRef[], signal: AbortSignal): AsyncIterable<MarketChainEvent>;
}
