import { HanseError } from "#src/kernel/errors.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";

/** What `/readyz` asks: does the chain answer? Throws what `asChainError` makes of it where not. */
export function createChainCheck(chain: ChainClient): () => Promise<bigint> {
  return () =>
    chain.viem.getBlockNumber().catch((error: unknown) => {
      throw asChainError(error, "reading the newest block");
    });
}

/** So far behind, what a service tells is old. */
const MAX_LAG = 30n;

/**
 * What `/readyz` asks of a service that follows the chain: is it near its newest block?
 * @param head number of the newest block
 * @param followedTo number of the last block that was dealt with; undefined: none yet
 * @param options `maxLag` in blocks; 30 unless told
 */
export function createFollowingCheck(
  head: () => Promise<bigint>,
  followedTo: () => Promise<bigint | undefined>,
  { maxLag = MAX_LAG }: { readonly maxLag?: bigint } = {},
): () => Promise<void> {
  return async () => {
    const [newest, followed] = await Promise.all([head(), followedTo()]);
    if (followed === undefined) throw new HanseError("HANSE_NOT_READY", "no block has been followed yet");
    const behind = newest - followed;
    if (behind <= maxLag) return;
    throw new HanseError("HANSE_NOT_READY", `${behind} blocks behind the chain's newest, ${newest}`, {
      details: { behind, newest, followed },
    });
  };
}
