import {
  type Address,
  encodeFunctionData,
  type Hex,
  type LocalAccount,
  numberToHex,
  stringToHex,
} from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { createBrokerClient } from "#src/client/broker-client.ts";
import { signOrder } from "#src/client/sign-order.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { conditions, type Order, request, type SignedOrder } from "#src/protocol/orders.ts";
import { LEGS } from "#src/protocol/refusals.ts";
import { ANYONE } from "#src/protocol/restrictions.ts";
import { NO_TAGS } from "#src/protocol/tags.ts";
import type { Random } from "../../model/history/random.ts";
import type { Instance } from "./instance.ts";
import { urlOf } from "./network.ts";
import {
  BROKER,
  HANSE,
  type OpenedMarket,
  POOL_OWNER,
  REQUESTERS,
  SELLER,
  STRANGER,
} from "./opened-market.ts";

const NO_DATASET = 2 ** 16 - 1;

/** An order that somebody signed, and who. */
interface Signed {
  readonly account: LocalAccount;
  readonly hash: Hex;
  readonly signed: SignedOrder;
}

export interface TradersDeps {
  readonly market: OpenedMarket;
  readonly random: Random;
  /** The process they all run in. */
  readonly instance: Instance;
}

/** Everybody who buys and sells. */
export interface Traders {
  /** Orders whose storage was acknowledged. */
  readonly acknowledged: ReadonlySet<Hex>;
  /** Things tried, and how many of them were refused or failed. */
  readonly tried: { count: number; failed: number };
  /** Does something. */
  act(): Promise<void>;
  /** Offers enough of everything for trade to begin. */
  begin(): Promise<void>;
}

