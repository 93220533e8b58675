import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createPocoReader, type PocoReader } from "#src/chain/poco-reader.ts";
import type { Sender } from "#src/chain/sender.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";

/** All that a worker reads from the chain and has it do. Calls throw what `asChainError` makes of a failure. */
export interface WorkerChain extends PocoReader {
  /** The seat the worker has now. */
  ownSeat(pool: AssetId): Promise<number | undefined>;
  /** Nano-HANSE that the worker has free in the Clerk, and what Poco may hold and holds of it. */
  funds(): Promise<{ readonly free: bigint; readonly allowance: bigint; readonly bonded: bigint }>;
  allow(amount: bigint): Promise<void>;
  enrol(pool: AssetId): Promise<void>;
  /** Has what a seat has earned paid to the worker's account in the Clerk. */
  collect(pool: AssetId, seat: number): Promise<void>;
}

export function createWorkerChain(
  deps: { readonly chain: ChainClient; readonly sender: Sender },
  deployment: Deployment,
): WorkerChain {
  const { chain, sender } = deps;
  const { poco, clerk } = deployment.contracts;
  const bank = { address: clerk, abi: clerkAbi } as const;
  const reader = createPocoReader(chain, deployment);

  /** How often it happened before: that names the next time, also for a process that does not know of this one. */
  async function countEvents(eventName: "SeatTaken" | "EarningsCollected", args: object): Promise<number> {
    const query = { address: poco, abi: pocoAbi, eventName, args, fromBlock: deployment.deployedAtBlock };
    const events = await chain.viem.getContractEvents(query as never).catch((error: unknown) => {
      throw asChainError(error, "reading what the worker did before");
    });
    return events.length;
  }

  return {
    ...reader,
    ownSeat: (pool) => reader.seatOf(pool, sender.address),

    async funds() {
      const [{ free }, { allowance, bonded }] = await Promise.all([
        chain.viem.readContract({ ...bank, functionName: "account", args: [sender.address] }),
        chain.viem.readContract({ ...bank, functionName: "bondOf", args: [sender.address, poco] }),
      ]).catch((error: unknown) => {
        throw asChainError(error, "reading the Clerk account");
      });
      return { free, allowance, bonded };
    },

    async allow(amount) {
      await sender.send({ ...bank, functionName: "allowCertifier", args: [poco, amount] });
    },
    async enrol(pool) {
      const seats = await countEvents("SeatTaken", { pool, worker: sender.address });
      const call = { address: poco, abi: pocoAbi, functionName: "enrol", args: [pool] };
      await sender.send(call, { id: `enrol:${assetIdToHex(pool)}:${seats}` });
    },
    async collect(pool, seat) {
      const times = await countEvents("EarningsCollected", { pool, seat });
      const call = { address: poco, abi: pocoAbi, functionName: "collect", args: [pool, [seat]] };
      await sender.send(call, { id: `collect:${assetIdToHex(pool)}:${seat}:${times}` });
    },
  };
}
