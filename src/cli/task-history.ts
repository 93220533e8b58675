import { type Address, formatLog, type Hex, numberToHex, type ParseEventLogsReturnType } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { revertOf } from "#src/chain/chain-error.ts";
import { decodeEvents } from "#src/chain/decode-events.ts";
import { createPocoReader } from "#src/chain/poco-reader.ts";
import { placesAfter } from "#src/protocol/confidence.ts";
import { type Reward, unpackCommitted, unpackReward } from "#src/protocol/contributions.ts";
import { SEED_DELAY } from "#src/protocol/panel-parameters.ts";
import type { ChainConnection } from "./connection.ts";
import type { FoundTask } from "./find-task.ts";

/** What happened to a task, in the words of the chain. */
export type TaskEvent =
  | { readonly type: "sealed" }
  | { readonly type: "drawn"; readonly round: number; readonly seats: readonly number[] }
  | { readonly type: "committed"; readonly round: number; readonly seat: number; readonly worker: Address }
  | { readonly type: "round-opened"; readonly round: number }
  | { readonly type: "missed"; readonly worker: Address; readonly fine: bigint }
  | { readonly type: "slashed"; readonly worker: Address; readonly paid: bigint; readonly forfeited: bigint }
  | {
      readonly type: "certified";
      readonly content: Hex;
      readonly memoryHash: Hex;
      readonly rewards: readonly Reward[];
    }
  | { readonly type: "failed"; readonly outcome: number; readonly rewards: readonly Reward[] }
  | { readonly type: "claimed"; readonly poolSlashed: bigint }
  | { readonly type: "callback"; readonly callback: Address; readonly success: boolean };

/** An event and where it happened. */
export type PlacedEvent = TaskEvent & {
  readonly block: bigint;
  /** Unix seconds; undefined where the block is not there yet. */
  readonly at: bigint | undefined;
  readonly transaction?: Hex;
};

/** Everything the chain tells about a task, oldest first. */
export async function readTaskHistory(connection: ChainConnection, found: FoundTask): Promise<PlacedEvent[]> {
  const { viem } = connection.chain;
  const { deal, task } = found;
  const raw = await viem.request({
    method: "eth_getLogs",
    params: [
      {
        address: connection.deployment.contracts.poco,
        fromBlock: numberToHex(deal.sealedAtBlock),
        // Every event of a task has its id as its first topic.
        topics: [null, task],
      },
    ],
  });
  const logs = decodeEvents({ abi: pocoAbi, logs: raw.map((each) => formatLog(each)) });
  const told = logs.flatMap((log) =>
    eventsOf(log).map((event) => ({
      ...event,
      block: log.blockNumber ?? 0n,
      transaction: log.transactionHash ?? "0x",
    })),
  );
  const opened = told.flatMap((each) => (each.type === "round-opened" ? [each] : []));
  const draws = await readDraws(connection, found, [
    deal.sealedAtBlock + SEED_DELAY,
    ...opened.map(({ block }) => block + SEED_DELAY),
  ]);
  const placed = [{ type: "sealed" as const, block: deal.sealedAtBlock }, ...draws, ...told];
  // By block; within one as they were told.
  placed.sort((a, b) => (a.block === b.block ? 0 : a.block < b.block ? -1 : 1));
  const blocks = [...new Set(placed.map(({ block }) => block))];
  const times = new Map(
    await Promise.all(
      blocks.map(async (number) => {
        const block = await viem.getBlock({ blockNumber: number }).catch(() => undefined);
        return [number, block?.timestamp] as const;
      }),
    ),
  );
  return placed.map((each) => ({ ...each, at: times.get(each.block) }));
}

type PocoLog = ParseEventLogsReturnType<typeof pocoAbi, undefined, true>[number];

function eventsOf(log: PocoLog): TaskEvent[] {
  switch (log.eventName) {
    case "SealsCommitted":
      return log.args.seals
        .map(unpackCommitted)
        .map(({ round, seat, worker }) => ({ type: "committed", round, seat, worker }));
    case "RoundOpened":
      return [{ type: "round-opened", round: log.args.round }];
    case "PlaceMissed":
      return [{ type: "missed", worker: log.args.worker, fine: log.args.fine }];
    case "WorkerSlashed": {
      const { worker, paid, forfeited } = log.args;
      return [{ type: "slashed", worker, paid, forfeited }];
    }
    case "TaskCertified": {
      const { content, memoryHash } = log.args.result;
      return [{ type: "certified", content, memoryHash, rewards: log.args.rewards.map(unpackReward) }];
    }
    case "TaskFailed":
      return [{ type: "failed", outcome: log.args.outcome, rewards: log.args.rewards.map(unpackReward) }];
    case "TaskClaimed":
      return [{ type: "claimed", poolSlashed: log.args.poolSlashed }];
    case "CallbackRun":
      return [{ type: "callback", callback: log.args.callback, success: log.args.success }];
    default:
      return [];
  }
}

/** Who was drawn in each round, as far as the chain still tells. */
async function readDraws(
  { chain, deployment }: ChainConnection,
  { deal, index }: FoundTask,
  seedBlocks: readonly bigint[],
) {
  if (deal.trust <= 1) return [];
  const reader = createPocoReader(chain, deployment);
  const seats = await reader.drawn(deal, index, seedBlocks.length).catch((error: unknown) => {
    // Its seats may have been given out again since.
    if (revertOf((error as Error).cause)?.name === "PanelDrawForgotten") return undefined;
    throw error;
  });
  if (seats === undefined) return [];
  return seedBlocks.map((block, i) => {
    const before = i === 0 ? 0 : placesAfter(deal.trust, i);
    const drawn = seats.slice(before, placesAfter(deal.trust, i + 1));
    return { type: "drawn" as const, round: i + 1, seats: drawn, block };
  });
}
