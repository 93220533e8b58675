import { encodeFunctionData, type Hex, type LocalAccount } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { createBrokerClient } from "#src/client/broker-client.ts";
import { isHanseError } from "#src/kernel/errors.ts";
import type { Order } from "#src/protocol/orders.ts";
import { LEGS } from "#src/protocol/refusals.ts";
import type { Random } from "../../model/history/random.ts";
import type { Instance } from "./instance.ts";
import { urlOf } from "./network.ts";
import {
  GRANT,
  HANSE,
  OPERATOR,
  type OpenedMarket,
  POOL_OWNER,
  REQUESTERS,
  SELLER,
  STRANGER,
} from "./opened-market.ts";
import { createOrderDesk, type Signed } from "./order-desk.ts";

const NO_DATASET = 2 ** 16 - 1;

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
  /** Answers that no broker should give, whatever is wrong with the world; none, if all is well. */
  readonly complaints: readonly string[];
  /** Things tried, and how many of them were refused or failed. */
  readonly tried: { count: number; failed: number };
  /** How many orders of each kind were acknowledged, and how many of these were traded. */
  census(traded: readonly Hex[]): Record<string, number>;
  /** Does something. */
  act(): Promise<void>;
  /** Offers enough of everything for trade to begin. */
  begin(): Promise<void>;
}

export function createTraders({ market, random, instance }: TradersDeps): Traders {
  const { chain, deployment, app } = market;
  const { clerk, keyring, registry } = deployment.contracts;
  const client = createBrokerClient({ baseUrl: urlOf("broker"), retries: 2 }, { clock: instance.clock });
  const desk = createOrderDesk({ market, random, clock: instance.clock });
  const { all } = desk;
  const acknowledged = new Set<Hex>();
  const tried = { count: 0, failed: 0 };
  const complaints: string[] = [];

  async function publish({ hash, signed }: Signed): Promise<void> {
    const state = await client.publish(signed);
    if (state.hash !== hash) complaints.push(`${state.hash} was acknowledged instead of ${hash}`);
    acknowledged.add(hash);
  }

  const call = async (from: LocalAccount, functionName: string, args: readonly unknown[]) => {
    await chain.send(from.address, clerk, encodeFunctionData({ abi: clerkAbi, functionName, args } as never));
  };
  const anybody = () => random.pick([...REQUESTERS, SELLER, POOL_OWNER]);

  const actions: ReadonlyArray<readonly [weight: number, act: () => Promise<unknown>]> = [
    [26, async () => publish(await desk.wish())],
    [4, async () => Promise.all((await desk.wishes()).map(publish))],
    [6, async () => publish(await desk.sell("app", random.between(1, 3)))],
    [3, async () => publish(await desk.sell("dataset", random.between(1, 3)))],
    [8, async () => publish(await desk.sell("pool", random.between(1, 3)))],
    // Again, or what nobody was told is stored.
    [8, async () => publish(random.pick(all))],
    [5, () => takeBack(random.pick(all))],
    [4, () => cancel(random.pick(all))],
    [1, () => raiseEpoch(anybody())],
    [2, () => grantAnew(anybody())],
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

  async function takeBack({ hash, account }: Signed): Promise<void> {
    await client.cancel(hash, account);
  }

  async function cancel({ signed: { type, order }, account }: Signed): Promise<void> {
    await call(account, "cancel", [LEGS.indexOf(type), [order.conditions.salt]]);
  }

  async function raiseEpoch(account: LocalAccount): Promise<void> {
    await call(account, "raiseEpoch", [desk.nextEpoch(account)]);
  }

  /** Allows the operator key nothing, little, or as much as in the beginning. */
  async function grantAnew(account: LocalAccount): Promise<void> {
    const grant = random.pick([GRANT, { ...GRANT, powers: 0 }, { ...GRANT, limit: 20n * HANSE }]);
    const args = [OPERATOR.address, grant] as const;
    const data = encodeFunctionData({ abi: keyringAbi, functionName: "setOperator", args });
    await chain.send(account.address, keyring, data);
  }

  /** Somebody else seals orders that the broker may have too. */
  async function sealElsewhere(): Promise<void> {
    const of = (type: Order["type"]) => random.pick(all.filter(({ signed }) => signed.type === type)).signed;
    const wanted = of("request");
    const needsDataset = wanted.type === "request" && wanted.order.dataset !== 0n;
    const orders = {
      ...{ apps: [of("app")], datasets: needsDataset ? [of("dataset")] : [] },
      ...{ pools: [of("pool")], requests: [wanted] },
    };
    const [terms] = Object.values(orders).flatMap((some) => some.flatMap((each) => each.terms ?? []));
    const batch = {
      ...orders,
      ...{ sponsorships: wanted.sponsorship ? [wanted.sponsorship] : [], terms: terms ? [terms] : [] },
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
    await what().catch((error: unknown) => {
      tried.failed++;
      // A program's fault is neither a refusal nor a failure of the world around it.
      if (error instanceof TypeError || isHanseError(error, "HANSE_INTERNAL")) {
        complaints.push(error.stack ?? error.message);
      }
    });
  }

  return {
    ...{ acknowledged, tried, complaints },
    census: (traded) => ({
      ...desk.count(acknowledged, "acknowledged"),
      ...desk.count(traded, "traded"),
    }),
    begin: async () => {
      await attempt(async () => publish(await desk.sell("app", 5)));
      await attempt(async () => publish(await desk.sell("dataset", 3)));
      await attempt(async () => publish(await desk.sell("pool", 5)));
    },
    act: () => attempt(random.weighted(actions)),
  };
}
