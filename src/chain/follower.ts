import type { Address, Log } from "viem";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { BlockRef, ChainBlock } from "./block.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";
import { DEVELOPMENT_CHAIN_ID } from "./development-keys.ts";
import { createKnownBlocks } from "./known-blocks.ts";
import { createLogLoader, type LoadedBlock } from "./log-loader.ts";

export type { BlockRef };

/** What happens on a chain, in order. Blocks without logs of interest come too, except in a long catch-up. */
export type ChainEvent =
  | {
      readonly type: "block";
      readonly block: ChainBlock;
      readonly logs: readonly Log[];
      /** Number of the newest block when this one was read: state may be read there while the follower catches up. */
      readonly head: bigint;
    }
  /** Everything above `to` did not happen; a hash of `0x`: nothing did. */
  | { readonly type: "reorg"; readonly to: BlockRef }
  /** Nothing up to this block will be undone, on a chain that holds value. The number only rises. */
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
  /**
   * Blocks dealt with before, newest last: a reorganisation is undone to the newest that is shared. Keep as many as one
   * may undo, for without a shared one the chain counts as another.
   */
  readonly known?: readonly BlockRef[];
  readonly pollMs?: number;
  readonly signal: AbortSignal;
}

/** Further behind than this, only blocks with logs of interest are told; as many as a reorganisation is traced through. */
const CATCH_UP_BLOCKS = 256n;
/** A development chain whose head stays below what we know for so long was rewound, and does not merely lag. */
const REWOUND_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Follows a chain block by block, as a majority of its endpoints tells it, until the signal aborts. Failures of the
 * endpoints, limits and heads that go back without another block in their place are waited out.
 *
 * A development chain that was rewound or replaced is followed anew from the newest block that is shared, or else from
 * `startBlock`.
 * @yields events in order; the consumer stores its cursor with what it made of the event
 * @throws HANSE_CHAIN_MISMATCH when a block is gone that was final, or no known block is shared: it is another chain
 */
export async function* followChain(deps: FollowerDeps, options: FollowerOptions): AsyncGenerator<ChainEvent> {
  const { chain, logger, clock = systemClock } = deps;
  const { signal, pollMs = 250, startBlock, cursor } = options;
  const known = createKnownBlocks([...(options.known ?? []), ...(cursor ? [cursor] : [])]);
  const loader = createLogLoader(chain.agreed, options.addresses);
  const forgiving = chain.chainId === DEVELOPMENT_CHAIN_ID;
  let finalized = -1n;
  let failures = 0;
  let behindSince: number | undefined;

  while (!signal.aborted) {
    try {
      const head = await chain.agreed.head();
      const advanced = head.number > last();
      const turned = advanced ? undefined : await turnBelow(head);
      chain.metrics.lag.set(advanced ? Number(head.number - last()) : 0);
      if (turned !== undefined) yield turned;
      else if (advanced) {
        yield* advance(head);
        yield* tellFinal();
      } else await pause(pollMs);
      failures = 0;
    } catch (error) {
      const translated = asChainError(error, "following the chain");
      // A node may refuse what it knew a moment ago, such as the logs of a block that was undone.
      if (!translated.retryable && !isHanseError(translated, "HANSE_RPC_REFUSED")) throw translated;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS);
      logger.warn({ err: translated, pauseMs }, "the chain cannot be read, trying again");
      await pause(pauseMs);
    }
  }

  function last(): bigint {
    return known.newest?.number ?? startBlock - 1n;
  }

  /** Goes on to the head, or to where the chain turns. */
  async function* advance(head: ChainBlock): AsyncGenerator<ChainEvent> {
    behindSince = undefined;
    while (last() < head.number && !signal.aborted) {
      let loaded: readonly LoadedBlock[];
      if (head.number - last() > CATCH_UP_BLOCKS) {
        const before = known.newest;
        if (before !== undefined && (await chain.agreed.blockAt(before.number))?.hash !== before.hash) {
          yield await turn(head);
          return;
        }
        loaded = await loader.range(last() + 1n, head.number - CATCH_UP_BLOCKS);
      } else loaded = await loader.blocks(last() + 1n, head);
      for (const each of loaded) {
        const parent = known.newest;
        // The chain turned behind us, or under our hands.
        if (parent?.number === each.block.number - 1n && parent.hash !== each.block.parentHash) {
          yield await turn(head);
          return;
        }
        known.add(each.block);
        chain.metrics.lag.set(Number(head.number - each.block.number));
        yield { type: "block", ...each, head: head.number };
        if (signal.aborted) return;
      }
    }
  }

  /** A head that is no higher than what we know: another branch, a chain that was rewound, or nodes that lag. */
  async function turnBelow(head: ChainBlock): Promise<ChainEvent | undefined> {
    const [ours] = known.upTo(head.number);
    const theirs =
      ours?.number === head.number || ours === undefined ? head : await chain.agreed.blockAt(ours.number);
    if (ours !== undefined && theirs?.hash !== ours.hash) return await turn(head);
    if (head.number === last()) {
      behindSince = undefined;
      return undefined;
    }
    behindSince ??= clock.now();
    return forgiving && clock.now() - behindSince >= REWOUND_MS ? await turn(head) : undefined;
  }

  /** Back to the newest block that is shared. */
  async function turn(head: ChainBlock): Promise<ChainEvent> {
    let shared: BlockRef | undefined;
    for (const ours of known.upTo(head.number)) {
      const theirs = ours.number === head.number ? head : await chain.agreed.blockAt(ours.number);
      if (theirs?.hash !== ours.hash) continue;
      shared = ours;
      break;
    }
    const to = shared ?? { number: startBlock - 1n, hash: "0x" as const };
    const dealtWith = shared !== undefined || known.reachTo(startBlock);
    if (to.number < finalized || !dealtWith) {
      const details = {
        newestKnown: known.newest,
        sharedBlock: shared?.number,
        finalized,
        head: head.number,
      };
      if (!forgiving) {
        throw new HanseError(
          "HANSE_CHAIN_MISMATCH",
          "blocks that were final are gone: the chain is another one",
          {
            details,
          },
        );
      }
      logger.warn({ ...details, from: to.number + 1n }, "the development chain was rewound or replaced");
    }
    known.dropAbove(to.number);
    behindSince = undefined;
    return { type: "reorg", to };
  }

  async function* tellFinal(): AsyncGenerator<ChainEvent> {
    const told = (await chain.agreed.finalized()) ?? -1n;
    // A consumer hears of blocks before it hears that they are final.
    const final = told < last() ? told : last();
    if (final <= finalized) return;
    finalized = final;
    yield { type: "finalized", number: finalized };
  }

  async function pause(ms: number): Promise<void> {
    await clock.sleep(ms, signal).catch(() => undefined);
  }
}
