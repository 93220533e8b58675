import { type Address, erc20Abi, type LocalAccount } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { type Deployment, deploymentSchema } from "#src/chain/deployment.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { createSender, type JournaledSender } from "#src/chain/sender.ts";
import { createMemoryJournal } from "#src/chain/transaction-journal.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { createLogger, type Logger } from "#src/kernel/logger.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import { NO_ARBITER, OUTCOME } from "#src/protocol/goods-orders.ts";
import type { ShopAdapter } from "#src/shop/adapters/shop-adapter.ts";
import { createStockAdapter, type StockAdapter } from "#src/shop/adapters/stock-adapter.ts";
import { registerStockRoutes } from "#src/shop/adapters/stock-routes.ts";
import { createRates, rateTable } from "#src/shop/sales/rates.ts";
import type { SaleTerms } from "#src/shop/sales/sale-terms.ts";
import { createShopMarket, type ShopMarket, type ShopMarketOptions } from "#src/shop/shop-market.ts";
import { deploy } from "../../../scripts/deploy/deploy.ts";
import type { DeploymentParameters } from "../../../scripts/deploy/parameters.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { startTestChain, type TestChain } from "../../support/anvil.ts";
import { type ShopSetup, startTestShop, type TestShop } from "./test-shops.ts";

const HANSE = 10n ** 9n;
export const RATES = { USD: "0.25", GBP: "0.20" } as const;

export interface GoodsChain extends TestChain {
  readonly deployment: Deployment;
  /** Sends as a development account. */
  senderOf(number: number): JournaledSender;
  /** Free and locked money in the Clerk, nano-HANSE. */
  moneyOf(account: Address): Promise<{ readonly free: bigint; readonly locked: bigint }>;
  /** Gives an account money in the Clerk, which the Receipt may hold. */
  fund(number: number, hanse?: bigint): Promise<void>;
  /** Lets time pass, in seconds. */
  pass(seconds: number): Promise<void>;
}

/** A development chain with the market's contracts. Account 0 governs and has the whole supply. */
export async function startGoodsChain(parameters: DeploymentParameters = {}): Promise<GoodsChain> {
  const chain = await startTestChain({ blockTime: 0.2 });
  const deployment = deploymentSchema.parse(
    await deploy({ rpcUrl: chain.rpcUrl, privateKey: developmentKey(0), parameters }),
  );
  const { token, clerk, receipt } = deployment.contracts;
  const senders = new Map<number, JournaledSender>();
  const senderOf = (number: number) => {
    const known =
      senders.get(number) ??
      createSender({ chain: chain.chain, account: testAccount(number) }, { pollMs: 50 });
    senders.set(number, known);
    return known;
  };
  return {
    ...{ ...chain, deployment, senderOf },
    async moneyOf(account) {
      const { free, locked } = await chain.chain.viem.readContract({
        ...{ address: clerk, abi: clerkAbi, functionName: "account", args: [account] },
      });
      return { free, locked };
    },
    async fund(number, hanse = 100_000n) {
      const governance = senderOf(0);
      const { address } = testAccount(number);
      const amount = hanse * HANSE;
      await governance.send({
        address: token,
        abi: erc20Abi,
        functionName: "approve",
        args: [clerk, amount],
      });
      await governance.send({
        address: clerk,
        abi: clerkAbi,
        functionName: "depositFor",
        args: [address, amount],
      });
      await senderOf(number).send({
        address: clerk,
        abi: clerkAbi,
        functionName: "allowCertifier",
        args: [receipt, amount],
      });
    },
    async pass(seconds) {
      await chain.command("evm_increaseTime", [seconds]);
      await chain.command("evm_mine");
    },
  };
}

export interface MarketShop extends TestShop {
  readonly market: ShopMarket;
  readonly stock: StockAdapter;
  readonly account: LocalAccount;
  /** The chain as this shop asks it. */
  readonly rpc: ChainClient;
}

