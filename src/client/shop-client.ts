import type { Hex } from "viem";
import type { z } from "zod";
import { createHttpClient, type HttpClientDeps, type HttpClientOptions } from "#src/http/http-client.ts";
import { HanseError } from "#src/kernel/errors.ts";
import {
  addressSchema,
  type Checkout,
  type CheckoutPost,
  checkoutListSchema,
  checkoutSchema,
  type FeedItem,
  type Imported,
  type ImportPost,
  importedSchema,
  listingsSchema,
  type OwnCheckoutPost,
  type OwnerAnswer,
  type OwnerCall,
  ownerAnswerSchema,
  type Partnership,
  type PartnershipCall,
  partnershipListSchema,
  type Review,
  type ReviewPost,
  type ReviewQuery,
  reviewListSchema,
  reviewSchema,
  type Sale,
  type Stock,
  type Supply,
  type Synced,
  saleListSchema,
  saleSchema,
  stockSchema,
  supplySchema,
  syncedSchema,
} from "./shop-schema.ts";

/** A shop service, over HTTP, as its customers ask it. Each call throws the service's own HanseError, or HANSE_PEER_*. */
export interface ShopClient {
  /** Products of partners that can be bought here: all of them, however many pages they are told in. */
  listings(partner?: string): Promise<FeedItem[]>;
  /** Has everything kept and quoted. What the answer holds is the service's word: see `assertCheckout`. */
  begin(checkout: CheckoutPost): Promise<Checkout>;
  /** @throws HANSE_CHECKOUT_UNKNOWN */
  checkout(id: string): Promise<Checkout>;
  /** Pays: with the buyer's signatures of all purchases, in the order of the legs. */
  pay(id: string, signatures: readonly Hex[]): Promise<Checkout>;
  /** With the buyer's signature of the deal's `Confirmation`. */
  confirm(id: string, leg: number, signature: Hex): Promise<Checkout>;
  /** @throws HANSE_REVIEW_UNRATED, HANSE_DEAL_UNKNOWN */
  review(review: ReviewPost): Promise<Review>;
  reviews(query?: ReviewQuery): Promise<Review[]>;
}

/** The same service, as its owner has it work. Each call takes the owner's token: HANSE_UNAUTHORIZED else. */
export interface ShopOwnerClient {
  partnerships(): Promise<Partnership[]>;
  /** Has the shop call another about a partnership. @throws HANSE_PARTNERSHIP_*, HANSE_SHOP_UNKNOWN */
  partnership(code: string, call: PartnershipCall, wish: OwnerCall): Promise<OwnerAnswer>;
  /** Of the built-in stock. */
  stock(): Promise<Stock>;
  /** @throws HANSE_CATALOGUE_INVALID, HANSE_STOCK_RESERVED */
  importProducts(catalogue: ImportPost): Promise<Imported>;
  /** Takes over what changed at a partner, now. */
  sync(code: string): Promise<Synced>;
  /** Names the deal by which the shop gets what it sells on as `product`; null: none. */
  supply(product: string, deal: Hex | null): Promise<Supply>;
  /** Orders of the shop's goods, newest first. */
  sales(): Promise<Sale[]>;
  /** @throws HANSE_SALE_UNKNOWN */
  sale(id: string): Promise<Sale>;
  shipTo(id: string): Promise<z.output<typeof addressSchema>>;
  ship(id: string, tracking: string): Promise<Sale>;
  refund(id: string, restock: boolean): Promise<Sale>;
  cancel(id: string): Promise<Sale>;
  contest(id: string, evidence: string): Promise<Sale>;
  /** What was bought here, newest first. */
  checkouts(): Promise<Checkout[]>;
  /** Buys as merchant of record; with `pay: false` it is only quoted. @throws HANSE_CHECKOUT_ABOVE_MOST */
  buy(checkout: OwnCheckoutPost): Promise<Checkout>;
  /** @param mostNano what it may cost at most, nano-HANSE @throws HANSE_CHECKOUT_ABOVE_MOST */
  payOwn(id: string, mostNano: bigint): Promise<Checkout>;
}

