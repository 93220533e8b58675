import { type Log, parseEventLogs } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type BlockRef, followChain } from "#src/chain/follower.ts";
import type { Clock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import type { Deal } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { FollowStore, TaskNote } from "./follow-store.ts";

export interface PoolFollowerDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly store: FollowStore;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Called when a block was stored: everything may look different now. */
  readonly onBlock: () => Promise<void>;
}

/** Follows the chain for one pool's deals until the signal aborts. */
export async function followPool(
  deps: PoolFollowerDeps,
  options: { readonly pool: AssetId; readonly cursor: BlockRef | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const { chain, deployment, store, logger, clock } = deps;
  const { clerk, poco } = deployment.contracts;
  const known = await store.known();
  const events = followChain(
    { chain, logger, ...(clock ? { clock } : {}) },
    {
      addresses: [clerk, poco],
      cursor: options.cursor,
      known: known.filter(({ number }) => number < (options.cursor?.number ?? 0n)),
      startBlock: deployment.deployedAtBlock + 1n,
      signal: options.signal,
    },
  );
  for await (const event of events) {
    if (event.type === "finalized") continue;
    if (event.type === "reorg") {
      logger.warn({ to: event.to.number }, "the chain was reorganised");
      await store.rewind(event.to);
      continue;
    }
    const { block, logs } = event;
    await store.apply({
      block,
      deals: dealsOf(logs, options.pool, deployment),
      notes: notesOf(logs, deployment),
    });
    await deps.onBlock();
  }
}

function dealsOf(logs: readonly Log[], pool: AssetId, { contracts }: Deployment): Deal[] {
  const own = logs.filter(({ address }) => sameAddress(address, contracts.clerk));
  return parseEventLogs({ abi: clerkAbi, eventName: "DealSealed", logs: own })
    .map(({ args }) => args.deal)
    .filter((deal) => deal.pool === pool && sameAddress(deal.certifier, contracts.poco));
}

function notesOf(logs: readonly Log[], { contracts }: Deployment): TaskNote[] {
  const own = logs.filter(({ address }) => sameAddress(address, contracts.poco));
  return parseEventLogs({ abi: pocoAbi, logs: own }).flatMap(({ eventName, args }): TaskNote[] => {
    switch (eventName) {
      case "SealsCommitted": {
        const how = args.complete ? "; the round is complete" : "";
        return [
          {
            taskId: args.taskId,
            entry: `${args.seals.length} answers of round ${args.round} committed${how}`,
          },
        ];
      }
      case "RoundOpened":
        return [
          { taskId: args.taskId, entry: `round ${args.round} opened, drawn by block ${args.seedBlock}` },
        ];
      case "WorkerSlashed":
        return [
          {
            taskId: args.taskId,
            entry: `${args.worker} was wrong: it pays ${args.paid} nano-HANSE and forfeits ${args.forfeited}`,
          },
        ];
      case "PlaceMissed":
        return [
          {
            taskId: args.taskId,
            entry: `${args.worker} did not answer and was fined ${args.fine} nano-HANSE`,
          },
        ];
      case "TaskCertified":
        return [{ taskId: args.taskId, entry: `certified, output ${args.result.content}` }];
      case "TaskFailed":
        return [{ taskId: args.taskId, entry: `certified to fail with outcome ${args.outcome}` }];
      case "TaskClaimed":
        return [{ taskId: args.taskId, entry: "claimed back after the deadline" }];
      default:
        return [];
    }
  });
}

function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