export function createTraders({ market, random, instance }: TradersDeps): Traders {
  const { chain, deployment, app, dataset, pool } = market;
  const { clerk, poco, registry } = deployment.contracts;
  const client = createBrokerClient({ baseUrl: urlOf("broker"), retries: 2 }, { clock: instance.clock });
  const epochs = new Map<Address, bigint>();
  const all: Signed[] = [];
  const acknowledged = new Set<Hex>();
  const tried = { count: 0, failed: 0 };
  let salts = 1;

  const terms = (account: LocalAccount, volume: number) =>
    conditions({
      ...{
        certifier: poco,
        volume,
        minFill: Math.min(
          volume,
          random.weighted([
            [8, 1],
            [1, 2],
          ] as const),
        ),
      },
      validUntil: BigInt(
        Math.floor(instance.clock.now() / 1000) +
          random.weighted([
            [2, 8],
            [2, 30],
            [8, 100_000],
          ] as const),
      ),
      salt: numberToHex(salts++, { size: 32 }),
      epoch: epochs.get(account.address) ?? 0n,
      ...(random.chance(20) ? { matcher: BROKER.address } : {}),
    });
  const open = { tag: NO_TAGS, onlyRequester: ANYONE } as const;
  const sells: Record<"app" | "dataset" | "pool", (volume: number) => Order> = {
    app: (volume) => ({
      type: "app",
      order: {
        ...{
          ...open,
          app,
          price: BigInt(random.between(1, 4)) * HANSE,
          trust: 0,
          onlyDataset: ANYONE,
          onlyPool: ANYONE,
        },
        conditions: terms(SELLER, volume),
      },
    }),
    dataset: (volume) => ({
      type: "dataset",
      order: {
        ...{
          ...open,
          dataset,
          price: BigInt(random.between(1, 4)) * HANSE,
          trust: 0,
          onlyApp: ANYONE,
          onlyPool: ANYONE,
        },
        conditions: terms(SELLER, volume),
      },
    }),
    pool: (volume) => ({
      type: "pool",
      order: {
        ...{ ...open, pool, price: BigInt(random.between(8, 14)) * HANSE, category: 0, trust: 100 },
        ...{ onlyApp: ANYONE, onlyDataset: ANYONE, conditions: terms(POOL_OWNER, volume) },
      },
    }),
  };
  const wish = (account: LocalAccount): Order =>
    request({
      ...{
        requester: account.address,
        app,
        category: 0,
        trust: random.weighted([
          [3, 0],
          [2, 1],
          [3, 2],
          [4, 5],
          [2, 9],
        ] as const),
      },
      ...{
        maxAppPrice: 4n * HANSE,
        maxDatasetPrice: 4n * HANSE,
        maxPoolPrice: BigInt(random.between(7, 14)) * HANSE,
      },
      dataset: random.chance(30) ? dataset : 0n,
      params: stringToHex(random.chance(15) ? `trap ${salts}` : `${salts}`),
      conditions: terms(
        account,
        random.weighted([
          [6, 1],
          [3, 2],
          [1, 3],
        ] as const),
      ),
    });

  async function sign(account: LocalAccount, order: Order): Promise<Signed> {
    const signed = await signOrder(account, order, deployment.chainId, clerk);
    const one = { account, signed, hash: orderHash(order) };
    all.push(one);
    return one;
  }

  async function publish({ hash, signed }: Signed): Promise<void> {
    const state = await client.publish(signed);
    if (state.hash !== hash) throw new Error("another order was acknowledged");
    acknowledged.add(hash);
  }

  const call = async (from: LocalAccount, functionName: string, args: readonly unknown[]) => {
    await chain.send(from.address, clerk, encodeFunctionData({ abi: clerkAbi, functionName, args } as never));
  };
  const anybody = () => random.pick([...REQUESTERS, SELLER, POOL_OWNER]);

  const actions: ReadonlyArray<readonly [weight: number, act: () => Promise<unknown>]> = [
    [30, async () => publish(await signWish())],
    [6, async () => publish(await sign(SELLER, sells.app(random.between(1, 3))))],
    [3, async () => publish(await sign(SELLER, sells.dataset(random.between(1, 3))))],
    [8, async () => publish(await sign(POOL_OWNER, sells.pool(random.between(1, 3))))],
    // Again, or what nobody was told is stored.
    [8, async () => publish(random.pick(all))],
    [5, () => takeBack(random.pick(all))],
    [4, () => cancel(random.pick(all))],
    [1, () => raiseEpoch(anybody())],
    [3, () => call(anybody(), "withdraw", [BigInt(random.between(1, 900)) * HANSE])],
    [3, () => call(anybody(), "deposit", [BigInt(random.between(1, 200)) * HANSE])],
    [
      2,
      () =>
        call(anybody(), "pay", [
          [{ account: anybody().address, amount: BigInt(random.between(1, 50)) * HANSE }],
        ]),
    ],
    [2, sealElsewhere],
    [1, sellTheApp],
    [4, async () => client.order(random.pick(all).hash)],
    [2, async () => client.depth(0)],
  ];

  function signWish(): Promise<Signed> {
    const account = random.pick(REQUESTERS);
    return sign(account, wish(account));
  }

  async function takeBack({ hash, account }: Signed): Promise<void> {
    await client.cancel(hash, account);
  }

  async function cancel({ signed: { type, order }, account }: Signed): Promise<void> {
    await call(account, "cancel", [LEGS.indexOf(type), [order.conditions.salt]]);
  }

  async function raiseEpoch(account: LocalAccount): Promise<void> {
    const epoch = (epochs.get(account.address) ?? 0n) + 1n;
    epochs.set(account.address, epoch);
    await call(account, "raiseEpoch", [epoch]);
  }

  /** Somebody else seals orders that the broker may have too. */
  async function sealElsewhere(): Promise<void> {
    const of = (type: Order["type"]) => random.pick(all.filter(({ signed }) => signed.type === type)).signed;
    const wanted = of("request");
    const needsDataset = wanted.type === "request" && wanted.order.dataset !== 0n;
    const batch = {
      ...{
        apps: [of("app")],
        datasets: needsDataset ? [of("dataset")] : [],
        pools: [of("pool")],
        requests: [wanted],
      },
      ...{ sponsorships: [], terms: [] },
      matches: [{ app: 0, dataset: needsDataset ? 0 : NO_DATASET, pool: 0, request: 0 }],
    };
    await call(STRANGER, "seal", [batch, false]);
  }

  /** The app changes hands and comes back: meanwhile its orders are void. */
  async function sellTheApp(): Promise<void> {
    const move = (from: LocalAccount, to: LocalAccount) =>
      chain.send(
        from.address,
        registry,
        encodeFunctionData({
          abi: registryAbi,
          functionName: "transferFrom",
          args: [from.address, to.address, app],
        }),
      );
    await move(SELLER, STRANGER);
    await instance.clock.sleep(random.between(3_000, 12_000));
    await move(STRANGER, SELLER);
  }

  async function attempt(what: () => Promise<unknown>): Promise<void> {
    tried.count++;
    await what().catch(() => tried.failed++);
  }

  return {
    acknowledged,
    tried,
    begin: async () => {
      await attempt(async () => publish(await sign(SELLER, sells.app(5))));
      await attempt(async () => publish(await sign(SELLER, sells.dataset(3))));
      await attempt(async () => publish(await sign(POOL_OWNER, sells.pool(5))));
    },
    act: () => attempt(random.weighted(actions)),
  };
}