/** A checkout asks every seller and has a transaction mined. */
const TIMEOUT_MS = 90_000;

export function createShopClient(
  deps: HttpClientDeps,
  options: HttpClientOptions & { readonly baseUrl: string },
): ShopClient {
  const http = createHttpClient(deps, { timeoutMs: TIMEOUT_MS, ...options });
  const post = <Schema extends z.ZodType>(path: string, body: unknown, schema: Schema, idempotent = true) =>
    http.request(path, { method: "POST", body, schema, idempotent });
  return {
    async listings(partner) {
      const products: FeedItem[] = [];
      const seen = new Set<string>();
      for (let after: string | undefined; ; ) {
        const page = await http.request(`/v1/listings${search({ partner, after })}`, {
          schema: listingsSchema,
        });
        products.push(...page.products);
        if (page.next === undefined) return products;
        // It would be asked without end. Which of two comes first is the shop's to know: by its database's order.
        if (seen.has(page.next)) {
          throw new HanseError("HANSE_PEER_RESPONSE_INVALID", "The shop's pages do not go on", {
            details: { after, next: page.next },
          });
        }
        after = page.next;
        seen.add(after);
      }
    },
    // Not sent twice: each time pieces are kept.
    begin: (checkout) => post("/v1/checkouts", checkout, checkoutSchema, false),
    checkout: (id) => http.request(`/v1/checkouts/${encodeURIComponent(id)}`, { schema: checkoutSchema }),
    pay: (id, signatures) => post(`/v1/checkouts/${id}/signatures`, { signatures }, checkoutSchema),
    confirm: (id, leg, signature) => post(`/v1/checkouts/${id}/confirm`, { leg, signature }, checkoutSchema),
    review: (review) => post("/v1/reviews", review, reviewSchema),
    reviews: async (query = {}) =>
      (await http.request(`/v1/reviews${search(query)}`, { schema: reviewListSchema })).reviews,
  };
}

export function createShopOwnerClient(
  deps: HttpClientDeps,
  options: HttpClientOptions & { readonly baseUrl: string; readonly token: string },
): ShopOwnerClient {
  const { token, ...rest } = options;
  const headers = { ...rest.headers, authorization: `Bearer ${token}` };
  const http = createHttpClient(deps, { timeoutMs: TIMEOUT_MS, ...rest, headers });
  const get = <Schema extends z.ZodType>(path: string, schema: Schema) =>
    http.request(`/v1/owner${path}`, { schema });
  // None is sent twice by itself: the owner sees what became of it, and decides.
  const post = <Schema extends z.ZodType>(path: string, body: unknown, schema: Schema) =>
    http.request(`/v1/owner${path}`, { method: "POST", body, schema });
  return {
    partnerships: async () => (await get("/partnerships", partnershipListSchema)).partnerships,
    partnership: (code, call, wish) => post(`/partnerships/${code}/${call}`, wish, ownerAnswerSchema),
    stock: () => get("/products", stockSchema),
    importProducts: (catalogue) => post("/products/import", catalogue, importedSchema),
    sync: (code) => post(`/listings/${code}/sync`, {}, syncedSchema),
    supply: (product, deal) => post("/supplies", { product, deal }, supplySchema),
    sales: async () => (await get("/sales", saleListSchema)).sales,
    sale: (id) => get(`/sales/${encodeURIComponent(id)}`, saleSchema),
    shipTo: (id) => get(`/sales/${id}/ship-to`, addressSchema),
    ship: (id, tracking) => post(`/sales/${id}/ship`, { tracking }, saleSchema),
    refund: (id, restock) => post(`/sales/${id}/refund`, { restock }, saleSchema),
    cancel: (id) => post(`/sales/${id}/cancel`, {}, saleSchema),
    contest: (id, evidence) => post(`/sales/${id}/contest`, { evidence }, saleSchema),
    checkouts: async () => (await get("/checkouts", checkoutListSchema)).checkouts,
    buy: (checkout) => post("/checkouts", checkout, checkoutSchema),
    payOwn: (id, mostNano) => post(`/checkouts/${id}/pay`, { mostNano: `${mostNano}` }, checkoutSchema),
  };
}

function search(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
