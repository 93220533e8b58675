import { type Address, type LocalAccount, sha256, zeroHash } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createSender, type Sender } from "#src/chain/sender.ts";
import { putContent } from "#src/content/content-client.ts";
import { contentUrl as urlOf } from "#src/content/content-url.ts";
import { ASSET_KINDS, type AssetId, assetId } from "#src/protocol/ids.ts";
import { accountOf, ownerOf, SHOPS, WORKER_NUMBERS, workerAccount } from "./cast.ts";

const HANSE = 10n ** 9n;

/** What each one brings into its Clerk account, in nano-HANSE. */
const DEPOSITS = {
  ...{ requester: 10_000n * HANSE, poolOwner: 1_000n * HANSE, worker: 200n * HANSE },
  ...{ customer: 10_000n * HANSE, shop: 1_000n * HANSE },
} as const;

/** The pool's terms: what a seat costs, and 5 % for the scheduler. */
export const POOL_TERMS = { seatStake: 100n * HANSE, schedulerShare: 500, closed: false } as const;

/** What is for sale in the development market. */
export interface Market {
  readonly app: AssetId;
  readonly dataset: AssetId;
  readonly pool: AssetId;
}

export interface MarketDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Base URL of the content service that app and dataset are served from. */
  readonly contentUrl: string;
  /** Base URL of the pool's own: where its description is, and the results will be. */
  readonly resultsUrl: string;
  readonly uploadToken: string;
}

/** The goods: the program, the data it works on, and the description of the pool. */
export interface Goods {
  readonly app: Uint8Array;
  readonly dataset: Uint8Array;
  readonly pool: Uint8Array;
}

/** Funds everybody. Run on a chain where that was done before, it changes nothing. */
export async function fundAccounts({ chain, deployment }: MarketDeps): Promise<void> {
  const { token, clerk } = deployment.contracts;
  const senderOf = sendersOn(chain);
  const governance = senderOf(accountOf("governance"));
  const payees = [
    { account: accountOf("requester"), amount: DEPOSITS.requester },
    { account: accountOf("poolOwner"), amount: DEPOSITS.poolOwner },
    { account: accountOf("customer"), amount: DEPOSITS.customer },
    ...SHOPS.map((shop) => ({ account: ownerOf(shop), amount: DEPOSITS.shop })),
    ...WORKER_NUMBERS.map((number) => ({ account: workerAccount(number), amount: DEPOSITS.worker })),
  ];
  await Promise.all(
    payees.map(async ({ account, amount }) => {
      const { free, locked } = await chain.viem.readContract({
        address: clerk,
        abi: clerkAbi,
        functionName: "account",
        args: [account.address],
      });
      if (free + locked > 0n) return;
      const sender = senderOf(account);
      await governance.send({
        address: token,
        abi: tokenAbi,
        functionName: "transfer",
        args: [account.address, amount],
      });
      await sender.send({
        address: token,
        abi: tokenAbi,
        functionName: "approveAndCall",
        args: [clerk, amount],
      });
    }),
  );
}

/** Registers app, dataset and pool with their owners and uploads the goods. Changes nothing where that was done before. */
export async function openMarket(deps: MarketDeps, goods: Goods): Promise<Market> {
  const { chain, deployment } = deps;
  const [app, dataset, pool] = await Promise.all([
    register(deps, "app", accountOf("appOwner"), goods.app),
    register(deps, "dataset", accountOf("datasetOwner"), goods.dataset),
    register(deps, "pool", accountOf("poolOwner"), goods.pool),
  ]);
  const { poco } = deployment.contracts;
  const { opened } = await chain.viem.readContract({
    address: poco,
    abi: pocoAbi,
    functionName: "pool",
    args: [pool],
  });
  if (!opened) {
    await sendersOn(chain)(accountOf("poolOwner")).send({
      address: poco,
      abi: pocoAbi,
      functionName: "openPool",
      args: [pool, POOL_TERMS],
    });
  }
  return { app, dataset, pool };
}

/** Has all that the seats of a pool have earned paid to their workers' accounts. Anyone may. */
export async function collectEarnings(
  { chain, deployment }: Pick<MarketDeps, "chain" | "deployment">,
  pool: AssetId,
): Promise<void> {
  const poco = { address: deployment.contracts.poco, abi: pocoAbi } as const;
  const { seats } = await chain.viem.readContract({ ...poco, functionName: "pool", args: [pool] });
  const numbers = Array.from({ length: seats }, (_, number) => number);
  const earnings = await Promise.all(
    numbers.map((number) => chain.viem.readContract({ ...poco, functionName: "seat", args: [pool, number] })),
  );
  const due = numbers.filter((number) => (earnings[number]?.earned ?? 0n) > 0n);
  if (due.length === 0) return;
  await sendersOn(chain)(accountOf("poolOwner")).send({
    ...poco,
    functionName: "collect",
    args: [pool, due],
  });
}

async function register(
  deps: MarketDeps,
  kind: "app" | "dataset" | "pool",
  account: ReturnType<typeof accountOf>,
  content: Uint8Array,
): Promise<AssetId> {
  const { chain, deployment, contentUrl, resultsUrl, uploadToken } = deps;
  const target = kind === "pool" ? resultsUrl : contentUrl;
  const checksum = sha256(content);
  await putContent(content, { target, uploadToken });
  const id = assetId({ kind, registrar: account.address, checksum, measurement: zeroHash });
  const { registry } = deployment.contracts;
  const owner = await chain.viem.readContract({
    address: registry,
    abi: registryAbi,
    functionName: "ownerOrZero",
    args: [id],
  });
  if (BigInt(owner) === 0n) {
    const sender = sendersOn(chain)(account);
    const uri = urlOf(target, checksum);
    await sender.send({
      address: registry,
      abi: registryAbi,
      functionName: "register",
      args: [ASSET_KINDS.indexOf(kind), checksum, zeroHash, uri],
    });
  }
  return id;
}

const senders = new WeakMap<ChainClient, Map<Address, Sender>>();

/** One sender for each account, whoever asks: two would take each other's nonces. */
export function sendersOn(chain: ChainClient): (account: LocalAccount) => Sender {
  const known = senders.get(chain) ?? new Map<Address, Sender>();
  senders.set(chain, known);
  return (account) => {
    const sender = known.get(account.address) ?? createSender({ chain, account });
    known.set(account.address, sender);
    return sender;
  };
}
