import type { Address, Hex } from "viem";
import { ratingsAbi } from "#src/abi/ratings-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";

/** What a buyer said of a deal, as the chain has it. */
export interface ChainRating {
  readonly deal: Hex;
  readonly seller: Address;
  readonly buyer: Address;
  readonly stars: number;
  /** Nano-HANSE. */
  readonly weight: bigint;
  readonly reviewHash: Hex;
}

/**
 * Reads the ratings of a deal from the chain. One at most is of a Receipt's deal; a deal of another Receipt may have the
 * same id.
 * @param fromBlock which sealed the deal: nobody rates it before
 * @throws HANSE_RPC_*
 */
export type RatingsOf = (deal: Hex, fromBlock: bigint) => Promise<readonly ChainRating[]>;

export function createRatedEvents(chain: ChainClient, { ratings }: { readonly ratings: Address }): RatingsOf {
  return async (deal, fromBlock) => {
    const logs = await chain.viem
      .getContractEvents({
        ...{ address: ratings, abi: ratingsAbi, eventName: "Rated", args: { deal }, fromBlock },
        strict: true,
      })
      .catch((error: unknown) => {
        throw asChainError(error, "reading ratings");
      });
    return logs.map(({ args }) => args);
  };
}
