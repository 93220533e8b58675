import type { Address, Hex } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type BlockRef, followChain } from "#src/chain/follower.ts";
import type { Clock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { idOfDeal, taskId, taskIndices } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { FollowStore } from "./follow-store.ts";
import { dealsOf, type TaskEvent, taskEventsOf } from "./pool-events.ts";
import type { SettledBlock } from "./settlements.ts";
import { readSpendings } from "./spendings.ts";

export interface PoolFollowerDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly store: FollowStore;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Called when a block was stored, with the tasks that it told of. */
  readonly onBlock: (number: bigint, taskIds: readonly Hex[]) => void;
  /** Called when blocks were undone: everything may look different now. */
  readonly onReorg: () => Promise<void>;
}

export interface PoolFollowerOptions {
  readonly pool: AssetId;
  /** Whose transactions are the pool's. */
  readonly sender: Address;
  readonly cursor: BlockRef | undefined;
  readonly signal: AbortSignal;
}

/** Follows the chain for one pool's deals until the signal aborts. */
export async function followPool(deps: PoolFollowerDeps, options: PoolFollowerOptions): Promise<void> {
  const { chain, deployment, store, logger, clock } = deps;
  const { clerk, poco } = deployment.contracts;
  const known = await store.blocks();
  const following = followChain(
    { chain, logger, ...(clock ? { clock } : {}) },
    {
      addresses: [clerk, poco],
      cursor: options.cursor,
      known: known.filter(({ number }) => number < (options.cursor?.number ?? 0n)),
      startBlock: deployment.deployedAtBlock + 1n,
      signal: options.signal,
    },
  );
  for await (const event of following) {
    if (event.type === "finalized") continue;
    if (event.type === "reorg") {
      logger.warn({ to: event.to.number }, "the chain was reorganised");
      await store.rewind(event.to);
      await deps.onReorg();
      continue;
    }
    const { block, logs } = event;
    const deals = dealsOf(logs, options.pool, deployment);
    const events = taskEventsOf(logs, deployment);
    const fresh = deals.flatMap(({ deal }) => taskIndices(deal).map((index) => taskId(deal, index)));
    const own = await ownEvents(events, fresh);
    const spendings = await readSpendings(chain, options.sender, block satisfies SettledBlock, own);
    await store.apply({ block, deals, events: own, spendings });
    for (const { deal, order } of deals) {
      const sealed = { order, deal: idOfDeal(deal), tasks: deal.volume, trust: deal.trust };
      logger.info({ ...sealed, block: block.number }, "deal sealed");
    }
    deps.onBlock(block.number, [...fresh, ...own.map((each) => each.taskId)]);
  }

  async function ownEvents(events: readonly TaskEvent[], fresh: readonly Hex[]): Promise<TaskEvent[]> {
    const known = await store.known(events.map((event) => event.taskId));
    for (const id of fresh) known.add(id);
    return events.filter((event) => known.has(event.taskId));
  }
}
