import type { Address, LocalAccount } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { Sender } from "#src/chain/sender.ts";
import type { Fetch } from "#src/http/http-client.ts";
import type { HttpServer } from "#src/http/server.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { isHanseError, isRetryable } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { type Currency, isCurrency } from "#src/protocol/currencies.ts";
import { withDeadline } from "./adapters/adapter-deadline.ts";
import type { ShopAdapter } from "./adapters/shop-adapter.ts";
import { registerCheckoutManagement, registerCheckoutRoutes } from "./checkout/checkout-routes.ts";
import { type Checkouts, createCheckouts } from "./checkout/checkouts.ts";
import { type CustomerHoldOptions, createCustomerHolds } from "./checkout/customer-holds.ts";
import { createCallQueue } from "./deals/call-queue.ts";
import { createDealDuties } from "./deals/deal-duties.ts";
import { followDeals } from "./deals/deal-follower.ts";
import { createDealStore, type DealStore, type SealedDeal } from "./deals/deal-store.ts";
import { createReceiptCalls } from "./deals/receipt-calls.ts";
import { createListings, type Listings, type ListingsDeps } from "./federation/listings.ts";
import { pollFeed } from "./federation/poll-feed.ts";
import type { Changes } from "./inventory/catalogue.ts";
import { createRatedEvents } from "./reviews/rated-events.ts";
import { registerReviewCalls, registerReviewRoutes } from "./reviews/review-routes.ts";
import { createReviews, type Reviews } from "./reviews/reviews.ts";
import { createQuotes, type Quotes } from "./sales/quotes.ts";
import type { Rates } from "./sales/rates.ts";
import { registerSaleCalls, registerSaleManagement } from "./sales/sale-routes.ts";
import type { SaleTerms } from "./sales/sale-terms.ts";
import { createSales, type Sales } from "./sales/sales.ts";
import { createSupplies } from "./sales/supplies.ts";
import type { ShopParts, ShopRoutes } from "./shop-service.ts";
import type { ShopDatabase } from "./shop-tables.ts";

export interface ShopMarketDeps {
  readonly parts: ShopParts;
  readonly database: ShopDatabase;
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Sends the shop's transactions, and signs its orders, as the owner or as its operator. */
  readonly sender: Sender;
  readonly signer: LocalAccount;
  readonly adapter: ShopAdapter;
  readonly rates: Rates;
  readonly fetch: Fetch;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface ShopMarketOptions {
  readonly code: string;
  readonly owner: Address;
  readonly currency: Currency;
  readonly terms: SaleTerms;
  /** How often (milliseconds) partners' products and the shop's own system are read; a minute unless told. */
  readonly syncMs?: number;
  /** How long (milliseconds) the shop's own system may take to answer; half a minute unless told. */
  readonly adapterMs?: number;
  /** How many percent of the products the shop's own system may take away at one look; 50 unless told. */
  readonly mostRemoved?: number;
  /** How much customers may have kept before they pay. */
  readonly customerHolds?: CustomerHoldOptions;
  /** How far (milliseconds) the clocks of those who make blocks may be apart; half a minute unless told. */
  readonly skewMs?: number;
}

/** What a shop buys and sells: quotes, orders and checkouts, and the deals on chain that pay them. */
export interface ShopMarket extends ShopRoutes {
  readonly deals: DealStore;
  readonly quotes: Quotes;
  readonly sales: Sales;
  readonly listings: Listings;
  readonly checkouts: Checkouts;
  readonly reviews: Reviews;
  /** For customers; on a part of the server that anybody may call. */
  forCustomers(scope: HttpServer): void;
  /** Reads the shop's own system once. */
  syncCatalogue(): Promise<void>;
  /** Follows the chain and does what is due until the signal. Rejects when something fails that waiting does not mend. */
  run(signal: AbortSignal): Promise<void>;
}

/** What is due is looked at this often, whatever the chain tells: what should wake it might have been overlooked. */
const LOOK_MS = 2_000;

export function createShopMarket(deps: ShopMarketDeps, options: ShopMarketOptions): ShopMarket {
  const { parts, database, chain, deployment, sender, signer, rates, fetch, logger } = deps;
  const { clock = systemClock } = deps;
  const { code, owner, currency, terms, syncMs = 60_000, adapterMs = 30_000, skewMs = 30_000 } = options;
  const { mostRemoved = 50 } = options;
  const adapter = withDeadline(deps.adapter, { deadlineMs: adapterMs }, { clock });
  const { keys, peers, post, partnerships, catalogue, reservations, metrics } = parts;
  const { receipt: receiptAddress, clerk, ratings } = deployment.contracts;
  const receipt = createReceiptCalls({ sender, receipt: receiptAddress });
  const saleChain = {
    chainId: chain.chainId,
    receipt: receiptAddress,
    head: () => chain.viem.getBlockNumber({ cacheTime: 0 }),
    epochOf: async (account: Address) => {
      const { epoch } = await chain.viem.readContract({
        ...{ address: clerk, abi: clerkAbi, functionName: "account" as const },
        args: [account],
      });
      return epoch;
    },
  };
  const calls = createCallQueue();
  const deals = createDealStore(database, { clock });
  const supplies = createSupplies({ database, deals, catalogue }, { code, owner });
  const quotes = createQuotes(
    {
      ...{ database, catalogue, reservations, rates, chain: saleChain, signer, clock },
      ...{ rightsOf: partnerships.rightsOf, supplyOf: supplies.of, metrics },
      ownerOf: async (partner) => (await peers.find(partner)).owner,
    },
    { code, owner, currency, terms },
  );
  const sales = createSales(
    {
      ...{ database, deals, reservations, adapter, receipt, rates, keys, metrics, calls, logger, clock },
      onDue: () => wake(),
      alone: (work) => alone(work),
    },
    { code, currency },
  );
  const listings = createListings(
    {
      ...{ database, peers, metrics, logger, clock, rightsFrom: partnerships.rightsFrom },
      poll,
      partners: async () => [
        ...new Set(
          (await partnerships.list()).filter(({ role }) => role === "grantee").map(({ peer }) => peer),
        ),
      ],
    },
    { everyMs: syncMs },
  );
  const holds = createCustomerHolds(
    { database, clock },
    { code, holdMs: terms.quoteSeconds * 1_000, ...options.customerHolds },
  );
  const checkouts = createCheckouts(
    {
      ...{
        database,
        peers,
        post,
        keys,
        quotes,
        deals,
        receipt,
        holds,
        chain: saleChain,
        signer,
        logger,
        clock,
      },
      assertOffered: listings.assertOffered,
    },
    { code, owner },
  );
  const duties = createDealDuties({ deals, receipt, calls, logger }, { owner });
  const ratingsOf = createRatedEvents(chain, { ratings });
  const reviews = createReviews({ database, deals, post, ratingsOf }, { code, owner });
  const inDollars = async (minor: bigint, of: string) =>
    isCurrency(of) ? await rates.inDollars({ currency: of, minor }) : 0;
  async function poll(...[partner, endpoint, cursor, etag, signal]: Parameters<ListingsDeps["poll"]>) {
    const once = () =>
      pollFeed(fetch, { partner, endpoint, cursor, etag, signal, signer: { code, key: keys.present } });
    try {
      return await once();
    } catch (error) {
      // The partner may have heard of our next key before we did.
      const looked =
        isHanseError(error, "HANSE_SIGNATURE_KEY_UNKNOWN") && (await parts.directory.lookAgain());
      if (!looked) throw error;
      return await once();
    }
  }
  let wake = () => {};
  // The own system is read and told of sales one after the other: what was read before a sale must not be kept after it.
  let own: Promise<unknown> = Promise.resolve();
  const alone = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const result = own.then(work);
    own = result.catch(() => undefined);
    return result;
  };

