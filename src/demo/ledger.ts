import type { Address } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { unpackReward } from "#src/protocol/contributions.ts";
import { accountOf, ownerOf, type Role, SHOPS, WORKER_NUMBERS, workerAccount } from "./cast.ts";

/** One participant's money, in nano-HANSE. */
export interface LedgerLine {
  readonly name: string;
  readonly address: Address;
  readonly free: bigint;
  readonly locked: bigint;
}

export interface Ledger {
  readonly lines: readonly LedgerLine[];
  /** All tokens that the till holds for the Clerk. */
  readonly heldByTill: bigint;
}

/** Rewards and slashes of one worker over all tasks, in nano-HANSE. */
export interface WorkerBook {
  readonly rewarded: bigint;
  readonly slashed: bigint;
  readonly fined: bigint;
  readonly certified: number;
}

const ROLE_NAMES = {
  requester: "requester",
  appOwner: "app owner",
  datasetOwner: "dataset owner",
  poolOwner: "pool owner",
  customer: "customer of the shops",
  governance: "treasury",
} as const satisfies Partial<Record<Role, string>>;

/** Everybody who may have money in the Clerk, by name. */
export function participants(): { readonly name: string; readonly address: Address }[] {
  return [
    ...Object.entries(ROLE_NAMES).map(([role, name]) => ({ name, address: accountOf(role as Role).address })),
    ...SHOPS.map((shop) => ({ name: shop.name, address: ownerOf(shop).address })),
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
  const heldByTill = await chain.viem.readContract({
    address: token,
    abi: tokenAbi,
    functionName: "balanceOf",
    args: [till],
    blockNumber,
  });
  return { lines, heldByTill };
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
  const [certified, failed, slashes, misses] = await Promise.all([
    chain.viem.getContractEvents({ ...query, eventName: "TaskCertified" }),
    chain.viem.getContractEvents({ ...query, eventName: "TaskFailed" }),
    chain.viem.getContractEvents({ ...query, eventName: "WorkerSlashed" }),
    chain.viem.getContractEvents({ ...query, eventName: "PlaceMissed" }),
  ]);
  const rewards = [...certified, ...failed].flatMap(({ args }) => (args.rewards ?? []).map(unpackReward));
  return new Map(
    WORKER_NUMBERS.map((number) => {
      const worker = workerAccount(number).address;
      const own = rewards.filter((reward) => reward.worker === worker);
      const book = {
        rewarded: own.reduce((total, { amountNano }) => total + amountNano, 0n),
        slashed: slashOf(slashes.flatMap(({ args }) => (args.worker === worker ? [args] : []))),
        fined: misses.reduce(
          (total, { args }) => total + (args.worker === worker ? (args.fine ?? 0n) : 0n),
          0n,
        ),
        certified: own.length,
      };
      return [worker, book] as const;
    }),
  );
}

/** A stake is lost once: what each task took of it, and what the last one left of it. */
function slashOf(
  slashes: readonly { readonly paid?: bigint | undefined; readonly forfeited?: bigint | undefined }[],
): bigint {
  const paid = slashes.reduce((total, each) => total + (each.paid ?? 0n), 0n);
  return paid + (slashes.at(-1)?.forfeited ?? 0n);
}
