import type { Address, Hex } from "viem";
import type { Clock } from "#src/kernel/clock.ts";
import { isHanseError } from "#src/kernel/errors.ts";
import type { Deal } from "#src/protocol/deals.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";
import type { GroupQuestion } from "#src/protocol/match-rules.ts";
import { POOL_STAKE_PERCENT } from "#src/protocol/panel-parameters.ts";
import type { Leg } from "#src/protocol/refusals.ts";
import type { ClerkAccount, MarketChain, MarketState, Signing, Statement } from "./market-chain.ts";
import { isSignedByOwnKey } from "./signing.ts";

/** What the chain says, remembered for as long as it can be true: until the next block, or a short time. */
export interface ChainFacts {
  ownerOf(asset: AssetId): Promise<Address | undefined>;
  account(owner: Address): Promise<ClerkAccount>;
  isCertifier(certifier: Address): Promise<boolean>;
  isMember(question: GroupQuestion): Promise<boolean>;
  /** What a pool's owner has to lock for a task of this deal, by its certifier. */
  poolStakeNano(draft: Deal): Promise<bigint>;
  /** Who signed a statement. */
  signing(statement: Statement): Promise<Signing>;
  spentNano(owner: Address, key: Address): Promise<bigint>;
  sponsoredNano(sponsor: Address, requestHash: Hex): Promise<bigint>;
  /** Never remembered: every fill changes it. */
  filled(leg: Leg, signer: Address, salt: Hex): Promise<number>;
  forget(): void;
  /** Rises with each `forget`: tells whether facts read before may have changed since. */
  readonly generation: number;
}

export interface ChainFactsDeps {
  readonly chain: Pick<MarketChain, "chainId" | "clerk">;
  /** Whom it asks. */
  readonly state: MarketState;
  readonly clock: Clock;
}

/** Facts held in memory at most; beyond this all are forgotten. */
const MOST_FACTS = 100_000;

export function createChainFacts(
  { chain, state, clock }: ChainFactsDeps,
  { ttlMs = 1_000 }: { readonly ttlMs?: number } = {},
): ChainFacts {
  const facts = new Map<string, { readonly value: Promise<unknown>; readonly until: number }>();
  let generation = 0;

  function remember<Value>(key: string, read: () => Promise<Value>): Promise<Value> {
    const known = facts.get(key);
    if (known !== undefined && known.until > clock.now()) return known.value as Promise<Value>;
    if (facts.size >= MOST_FACTS) facts.clear();
    const value = read();
    facts.set(key, { value, until: clock.now() + ttlMs });
    // A failure is no fact.
    value.catch(() => facts.delete(key));
    return value;
  }

  return {
    ownerOf: (asset) => remember(`owner ${asset}`, () => state.ownerOf(asset)),
    account: (owner) => remember(`account ${owner.toLowerCase()}`, () => state.account(owner)),
    isCertifier: (certifier) =>
      remember(`certifier ${certifier.toLowerCase()}`, () => state.isCertifier(certifier)),
    isMember: (question) =>
      remember(`member ${question.restriction} ${question.subject}`, () => state.isMember(question)),
    poolStakeNano: (draft) => {
      const { certifier, pool, poolPrice, category, trust } = draft;
      const key = `stake ${certifier} ${assetIdToHex(pool)} ${poolPrice} ${category} ${trust}`;
      return remember(key, async () => {
        try {
          const { refusal, poolStakeNano } = await state.admit(draft, 0, 0n);
          return refusal === "None" ? poolStakeNano : usualStakeNano(poolPrice);
        } catch (error) {
          // A certifier that fails to answer a draft so incomplete may well take a whole one.
          if (isHanseError(error, "HANSE_TRANSACTION_REVERTED")) return usualStakeNano(poolPrice);
          throw error;
        }
      });
    },
    signing: async (statement) => {
      if (isSignedByOwnKey(chain, statement)) return { type: "key" };
      const { account, kind, hash, signature } = statement;
      const key = `signing ${account.toLowerCase()} ${kind} ${hash} ${signature}`;
      return await remember(key, () => state.keyringCheck(statement));
    },
    spentNano: (owner, key) =>
      remember(`spent ${owner} ${key}`.toLowerCase(), () => state.spentNano(owner, key)),
    sponsoredNano: (sponsor, hash) =>
      remember(`sponsored ${sponsor} ${hash}`.toLowerCase(), () => state.sponsoredNano(sponsor, hash)),
    filled: (leg, signer, salt) => state.filled(leg, signer, salt),
    forget() {
      generation++;
      facts.clear();
    },
    get generation() {
      return generation;
    },
  };
}

/** 30 % of the price: what a certifier asks that does not say otherwise. */
export function usualStakeNano(poolPrice: bigint): bigint {
  return (poolPrice * POOL_STAKE_PERCENT) / 100n;
}
