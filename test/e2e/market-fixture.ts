import { type Hex, sha256, stringToHex, zeroAddress, zeroHash } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { tokenAbi } from "#src/abi/token-abi.ts";
import { createSender, type Sender } from "#src/chain/sender.ts";
import { createTaskWatcher } from "#src/chain/task-watcher.ts";
import { createSalts } from "#src/client/salts.ts";
import { signOrder } from "#src/client/sign-order.ts";
import { registerContentService } from "#src/content/content-service.ts";
import { createMemoryContentStore } from "#src/content/memory-content-store.ts";
import { taskId } from "#src/protocol/deals.ts";
import { ASSET_KINDS, type AssetId, assetId } from "#src/protocol/ids.ts";
import { conditions, type Order } from "#src/protocol/orders.ts";
import { NO_TAGS } from "#src/protocol/tags.ts";
import { startTestServer } from "../http/test-server.ts";
import { type TestChain, testAccount } from "./chain-fixture.ts";

const HANSE = 10n ** 9n;
export const SEAT_STAKE = 100n * HANSE;
export const POOL_PRICE = 8n * HANSE;

/** Numbers of the accounts that buy and sell; workers come after. */
export const REQUESTER = 1;
export const SELLER = 2;
export const FIRST_WORKER = 3;

export interface TaskWish {
  readonly app: AssetId;
  readonly trust: number;
  readonly category?: number;
  readonly volume?: number;
  readonly params?: string;
}

/** A market with one seller (of apps and the pool), one requester and funded workers, and a content service. */
export async function openTestMarket({ chain, deployment, hurry }: TestChain, workers: number) {
  const { token, clerk, registry, poco } = deployment.contracts;
  const contents = createMemoryContentStore();
  const { server, url: contentUrl } = await startTestServer((http) =>
    registerContentService(http, { store: contents }),
  );
  const senders = new Map<number, Sender>();
  const senderOf = (number: number): Sender => {
    const known =
      senders.get(number) ?? createSender({ chain, account: testAccount(number) }, { pollMs: 100 });
    senders.set(number, known);
    return known;
  };

  const governance = senderOf(0);
  const numbers = [REQUESTER, SELLER, ...Array.from({ length: workers }, (_, i) => FIRST_WORKER + i)];
  async function register(kind: "app" | "dataset" | "pool", content: Uint8Array): Promise<AssetId> {
    const checksum = sha256(content);
    await contents.put(content);
    const uri = `${contentUrl}/v1/content/${checksum}`;
    await senderOf(SELLER).send({
      address: registry,
      abi: registryAbi,
      functionName: "register",
      args: [ASSET_KINDS.indexOf(kind), checksum, zeroHash, uri],
    });
    return assetId({ kind, registrar: senderOf(SELLER).address, checksum, measurement: zeroHash });
  }

  const pool = await hurry(async () => {
    await Promise.all(
      numbers.map(async (number) => {
        const sender = senderOf(number);
        const amount = 1_000n * HANSE;
        await governance.send({
          address: token,
          abi: tokenAbi,
          functionName: "transfer",
          args: [sender.address, amount],
        });
        await sender.send({ address: token, abi: tokenAbi, functionName: "approve", args: [clerk, amount] });
        await sender.send({ address: clerk, abi: clerkAbi, functionName: "deposit", args: [amount] });
      }),
    );
    const registered = await register("pool", new TextEncoder().encode("a pool"));
    await senderOf(SELLER).send({
      address: poco,
      abi: pocoAbi,
      functionName: "openPool",
      args: [registered, { seatStake: SEAT_STAKE, schedulerShare: 500, closed: false }],
    });
    return registered;
  });

  const nextSalt = createSalts();
  /** Signs and seals what it takes for these tasks; @returns the ids of the deal and its tasks */
  async function seal(wish: TaskWish): Promise<{ readonly dealId: Hex; readonly tasks: readonly Hex[] }> {
    const { volume = 1, category = 0, trust } = wish;
    const terms = conditions({
      certifier: poco,
      validUntil: 2n ** 40n,
      volume,
      salt: nextSalt(),
    });
    const anybody = {
      onlyApp: zeroHash,
      onlyDataset: zeroHash,
      onlyPool: zeroHash,
      onlyRequester: zeroHash,
    } as const;
    const { onlyApp, onlyDataset, onlyPool, onlyRequester } = anybody;
    const orders = {
      app: {
        app: wish.app,
        price: HANSE,
        trust: 0,
        tag: NO_TAGS,
        onlyDataset,
        onlyPool,
        onlyRequester,
        conditions: terms,
      },
      pool: {
        ...{
          pool,
          price: POOL_PRICE,
          category,
          trust: 1_000_000,
          tag: NO_TAGS,
          onlyApp,
          onlyDataset,
          onlyRequester,
        },
        conditions: terms,
      },
      request: {
        ...{
          requester: senderOf(REQUESTER).address,
          app: wish.app,
          maxAppPrice: HANSE,
          dataset: 0n,
          maxDatasetPrice: 0n,
        },
        ...{ maxPoolPrice: POOL_PRICE, category, trust, tag: NO_TAGS, onlyApp, onlyDataset, onlyPool },
        ...{ minSeats: 0, minSeatStake: 0n, beneficiary: senderOf(REQUESTER).address, callback: zeroAddress },
        ...{
          sponsor: zeroAddress,
          attesters: zeroHash,
          params: stringToHex(wish.params ?? "{}"),
          conditions: terms,
        },
      },
    };
    const signed = async (number: number, order: Order) => {
      const { signature } = await signOrder(testAccount(number), order, chain.chainId, clerk);
      return { order: order.order, signature };
    };
    const batch = {
      apps: [await signed(SELLER, { type: "app", order: orders.app })],
      datasets: [],
      pools: [await signed(SELLER, { type: "pool", order: orders.pool })],
      requests: [await signed(REQUESTER, { type: "request", order: orders.request })],
      sponsorships: [],
      terms: [],
      matches: [{ app: 0, dataset: 0xffff, pool: 0, request: 0 }],
    };
    const receipt = await governance.send({
      address: clerk,
      abi: clerkAbi,
      functionName: "seal",
      args: [batch, true],
    });
    const [log] = await chain.viem.getContractEvents({
      address: clerk,
      abi: clerkAbi,
      eventName: "DealSealed",
      blockHash: receipt.blockHash,
    });
    const { id: dealId, deal } = log?.args ?? {};
    if (dealId === undefined || deal === undefined) throw new Error("nothing was sealed");
    return { dealId, tasks: Array.from({ length: volume }, (_, index) => taskId(deal, index)) };
  }

  return {
    contentUrl,
    contents,
    pool,
    senderOf,
    seal,
    registerApp: (wasm: Uint8Array) => register("app", wasm),
    registerDataset: (content: Uint8Array) => register("dataset", content),
    watcher: createTaskWatcher({ chain, deployment }),
    text: async (content: Hex) => new TextDecoder().decode(await contents.read(content)),
    stop: () => server.close(),
  };
}

export type TestMarket = Awaited<ReturnType<typeof openTestMarket>>;
