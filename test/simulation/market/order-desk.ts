import { type Address, type Hex, type LocalAccount, numberToHex, stringToHex } from "viem";
import { signBulk, signOrder, signSponsorship } from "#src/client/sign-order.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { type Conditions, conditions, type Order, request, type SignedOrder } from "#src/protocol/orders.ts";
import { ANYONE } from "#src/protocol/restrictions.ts";
import { NO_TAGS } from "#src/protocol/tags.ts";
import { termsHash } from "#src/protocol/terms.ts";
import type { Random } from "../../model/history/random.ts";
import type { Instance } from "./instance.ts";
import {
  BROKER,
  HANSE,
  OPERATOR,
  type OpenedMarket,
  POOL_OWNER,
  REQUESTERS,
  SELLER,
  TERMS,
} from "./opened-market.ts";

/** What sets an order apart from one that its owner signed by itself and pays for. */
const ORDER_KINDS = ["sponsored", "bulk", "byOperator", "withTerms"] as const;
type OrderKind = (typeof ORDER_KINDS)[number];

/** An order that somebody signed, and who owns it. */
export interface Signed {
  readonly account: LocalAccount;
  readonly hash: Hex;
  readonly signed: SignedOrder;
  readonly kinds: readonly OrderKind[];
}

type Sells = "app" | "dataset" | "pool";

/** Where orders are written and signed, in all the ways there are. */
export interface OrderDesk {
  readonly all: readonly Signed[];
  sell(type: Sells, volume: number): Promise<Signed>;
  wish(): Promise<Signed>;
  /** Some wishes of one requester under one signature. */
  wishes(): Promise<Signed[]>;
  /** The account's next epoch, which orders are signed for from now on. */
  nextEpoch(account: LocalAccount): bigint;
  /** How many of these orders are of each kind, by names that begin as told. */
  count(hashes: Iterable<Hex>, prefix: string): Record<string, number>;
}

export function createOrderDesk(deps: {
  readonly market: OpenedMarket;
  readonly random: Random;
  readonly clock: Instance["clock"];
}): OrderDesk {
  const { market, random, clock } = deps;
  const { deployment, app, dataset, pool } = market;
  const { clerk, poco } = deployment.contracts;
  const epochs = new Map<Address, bigint>();
  const all: Signed[] = [];
  let salts = 1;

  const epochOf = ({ address }: LocalAccount) => epochs.get(address) ?? 0n;
  const inSeconds = (seconds: number) => BigInt(Math.floor(clock.now() / 1000) + seconds);
  const price = (least: number, most: number) => BigInt(random.between(least, most)) * HANSE;

  function termsOf(account: LocalAccount, volume: number): Conditions {
    const seconds = random.weighted([
      [2, 8],
      [2, 30],
      [8, 100_000],
    ] as const);
    return conditions({
      ...{ certifier: poco, volume, minFill: random.chance(10) ? Math.min(volume, 2) : 1 },
      ...{ validUntil: inSeconds(seconds), epoch: epochOf(account) },
      salt: numberToHex(salts++, { size: 32 }),
      ...(random.chance(20) ? { matcher: BROKER.address } : {}),
      ...(random.chance(12) ? { terms: termsHash(TERMS) } : {}),
    });
  }

  const open = { tag: NO_TAGS, onlyRequester: ANYONE, trust: 0 } as const;
  const anyApp = { onlyApp: ANYONE } as const;
  const anyDataset = { onlyDataset: ANYONE } as const;
  const anyPool = { onlyPool: ANYONE } as const;
  const offers: Readonly<Record<Sells, (volume: number) => Order>> = {
    app: (volume) => ({
      type: "app",
      order: {
        ...{ ...open, ...anyDataset, ...anyPool },
        ...{ app, price: price(1, 4), conditions: termsOf(SELLER, volume) },
      },
    }),
    dataset: (volume) => ({
      type: "dataset",
      order: {
        ...{ ...open, ...anyApp, ...anyPool },
        ...{ dataset, price: price(1, 4), conditions: termsOf(SELLER, volume) },
      },
    }),
    pool: (volume) => ({
      type: "pool",
      order: {
        ...{ ...open, ...anyApp, ...anyDataset },
        ...{ pool, price: price(8, 14), category: 0, trust: 100, conditions: termsOf(POOL_OWNER, volume) },
      },
    }),
  };

  function wanted(account: LocalAccount) {
    const trust = random.weighted([
      [3, 0],
      [2, 1],
      [3, 2],
      [4, 5],
      [2, 9],
    ] as const);
    const volume = random.weighted([
      [6, 1],
      [3, 2],
      [1, 3],
    ] as const);
    return request({
      ...{ requester: account.address, app, category: 0, trust },
      ...{ maxAppPrice: 4n * HANSE, maxDatasetPrice: 4n * HANSE, maxPoolPrice: price(7, 14) },
      dataset: random.chance(30) ? dataset : 0n,
      params: stringToHex(random.chance(15) ? `trap ${salts}` : `${salts}`),
      conditions: termsOf(account, volume),
      ...(random.chance(15) ? { sponsor: SELLER.address } : {}),
    });
  }

  function keep(
    account: LocalAccount,
    signed: SignedOrder,
    how: { byOperator?: boolean; bulk?: boolean },
  ): Signed {
    const withTerms = signed.order.conditions.terms === termsHash(TERMS);
    const is = { ...how, withTerms, sponsored: signed.sponsorship !== undefined };
    const one = {
      ...{ account, hash: orderHash(signed) },
      signed: withTerms ? { ...signed, terms: TERMS } : signed,
      kinds: ORDER_KINDS.filter((kind) => is[kind] === true),
    };
    all.push(one);
    return one;
  }

  async function sponsored(signed: SignedOrder): Promise<SignedOrder> {
    if (signed.type !== "request" || signed.order.sponsor !== SELLER.address) return signed;
    const word = { cap: price(20, 120), validUntil: inSeconds(1_000), epoch: epochOf(SELLER) };
    const sponsorship = await signSponsorship(SELLER, signed, word, deployment.chainId, clerk);
    return { ...signed, sponsorship };
  }

  async function sign(account: LocalAccount, order: Order): Promise<Signed> {
    const byOperator = random.chance(15);
    const signed = await signOrder(byOperator ? OPERATOR : account, order, deployment.chainId, clerk);
    return keep(account, await sponsored(signed), { byOperator });
  }

  return {
    all,
    sell: (type, volume) => sign(type === "pool" ? POOL_OWNER : SELLER, offers[type](volume)),
    wish() {
      const account = random.pick(REQUESTERS);
      return sign(account, wanted(account));
    },
    async wishes() {
      const account = random.pick(REQUESTERS);
      const orders = Array.from({ length: random.between(2, 3) }, () => wanted(account));
      const bulk = await signBulk(account, orders, deployment.chainId, clerk);
      return await Promise.all(
        bulk.map(async (signed) => keep(account, await sponsored(signed), { bulk: true })),
      );
    },
    nextEpoch(account) {
      epochs.set(account.address, epochOf(account) + 1n);
      return epochOf(account);
    },
    count(hashes, prefix) {
      const wantedHashes = new Set(hashes);
      const of = all.filter(({ hash }) => wantedHashes.has(hash));
      return Object.fromEntries(
        ORDER_KINDS.map((kind) => [
          `${prefix} ${kind}`,
          of.filter(({ kinds }) => kinds.includes(kind)).length,
        ]),
      );
    },
  };
}
