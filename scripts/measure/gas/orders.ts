import { toBeHex, type Wallet, ZeroAddress, ZeroHash, zeroPadValue } from "ethers";
import { bulkProof, bulkTree, bulkTypedData, encodeBulkSignature } from "#src/protocol/bulk-order.ts";
import { clerkDomain, ORDER_TYPED_DATA } from "#src/protocol/order-types.ts";
import type { Order } from "#src/protocol/orders.ts";
import type { Market } from "./market.ts";

const HANSE = 10n ** 9n;
const ANY = ZeroHash;
const NO_DATASET = 65_535;

/** What each unit costs: nothing is free. */
export const PRICES = { app: 5n * HANSE, dataset: 3n * HANSE, pool: 20n * HANSE } as const;

/** What there is to say of a batch: everything else is the same in all. */
export interface BatchOptions {
  /** The number of the sellers' orders. Salts 0 to 7 share a slot that earlier orders have filled already. */
  readonly salt: number;
  readonly trust?: number;
  readonly dataset?: boolean;
  /** One request of each; the market's requester unless said. An account may come several times. */
  readonly requesters?: readonly Wallet[];
  readonly requestSalt?: number;
  readonly sponsor?: string;
  /** By whose verdict the deals are paid; Poco's unless said. */
  readonly certifier?: string;
  /** The app's id; the market's first unless said. */
  readonly app?: bigint;
  /** Whose enclave certificates the requests accept. */
  readonly attester?: string;
  /** Signs the requests in place of their requesters. */
  readonly operator?: Wallet;
}

type Kind = Exclude<keyof typeof ORDER_TYPED_DATA, "Conditions">;

/** The first salt of a slot that no earlier order has used. */
export const FRESH_SALT = 800;

/** Orders that are signed and go together: one app, at most one dataset and one pool for all requests. */
export async function batchOf(market: Market, options: BatchOptions) {
  const {
    salt,
    trust = 1,
    dataset = false,
    requesters = [market.requester],
    requestSalt = FRESH_SALT,
  } = options;
  const { certifier = market.addresses.poco, app: appId = market.app, attester } = options;
  const conditions = conditionsOf(certifier, salt, requesters.length);
  const offer = { trust: 0, tag: ANY, onlyRequester: ANY, conditions };
  const { appOwner, datasetOwner, poolOwner } = market;
  const app = { ...offer, app: appId, price: PRICES.app, onlyDataset: ANY, onlyPool: ANY };
  const data = { ...offer, dataset: market.dataset, price: PRICES.dataset, onlyApp: ANY, onlyPool: ANY };
  const pool = {
    ...{ ...offer, trust: 1_000_000, pool: market.pool, price: PRICES.pool, category: 0 },
    ...{ onlyApp: ANY, onlyDataset: ANY },
  };
  const requests = requesters.map(async (requester, index) => {
    const order = {
      ...{ requester: requester.address, app: appId, maxAppPrice: PRICES.app },
      ...{ dataset: dataset ? market.dataset : 0n, maxDatasetPrice: dataset ? PRICES.dataset : 0n },
      ...{ maxPoolPrice: PRICES.pool, category: 0, trust, tag: ANY },
      ...{ onlyApp: ANY, onlyDataset: ANY, onlyPool: ANY, minSeats: 0, minSeatStake: 0n },
      ...{ beneficiary: requester.address, callback: ZeroAddress, sponsor: options.sponsor ?? ZeroAddress },
      ...{
        attesters: attester === undefined ? ANY : zeroPadValue(attester, 32),
        params: "0x",
        conditions: conditionsOf(certifier, requestSalt + index, 1),
      },
    };
    return await signed(market, options.operator ?? requester, "RequestOrder", order);
  });
  return {
    apps: [await signed(market, appOwner, "AppOrder", app)],
    datasets: dataset ? [await signed(market, datasetOwner, "DatasetOrder", data)] : [],
    pools: [await signed(market, poolOwner, "PoolOrder", pool)],
    requests: await Promise.all(requests),
    sponsorships: [] as { cap: bigint; validUntil: bigint; epoch: bigint; signature: string }[],
    terms: [],
    matches: requesters.map((_, request) => ({
      app: 0,
      dataset: dataset ? 0 : NO_DATASET,
      pool: 0,
      request,
    })),
  };
}

function conditionsOf(certifier: string, salt: number, volume: number) {
  return {
    certifier,
    matcher: ZeroAddress,
    validUntil: 2n ** 40n,
    epoch: 0n,
    volume,
    minFill: 1,
    salt: toBeHex(salt, 32),
    externalRef: ANY,
    terms: ANY,
  };
}

async function signed<T extends object>(market: Market, signer: Wallet, kind: Kind, order: T) {
  const types = { [kind]: [...ORDER_TYPED_DATA[kind]], Conditions: [...ORDER_TYPED_DATA.Conditions] };
  const domain = clerkDomain(market.chain.chainId, market.addresses.clerk);
  return { order, signature: await signer.signTypedData(domain, types, order) };
}

/** One signature over many requests, in the form that is good for the first of them. */
export async function signBulk(market: Market, signer: Wallet, requests: readonly object[]): Promise<string> {
  const orders = requests.map((order) => ({ type: "request", order }) as Order);
  const { types, message } = bulkTypedData(orders);
  const domain = clerkDomain(market.chain.chainId, market.addresses.clerk);
  const mutable = Object.fromEntries(Object.entries(types).map(([name, members]) => [name, [...members]]));
  const signature = (await signer.signTypedData(domain, mutable, message)) as `0x${string}`;
  return encodeBulkSignature({ signature, proof: bulkProof(bulkTree(orders), 0), index: 0 });
}
