import { type Address, encodeAbiParameters, getAbiItem, type Hex, keccak256, parseAbi, zeroHash } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError, revertOf } from "#src/chain/chain-error.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { Sender } from "#src/chain/sender.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Committed, Result } from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type { ChainTask } from "./task-course.ts";

export interface PoolOnChain {
  readonly opened: boolean;
  readonly terms: { readonly seatStake: bigint; readonly schedulerShare: number; readonly closed: boolean };
}

/** A worker's sealed answer on its way to the chain. */
export interface Contribution {
  readonly seat: number;
  readonly seal: Hex;
  readonly signature: Hex;
}

/** All that the scheduler reads from Poco and has it do. Calls throw what `asChainError` makes of a failure. */
export interface PocoChain {
  readonly poco: Address;
  readonly chainId: number;
  head(): Promise<bigint>;
  pool(id: AssetId): Promise<PoolOnChain>;
  task(id: Hex): Promise<ChainTask>;
  /** The worker and the score of a seat. */
  seat(pool: AssetId, number: number): Promise<{ readonly worker: Address; readonly score: number }>;
  /** The seat an account has now. */
  seatOf(pool: AssetId, worker: Address): Promise<number | undefined>;
  /** The seats drawn in rounds 1 to `rounds`, in order; undefined while the seed is unknown. */
  drawn(deal: Deal, index: number, rounds: number): Promise<readonly number[] | undefined>;
  /** Everything committed, in order, proved against `task.seals`. */
  committed(taskId: Hex, deal: Deal, task: ChainTask): Promise<readonly Committed[]>;
  /** Keeps the seed of a block before the chain forgets it. */
  recordSeed(block: bigint): Promise<void>;
  commit(deal: Deal, index: number, contributions: readonly Contribution[]): Promise<void>;
  extend(deal: Deal, index: number): Promise<void>;
  finalize(deal: Deal, index: number, seals: readonly Committed[], result: Result): Promise<void>;
  complete(deal: Deal, index: number, worker: Address, result: Result): Promise<void>;
  claim(deal: Deal, index: number, seals: readonly Committed[]): Promise<void>;
}

/** Poco calls the Clerk: its refusals come through and have to be readable too. */
const writeAbi = [...pocoAbi, ...clerkAbi.filter(({ type }) => type === "error")];
const seedAbi = parseAbi([
  "function record(uint256 blockNumber)",
  "error BlockhashSeedSourceUnknown(uint256 blockNumber)",
]);
const committedParameter = getAbiItem({ abi: pocoAbi, name: "SealsCommitted" }).inputs[2];

export function createPocoChain(
  deps: { readonly chain: ChainClient; readonly sender: Sender },
  deployment: Deployment,
): PocoChain {
  const { chain, sender } = deps;
  const { poco, seedSource } = deployment.contracts;
  const contract = { address: poco, abi: pocoAbi } as const;
  const doing =
    (what: string) =>
    (error: unknown): never => {
      throw asChainError(error, what);
    };
  const write = async (functionName: string, args: readonly unknown[]) => {
    await sender.send({ address: poco, abi: writeAbi, functionName, args });
  };

  return {
    poco,
    chainId: chain.chainId,
    head: () => chain.viem.getBlockNumber().catch(doing("reading the newest block")),
    pool: (id) =>
      chain.viem
        .readContract({ ...contract, functionName: "pool", args: [id] })
        .catch(doing("reading a pool")),
    task: (id) =>
      chain.viem
        .readContract({ ...contract, functionName: "task", args: [id] })
        .catch(doing("reading a task")),
    seat: (pool, number) =>
      chain.viem
        .readContract({ ...contract, functionName: "seat", args: [pool, number] })
        .catch(doing("reading a seat")),

    async seatOf(pool, worker) {
      const taken = await chain.viem
        .getContractEvents({
          ...contract,
          eventName: "SeatTaken",
          args: { pool, worker },
          fromBlock: deployment.deployedAtBlock,
        })
        .catch(doing("reading who is seated"));
      const number = taken.at(-1)?.args.seat;
      if (number === undefined) return undefined;
      const seat = await chain.viem
        .readContract({ ...contract, functionName: "seat", args: [pool, number] })
        .catch(doing("reading a seat"));
      return seat.worker === worker && seat.leftAt === 0 ? number : undefined;
    },

    async drawn(deal, index, rounds) {
      try {
        return await chain.viem.readContract({
          ...contract,
          functionName: "drawnSeats",
          args: [deal, index, rounds],
        });
      } catch (error) {
        if (revertOf(error)?.name === "PocoSeedUnknown") return undefined;
        throw asChainError(error, "reading a draw");
      }
    },

    async committed(taskId, deal, task) {
      if (task.committed === 0) return [];
      const logs = await chain.viem
        .getContractEvents({
          ...contract,
          eventName: "SealsCommitted",
          args: { taskId },
          fromBlock: deal.sealedAtBlock,
        })
        .catch(doing("reading committed seals"));
      const seals = logs.flatMap(({ args }) => args.seals ?? []);
      if (chainOf(seals) !== task.seals) {
        throw new HanseError("HANSE_RPC_UNAVAILABLE", "the chain's logs lag behind its state", {
          details: { taskId, committed: task.committed, told: seals.length },
        });
      }
      return seals;
    },

    async recordSeed(block) {
      await sender.send({ address: seedSource, abi: seedAbi, functionName: "record", args: [block] });
    },
    commit: (deal, index, contributions) => write("commit", [deal, index, contributions]),
    extend: (deal, index) => write("extend", [deal, index]),
    finalize: (deal, index, seals, result) => write("finalize", [deal, index, seals, result]),
    complete: (deal, index, worker, result) => write("complete", [deal, index, worker, result]),
    claim: (deal, index, seals) => write("claim", [deal, index, seals]),
  };
}

/** `keccak256(abi.encode(previous, committed))` over all of them, as `Task.seals`. */
function chainOf(seals: readonly Committed[]): Hex {
  const item = { type: "tuple", components: committedParameter.components } as const;
  return seals.reduce<Hex>(
    (previous, seal) => keccak256(encodeAbiParameters([{ type: "bytes32" }, item], [previous, seal])),
    zeroHash,
  );
}
