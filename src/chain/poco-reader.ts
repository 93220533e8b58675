import type { Address, Hex } from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { type Committed, sealsChain, unpackCommitted } from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { SEED_DELAY } from "#src/protocol/panel-parameters.ts";
import type { TaskState } from "#src/protocol/task-course.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError, revertOf } from "./chain-error.ts";
import type { Deployment } from "./deployment.ts";

export interface PoolOnChain {
  readonly opened: boolean;
  readonly terms: { readonly seatStake: bigint; readonly schedulerShare: number; readonly closed: boolean };
}

export interface SeatOnChain {
  readonly worker: Address;
  /** Drawn only for deals sealed in a later block than this, */
  readonly enrolledAt: number;
  /** and not in a later one than this; 0: still seated. */
  readonly leftAt: number;
  /** Has lost its stake: it commits nothing more. */
  readonly convicted: boolean;
  readonly score: number;
  /** Nano-HANSE that were not collected yet. */
  readonly earned: bigint;
}

/** What anyone can read of Poco. Calls throw what `asChainError` makes of a failure. */
export interface PocoReader {
  readonly poco: Address;
  readonly chainId: number;
  head(): Promise<bigint>;
  pool(id: AssetId): Promise<PoolOnChain>;
  seat(pool: AssetId, number: number): Promise<SeatOnChain>;
  /** The seat an account has now. */
  seatOf(pool: AssetId, worker: Address): Promise<number | undefined>;
  /** Every seat whose stake and earnings are the worker's, those it left and did not release too. */
  seatsKept(pool: AssetId, worker: Address): Promise<readonly number[]>;
  task(id: Hex, deal: Deal): Promise<TaskState>;
  /** Whether a task is certified, failed or claimed. */
  isSettled(id: Hex): Promise<boolean>;
  /** The seats drawn in rounds 1 to `rounds`, in order; undefined while the seed is unknown. */
  drawn(deal: Deal, index: number, rounds: number): Promise<readonly number[] | undefined>;
  /**
   * Everything committed, in order, proved against `task.seals`.
   * @throws HANSE_RPC_UNAVAILABLE while the node's logs lag behind its state
   */
  committed(taskId: Hex, deal: Deal, task: TaskState): Promise<readonly Committed[]>;
}

/** @param poco the certifier to read: the Jury is read alike, as far as it is an `IPanel` too */
export function createPocoReader(
  chain: ChainClient,
  deployment: Deployment,
  poco: Address = deployment.contracts.poco,
): PocoReader {
  const contract = { address: poco, abi: pocoAbi } as const;
  const doing =
    (what: string) =>
    (error: unknown): never => {
      throw asChainError(error, what);
    };
  const seat = (pool: AssetId, number: number) =>
    chain.viem
      .readContract({ ...contract, functionName: "seat", args: [pool, number] })
      .catch(doing("reading a seat"));

  /** By their numbers, in the order in which they were taken; most recent last. */
  const seatsTaken = async (pool: AssetId, worker: Address): Promise<readonly number[]> => {
    const query = { args: { pool, worker }, fromBlock: deployment.deployedAtBlock };
    const taken = await chain.viem
      .getContractEvents({ ...contract, eventName: "SeatTaken", ...query })
      .catch(doing("reading who is seated"));
    return taken.flatMap(({ args }) => (args.seat === undefined ? [] : [args.seat]));
  };

  const stored = (id: Hex) =>
    chain.viem.readContract({ ...contract, functionName: "task", args: [id] }).catch(doing("reading a task"));

  return {
    poco,
    chainId: chain.chainId,
    head: () => chain.viem.getBlockNumber().catch(doing("reading the newest block")),
    pool: (id) =>
      chain.viem
        .readContract({ ...contract, functionName: "pool", args: [id] })
        .catch(doing("reading a pool")),
    seat,

    async seatOf(pool, worker) {
      const number = (await seatsTaken(pool, worker)).at(-1);
      if (number === undefined) return undefined;
      const now = await seat(pool, number);
      return now.worker === worker && now.leftAt === 0 ? number : undefined;
    },

    async seatsKept(pool, worker) {
      const taken = [...new Set(await seatsTaken(pool, worker))];
      const seats = await Promise.all(taken.map((number) => seat(pool, number)));
      // A released number may be another's by now.
      return taken.filter((_, at) => seats[at]?.worker === worker);
    },

    async task(id, { sealedAtBlock }) {
      const { status, round, drawn, completedAfter, seedBlock, places, seals } = await stored(id);
      return {
        ...{ status, round, drawn, seals },
        committed: countBits(places),
        seedBlock: seedBlock === 0n ? sealedAtBlock + SEED_DELAY : seedBlock,
        completedAt: completedAfter === 0 ? undefined : sealedAtBlock + BigInt(completedAfter),
      };
    },

    isSettled: async (id) => (await stored(id)).status !== 0,

    async drawn(deal, index, rounds) {
      try {
        const args = [deal, index, rounds] as const;
        return await chain.viem.readContract({ ...contract, functionName: "drawnSeats", args });
      } catch (error) {
        if (revertOf(error)?.name === "PanelSeedUnknown") return undefined;
        throw asChainError(error, "reading a draw");
      }
    },

    async committed(taskId, deal, task) {
      if (task.committed === 0) return [];
      const query = { args: { taskId }, fromBlock: deal.sealedAtBlock };
      const logs = await chain.viem
        .getContractEvents({ ...contract, eventName: "SealsCommitted", ...query })
        .catch(doing("reading committed seals"));
      const seals = logs.flatMap(({ args }) => (args.seals ?? []).map(unpackCommitted));
      if (sealsChain(seals) === task.seals) return seals;
      throw new HanseError("HANSE_RPC_UNAVAILABLE", "the chain's logs lag behind its state", {
        details: { taskId, committed: task.committed, told: seals.length },
      });
    },
  };
}

function countBits(bits: bigint): number {
  let count = 0;
  for (let rest = bits; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}
