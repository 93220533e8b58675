import type { Address, Hex, TransactionReceipt } from "viem";
import { blockhashSeedSourceAbi } from "#src/abi/blockhash-seed-source-abi.ts";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type Contribution, createPocoCalls } from "#src/chain/poco-calls.ts";
import { createPocoReader, type PocoReader } from "#src/chain/poco-reader.ts";
import type { Call, Sender } from "#src/chain/sender.ts";
import { type Committed, type Result, unpackCommitted } from "#src/protocol/contributions.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";
import { type AssetId, assetIdToHex } from "#src/protocol/ids.ts";

/** All that a worker reads from the chain and has it do. Calls throw what `asChainError` makes of a failure. */
export interface WorkerChain extends PocoReader {
  /** The seat the worker has now. */
  ownSeat(pool: AssetId): Promise<number | undefined>;
  /** Nano-HANSE that the worker has free in the Clerk, and what Poco may hold and holds of it. */
  funds(): Promise<{ readonly free: bigint; readonly allowance: bigint; readonly bonded: bigint }>;
  /** What a block draws by; undefined while it is not there, or when nobody kept it in time. */
  seedOf(block: bigint): Promise<Hex | undefined>;
  /** Everything committed for a task, whether it has ended or not. */
  sealsOf(task: Hex, fromBlock: bigint): Promise<readonly Committed[]>;
  /** Whether a worker's last seat in the pool has lost its stake. */
  isConvicted(pool: AssetId, worker: Address): Promise<boolean>;
  allow(amount: bigint): Promise<void>;
  enrol(pool: AssetId): Promise<void>;
  /** Has what a seat has earned paid to the worker's account in the Clerk. */
  collect(pool: AssetId, seat: number): Promise<void>;
  /** Keeps the seed of a block before the chain forgets it. */
  recordSeed(block: bigint): Promise<void>;
  /** Commits the worker's own seal, for which its being the sender is signature enough. */
  commit(deal: Deal, index: number, own: Pick<Contribution, "seat" | "seal">, round: number): Promise<void>;
  extend(deal: Deal, index: number, round: number): Promise<void>;
  finalize(deal: Deal, index: number, seals: readonly Committed[], result: Result): Promise<void>;
  claim(deal: Deal, index: number, seals: readonly Committed[]): Promise<void>;
}

/** A transaction of the worker's that was mined. */
export interface Spending {
  /** Names what was meant; the same for each try. */
  readonly id: string;
  readonly receipt: TransactionReceipt;
  readonly taskId?: Hex | undefined;
}

export interface WorkerChainDeps {
  readonly chain: ChainClient;
  readonly sender: Sender;
  readonly onSpending?: (spending: Spending) => Promise<void>;
}

export function createWorkerChain(deps: WorkerChainDeps, deployment: Deployment): WorkerChain {
  const { chain, sender, onSpending = async () => undefined } = deps;
  const { poco, clerk, seedSource } = deployment.contracts;
  const bank = { address: clerk, abi: clerkAbi } as const;
  const reader = createPocoReader(chain, deployment);
  const calls = createPocoCalls(deployment);
  // All that a worker sends passes here, under a name that says what is meant by it; what is meant once is sent once.
  const send = async (id: string, call: Call, { task, once = true }: { task?: Hex; once?: boolean } = {}) => {
    const receipt = await sender.send(call, once ? { id } : {});
    await onSpending({ id, receipt, taskId: task });
  };
  const sendFor = (what: string, deal: Deal, index: number, call: Call) => {
    const id = taskId(deal, index);
    return send(`${what} ${id}`, call, { task: id });
  };

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

    async seedOf(block) {
      const source = { address: seedSource, abi: blockhashSeedSourceAbi } as const;
      const seed = await chain.viem
        .readContract({ ...source, functionName: "seedOf", args: [block] })
        .catch((error: unknown) => {
          throw asChainError(error, "reading a seed");
        });
      return BigInt(seed) === 0n ? undefined : seed;
    },

    async sealsOf(task, fromBlock) {
      const logs = await chain.viem
        .getContractEvents({
          ...{ address: poco, abi: pocoAbi, eventName: "SealsCommitted" },
          ...{ args: { taskId: task }, fromBlock },
        })
        .catch((error: unknown) => {
          throw asChainError(error, "reading committed seals");
        });
      return logs.flatMap(({ args }) => (args.seals ?? []).map(unpackCommitted));
    },

    async isConvicted(pool, worker) {
      const taken = await chain.viem
        .getContractEvents({
          ...{ address: poco, abi: pocoAbi, eventName: "SeatTaken" },
          ...{ args: { pool, worker }, fromBlock: deployment.deployedAtBlock },
        })
        .catch((error: unknown) => {
          throw asChainError(error, "reading who is seated");
        });
      const number = taken.at(-1)?.args.seat;
      if (number === undefined) return false;
      const seat = await reader.seat(pool, number);
      return seat.worker === worker && seat.convicted;
    },

    allow: (amount) =>
      send(
        `allow ${amount}`,
        { ...bank, functionName: "allowCertifier", args: [poco, amount] },
        { once: false },
      ),
    async enrol(pool) {
      const seats = await countEvents("SeatTaken", { pool, worker: sender.address });
      const call = { address: poco, abi: pocoAbi, functionName: "enrol", args: [pool] };
      await send(`enrol ${assetIdToHex(pool)} ${seats}`, call);
    },
    async collect(pool, seat) {
      const times = await countEvents("EarningsCollected", { pool, seat });
      const call = { address: poco, abi: pocoAbi, functionName: "collect", args: [pool, [seat]] };
      await send(`collect ${assetIdToHex(pool)} ${seat} ${times}`, call);
    },
    recordSeed: (block) => send(`record ${block}`, calls.recordSeed(block)),
    commit: (deal, index, own, round) =>
      sendFor(`commit ${round}`, deal, index, calls.commit(deal, index, [own])),
    extend: (deal, index, round) => sendFor(`extend ${round}`, deal, index, calls.extend(deal, index)),
    finalize: (deal, index, seals, result) =>
      sendFor("finalize", deal, index, calls.finalize(deal, index, seals, result)),
    claim: (deal, index, seals) => sendFor("claim", deal, index, calls.claim(deal, index, seals)),
  };
}
