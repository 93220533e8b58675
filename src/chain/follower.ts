import type { Address, Hex, Log } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";

export interface BlockRef {
  readonly number: bigint;
  readonly hash: Hex;
}

export interface FollowedBlock extends BlockRef {
  readonly parentHash: Hex;
  /** Unix seconds. */
  readonly timestamp: bigint;
}

/** What happens on a chain, in order. Blocks without logs of interest come too, except in a long catch-up. */
export type ChainEvent =
  | { readonly type: "block"; readonly block: FollowedBlock; readonly logs: readonly Log[] }
  /** Everything above `to` did not happen. */
  | { readonly type: "reorg"; readonly to: BlockRef }
  /** Nothing up to this block will be undone. */
  | { readonly type: "finalized"; readonly number: bigint };

export interface FollowerDeps {
  readonly chain: ChainClient;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface FollowerOptions {
  /** Contracts whose logs are of interest. */
  readonly addresses: readonly Address[];
  /** The last block that was dealt with; undefined: begin at `startBlock`. */
  readonly cursor?: BlockRef | undefined;
  readonly startBlock: bigint;
  /** Blocks dealt with before, newest last, so that a reorg is found back to there. */
  readonly known?: readonly BlockRef[];
  readonly pollMs?: number;
  readonly signal: AbortSignal;
}

/** How far back a reorg is traced; deeper ones start over from `startBlock`. */
const REMEMBERED = 256;
const CATCH_UP_RANGE = 2_000n;

/**
 * Follows a chain block by block until the signal aborts. RPC failures are waited out.
 * @yields events in order; the consumer stores its cursor with what it made of the event
 */
export async function* followChain(deps: FollowerDeps, options: FollowerOptions): AsyncGenerator<ChainEvent> {
  const { chain, logger, clock = systemClock } = deps;
  const { signal, pollMs = 250, startBlock } = options;
  const addresses = [...options.addresses];
  const seen: BlockRef[] = [...(options.known ?? []), ...(options.cursor ? [options.cursor] : [])];
  let finalized = -1n;

  while (!signal.aborted) {
    try {
      const head = await chain.viem.getBlock({ blockTag: "latest" });
      const undone = await findReorg(head.number);
      if (undone !== undefined) {
        yield { type: "reorg", to: undone };
        continue;
      }
      let last = seen.at(-1)?.number ?? startBlock - 1n;
      if (head.number <= last) {
        await pause();
        continue;
      }
      while (last < head.number && !signal.aborted) {
        if (head.number - last > CATCH_UP_RANGE) {
          const to = last + CATCH_UP_RANGE;
          yield* catchUp(last + 1n, to);
          last = to;
          continue;
        }
        const event = await loadBlock(last + 1n);
        const parent = seen.at(-1);
        // The chain turned under our hands: look again from the top.
        if (parent?.number === last && parent.hash !== event.block.parentHash) break;
        remember(event.block);
        yield event;
        last = event.block.number;
      }
      const final = await chain.viem.getBlock({ blockTag: "finalized" }).catch(() => undefined);
      if (final !== undefined && final.number > finalized) {
        finalized = final.number;
        yield { type: "finalized", number: finalized };
      }
    } catch (error) {
      const translated = asChainError(error, "following the chain");
      if (!isRetryable(translated)) throw translated;
      logger.warn({ err: translated }, "the chain cannot be read, trying again");
      await pause(1_000);
    }
  }

  /** The newest block we share with the chain, if it is not our newest. */
  async function findReorg(head: bigint): Promise<BlockRef | undefined> {
    let dropped = false;
    for (let ours = seen.at(-1); ours !== undefined; ours = seen.at(-1)) {
      const theirs = ours.number > head ? undefined : await chain.viem.getBlock({ blockNumber: ours.number });
      if (theirs?.hash === ours.hash) return dropped ? ours : undefined;
      seen.pop();
      dropped = true;
    }
    return dropped ? { number: startBlock - 1n, hash: "0x" } : undefined;
  }

  async function loadBlock(number: bigint): Promise<Extract<ChainEvent, { type: "block" }>> {
    const block = await chain.viem.getBlock({ blockNumber: number });
    // By hash, so that the logs are surely those of this very block.
    const logs = await chain.viem.getLogs({ address: addresses, blockHash: block.hash });
    return { type: "block", block: refOf(block), logs };
  }

  async function* catchUp(from: bigint, to: bigint): AsyncGenerator<ChainEvent> {
    const logs = await chain.viem.getLogs({ address: addresses, fromBlock: from, toBlock: to });
    const numbers = new Set(logs.map((log) => log.blockNumber));
    numbers.add(to);
    for (const number of [...numbers].sort((a, b) => (a < b ? -1 : 1))) {
      const block = refOf(await chain.viem.getBlock({ blockNumber: number }));
      remember(block);
      yield { type: "block", block, logs: logs.filter((log) => log.blockNumber === number) };
    }
  }

  function remember({ number, hash }: BlockRef): void {
    seen.push({ number, hash });
    if (seen.length > REMEMBERED) seen.shift();
  }

  async function pause(ms = pollMs): Promise<void> {
    await clock.sleep(ms, signal).catch(() => undefined);
  }
}

function refOf(block: { number: bigint; hash: Hex; parentHash: Hex; timestamp: bigint }): FollowedBlock {
  return { number: block.number, hash: block.hash, parentHash: block.parentHash, timestamp: block.timestamp };
}
