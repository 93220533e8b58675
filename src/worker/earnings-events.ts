import type { Address, Hex, Log } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import { type Committed, unpackReward } from "#src/protocol/contributions.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { PAYER_SLASH_PERCENT } from "#src/protocol/panel-parameters.ts";
import type { EarningsEntry } from "./earnings-sums.ts";

export interface EarningsEventsDeps {
  readonly poco: Address;
  readonly worker: Address;
  readonly pool: AssetId;
  /** The deal of a task that the worker was drawn for. */
  readonly dealOf: (task: Hex) => Hex | undefined;
  /** Everything committed for a task. */
  readonly sealsOf: (task: Hex) => Promise<readonly Committed[]>;
  /** Whether a worker's last seat has lost its stake. */
  readonly isConvicted: (worker: Address) => Promise<boolean>;
}

/**
 * Reads what a block's logs say about one worker's money in one pool.
 * @throws what `sealsOf` and `isConvicted` throw
 */
export function createEarningsEvents(deps: EarningsEventsDeps) {
  const { worker, pool, dealOf } = deps;
  const isOwn = (address: Address) => address.toLowerCase() === worker.toLowerCase();

  return async (logs: readonly Log[]): Promise<EarningsEntry[]> => {
    const own = logs.filter(({ address }) => address.toLowerCase() === deps.poco.toLowerCase());
    const events = decodeEvents({ abi: pocoAbi, logs: own });
    const entries: EarningsEntry[] = [];
    for (const { eventName, args } of events) {
      switch (eventName) {
        case "TaskCertified":
        case "TaskFailed": {
          const reward = args.rewards.map(unpackReward).find((each) => isOwn(each.worker));
          if (reward !== undefined) add("earned", reward.amountNano, args.taskId);
          break;
        }
        case "WorkerSlashed":
          if (isOwn(args.worker)) add("slashed", args.paid, args.taskId, args.forfeited);
          break;
        case "PlaceMissed":
          if (isOwn(args.worker)) add("fined", args.fine, args.taskId);
          break;
        case "TaskClaimed": {
          if (dealOf(args.taskId) === undefined) break;
          // Who has answered is told by the seals alone.
          const seals = await deps.sealsOf(args.taskId);
          if (!seals.some((seal) => isOwn(seal.worker))) break;
          const felt = await finesFelt(args.taskId);
          add("compensated", compensation(args.poolSlashed, felt, seals.length), args.taskId);
          break;
        }
        case "EarningsCollected":
          if (isOwn(args.worker) && args.pool === pool)
            entries.push({ kind: "collected", amountNano: args.amount });
          break;
        default:
      }
    }
    return entries;

    function add(kind: EarningsEntry["kind"], amountNano: bigint, task: Hex, forfeitedNano?: bigint): void {
      const deal = dealOf(task);
      // The same account may work in other pools, too.
      if (deal === undefined || (amountNano === 0n && forfeitedNano === undefined)) return;
      entries.push({
        kind,
        amountNano,
        task,
        deal,
        ...(forfeitedNano === undefined ? {} : { forfeitedNano }),
      });
    }

    async function finesFelt(task: Hex): Promise<bigint> {
      let felt = 0n;
      for (const { eventName, args } of events) {
        if (eventName !== "PlaceMissed" || args.taskId !== task) continue;
        if (!(await deps.isConvicted(args.worker))) felt += args.fine;
      }
      return felt;
    }
  };
}

/**
 * What each worker who had committed gets of a claimed task: no event tells it. As `_share` in
 * `contracts/certifiers/panel/Claims.sol`: at most the fines that were paid for it, less the payer's part.
 */
export function compensation(poolSlashed: bigint, finesFelt: bigint, workers: number): bigint {
  const shared = finesFelt < poolSlashed ? finesFelt : poolSlashed;
  return (shared - (shared * PAYER_SLASH_PERCENT) / 100n) / BigInt(workers);
}
