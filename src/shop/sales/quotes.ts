import { randomUUID } from "node:crypto";
import { type RawBuilder, sql, type Transaction } from "kysely";
import { type Address, type Hex, type LocalAccount, zeroAddress, zeroHash } from "viem";
import type { z } from "zod";
import { type Quote, type quotePostSchema, quoteSchema } from "#src/client/shop-schema.ts";
import { signGoodsOrder } from "#src/client/sign-goods-order.ts";
import { stringifyJson } from "#src/http/json.ts";
import type { Right } from "#src/identity/grant.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import { nanoPerPiece } from "#src/protocol/exchange-rate.ts";
import { goodsOrderHash } from "#src/protocol/goods-order-hash.ts";
import { sale } from "#src/protocol/goods-orders.ts";
import { inHanse, SUPPLY_NANO } from "#src/protocol/money.ts";
import { onlyAccount } from "#src/protocol/restrictions.ts";
import { goodsId } from "#src/protocol/shop-code.ts";
import type { Catalogue, ProductRow } from "../inventory/catalogue.ts";
import { ownSku } from "../inventory/own-product.ts";
import type { Reservation, ReservationDesk, ReservationWish } from "../inventory/reservation-desk.ts";
import type { ShopMetrics } from "../shop-metrics.ts";
import { MOST_MINOR, type ShopDatabase, type ShopTables } from "../shop-tables.ts";
import type { Rates } from "./rates.ts";
import type { SaleChain, SaleTerms } from "./sale-terms.ts";

export type QuoteWish = z.output<typeof quotePostSchema>;

export interface QuoteDeps {
  readonly database: ShopDatabase;
  readonly catalogue: Catalogue;
  readonly reservations: ReservationDesk;
  readonly rates: Rates;
  readonly chain: SaleChain;
  /** The owner's operator key, or the owner itself. */
  readonly signer: LocalAccount;
  readonly rightsOf: (partner: string) => Promise<readonly Right[]>;
  /** The account that a partner's commission is paid to. */
  readonly ownerOf: (partner: string) => Promise<Address>;
  /** Of a product that is sold on: the deal by which this shop gets so many pieces. */
  readonly supplyOf: (sku: string, pieces: bigint) => Promise<Hex | undefined>;
  readonly metrics: ShopMetrics;
  readonly clock?: Clock;
}

export interface QuoteOptions {
  readonly code: string;
  readonly owner: Address;
  readonly currency: Currency;
  readonly terms: SaleTerms;
}

export interface Quotes {
  /**
   * Signs a sale to one buyer: the pieces are kept for it, the amount in HANSE is made from the exact total at today's rate.
   * The same quote is answered where the same wish comes again under its key.
   * @throws HANSE_OUT_OF_STOCK, HANSE_PRODUCT_UNKNOWN, HANSE_RESERVATION_UNKNOWN, HANSE_CONFLICT, HANSE_RATE_UNKNOWN,
   * HANSE_QUOTE_EMPTY, HANSE_QUOTE_TOO_LARGE
   */
  make(partner: string, wish: QuoteWish, idempotencyKey: string): Promise<Quote>;
  /** @throws HANSE_QUOTE_UNKNOWN */
  find(partner: string, id: string): Promise<Quote>;
  /**
   * The partner does not want it any more: its pieces are there for others. Sealed all the same, it is sold only where they still
   * are. Again changes nothing. @throws HANSE_QUOTE_UNKNOWN
   */
  giveUp(partner: string, id: string): Promise<void>;
}

interface KeptLine {
  readonly product: string;
  readonly sku: string;
  readonly quantity: bigint;
  readonly held: Reservation;
}

interface PricedLine extends KeptLine {
  readonly name: string;
  readonly priceMinor: bigint;
  readonly totalMinor: bigint;
}

/** Hundredths of a percent. */
const SHARES = 10_000n;

