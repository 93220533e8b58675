import { randomBytes, randomUUID } from "node:crypto";
import { type Selectable, sql, type Transaction } from "kysely";
import {
  type Address,
  bytesToHex,
  type Hex,
  keccak256,
  type LocalAccount,
  stringToHex,
  zeroHash,
} from "viem";
import type { z } from "zod";
import { purchaseOf } from "#src/client/quoted-sale.ts";
import {
  type Checkout,
  type checkoutPostSchema,
  purchaseOrderSchema,
  type Quote,
  quoteSchema,
  shipToContext,
} from "#src/client/shop-schema.ts";
import { signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { stringifyJson } from "#src/http/json.ts";
import { seal } from "#src/identity/sealed-box.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { goodsDealHash, isOver } from "#src/protocol/goods-deals.ts";
import { goodsOrderHash } from "#src/protocol/goods-order-hash.ts";
import { purchase, type SaleOrder } from "#src/protocol/goods-orders.ts";
import { inHanse } from "#src/protocol/money.ts";
import { type ShipTo, shipToHash, shipToSchema } from "#src/protocol/ship-to.ts";
import { parsePublicId } from "#src/protocol/shop-code.ts";
import { chainTime } from "../deals/chain-time.ts";
import type { DealStore } from "../deals/deal-store.ts";
import type { ReceiptCalls } from "../deals/receipt-calls.ts";
import type { PeerPost } from "../federation/peer-post.ts";
import type { Peers } from "../federation/peers.ts";
import type { Quotes } from "../sales/quotes.ts";
import type { SaleChain } from "../sales/sale-terms.ts";
import type { ShopKeys } from "../shop-keys.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { CustomerHolds } from "./customer-holds.ts";
import { createSellerQuotes } from "./seller-quotes.ts";

export type CheckoutWish = z.output<typeof checkoutPostSchema>;

export interface CheckoutDeps {
  readonly database: ShopDatabase;
  readonly peers: Pick<Peers, "find" | "sealingKeyOf">;
  readonly post: PeerPost;
  readonly keys: Pick<ShopKeys, "present">;
  /** For this shop's own goods. */
  readonly quotes: Quotes;
  readonly deals: DealStore;
  readonly receipt: ReceiptCalls;
  readonly holds: CustomerHolds;
  /** That partners offer these, as `Listings` has it. */
  readonly assertOffered: (products: readonly string[]) => Promise<void>;
  readonly chain: SaleChain;
  /** Signs what the shop buys for itself. */
  readonly signer: LocalAccount;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/**
 * What customers of a shop buy, its own goods and partners': every seller's pieces are kept and quoted, the buyer signs one
 * purchase for each, all are sealed together or none, and each seller is told where its parcel goes.
 */
export interface Checkouts {
  /**
   * Has everything kept and quoted, and prepares what the buyer has to sign.
   * @param address the customer's, on the network
   * @throws HANSE_OUT_OF_STOCK, HANSE_PRODUCT_UNKNOWN, HANSE_RIGHT_MISSING, HANSE_SHOP_UNKNOWN, HANSE_PEER_*: nothing is kept then;
   * HANSE_RATE_LIMITED where customers have too much kept that is not paid
   */
  begin(wish: CheckoutWish, address: string): Promise<Checkout>;
  /**
   * Takes the buyer's signatures and seals; the same ones again are answered alike.
   * @throws HANSE_CHECKOUT_UNKNOWN, HANSE_CHECKOUT_STATE, HANSE_CHECKOUT_REFUSED with the Receipt's reason
   */
  sign(id: string, signatures: readonly Hex[]): Promise<Checkout>;
  /**
   * As `begin`, for this shop itself, as merchant of record.
   * @param mostNano what all of it may cost at most, nano-HANSE; any amount is quoted unless told
   * @throws HANSE_CHECKOUT_ABOVE_MOST: nothing is kept then
   */
  beginOwn(wish: Omit<CheckoutWish, "buyer">, mostNano?: bigint): Promise<Checkout>;
  /**
   * Signs with the shop's own key what `beginOwn` began, and seals it: sellers say what it costs, the owner how much it may.
   * @param mostNano nano-HANSE
   * @throws as `sign`; HANSE_CHECKOUT_ABOVE_MOST: it is quoted still
   */
  payOwn(id: string, mostNano: bigint): Promise<Checkout>;
  /** Hands the buyer's confirmation of a leg on to the Receipt. @throws HANSE_CHECKOUT_*, HANSE_TRANSACTION_REVERTED */
  confirm(id: string, leg: number, signature: Hex): Promise<Checkout>;
  /** @throws HANSE_CHECKOUT_UNKNOWN */
  find(id: string): Promise<Checkout>;
  list(): Promise<readonly Checkout[]>;
  /** Deals that are new, changed or gone on chain: `work` looks at the checkouts they are of. */
  onDeals(ids: readonly Hex[]): void;
  /** Goes on with what the chain brought, and with what a crash or an absence left. */
  work(): Promise<void>;
}

type CheckoutRow = Selectable<ShopTables["checkouts"]>;
type LegRow = Selectable<ShopTables["checkout_legs"]>;

export function createCheckouts(
  deps: CheckoutDeps,
  { code, owner }: { readonly code: string; readonly owner: Address },
): Checkouts {
  const { database, peers, post, keys, quotes, deals, receipt, holds, assertOffered, chain, signer, logger } =
    deps;
  const { clock = systemClock } = deps;
  const sellers = createSellerQuotes({ peers, post, quotes, receipt: chain.receipt }, { code, owner });
  const sealing = new Map<string, Promise<void>>();
  /** Deals that the next `work` looks at: told of by the chain, or sealed by us and not seen there yet. */
  let changed = new Set<Hex>();
  /** When all of them were looked at: also what a process before this one was told. */
  let sweptAt = Number.NEGATIVE_INFINITY;

  const checkouts: Checkouts = {
    begin: (wish, address) => begin(wish, { address }),

    async sign(id, signatures) {
      const legs = await database.transaction(async (trx) => {
        // Locked: of two who sign at once the second finds what the first signed.
        const { checkout, legs: unsigned } = await read(id, trx);
        if (checkout.state !== "quoted") return unsigned;
        if (signatures.length !== unsigned.length) {
          throw new HanseError(
            "HANSE_REQUEST_INVALID",
            `There are ${unsigned.length} purchases to sign, not ${signatures.length}`,
          );
        }
        if (checkout.expires_at.getTime() < clock.now()) throw wrongState(checkout, "its quotes are over");
        for (const [leg, signature] of signatures.entries()) {
          await trx
            .updateTable("checkout_legs")
            .set({ signature })
            .where("checkout_id", "=", id)
            .where("leg", "=", leg)
            .execute();
        }
        await trx.updateTable("checkouts").set({ state: "signed" }).where("id", "=", id).execute();
        return (await read(id, trx)).legs;
      });
      if (
        signatures.length !== legs.length ||
        // Without one here, somebody else sealed it with what the buyer signed.
        legs.some(({ signature }, leg) => signature !== null && signature !== signatures[leg])
      ) {
        throw wrongState((await read(id)).checkout, "it was signed otherwise");
      }
      await advance(id);
      return await checkouts.find(id);
    },

    beginOwn: (wish, mostNano) => begin({ ...wish, buyer: owner }, { mostNano }),

    async payOwn(id, mostNano) {
      const { checkout, legs } = await read(id);
      // Of a customer's: the shop's key would sign for somebody else.
      if (!checkout.owned) throw wrongState(checkout, "it is a customer's");
      const orders = legs.map(({ purchase: order }) => purchaseOrderSchema.parse(JSON.parse(order)));
      // By what is signed, whatever the quote says beside it.
      assertAtMost(mostNano, sumOf(orders.map((each) => each.maxPrice * BigInt(each.conditions.volume))));
      const signatures = await Promise.all(
        orders.map(
          async (order) =>
            (await signGoodsOrder(signer, purchase(order), chain.chainId, chain.receipt)).signature,
        ),
      );
      return await checkouts.sign(id, signatures);
    },

    async confirm(id, leg, signature) {
      // The Receipt takes the word of a caller who may act for the buyer, and of what the shop buys for itself we are that
      // caller: without a signature anybody could have the shop pay for what never came.
      if (signature === "0x") throw new HanseError("HANSE_REQUEST_INVALID", "A confirmation is signed");
      const { checkout, legs } = await read(id);
      const dealId = legs[leg]?.deal_id ?? undefined;
      const known = dealId === undefined ? undefined : await deals.find(dealId);
      if (known === undefined) throw wrongState(checkout, "the deal is not on chain");
      if (!isOver(known.stage)) await receipt.confirm(known, signature);
      return await checkouts.find(id);
    },

    async find(id) {
      const { checkout, legs } = await read(id);
      return await view(checkout, legs);
    },

    async list() {
      const rows = await database.kysely
        .selectFrom("checkouts")
        .selectAll()
        .orderBy("created_at", "desc")
        .limit(200)
        .execute();
      return await Promise.all(rows.map(({ id }) => checkouts.find(id)));
    },

    onDeals(ids) {
      for (const id of ids) changed.add(id);
    },

    async work() {
      await learnOfDeals();
      const signed = await database.kysely
        .selectFrom("checkouts")
        .select("id")
        .where("state", "=", "signed")
        .execute();
      for (const { id } of signed) {
        await advance(id).catch((err: unknown) =>
          logger.warn({ checkout: id, err }, "a checkout is not sealed"),
        );
      }
    },
  };
  return checkouts;

  // ── Quoted ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param by the customer's address; without one it is the shop that buys, for so much (nano-HANSE) at most */
  async function begin(
    wish: CheckoutWish,
    by: { readonly address?: string; readonly mostNano?: bigint | undefined },
  ): Promise<Checkout> {
    const id = randomUUID();
    const owned = by.address === undefined;
    if (by.address !== undefined) {
      // Before any seller is asked: strangers would use up what it takes of us.
      const products = wish.lines.map(({ product }) => product);
      await assertOffered(products.filter((product) => parsePublicId(product)?.code !== code));
      await holds.take(id, by.address, wish.lines);
    }
    const asked = await sellers.ask(wish, (seller) => nameFor(`${id}:${seller}`));
    try {
      const given = sellers.given(asked);
      if (by.mostNano !== undefined) {
        assertAtMost(by.mostNano, sumOf(given.map(({ totalNano }) => totalNano)));
      }
      return await keep(id, wish, given, owned);
    } catch (error) {
      const kept = await sellers.giveUp(asked);
      if (!owned) await letGo(id, kept);
      throw error;
    }
  }

  async function keep(
    id: string,
    wish: CheckoutWish,
    given: readonly Quote[],
    owned: boolean,
  ): Promise<Checkout> {
    const shipTo: ShipTo = shipToSchema.parse({ ...wish.shipTo, salt: bytesToHex(randomBytes(32)) });
    const epoch = await chain.epochOf(wish.buyer);
    const basket = given.length > 1 ? keccak256(stringToHex(id)) : zeroHash;
    const legs = given.map((quote, leg) => {
      const order = purchaseOf(quote, {
        ...{ buyer: wish.buyer, receipt: chain.receipt, shipTo: shipToHash(shipTo), epoch },
        ...{ basket, basketSize: given.length, salt: keccak256(stringToHex(`${id}:${leg}`)) },
      });
      return {
        ...{ checkout_id: id, leg, seller: quote.seller, quote: stringifyJson(quote) },
        ...{
          purchase: stringifyJson(order.order),
          purchase_hash: goodsOrderHash(order),
          signature: null,
          deal_id: null,
        },
      };
    });
    const ends = new Map(given.map(({ seller, validUntil }) => [seller, new Date(validUntil)]));
    await database.transaction(async (trx) => {
      await trx
        .insertInto("checkouts")
        .values({
          ...{ id, buyer: wish.buyer, owned, state: "quoted", problem: null },
          ...{
            ship_to: JSON.stringify(shipTo),
            expires_at: new Date(Math.min(...[...ends.values()].map(Number))),
          },
        })
        .execute();
      await trx.insertInto("checkout_legs").values(legs).execute();
      // With the first quote all are over; each seller keeps its pieces until its own is.
      await holds.keepUntil(trx, id, ends);
    });
    return await checkouts.find(id);
  }

  /** What sellers may still keep for it is held against its customer. */
  async function letGo(id: string, kept: ReadonlyMap<string, Date | undefined>): Promise<void> {
    const known = [...kept].filter((each): each is [string, Date] => each[1] !== undefined);
    await database
      .transaction(async (trx) => {
        await holds.release(trx, id, [...kept.keys()]);
        await holds.keepUntil(trx, id, new Map(known));
      })
      // Until its end it counts as held, where this fails too.
      .catch((err: unknown) => logger.warn({ checkout: id, err }, "what came to nothing counts as held"));
  }

  // ── Sealed ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Seals what is signed, and has sellers told. One at a time for a checkout: callers and the worker may meet. */
  async function advance(id: string): Promise<void> {
    let running = sealing.get(id);
    if (running === undefined) {
      running = sealOnce(id).finally(() => sealing.delete(id));
      sealing.set(id, running);
    }
    await running;
  }

  async function sealOnce(id: string): Promise<void> {
    const { checkout, legs } = await read(id);
    if (checkout.state !== "signed") return;
    const pairs = legs.map(({ quote: text, purchase: order, signature }) => {
      const { sale, signature: saleSignature } = parseQuote(text);
      return {
        sale: { type: "sale" as const, order: sale as SaleOrder, signature: saleSignature },
        purchase: {
          ...{ type: "purchase" as const, order: purchaseOrderSchema.parse(JSON.parse(order)) },
          signature: signature ?? "0x",
        },
      };
    });
    let made: Awaited<ReturnType<ReceiptCalls["seal"]>>;
    try {
      // Under the checkout's own id: after a crash it is the same transaction.
      made = await receipt.seal(`checkout ${id}`, pairs);
    } catch (error) {
      // Of whatever was not refused nobody knows that it was not paid: it stays signed, and is tried again.
      if (!isHanseError(error, "HANSE_CHECKOUT_REFUSED")) throw error;
      // Anybody may seal what is signed: then it is refused because it is sealed.
      if (await isSealedByAnother(legs)) return await conclude(id);
      await fail(id, error.shortMessage);
      throw error;
    }
    await conclude(id, new Map(made.map(({ purchaseHash, id: deal }) => [purchaseHash, deal])));
  }

  /** @throws HANSE_NOT_READY where the chain is not followed to where it was refused: nobody knows yet */
  async function isSealedByAnother(legs: readonly LegRow[]): Promise<boolean> {
    const head = await chain.head();
    const deadline = clock.now() + FOLLOW_MS;
    while (((await deals.followedTo())?.number ?? -1n) < head) {
      if (clock.now() > deadline)
        throw new HanseError("HANSE_NOT_READY", "The chain is not followed to its head yet");
      await clock.sleep(LOOK_MS);
    }
    const [first] = legs;
    return first !== undefined && (await deals.findByPurchase(first.purchase_hash)).length > 0;
  }

  async function fail(id: string, problem: string): Promise<void> {
    await database.kysely
      .updateTable("checkouts")
      .set({ state: "failed", problem })
      .where("id", "=", id)
      .where("state", "in", ["signed", "sealed"])
      .execute();
  }

  /** What the chain says of checkouts, whoever sealed them and whatever was thought of them. */
  async function learnOfDeals(): Promise<void> {
    const all = clock.now() - sweptAt >= SWEEP_MS;
    const looked = changed;
    if (!all && looked.size === 0) return;
    changed = new Set();
    try {
      for (const id of await learnOf(all ? undefined : [...looked])) changed.add(id);
      if (all) sweptAt = clock.now();
    } catch (error) {
      for (const id of looked) changed.add(id);
      throw error;
    }
  }

  /**
   * @param ids of deals; all of them, where none are named
   * @returns those to look at again: the chain may still seal them, or undo them for good, or their sellers cannot be told yet
   */
  async function learnOf(ids: readonly Hex[] | undefined): Promise<readonly Hex[]> {
    const sealed = await database.kysely
      .selectFrom("checkouts")
      .innerJoin("checkout_legs", "checkout_legs.checkout_id", "checkouts.id")
      .innerJoin("deals", "deals.purchase_hash", "checkout_legs.purchase_hash")
      .select(["checkouts.id", "deals.id as deal"])
      .where("checkouts.state", "!=", "sealed")
      .$if(ids !== undefined, (query) => query.where(sql<boolean>`deals.id = any(${ids}::text[])`))
      .execute();
    const waiting: Hex[] = [];
    for (const [id, legs] of Map.groupBy(sealed, (leg) => leg.id)) {
      await conclude(id).catch((err: unknown) => {
        // Such as of a seller whose key nobody can seal to: the others are seen to.
        waiting.push(...legs.map(({ deal }) => deal));
        logger.warn({ checkout: id, err }, "a checkout that is sealed cannot be told");
      });
    }
    const open = await database.kysely
      .selectFrom("checkouts")
      .innerJoin("checkout_legs", "checkout_legs.checkout_id", "checkouts.id")
      .leftJoin("deals", "deals.purchase_hash", "checkout_legs.purchase_hash")
      .select(["checkouts.id", "checkout_legs.deal_id"])
      .select(sql<boolean>`checkouts.expires_at < ${chainTime}`.as("over"))
      .where("checkouts.state", "=", "sealed")
      .where("deals.id", "is", null)
      .$if(ids !== undefined, (query) =>
        query.where(sql<boolean>`checkout_legs.deal_id = any(${ids}::text[])`),
      )
      .execute();
    // A seal that was undone, and that nobody can repeat: nothing was paid.
    const undone = new Set(open.filter(({ over }) => over).map(({ id }) => id));
    for (const id of undone) await fail(id, "The chain undid its seal");
    const unseen = open.flatMap(({ id, deal_id }) => (undone.has(id) || deal_id === null ? [] : [deal_id]));
    return [...waiting, ...unseen];
  }

  /** It is sealed: writes down which deals it became, and that the sellers are to be told, and tells them. */
  async function conclude(id: string, dealOf: ReadonlyMap<Hex, Hex> = new Map()): Promise<void> {
    // Before anything is locked: a key may have to be proved by an endpoint that takes its time.
    const keyOf = await keysOf((await read(id)).legs);
    const legs = await database.transaction(async (trx) => {
      const { checkout, legs: sealed } = await read(id, trx);
      if (checkout.state === "sealed") return [];
      await trx
        .updateTable("checkouts")
        .set({ state: "sealed", problem: null })
        .where("id", "=", id)
        .execute();
      // It is paid: what is kept for it is no more held against its customer.
      await holds.release(trx, id);
      const shipTo = shipToSchema.parse(JSON.parse(checkout.ship_to));
      for (const leg of sealed) {
        const known = await trx
          .selectFrom("deals")
          .select("id")
          .where("purchase_hash", "=", leg.purchase_hash)
          .executeTakeFirst();
        const deal = dealOf.get(leg.purchase_hash) ?? known?.id;
        await trx
          .updateTable("checkout_legs")
          .set({ deal_id: deal ?? null })
          .where("checkout_id", "=", id)
          .where("leg", "=", leg.leg)
          .execute();
        const { id: quote } = parseQuote(leg.quote);
        const recipient = keyOf.get(leg.seller);
        if (recipient === undefined)
          throw new HanseError("HANSE_INTERNAL", "A checkout has other sellers than it had");
        const box = seal(recipient, new TextEncoder().encode(JSON.stringify(shipTo)), shipToContext(quote));
        const body = {
          ...{ ref: refOf(leg), quote, shipTo: Buffer.from(box).toString("base64url") },
          ...(deal === undefined ? {} : { deal }),
        };
        await post.later(trx, { ...tellingOf(leg), body });
      }
      return sealed;
    });
    // Until the chain has told of them: our node may have told of a block that is gone.
    checkouts.onDeals([...dealOf.values()]);
    // Now, or as soon as the seller can be reached; this shop itself is told like any other.
    await Promise.all(legs.map((leg) => post.now({ ...tellingOf(leg), body: undefined })));
  }

  /** Of sellers whatever their standing is by now: they are paid. */
  async function keysOf(legs: readonly LegRow[]): Promise<ReadonlyMap<string, Hex>> {
    const sellers = [...new Set(legs.map(({ seller }) => seller))];
    const found = sellers.map(
      async (seller) =>
        [seller, seller === code ? keys.present.publicKey : await peers.sealingKeyOf(seller)] as const,
    );
    return new Map(await Promise.all(found));
  }

  // ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param trx where it has to stay as it is until the transaction ends */
  async function read(
    id: string,
    trx?: Transaction<ShopTables>,
  ): Promise<{ checkout: CheckoutRow; legs: LegRow[] }> {
    const from = trx ?? database.kysely;
    const checkout = await from
      .selectFrom("checkouts")
      .selectAll()
      .where("id", "=", id)
      .$if(trx !== undefined, (query) => query.forUpdate())
      .executeTakeFirst();
    if (checkout === undefined) {
      throw new HanseError("HANSE_CHECKOUT_UNKNOWN", "There is no such checkout", { details: { id } });
    }
    const legs = await from
      .selectFrom("checkout_legs")
      .selectAll()
      .where("checkout_id", "=", id)
      .orderBy("leg")
      .execute();
    return { checkout, legs };
  }

  async function view(checkout: CheckoutRow, legs: readonly LegRow[]): Promise<Checkout> {
    const views = await Promise.all(
      legs.map(async ({ leg, seller, quote, purchase: order, purchase_hash, deal_id }) => {
        const known = deal_id === null ? undefined : await deals.find(deal_id);
        return {
          ...{
            leg,
            seller,
            quote: parseQuote(quote),
            purchase: purchaseOrderSchema.parse(JSON.parse(order)),
          },
          ...{ purchaseHash: purchase_hash, deal: deal_id, stage: known?.stage ?? null },
          dealHash: known === undefined ? null : goodsDealHash(known.deal),
        };
      }),
    );
    return {
      ...{
        id: checkout.id,
        state: checkout.state,
        buyer: checkout.buyer,
        problem: checkout.problem,
        legs: views,
      },
      totalNano: sumOf(views.map(({ quote }) => quote.totalNano)),
      ...{ expiresAt: checkout.expires_at.toISOString(), chainId: chain.chainId, receipt: chain.receipt },
    };
  }
}

/** How long a refusal waits for the chain to be followed to where it happened, and how often one looks. */
const FOLLOW_MS = 10_000;
/** What the chain brought is told as it comes; all checkouts are looked at this often beside it. */
const SWEEP_MS = 10 * 60_000;
const LOOK_MS = 100;

/** Each order by itself: none waits for another. */
const tellingOf = (leg: LegRow) => ({
  ...{ id: refOf(leg), lane: refOf(leg), peer: leg.seller, path: "/api/v1/order" },
});
const refOf = ({ checkout_id, leg }: LegRow) => nameFor(`${checkout_id}:${leg}`);

/** What sellers are told: whoever has a checkout's id goes on with it, and sees what it has of others. */
const nameFor = (secret: string): string => keccak256(stringToHex(`seller ${secret}`)).slice(2);

function parseQuote(text: string): Quote {
  return quoteSchema.parse(JSON.parse(text)) as Quote;
}

const sumOf = (amounts: readonly bigint[]) => amounts.reduce((sum, each) => sum + each, 0n);

/** @throws HANSE_CHECKOUT_ABOVE_MOST */
function assertAtMost(mostNano: bigint, totalNano: bigint): void {
  if (totalNano <= mostNano) return;
  throw new HanseError(
    "HANSE_CHECKOUT_ABOVE_MOST",
    `It costs ${inHanse(totalNano)}, and may cost ${inHanse(mostNano)}`,
    { details: { totalNano: totalNano.toString(), mostNano: mostNano.toString() } },
  );
}

function wrongState({ id, state }: CheckoutRow, text: string): HanseError {
  return new HanseError("HANSE_CHECKOUT_STATE", `The checkout is ${state}: ${text}`, {
    details: { id, state },
  });
}
