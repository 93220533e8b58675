import type { Address, Hex } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError, revertOf } from "#src/chain/chain-error.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { Sender } from "#src/chain/sender.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Committed } from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";

/** A task as `poco.task` tells it, as far as a worker needs. */
export interface WorkerTaskState {
  readonly status: number;
  readonly round: number;
  readonly committed: number;
  readonly seedBlock: number;
  readonly completedAt: number;
}

/** All that a worker reads from the chain and has it do. Calls throw what `asChainError` makes of a failure. */
export interface WorkerChain {
  readonly poco: Address;
  readonly chainId: number;
  head(): Promise<bigint>;
  pool(id: AssetId): Promise<{ opened: boolean; terms: { seatStake: bigint; closed: boolean } }>;
  /** The worker and the score of a seat. */
  seat(pool: AssetId, number: number): Promise<{ readonly worker: Address; readonly score: number }>;
  /** The seat the worker has now. */
  ownSeat(pool: AssetId): Promise<number | undefined>;
  /** Nano-HANSE that the worker has free in the Clerk, and what Poco may hold and holds of it. */
  funds(): Promise<{ readonly free: bigint; readonly allowance: bigint; readonly bonded: bigint }>;
  /** The newest block first: the state of a task is never older than it. */
  task(id: Hex): Promise<WorkerTaskState>;
  /** The seats drawn in rounds 1 to `rounds`; undefined while the seed is unknown. */
  drawn(deal: Deal, index: number, rounds: number): Promise<readonly number[] | undefined>;
  /** Everything committed so far. @throws HANSE_RPC_UNAVAILABLE while logs lag behind `state` */
  committed(taskId: Hex, deal: Deal, state: WorkerTaskState): Promise<readonly Committed[]>;
  allow(amount: bigint): Promise<void>;
  enrol(pool: AssetId): Promise<void>;
}

const writeAbi = [...pocoAbi, ...clerkAbi.filter(({ type }) => type === "error")];

export function createWorkerChain(
  deps: { readonly chain: ChainClient; readonly sender: Sender },
  deployment: Deployment,
): WorkerChain {
  const { chain, sender } = deps;
  const { poco, clerk } = deployment.contracts;
  const contract = { address: poco, abi: pocoAbi } as const;
  const bank = { address: clerk, abi: clerkAbi } as const;
  const doing =
    (what: string) =>
    (error: unknown): never => {
      throw asChainError(error, what);
    };
  const seat = (pool: AssetId, number: number) =>
    chain.viem
      .readContract({ ...contract, functionName: "seat", args: [pool, number] })
      .catch(doing("reading a seat"));

  return {
    poco,
    chainId: chain.chainId,
    head: () => chain.viem.getBlockNumber().catch(doing("reading the newest block")),
    pool: (id) =>
      chain.viem
        .readContract({ ...contract, functionName: "pool", args: [id] })
        .catch(doing("reading a pool")),
    seat,

    async ownSeat(pool) {
      const args = { pool, worker: sender.address };
      const taken = await chain.viem
        .getContractEvents({
          ...contract,
          eventName: "SeatTaken",
          args,
          fromBlock: deployment.deployedAtBlock,
        })
        .catch(doing("reading who is seated"));
      const number = taken.at(-1)?.args.seat;
      if (number === undefined) return undefined;
      const { worker, leftAt } = await seat(pool, number);
      return worker === sender.address && leftAt === 0 ? number : undefined;
    },

    async funds() {
      const [{ free }, { allowance, bonded }] = await Promise.all([
        chain.viem.readContract({ ...bank, functionName: "account", args: [sender.address] }),
        chain.viem.readContract({ ...bank, functionName: "bondOf", args: [sender.address, poco] }),
      ]).catch(doing("reading the Clerk account"));
      return { free, allowance, bonded };
    },

    task: (id) =>
      chain.viem
        .readContract({ ...contract, functionName: "task", args: [id] })
        .catch(doing("reading a task")),

    async drawn(deal, index, rounds) {
      try {
        const args = [deal, index, rounds] as const;
        return await chain.viem.readContract({ ...contract, functionName: "drawnSeats", args });
      } catch (error) {
        if (revertOf(error)?.name === "PocoSeedUnknown") return undefined;
        throw asChainError(error, "reading a draw");
      }
    },

    async committed(taskId, deal, state) {
      const logs = await chain.viem
        .getContractEvents({
          ...contract,
          eventName: "SealsCommitted",
          args: { taskId },
          fromBlock: deal.sealedAtBlock,
        })
        .catch(doing("reading committed seals"));
      const seals = logs.flatMap(({ args }) => args.seals ?? []);
      if (seals.length >= state.committed) return seals;
      throw new HanseError("HANSE_RPC_UNAVAILABLE", "the chain's logs lag behind its state", {
        details: { taskId, committed: state.committed, told: seals.length },
      });
    },

    async allow(amount) {
      await sender.send({ ...bank, functionName: "allowCertifier", args: [poco, amount] });
    },
    async enrol(pool) {
      await sender.send({ address: poco, abi: writeAbi, functionName: "enrol", args: [pool] });
    },
  };
}
