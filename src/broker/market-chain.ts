import type { Address, Hex } from "viem";
import type { Deal } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { GroupQuestion } from "#src/protocol/match-rules.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
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

export interface SealOutcome {
  readonly txHash: Hex;
  readonly sealed: readonly SealedDeal[];
  readonly refused: readonly RefusedMatch[];
}

/** What happened in the Clerk and the Registry, as far as it concerns orders. */
export type MarketEvent =
  | { readonly type: "deal-sealed"; readonly deal: SealedDeal }
  | { readonly type: "unit-settled"; readonly dealId: Hex; readonly openUnits: number }
  | {
      readonly type: "order-cancelled";
      readonly account: Address;
      readonly orderHash: Hex;
      readonly txHash: Hex;
    }
  /** Epoch, deposit, withdrawal or bond: whatever makes an account's state another. */
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

/**
 * All that the broker needs of a chain. Reads are of the newest block.
 * Every method throws HANSE_RPC_UNAVAILABLE (retryable) when nobody answers.
 */
export interface MarketChain {
  readonly chainId: number;
  readonly clerk: Address;
  /** Who seals: orders that name another `matcher` are not for this broker. */
  readonly matcher: Address;
  /** Number of the newest block. */
  headNumber(): Promise<bigint>;
  /** Undefined where nobody registered the asset. */
  ownerOf(asset: AssetId): Promise<Address | undefined>;
  account(owner: Address): Promise<ClerkAccount>;
  /** Tasks filled, or `CANCELLED`. */
  filled(signer: Address, orderHash: Hex): Promise<number>;
  isCertifier(certifier: Address): Promise<boolean>;
  /** The group contract's answer; false where it fails to give one. */
  isMember(question: GroupQuestion): Promise<boolean>;
  /** ERC-1271; false where there is no contract. */
  isValidContractSignature(signer: Address, digest: Hex, signature: Hex): Promise<boolean>;
  /** The certifier's terms for a deal: what the pool's owner has to lock for each task. */
  admit(
    draft: Deal,
    minSeats: number,
    minSeatStake: bigint,
  ): Promise<{ refusal: Refusal; poolStakeNano: bigint }>;
  /**
   * Seals what can be sealed of a batch, in one transaction.
   * @throws HANSE_TRANSACTION_REVERTED, HANSE_TRANSACTION_UNFUNDED, HANSE_TRANSACTION_LOST: it may still be mined
   */
  seal(batch: SealBatch): Promise<SealOutcome>;
  /**
   * Follows the chain until the signal aborts.
   * @param known blocks dealt with before, newest last; none: from the Clerk's deployment
   */
  events(known: readonly BlockRef[], signal: AbortSignal): AsyncIterable<MarketChainEvent>;
}
