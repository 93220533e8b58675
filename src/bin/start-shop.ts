import { createChainCheck, createFollowingCheck } from "#src/chain/chain-check.ts";
import { createHubShopReader } from "#src/chain/hub-shop-reader.ts";
import { openPostgresJournal } from "#src/chain/postgres-journal.ts";
import { createHubClient } from "#src/client/hub-client.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import type { Fetch } from "#src/http/http-client.ts";
import { listen } from "#src/http/listen.ts";
import { createServer } from "#src/http/server.ts";
import type { ConfigOf, ConfigSources } from "#src/kernel/config.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { lockDirectory } from "#src/kernel/lock-file.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import { NO_ARBITER, OUTCOME } from "#src/protocol/goods-orders.ts";
import { loadAdapter } from "#src/shop/adapters/load-adapter.ts";
import { createOnlineBoutiqueAdapter } from "#src/shop/adapters/online-boutique-adapter.ts";
import type { ShopAdapter } from "#src/shop/adapters/shop-adapter.ts";
import { createStockAdapter, type StockAdapter } from "#src/shop/adapters/stock-adapter.ts";
import { registerStockRoutes } from "#src/shop/adapters/stock-routes.ts";
import {
  asCurrency,
  createRates,
  type RateSource,
  rateFeed,
  rateFile,
  rateTable,
} from "#src/shop/sales/rates.ts";
import { createShopMarket } from "#src/shop/shop-market.ts";
import { createShopService } from "#src/shop/shop-service.ts";
import type { ShopDatabase, ShopTables } from "#src/shop/shop-tables.ts";
import { openDatabase } from "#src/store/database.ts";
import { joinChain, runSender } from "./join-chain.ts";
import { runService } from "./run-service.ts";
import { openShopKeyFiles } from "./shop-key-files.ts";
import { shopOptions } from "./shop-options.ts";

export { shopOptions };

type Config = ConfigOf<typeof shopOptions>;

/** `hanse shop start`: one shop of a federation. */
export async function startShop(sources: ConfigSources): Promise<void> {
  await runService("shop", shopOptions, sources, async ({ config, logger, metrics, shutdown }) => {
    const lock = await lockDirectory(config.stateDir);
    shutdown.add("lock", () => lock.release());
    const { key, store: keyStore } = await openShopKeyFiles(config.stateDir);
    const database = await openDatabase<ShopTables>(
      { logger },
      { url: config.databaseUrl, schema: config.databaseSchema, applicationName: "hanse shop" },
    );
    shutdown.add("database", () => database.close());
    const journal = await openPostgresJournal({ database, logger }, `${config.databaseSchema}_journal`);
    const { chain, deployment, sender, account } = await joinChain({ journal, logger, metrics }, config);
    runSender(sender, shutdown);

    const fetch = createGuardedFetch({ allowPrivate: config.allowPrivateEndpoints });
    const currency = asCurrency(config.currency);
    const rates = createRates({ source: sourceOf(config, fetch), logger });
    const owner = config.owner ?? account.address;
    const { code, endpoint } = config;
    const hub = config.hubContract ?? deployment.contracts.hub;
    const parts = await createShopService(
      {
        ...{ key, keyStore, database, fetch, logger, metrics },
        readHubShop: createHubShopReader(chain, { hub }),
        hubs: config.hubs.map((url) => ({ url, client: createHubClient({ fetch }, { baseUrl: url }) })),
      },
      {
        databaseSchema: config.databaseSchema,
        ...{ code, owner, endpoint, currency, ownerToken: config.ownerToken, chainId: chain.chainId },
        ...{ hub, inDollars: (minor) => rates.inDollars({ currency, minor }) },
        reservation: { holdMs: config.holdSeconds * 1_000 },
        partnerRequestsPerMinute: config.partnerLimit,
        customerRequestsPerMinute: config.customerLimit,
      },
    );
    const { adapter, stock } = await adapterOf(config, currency, database);
    const market = createShopMarket(
      { parts, database, chain, deployment, sender, signer: account, adapter, rates, fetch, logger },
      {
        ...{ code, owner, currency, syncMs: config.syncSeconds * 1_000 },
        adapterMs: config.adapterSeconds * 1_000,
        // What is in the built-in stock is there, and what is not was taken out by the owner.
        mostRemoved: stock === undefined ? config.mostRemoved : 100,
        customerHolds: {
          ...{ addressPieces: config.customerPieces, allPieces: config.customersPieces },
          ...{ addressShare: config.customerShare, allShare: config.customersShare },
          ...{ addressLines: config.customerLines, allLines: config.customersLines },
        },
        terms: {
          ...{ shipWithin: config.shipSeconds, deliverWithin: config.deliverSeconds },
          ...{ complaintTime: config.complaintSeconds, resaleMargin: config.resaleSeconds },
          ...{ arbiter: config.arbiter ?? NO_ARBITER, defaultOutcome: OUTCOME.Buyer },
          ...{
            bondShare: config.bond,
            commissionShare: config.commission,
            quoteSeconds: config.quoteSeconds,
          },
        },
      },
    );
    const head = createChainCheck(chain);
    const ready = {
      database: () => database.ping(),
      chain: head,
      following: createFollowingCheck(head, async () => (await market.deals.followedTo())?.number),
    };
    const server = await createServer(
      { logger, metrics },
      {
        ...{ name: "Hanse shop", description: `${code}: products, partners, orders`, ready },
        ...(config.trustProxy.length === 0 ? {} : { trustProxy: config.trustProxy }),
      },
    );
    await parts.register(server, {
      ...market,
      forOwner: (scope) => {
        market.forOwner?.(scope);
        if (stock !== undefined) registerStockRoutes(scope, { stock, currency, sync: market.syncCatalogue });
      },
    });
    shutdown.add("server", () => server.close());
    const { url } = await listen(server, config);
    const running = Promise.all([parts.run(shutdown.signal), market.run(shutdown.signal)]);
    running.catch(() => undefined);
    logger.info({ url, code, owner, key: parts.keys.present.publicKey }, "shop is up");
    return { done: running };
  });
}

function sourceOf({ rates, ratesFile, ratesUrl }: Config, fetch: Fetch): RateSource {
  if (ratesUrl !== undefined) return rateFeed(fetch, ratesUrl);
  return ratesFile === undefined ? rateTable(rates) : rateFile(ratesFile);
}

async function adapterOf(
  { adapter, catalogue, adapterModule }: Config,
  currency: Currency,
  database: ShopDatabase,
): Promise<{ readonly adapter: ShopAdapter; readonly stock?: StockAdapter }> {
  switch (adapter) {
    case "stock": {
      const stock = createStockAdapter({ database });
      return { adapter: stock, stock };
    }
    case "online-boutique":
      if (catalogue === undefined) throw needs(adapter, "HANSE_SHOP_CATALOGUE");
      return { adapter: createOnlineBoutiqueAdapter({ path: catalogue, currency }) };
    case "custom":
      if (adapterModule === undefined) throw needs(adapter, "HANSE_SHOP_ADAPTER_MODULE");
      return { adapter: await loadAdapter(adapterModule) };
  }
}

function needs(adapter: string, variable: string): HanseError {
  return new HanseError("HANSE_CONFIG_INVALID", `HANSE_SHOP_ADAPTER is ${adapter}, which needs ${variable}`);
}