export interface MarketShopSetup extends Omit<ShopSetup, "options" | "owner" | "also"> {
  readonly chain: GoodsChain;
  /** Of the development account that owns the shop. */
  readonly owner: number;
  readonly currency?: Currency;
  readonly terms?: Partial<SaleTerms>;
  /** Requests that one address may send in a minute as a customer. */
  readonly customerLimit?: number;
  /** How much customers may have kept before they pay. */
  readonly customerHolds?: ShopMarketOptions["customerHolds"];
  readonly skewMs?: number;
  /** How long the shop's own system may take, in milliseconds. */
  readonly adapterMs?: number;
  /** In place of the built-in stock. */
  readonly adapter?: ShopAdapter;
  readonly rpc?: ChainClient;
  /** How long it waits for a transaction; a minute unless told. */
  readonly sendMs?: number;
  /** Of what it buys and sells; silent unless told. */
  readonly logger?: Logger;
}

const silent = createLogger({ service: "test", level: "silent" });

/** A shop with all its parts, as its process would have them. */
export async function startMarketShop(setup: MarketShopSetup): Promise<MarketShop> {
  const { chain, owner, currency = "USD", terms = {} } = setup;
  const account = testAccount(owner);
  const rpc = setup.rpc ?? (await connectChain(chain.rpcUrl, { pollMs: 50 }));
  const journal = createMemoryJournal();
  const sender = createSender(
    { chain: rpc, account, journal },
    { pollMs: 50, ...(setup.sendMs === undefined ? {} : { timeoutMs: setup.sendMs }) },
  );
  let made: { market: ShopMarket; stock: StockAdapter } | undefined;
  const shop = await startTestShop({
    ...setup,
    owner: account.address,
    options: {
      ...{ currency, hub: chain.deployment.contracts.hub },
      ...(setup.customerLimit === undefined ? {} : { customerRequestsPerMinute: setup.customerLimit }),
    },
    also(parts, { database }) {
      const stock = createStockAdapter({ database });
      const market = createShopMarket(
        {
          ...{
            parts,
            database,
            chain: rpc,
            deployment: chain.deployment,
            sender,
            signer: account,
            logger: setup.logger ?? silent,
          },
          ...{ adapter: setup.adapter ?? stock, rates: createRates({ source: rateTable(RATES) }) },
          fetch: createGuardedFetch({ allowPrivate: true }),
        },
        {
          ...{ code: setup.code, owner: account.address, currency, syncMs: 600_000 },
          ...(setup.customerHolds === undefined ? {} : { customerHolds: setup.customerHolds }),
          mostRemoved: setup.adapter === undefined ? 100 : 50,
          ...(setup.adapterMs === undefined ? {} : { adapterMs: setup.adapterMs }),
          ...(setup.skewMs === undefined ? {} : { skewMs: setup.skewMs }),
          terms: {
            ...{ shipWithin: 3_600, deliverWithin: 3_600, complaintTime: 3_600, resaleMargin: 600 },
            ...{
              arbiter: NO_ARBITER,
              defaultOutcome: OUTCOME.Buyer,
              bondShare: 0,
              commissionShare: 500,
              quoteSeconds: 300,
            },
            ...terms,
          },
        },
      );
      made = { market, stock };
      return {
        ...market,
        forOwner(scope) {
          market.forOwner?.(scope);
          registerStockRoutes(scope, { stock, currency, sync: market.syncCatalogue });
        },
      };
    },
  });
  if (made === undefined) throw new Error("the shop has no market");
  return { ...shop, ...made, account, rpc };
}

/** Where a deal stands, as the chain has it. */
export async function stageOf(chain: GoodsChain, id: `0x${string}`): Promise<number> {
  const { stage } = await chain.chain.viem.readContract({
    ...{
      address: chain.deployment.contracts.receipt,
      abi: receiptAbi,
      functionName: "goodsState",
      args: [id],
    },
  });
  return stage;
}
