import {
  type Address,
  encodeAbiParameters,
  getAbiItem,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  sliceHex,
  zeroAddress,
  zeroHash,
} from "viem";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type {
  BrokerFacts,
  ChainFacts,
  DealFact,
  MarketFacts,
  OrderFact,
  PoolFacts,
} from "#src/audit/facts.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";
import { assetIdToHex, dealId, requestId } from "#src/protocol/ids.ts";

const address = (number: number): Address => pad(numberToHex(number), { size: 20 });
const hash = (number: number): Hex => numberToHex(number, { size: 32 });

export const [TOKEN, CLERK, TILL, POCO] = [address(1), address(2), address(3), address(4)];
export const [BUYER, SELLER, OWNER, WORKER] = [address(11), address(12), address(13), address(14)];
const POOL = (3n << 248n) | 1n;
export const POOL_ID = assetIdToHex(POOL);
const ORDERS = { app: hash(0xa), dataset: zeroHash, pool: hash(0xb) };
export const REQUEST = hash(0xc);
const PARAMS: Hex = "0x7b7d";
const REQUEST_ID = requestId(BUYER, hash(1));
export const DEAL = dealId(REQUEST_ID, 0);
const SEALED = { block: 20n, txHash: hash(0x20) };
const ENDED = { block: 25n, txHash: hash(0x25) };
export const HEAD = { number: 30n, hash: hash(0x30), timestamp: 3_000n };

const deal: Deal = {
  ...{
    requestId: REQUEST_ID,
    app: 1n << 248n,
    dataset: 0n,
    pool: POOL,
    appOwner: SELLER,
    datasetOwner: zeroAddress,
  },
  ...{
    poolOwner: OWNER,
    requester: BUYER,
    payer: BUYER,
    beneficiary: BUYER,
    callback: zeroAddress,
    certifier: POCO,
  },
  ...{
    appPrice: 1n,
    datasetPrice: 0n,
    poolPrice: 10n,
    poolStake: 3n,
    sealedAtBlock: 20n,
    firstTask: 0,
    volume: 2,
  },
  ...{ trust: 5, category: 0, tag: zeroHash, paramsHash: keccak256(PARAMS), attesters: zeroHash },
  // Rounds of 10 blocks, a deadline of 60.
  frozen: numberToHex((10n << 112n) | (60n << 80n), { size: 32 }),
};
export const [SETTLED_TASK, OPEN_TASK] = [taskId(deal, 0), taskId(deal, 1)];
const [parameter] = getAbiItem({ abi: pocoAbi, name: "extend" }).inputs;
const dealFact: DealFact = {
  ...{
    ...SEALED,
    id: DEAL,
    blockHash: hash(0x2020),
    requestHash: REQUEST,
    orders: ORDERS,
    deal,
    params: PARAMS,
  },
  state: {
    openUnits: 1,
    requestFilled: 2,
    commitment: sliceHex(keccak256(encodeAbiParameters([parameter], [deal])), 0, 24),
  },
};
const seal = { seat: 0, round: 1, worker: WORKER, seal: hash(0x5ea1) };

/** A market in which one of a deal's two tasks is certified, and nothing is wrong. Each call makes it anew. */
export function soundMarket() {
  const chain = {
    head: HEAD,
    contracts: { token: TOKEN, clerk: CLERK, till: TILL, poco: POCO },
    transfers: [
      { from: zeroAddress, to: BUYER, amount: 1_000n },
      { from: BUYER, to: TILL, amount: 400n },
      { from: TILL, to: BUYER, amount: 50n },
    ],
    balances: new Map([
      [BUYER, 650n],
      [TILL, 350n],
    ]),
    supply: 1_000n,
    deposits: [
      { account: BUYER, amount: 200n },
      { account: OWNER, amount: 100n },
      { account: WORKER, amount: 100n },
    ],
    withdrawals: [{ account: BUYER, amount: 50n }],
    // Paid for one task: 1 to the app's owner, 9 in the worker's seat, 1 to the pool's owner.
    accounts: new Map([
      [BUYER, { free: 150n - 22n, locked: 11n }],
      [SELLER, { free: 1n, locked: 0n }],
      [OWNER, { free: 98n, locked: 3n }],
      [WORKER, { free: 0n, locked: 100n }],
      [POCO, { free: 9n, locked: 0n }],
    ]),
    bonds: [{ account: WORKER, certifier: POCO, amount: 100n }],
    epochs: [] as ChainFacts["epochs"][number][],
    seats: [{ pool: POOL_ID, number: 0, stake: 100n, earned: 9n }],
    deals: [dealFact],
    settlements: [{ dealId: DEAL, openUnits: 1, seized: 0n, ...ENDED }],
    verdicts: [
      { taskId: SETTLED_TASK, type: "certified", rewards: 9n, ...ENDED },
    ] as ChainFacts["verdicts"][number][],
    losses: [] as ChainFacts["losses"][number][],
    seals: [
      { taskId: SETTLED_TASK, seals: [seal], block: 22n, txHash: hash(0x22) },
      { taskId: OPEN_TASK, seals: [seal], block: 23n, txHash: hash(0x23) },
    ],
    statuses: new Map([
      [SETTLED_TASK, 1],
      [OPEN_TASK, 0],
    ]),
  };
  const cursor = {
    own: { number: 30n, hash: HEAD.hash },
    onChain: { hash: HEAD.hash, timestamp: HEAD.timestamp },
  };
  const order = (name: Hex, type: OrderFact["type"], change: Partial<OrderFact> = {}): OrderFact => ({
    ...{
      hash: name,
      contentHash: name,
      type,
      signer: BUYER,
      status: "open",
      volume: 5,
      filled: 2,
      removed: false,
    },
    ...{ validUntil: 9_000n, epoch: 0n, ahead: false, filledOnChain: 2, ...change },
  });
  const broker = {
    cursor,
    orders: [
      order(ORDERS.app, "app", { signer: SELLER }),
      order(ORDERS.pool, "pool", { signer: OWNER }),
      order(REQUEST, "request", { volume: 2, status: "filled" }),
    ],
    unreadable: [] as BrokerFacts["unreadable"][number][],
    deals: [
      {
        ...{
          ...SEALED,
          id: DEAL,
          blockHash: hash(0x2020),
          requestHash: REQUEST,
          orders: ORDERS,
          volume: 2,
          openUnits: 1,
        },
        params: PARAMS,
        content: Object.fromEntries(
          Object.entries(deal).map(([name, value]) => [
            name,
            typeof value === "bigint" ? String(value) : value,
          ]),
        ),
      },
    ],
    attempts: [
      {
        id: 1n,
        status: "mined",
        txHash: SEALED.txHash,
        sealed: 1,
        requests: [REQUEST],
        begunAt: new Date(0),
      },
    ],
  };
  const pool = {
    ...{ pool: POOL_ID, cursor },
    deals: [{ id: DEAL, deal }],
    tasks: [
      { id: SETTLED_TASK, dealId: DEAL, status: "certified" },
      { id: OPEN_TASK, dealId: DEAL, status: "open" },
    ],
    committed: [{ taskId: OPEN_TASK, seat: 0, round: 1, seal: seal.seal }],
  };
  return {
    ...{
      chain: chain satisfies ChainFacts,
      broker: broker satisfies BrokerFacts,
      pools: [pool satisfies PoolFacts],
    },
    ...{ acknowledged: [REQUEST, ORDERS.app], now: 3_000_000 },
  } satisfies MarketFacts;
}

export type SoundMarket = ReturnType<typeof soundMarket>;
