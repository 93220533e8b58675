import { setTimeout as sleep } from "node:timers/promises";
import { type Hex, stringToHex } from "viem";
import { createBrokerClient } from "#src/client/broker-client.ts";
import { createSalts } from "#src/client/salts.ts";
import { signBulk, signOrder } from "#src/client/sign-order.ts";
import { isHanseError, isRetryable } from "#src/kernel/errors.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import { conditions, type Order, request, type SignedOrder } from "#src/protocol/orders.ts";
import { ANYONE } from "#src/protocol/restrictions.ts";
import { NO_TAGS } from "#src/protocol/tags.ts";
import type { Random } from "../model/history/random.ts";
import { type TestChain, testAccount } from "./chain-fixture.ts";
import { REQUESTER, SELLER } from "./market-fixture.ts";

const CENT = 10n ** 7n;
/** What sellers ask for each task, in nano-HANSE. */
const PRICES = { app: 10n * CENT, dataset: 5n * CENT, pool: 100n * CENT };
/** Never met. */
const LOW = 1n * CENT;

/** What has to become of an order in the end. */
type Fate = "filled" | "open" | "cancelled" | "any";

export interface TradersDeps {
  readonly testChain: TestChain;
  readonly brokerUrl: string;
  readonly goods: Readonly<Record<"app" | "dataset" | "pool", AssetId>>;
  /** Several trade at once: what each draws depends on their turns. */
  readonly random: Random;
}

/** Everybody who signs and publishes. */
export interface Traders {
  /** Orders that the broker acknowledged, and what has to become of each. */
  readonly acknowledged: ReadonlyMap<Hex, Fate>;
  /** Answers that no broker should give, whatever was killed; none, if all is well. */
  readonly complaints: readonly string[];
  /** How often the broker, or its database, was away. */
  readonly aways: number;
  /** Offers of app, dataset and pool that last, and a bid that nobody takes. */
  begin(): Promise<void>;
  /** Publishes so many requests, and offers between them, about one every `everyMs`, until the signal aborts. */
  trade(options: {
    readonly requests: number;
    readonly everyMs: number;
    readonly signal: AbortSignal;
  }): Promise<void>;
}

export function createTraders({ testChain, brokerUrl, goods, random }: TradersDeps): Traders {
  const { chain, deployment } = testChain;
  const { clerk, poco } = deployment.contracts;
  const client = createBrokerClient({ baseUrl: brokerUrl, retries: 0, timeoutMs: 5_000 });
  const [requester, seller] = [testAccount(REQUESTER), testAccount(SELLER)];
  const nextSalt = createSalts();
  const acknowledged = new Map<Hex, Fate>();
  const complaints: string[] = [];
  let aways = 0;

  const terms = (volume: number) =>
    conditions({ certifier: poco, validUntil: 2n ** 40n, volume, salt: nextSalt() });
  const open = { tag: NO_TAGS, onlyRequester: ANYONE };
  const app = (volume: number): Order => ({
    type: "app",
    order: {
      ...{ ...open, app: goods.app, price: PRICES.app, trust: 0, onlyDataset: ANYONE, onlyPool: ANYONE },
      conditions: terms(volume),
    },
  });
  const dataset = (volume: number): Order => ({
    type: "dataset",
    order: {
      ...{ ...open, dataset: goods.dataset, price: PRICES.dataset, trust: 0 },
      ...{ onlyApp: ANYONE, onlyPool: ANYONE, conditions: terms(volume) },
    },
  });
  const pool = (volume: number): Order => ({
    type: "pool",
    order: {
      ...{ ...open, pool: goods.pool, price: PRICES.pool, category: 0, trust: 100 },
      ...{ onlyApp: ANYONE, onlyDataset: ANYONE, conditions: terms(volume) },
    },
  });
  const bid = (number: number, maxPoolPrice = PRICES.pool): Order => {
    const withDataset = random.chance(30);
    return request({
      ...{ requester: requester.address, app: goods.app, maxAppPrice: PRICES.app },
      dataset: withDataset ? goods.dataset : 0n,
      maxDatasetPrice: withDataset ? PRICES.dataset : 0n,
      ...{ maxPoolPrice, category: 0, trust: random.pick([0, 1, 2, 2, 3]) },
      ...{ params: stringToHex(`task ${number}`), conditions: terms(random.pick([1, 1, 1, 2, 3])) },
    });
  };
  const sign = (order: Order) =>
    signOrder(order.type === "request" ? requester : seller, order, chain.chainId, clerk);

  /** Asks again for as long as the broker is away. @returns undefined when there was no answer until the end */
  async function patiently<Value>(
    what: string,
    ask: () => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value | undefined> {
    while (!signal.aborted) {
      try {
        return await ask();
      } catch (error) {
        // A 500 is retryable to a client; here it is a fault.
        const isAway = isRetryable(error) && !isHanseError(error, "HANSE_PEER_FAILED");
        if (!isAway) {
          complaints.push(`${what}: ${String(error)}`);
          return undefined;
        }
        aways++;
        await sleep(250);
      }
    }
    return undefined;
  }

  async function publish(order: SignedOrder, fate: Fate, signal: AbortSignal): Promise<Hex | undefined> {
    const hash = orderHash(order);
    const meantFor = { chainId: chain.chainId, clerk };
    const state = await patiently(
      `publish ${order.type} ${hash}`,
      () => client.publish(order, meantFor),
      signal,
    );
    if (state === undefined) return undefined;
    acknowledged.set(hash, fate);
    return hash;
  }

  /** What was acknowledged is there at any time. */
  async function look(signal: AbortSignal): Promise<void> {
    const hash = random.pick([...acknowledged.keys()]);
    await patiently(`look at ${hash}`, () => client.order(hash), signal);
  }

  return {
    acknowledged,
    complaints,
    get aways() {
      return aways;
    },

    async begin() {
      const signal = AbortSignal.timeout(60_000);
      const first = [app(100_000), dataset(100_000), pool(100_000), bid(0, LOW)];
      for (const order of first) {
        const fate = order.type === "request" ? "open" : "any";
        const hash = await publish(await sign(order), fate, signal);
        if (hash === undefined) throw new Error(`the market cannot begin: ${complaints.join(", ")}`);
      }
    },

    async trade({ requests, everyMs, signal }) {
      for (let number = 1; number <= requests && !signal.aborted; ) {
        const what = random.weighted([
          [10, "request"],
          [3, "bulk"],
          [2, "offer"],
          [1, "low bid"],
          [1, "cancelled bid"],
        ] as const);
        if (what === "offer") {
          const offer = random.pick([app, dataset, pool])(random.between(1, 4));
          await publish(await sign(offer), "any", signal);
        } else if (what === "bulk") {
          const orders = Array.from({ length: random.between(2, 4) }, () => bid(number++));
          const signed = await signBulk(requester, orders, chain.chainId, clerk);
          await Promise.all(signed.map((each) => publish(each, "filled", signal)));
        } else if (what === "request") {
          await publish(await sign(bid(number++)), "filled", signal);
        } else {
          const hash = await publish(await sign(bid(number++, LOW)), "open", signal);
          if (hash === undefined || what === "low bid") continue;
          const cancelled = await patiently(`cancel ${hash}`, () => client.cancel(hash, requester), signal);
          // Without an answer nobody knows.
          acknowledged.set(hash, cancelled === undefined ? "any" : "cancelled");
        }
        await look(signal);
        await sleep(random.between(everyMs / 2, everyMs * 1.5));
      }
    },
  };
}
