import { type Address, type Hex, isAddressEqual, type Log } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type Reward, unpackCommitted, unpackReward } from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";

/** A deal of the pool, and where it was sealed. */
export interface PoolDeal {
  readonly deal: Deal;
  /** Hash of the request order. */
  readonly order: Hex;
  readonly tx: Hex;
}

/** What Poco told of a task, of whichever pool. Amounts are nano-HANSE. */
export type TaskEvent = { readonly taskId: Hex; readonly tx: Hex } & (
  | {
      readonly type: "committed";
      readonly round: number;
      readonly workers: readonly Address[];
      readonly complete: boolean;
    }
  | { readonly type: "round-opened"; readonly round: number; readonly seedBlock: bigint }
  | {
      readonly type: "worker-slashed";
      readonly worker: Address;
      readonly paid: bigint;
      readonly forfeited: bigint;
    }
  | { readonly type: "place-missed"; readonly worker: Address; readonly fine: bigint }
  | { readonly type: "certified"; readonly content: Hex; readonly rewards: readonly Reward[] }
  | { readonly type: "failed"; readonly outcome: number; readonly rewards: readonly Reward[] }
  | { readonly type: "claimed"; readonly slashed: bigint }
);

/** The deals among these logs that are a pool's. */
export function dealsOf(logs: readonly Log[], pool: AssetId, { contracts }: Deployment): PoolDeal[] {
  const own = logs.filter(({ address }) => isAddressEqual(address, contracts.clerk));
  return decodeEvents({ abi: clerkAbi, eventName: "DealSealed", logs: own })
    .map(({ args, transactionHash }) => ({ deal: args.deal, order: args.requestHash, tx: transactionHash }))
    .filter(({ deal }) => deal.pool === pool && isAddressEqual(deal.certifier, contracts.poco));
}

/** What happened to tasks, in order. */
export function taskEventsOf(logs: readonly Log[], { contracts }: Deployment): TaskEvent[] {
  const own = logs.filter(({ address }) => isAddressEqual(address, contracts.poco));
  return decodeEvents({ abi: pocoAbi, logs: own }).flatMap((log): TaskEvent[] => {
    const { eventName, args, transactionHash: tx } = log;
    switch (eventName) {
      case "SealsCommitted": {
        const { taskId, round, complete } = args;
        const workers = args.seals.map((seal) => unpackCommitted(seal).worker);
        return [{ type: "committed", taskId, tx, round, workers, complete }];
      }
      case "RoundOpened": {
        const { taskId, round, seedBlock } = args;
        return [{ type: "round-opened", taskId, tx, round, seedBlock }];
      }
      case "WorkerSlashed": {
        const { taskId, worker, paid, forfeited } = args;
        return [{ type: "worker-slashed", taskId, tx, worker, paid, forfeited }];
      }
      case "PlaceMissed":
        return [{ type: "place-missed", taskId: args.taskId, tx, worker: args.worker, fine: args.fine }];
      case "TaskCertified": {
        const rewards = args.rewards.map(unpackReward);
        return [{ type: "certified", taskId: args.taskId, tx, content: args.result.content, rewards }];
      }
      case "TaskFailed": {
        const rewards = args.rewards.map(unpackReward);
        return [{ type: "failed", taskId: args.taskId, tx, outcome: args.outcome, rewards }];
      }
      case "TaskClaimed":
        return [{ type: "claimed", taskId: args.taskId, tx, slashed: args.poolSlashed }];
      default:
        return [];
    }
  });
}

/** What an event says to people, and of whom. */
export function wordsOf(event: TaskEvent): { readonly entry: string; readonly worker?: Address }[] {
  switch (event.type) {
    case "committed": {
      const how = event.complete ? "; the round is complete" : "";
      return [{ entry: `${event.workers.length} answers of round ${event.round} committed${how}` }];
    }
    case "round-opened":
      return [{ entry: `round ${event.round} opened, drawn by block ${event.seedBlock}` }];
    case "worker-slashed": {
      const { worker, paid, forfeited } = event;
      return [{ worker, entry: `${worker} was wrong: it pays ${paid} nano-HANSE and forfeits ${forfeited}` }];
    }
    case "place-missed": {
      const { worker, fine } = event;
      return [{ worker, entry: `${worker} did not answer and was fined ${fine} nano-HANSE` }];
    }
    case "certified":
      return [{ entry: `certified, output ${event.content}` }, ...event.rewards.map(wordsOfReward)];
    case "failed":
      return [
        { entry: `certified to fail with outcome ${event.outcome}` },
        ...event.rewards.map(wordsOfReward),
      ];
    case "claimed":
      return [{ entry: "claimed back after the deadline" }];
  }
}

function wordsOfReward({ worker, amountNano }: Reward) {
  return { worker, entry: `${worker} was right and earns ${amountNano} nano-HANSE` };
}