export function createQuotes(deps: QuoteDeps, options: QuoteOptions): Quotes {
  const {
    database,
    catalogue,
    reservations,
    rates,
    chain,
    signer,
    rightsOf,
    ownerOf,
    supplyOf,
    metrics,
    clock = systemClock,
  } = deps;
  const { code, owner, currency, terms } = options;
  const making = new Map<string, { readonly asked: string; readonly quote: Promise<Quote> }>();
  return {
    async make(partner, wish, idempotencyKey) {
      const asked = stringifyJson(wish);
      // The same wish that comes again while it is worked on waits for the same quote.
      const name = `${partner} ${idempotencyKey}`;
      let course = making.get(name);
      if (course === undefined) {
        const quote = makeOnce(partner, wish, asked, idempotencyKey).finally(() => making.delete(name));
        course = { asked, quote };
        making.set(name, course);
      }
      if (course.asked === asked) return await course.quote;
      throw conflict(idempotencyKey);
    },

    async find(partner, id) {
      const row = await database.kysely
        .selectFrom("quotes")
        .select("content")
        .where("id", "=", id)
        .where("partner", "=", partner)
        .executeTakeFirst();
      if (row !== undefined) return parse(row.content);
      throw new HanseError("HANSE_QUOTE_UNKNOWN", "There is no such quote of yours", { details: { id } });
    },

    async giveUp(partner, id) {
      const released = await database.transaction(async (trx) => {
        const quote = await trx
          .selectFrom("quotes")
          .select("id")
          .where("id", "=", id)
          .where("partner", "=", partner)
          .forUpdate()
          .executeTakeFirst();
        if (quote === undefined) {
          throw new HanseError("HANSE_QUOTE_UNKNOWN", "There is no such quote of yours", { details: { id } });
        }
        return await releaseHeld(trx, sql<boolean>`quote_id = ${id}`);
      });
      metrics.reserved(partner, "released", released);
    },
  };

  async function makeOnce(
    partner: string,
    wish: QuoteWish,
    asked: string,
    idempotencyKey: string,
  ): Promise<Quote> {
    const earlier = await database.kysely
      .selectFrom("quotes")
      .select(["wish", "content"])
      .where("partner", "=", partner)
      .where("idempotency_key", "=", idempotencyKey)
      .executeTakeFirst();
    if (earlier !== undefined) {
      if (earlier.wish === asked) return parse(earlier.content);
      throw conflict(idempotencyKey);
    }
    // Each try by itself: one that failed gave back what it kept, and the next is not to find that.
    const lines = await keep(partner, wish, randomUUID());
    try {
      return await sign(partner, wish, asked, idempotencyKey, await priced(lines));
    } catch (error) {
      // Those it made itself; what the partner reserved before stays the partner's.
      const made = lines.filter((_, index) => wish.lines[index]?.reservation === undefined);
      // What could not be released now ends by itself.
      await release(
        partner,
        made.map(({ held }) => held.id),
      ).catch(() => undefined);
      throw error;
    }
  }

  /** Has all pieces kept, or none that were not before. */
  async function keep(partner: string, wish: QuoteWish, key: string): Promise<readonly KeptLine[]> {
    const lines = wish.lines.map((line) => ({ ...line, sku: ownSku(code, line.product) }));
    const before = await Promise.all(
      lines.map(async ({ reservation, sku, quantity }) =>
        reservation === undefined ? undefined : await fitting(partner, reservation, sku, quantity),
      ),
    );
    const wanted = lines.flatMap(({ sku, quantity }, index) =>
      before[index] === undefined ? [{ partner, sku, quantity, idempotencyKey: `${key}:${index}` }] : [],
    );
    const made = wanted.length === 0 ? [] : [...(await reserve(partner, wanted))];
    return lines.map(({ product, quantity, sku }, index) => ({
      ...{ product, quantity, sku, held: before[index] ?? (made.shift() as Reservation) },
    }));
  }

  async function reserve(
    partner: string,
    wanted: readonly ReservationWish[],
  ): Promise<readonly Reservation[]> {
    try {
      return await reservations.reserveAll(wanted);
    } catch (error) {
      // Of several it is one that cannot be had.
      metrics.reserved(partner, isHanseError(error, "HANSE_OUT_OF_STOCK") ? "out_of_stock" : "refused");
      throw error;
    }
  }

  /** Those that are held for no quote, all in one transaction: a thousand by themselves would wait for each other. */
  async function release(partner: string, ids: readonly string[]): Promise<void> {
    const released = await database.transaction((trx) =>
      releaseHeld(trx, sql<boolean>`id = any(${ids}::text[]) and quote_id is null`),
    );
    metrics.reserved(partner, "released", released);
  }

  /** @returns how many of those were held still, and are there for others now */
  async function releaseHeld(trx: Transaction<ShopTables>, those: RawBuilder<boolean>): Promise<number> {
    const kept = await trx
      .updateTable("reservations")
      .set({ state: "released" })
      .where("state", "=", "held")
      .where(those)
      .returningAll()
      .execute();
    await reservations.giveBack(trx, kept);
    return kept.length;
  }

  async function priced(lines: readonly KeptLine[]): Promise<readonly PricedLine[]> {
    const products = await catalogue.findAll(lines.map(({ sku }) => sku));
    return lines.map((line) => {
      const { name, price_minor } = products.get(line.sku) as ProductRow;
      return { ...line, name, priceMinor: price_minor, totalMinor: price_minor * line.quantity };
    });
  }

  async function fitting(partner: string, id: string, sku: string, quantity: bigint): Promise<Reservation> {
    const held = await reservations.find(partner, id);
    if (held.state === "held" && held.sku === sku && held.quantity === quantity && held.quote_id === null)
      return held;
    throw new HanseError("HANSE_CONFLICT", "The reservation is another's, for something else, or over", {
      details: { reservation: id, state: held.state, product: `${code}:${held.sku}` },
    });
  }

  async function sign(
    partner: string,
    wish: QuoteWish,
    asked: string,
    idempotencyKey: string,
    lines: readonly PricedLine[],
  ): Promise<Quote> {
    const id = randomUUID();
    const totalMinor = lines.reduce((sum, line) => sum + line.totalMinor, 0n);
    if (totalMinor === 0n)
      throw new HanseError("HANSE_QUOTE_EMPTY", "What costs nothing is not sold for escrow");
    if (totalMinor > MOST_MINOR) throw tooLarge({ totalMinor });
    const { rate, told } = await rates.hanseFor(currency);
    const only = lines.length === 1 ? lines[0] : undefined;
    // One product is sold by the piece; several together as the quote that names them.
    const pieces = only?.quantity ?? 1n;
    const price = nanoPerPiece({ currency, minor: totalMinor }, Number(pieces), rate);
    if (price * pieces > SUPPLY_NANO) throw tooLarge({ totalMinor, totalNano: price * pieces });
    const earns = (await rightsOf(partner)).includes("earn-commission");
    const referrer = earns && terms.commissionShare > 0 ? await ownerOf(partner) : zeroAddress;
    const commission = referrer === zeroAddress ? 0n : (price * BigInt(terms.commissionShare)) / SHARES;
    const supply = wish.supply ?? (only === undefined ? undefined : await supplyOf(only.sku, pieces));
    const validUntil = Math.floor(clock.now() / 1_000) + terms.quoteSeconds;
    const order = sale({
      ...{ seller: owner, price, referrer, commission, supply: supply ?? zeroHash },
      goods: goodsId({ code, sku: only?.sku ?? `Q.${id}` }),
      ...{
        shipWithin: terms.shipWithin,
        deliverWithin: terms.deliverWithin,
        complaintTime: terms.complaintTime,
      },
      ...{ arbiter: terms.arbiter, defaultOutcome: terms.defaultOutcome, resaleMargin: terms.resaleMargin },
      sellerBond: (price * BigInt(terms.bondShare)) / SHARES,
      onlyBuyer: onlyAccount(wish.buyer),
      conditions: {
        ...{ certifier: chain.receipt, matcher: zeroAddress, validUntil: BigInt(validUntil) },
        ...{ epoch: await chain.epochOf(owner), volume: Number(pieces), minFill: Number(pieces) },
        ...{ salt: await nextSalt(), externalRef: zeroHash, terms: zeroHash },
      },
    });
    const saleHash = goodsOrderHash(order);
    const { signature } = await signGoodsOrder(signer, order, chain.chainId, chain.receipt);
    const quote: Quote = {
      ...{
        id,
        seller: code,
        currency,
        totalMinor,
        totalNano: price * pieces,
        rate: told,
        saleHash,
        signature,
      },
      lines: lines.map(({ product, name, quantity, priceMinor, totalMinor: total }) => ({
        ...{ product, name, quantity, priceMinor, totalMinor: total },
      })),
      validUntil: new Date(validUntil * 1_000).toISOString(),
      sale: order.order,
    };
    await database.transaction(async (trx) => {
      await trx
        .insertInto("quotes")
        .values({
          ...{
            id,
            partner,
            buyer: wish.buyer,
            idempotency_key: idempotencyKey,
            wish: asked,
            content: stringifyJson(quote),
          },
          ...{ total_minor: totalMinor, total_nano: quote.totalNano, sale_hash: saleHash, signature },
          ...{ sale_order: stringifyJson(order.order), valid_until: new Date(validUntil * 1_000) },
        })
        .execute();
      const until = new Date(validUntil * 1_000);
      const kept = await trx
        .updateTable("reservations")
        // Kept for the quote alone, they are free when it is over: not for as long as a reservation that nobody has quoted yet.
        .set({ quote_id: id, sealable_until: until, expires_at: until })
        .where(
          "id",
          "in",
          lines.map(({ held }) => held.id),
        )
        .where("state", "=", "held")
        .where("quote_id", "is", null)
        .returning("id")
        .execute();
      if (kept.length === lines.length) return;
      throw new HanseError("HANSE_CONFLICT", "A reservation ended while the quote was made");
    });
    return quote;
  }

  /** Numbers that follow each other share storage on chain, which costs less gas. */
  async function nextSalt(): Promise<Hex> {
    const { rows } = await sql<{ salt: bigint }>`select nextval('sale_salts') as salt`.execute(
      database.kysely,
    );
    return `0x${(rows[0]?.salt ?? 0n).toString(16).padStart(64, "0")}`;
  }
}

function tooLarge(totals: Readonly<Record<string, bigint>>): HanseError {
  return new HanseError("HANSE_QUOTE_TOO_LARGE", `It costs more than the ${inHanse(SUPPLY_NANO)} there are`, {
    details: totals,
  });
}

function conflict(idempotencyKey: string): HanseError {
  return new HanseError("HANSE_CONFLICT", "This idempotency key stands for another quote", {
    retryable: false,
    details: { idempotencyKey },
  });
}

function parse(content: string): Quote {
  return quoteSchema.parse(JSON.parse(content)) as Quote;
}
