import type { Address } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { accountOf, type Role, WORKER_NUMBERS, workerAccount } from "./cast.ts";

/** One participant's money, in nano-HANSE. */
export interface LedgerLine {
  readonly name: string;
  readonly address: Address;
  readonly free: bigint;
  readonly locked: bigint;
}

export interface Ledger {
  readonly lines: readonly LedgerLine[];
  /** All tokens that the Clerk holds, in its till. */
  readonly heldByClerk: bigint;
}

/** Rewards and slashes of one worker over all tasks, in nano-HANSE. */
export interface WorkerBook {
  readonly rewarded: bigint;
  readonly slashed: bigint;
  readonly fined: bigint;
  readonly certified: number;
}

/** What a slash or a fine tells. */
interface Taken {
  readonly worker?: Address | undefined;
  readonly amount?: bigint | undefined;
  readonly fine?: bigint | undefined;
}

const ROLE_NAMES = {
  requester: "requester",
  appOwner: "app owner",
  datasetOwner: "dataset owner",
  poolOwner: "pool owner",
  governance: "treasury",
} as const satisfies Partial<Record<Role, string>>;

/** Everybody who may have money in the Clerk, by name. */
export function participants(): { readonly name: string; readonly address: Address }[] {
  return [
    ...Object.entries(ROLE_NAMES).map(([role, name]) => ({ name, address: accountOf(role as Role).address })),
    ...WORKER_NUMBERS.map((number) => ({ name: `worker ${number}`, address: workerAccount(number).address })),
  ];
}

/** Everybody's balance at one block. */
export async function readLedger(chain: ChainClient, deployment: Deployment): Promise<Ledger> {
  const { clerk, till, token } = deployment.contracts;
  const blockNumber = await chain.viem.getBlockNumber();
  const lines = await Promise.all(
    participants().map(async ({ name, address }) => {
      const { free, locked } = await chain.viem.readContract({
        address: clerk,
        abi: clerkAbi,
        functionName: "account",
        args: [address],
        blockNumber,
      });
      return { name, address, free, locked };
    }),
  );
  const heldByClerk = await chain.viem.readContract({
    address: token,
    abi: tokenAbi,
    functionName: "balanceOf",
    args: [till],
    blockNumber,
  });
  return { lines, heldByClerk };
}

/** What happened to each worker, from the certifier's events. */
export async function readWorkerBooks(
  chain: ChainClient,
  deployment: Deployment,
): Promise<ReadonlyMap<Address, WorkerBook>> {
  const query = {
    address: deployment.contracts.poco,
    abi: pocoAbi,
    fromBlock: deployment.deployedAtBlock,
  } as const;
  const [rewarded, slashes, misses] = await Promise.all([
    chain.viem.getContractEvents({ ...query, eventName: "WorkersRewarded" }),
    chain.viem.getContractEvents({ ...query, eventName: "WorkerSlashed" }),
    chain.viem.getContractEvents({ ...query, eventName: "PlaceMissed" }),
  ]);
  const rewards = rewarded.flatMap(({ args }) => args.rewards ?? []);
  const sum = (logs: readonly { readonly args: Taken }[], worker: Address) =>
    logs
      .filter(({ args }) => args.worker === worker)
      .reduce((total, { args }) => total + (args.amount ?? args.fine ?? 0n), 0n);
  return new Map(
    WORKER_NUMBERS.map((number) => {
      const worker = workerAccount(number).address;
      const own = rewards.filter((reward) => reward.worker === worker);
      const book = {
        rewarded: own.reduce((total, { amount }) => total + amount, 0n),
        slashed: sum(slashes, worker),
        fined: sum(misses, worker),
        certified: own.length,
      };
      return [worker, book] as const;
    }),
  );
}
