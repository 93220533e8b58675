import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import type { Deal } from "#src/protocol/deals.ts";
import { NO_ASSET } from "#src/protocol/ids.ts";
import { type PoolOrder, payerOf, type RequestOrder, type SignedOrder } from "#src/protocol/orders.ts";
import type { Refusal } from "#src/protocol/refusals.ts";
import type { ChainFacts } from "./chain-facts.ts";
import type { Signing } from "./market-chain.ts";

/** Money that is missing for the smallest fill of an order; amounts are nano-HANSE. */
export interface Shortfall {
  readonly refusal: Extract<Refusal, "PayerUnfunded" | "PoolUnfunded" | "OperatorLimit" | "SponsorCapTooLow">;
  /** Whose money it is. */
  readonly account: Address;
  readonly neededNano: bigint;
  /** Free in the account, or left of what the operator or the sponsor's word allows. */
  readonly leftNano: bigint;
}

/** An order, and who signed what of it. */
export interface Funding {
  readonly hash: Hex;
  readonly signed: SignedOrder;
  readonly signer: Address;
  readonly signing: Signing;
  /** Of a sponsored request: who signed the sponsorship. */
  readonly sponsorSigning: Signing | undefined;
}

/** Whether the money for the smallest fill may be locked: of whoever pays, within what the key that signed may spend. */
export async function shortfallOf(facts: ChainFacts, funding: Funding): Promise<Shortfall | undefined> {
  const { hash, signed, signer, signing, sponsorSigning } = funding;
  const needed = await neededNano(facts, signer, signed);
  // Nobody locks anything for an app or a dataset.
  if (needed === 0n) return undefined;
  const account = signed.type === "request" ? payerOf(signed.order) : signer;
  const short = (refusal: Shortfall["refusal"], leftNano: bigint): Shortfall | undefined =>
    leftNano < needed ? { refusal, account, neededNano: needed, leftNano } : undefined;

  const { freeNano } = await facts.account(account);
  const unfunded = short(signed.type === "request" ? "PayerUnfunded" : "PoolUnfunded", freeNano);
  if (unfunded !== undefined) return unfunded;
  // A key that signed for a sponsored requester spends nothing of the sponsor's.
  const spender = sponsorSigning ?? signing;
  if (spender.type === "keyring" && spender.operator !== undefined) {
    const { key, limitNano } = spender.operator;
    const limited = short("OperatorLimit", limitNano - (await facts.spentNano(account, key)));
    if (limited !== undefined) return limited;
  }
  if (signed.sponsorship === undefined) return undefined;
  return short("SponsorCapTooLow", signed.sponsorship.cap - (await facts.sponsoredNano(account, hash)));
}

/** What a signer must have free for the smallest fill of an order, in nano-HANSE. */
async function neededNano(facts: ChainFacts, signer: Address, signed: SignedOrder): Promise<bigint> {
  if (signed.type === "request") return smallestFill(signed.order) * highestUnit(signed.order);
  if (signed.type !== "pool") return 0n;
  const stake = await facts.poolStakeNano(draftOf(signed.order, signer));
  return smallestFill(signed.order) * stake;
}

/** What a task costs a requester at most. */
function highestUnit({ maxAppPrice, maxDatasetPrice, maxPoolPrice, dataset }: RequestOrder): bigint {
  return maxAppPrice + (dataset === NO_ASSET ? 0n : maxDatasetPrice) + maxPoolPrice;
}

function smallestFill({ conditions }: RequestOrder | PoolOrder): bigint {
  return BigInt(Math.max(conditions.minFill, 1));
}

/** The deal a pool's order could become, as far as the order tells; enough to ask the certifier for its terms. */
function draftOf(order: PoolOrder, owner: Address): Deal {
  return {
    requestId: zeroHash,
    app: NO_ASSET,
    dataset: NO_ASSET,
    pool: order.pool,
    appOwner: zeroAddress,
    datasetOwner: zeroAddress,
    poolOwner: owner,
    requester: zeroAddress,
    payer: zeroAddress,
    beneficiary: zeroAddress,
    callback: zeroAddress,
    certifier: order.conditions.certifier,
    appPrice: 0n,
    datasetPrice: 0n,
    poolPrice: order.price,
    poolStake: 0n,
    sealedAtBlock: 0n,
    firstTask: 0,
    volume: 0,
    trust: 0,
    category: order.category,
    tag: zeroHash,
    paramsHash: zeroHash,
    attesters: zeroHash,
    frozen: zeroHash,
  };
}