  const market: ShopMarket = {
    ...{ deals, quotes, sales, listings, checkouts, reviews },
    forPartners(scope) {
      registerSaleCalls(scope, { code, quotes, sales, rightsOf: partnerships.rightsOf, metrics });
      registerReviewCalls(scope, reviews);
    },
    forOwner(scope) {
      registerSaleManagement(scope, { sales, supplies });
      registerCheckoutManagement(scope, { checkouts, listings, inDollars });
    },
    forCustomers(scope) {
      registerCheckoutRoutes(scope, { checkouts, listings, inDollars });
      registerReviewRoutes(scope, reviews);
    },

    syncCatalogue: () =>
      alone(async () => {
        let changes: Changes;
        try {
          const products = await adapter.catalogue();
          // An empty answer, or half of one, would delete everything here, and at every partner.
          changes = await catalogue.put(products, { complete: true, short: "keep", mostRemoved });
        } catch (error) {
          metrics.catalogueRead(isHanseError(error, "HANSE_CATALOGUE_SHRUNK") ? "stopped" : "failed");
          throw error;
        }
        metrics.catalogueRead("taken");
        if (changes.added + changes.changed + changes.removed > 0)
          logger.info(changes, "the catalogue changed");
      }),

    async run(signal) {
      await Promise.all([
        keepFollowing(signal),
        listings.keepSyncing(signal),
        keep(signal, syncMs, market.syncCatalogue, "the shop's own system cannot be read"),
        keepWorking(signal),
      ]);
    },
  };
  return market;

  /** Goes on where it was after the database was away. */
  async function keepFollowing(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await followDeals(
          {
            ...{ chain, store: deals, logger, clock, concerns, onDeals: sales.onDeals },
            onChange(ids) {
              checkouts.onDeals(ids);
              wake();
            },
          },
          {
            ...{ receipt: receiptAddress, genesisHash: deployment.genesisHash, signal },
            startBlock: deployment.deployedAtBlock + 1n,
          },
        );
      } catch (error) {
        if (!isRetryable(error)) throw error;
        logger.warn({ err: error }, "deals cannot be followed now");
        await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      }
    }
  }

  /** As seller, buyer or referrer, or because a customer bought it here. */
  async function concerns({ deal, purchaseHash }: SealedDeal): Promise<boolean> {
    if ([deal.seller, deal.buyer, deal.referrer].includes(owner)) return true;
    const leg = await database.kysely
      .selectFrom("checkout_legs")
      .select("leg")
      .where("purchase_hash", "=", purchaseHash)
      .executeTakeFirst();
    return leg !== undefined;
  }

  async function keepWorking(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const woken = new AbortController();
        wake = () => woken.abort();
        await workOnce();
        await clock.sleep(LOOK_MS, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
      }
    } finally {
      await calls.stop();
    }
  }

  /** Where no block comes, time passes all the same: what is over is not kept until the next. */
  async function noteHead(): Promise<void> {
    const at = new Date(clock.now() - skewMs);
    const last = await deals.followedTo();
    if (last === undefined || at.getTime() <= Number(last.time) * 1_000) return;
    await deals.atHead(await chain.agreed.head(), at);
  }

  async function workOnce(): Promise<void> {
    await noteHead().catch((err: unknown) => logger.debug({ err }, "the chain's end is not known now"));
    try {
      await alone(sales.work);
      await checkouts.work();
      await duties.work();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      logger.warn({ err: error }, "what is due waits");
    }
  }

  async function keep(
    signal: AbortSignal,
    everyMs: number,
    work: () => Promise<void>,
    wrong: string,
  ): Promise<void> {
    while (!signal.aborted) {
      await work().catch((err: unknown) => logger.warn({ err }, wrong));
      await clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }
}
