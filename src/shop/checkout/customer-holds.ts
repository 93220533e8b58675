import { type Selectable, sql, type Transaction } from "kysely";
import { networkOf } from "#src/http/network-of.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { parsePublicId } from "#src/protocol/shop-code.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";

/**
 * What customers have kept before they pay. Anybody may begin a checkout, under any number of wallets: without a bound,
 * somebody who never pays keeps whatever there is from all others.
 */
export interface CustomerHolds {
  /**
   * Notes what a checkout is about to have kept.
   * @param address of the customer, on the network
   * @throws HANSE_RATE_LIMITED where it, or all customers together, would hold too much of a product, or too many; HANSE_OUT_OF_STOCK
   * where it wants more than there is in this shop's house. Nothing is noted then
   */
  take(checkoutId: string, address: string, lines: readonly HeldLine[]): Promise<void>;
  /** Once it is known when sellers, by their codes, give it back: each its own goods, whatever it says of the time. */
  keepUntil(trx: Transaction<ShopTables>, checkoutId: string, ends: ReadonlyMap<string, Date>): Promise<void>;
  /** It is paid, or came to nothing. @param but of the goods of these sellers, which may keep them all the same */
  release(trx: Transaction<ShopTables>, checkoutId: string, but?: readonly string[]): Promise<void>;
}

export interface HeldLine {
  readonly product: string;
  readonly quantity: bigint;
}

export interface CustomerHoldOptions {
  /** Pieces of one product that one address may hold; 100 unless told. */
  readonly addressPieces?: number;
  /** Pieces of one product that all customers may hold together; 1,000 unless told. */
  readonly allPieces?: number;
  /** Of the pieces in this shop's own house, in percent and rounded up, what one address may hold; 50 unless told. */
  readonly addressShare?: number;
  /** The same for all customers together; 80 unless told. */
  readonly allShare?: number;
  /**
   * Lines of one seller's products that one address may hold; 200 unless told. Each is a reservation, and a seller keeps no more
   * than a number of them for one shop, however small they are.
   */
  readonly addressLines?: number;
  /** The same for all customers together; 800 unless told. */
  readonly allLines?: number;
}

export function createCustomerHolds(
  { database, clock = systemClock }: { readonly database: ShopDatabase; readonly clock?: Clock },
  options: CustomerHoldOptions & {
    readonly code: string;
    /** How long (milliseconds) something counts as held while nobody knows better. */
    readonly holdMs: number;
  },
): CustomerHolds {
  const { code, holdMs, addressPieces = 100, allPieces = 1_000, addressShare = 50, allShare = 80 } = options;
  const { addressLines = 200, allLines = 800 } = options;
  return {
    async take(checkoutId, address, lines) {
      const network = networkOf(address);
      const linesOf = Map.groupBy(lines, ({ product }) => product);
      const wanted = new Map(
        [...linesOf].map(([product, same]) => [product, same.reduce((sum, each) => sum + each.quantity, 0n)]),
      );
      await database.transaction(async (trx) => {
        const now = new Date(clock.now());
        // One after the other: two who ask at once would both find room for one.
        await sql`select pg_advisory_xact_lock(hashtextextended(${`${code} customer holds`}, 0))`.execute(
          trx,
        );
        await trx.deleteFrom("customer_holds").where("until", "<=", now).execute();
        const products = [...wanted.keys()];
        await checkLines(trx, lines, network);
        const held = await trx
          .selectFrom("customer_holds")
          .selectAll()
          .where(sql<boolean>`product = any(${products}::text[])`)
          .execute();
        const inHouse = await piecesInHouse(trx, products);
        for (const [product, pieces] of wanted) {
          const same = held.filter((each) => each.product === product);
          const onHand = inHouse.get(product);
          // Waiting brings no more of it.
          if (onHand !== undefined && onHand < pieces) throw tooFew(product, pieces, onHand);
          check(product, pieces, same, most(allPieces, allShare, onHand), now);
          const own = same.filter((each) => each.address === network);
          check(product, pieces, own, most(addressPieces, addressShare, onHand), now);
        }
        const until = new Date(now.getTime() + holdMs);
        await trx
          .insertInto("customer_holds")
          .values(
            [...wanted].map(([product, pieces]) => ({
              ...{ checkout_id: checkoutId, address: network, product, pieces, until },
              lines: linesOf.get(product)?.length ?? 1,
            })),
          )
          .execute();
      });
    },

    async keepUntil(trx, checkoutId, ends) {
      for (const [seller, until] of ends) {
        await trx
          .updateTable("customer_holds")
          .set({ until })
          .where("checkout_id", "=", checkoutId)
          .where(codeOfProduct, "=", seller)
          .execute();
      }
    },

    async release(trx, checkoutId, but = []) {
      await trx
        .deleteFrom("customer_holds")
        .where("checkout_id", "=", checkoutId)
        .where(sql<boolean>`not ${codeOfProduct} = any(${but}::text[])`)
        .execute();
    },
  };

  /** Of this shop's own products that are counted; how many others have is theirs to know. */
  async function piecesInHouse(
    trx: Transaction<ShopTables>,
    products: readonly string[],
  ): Promise<ReadonlyMap<string, bigint>> {
    const skus = products.flatMap((product) => {
      const id = parsePublicId(product);
      return id?.code === code ? [id.sku] : [];
    });
    const rows = await trx
      .selectFrom("products")
      .select(["sku", "on_hand"])
      .where(sql<boolean>`sku = any(${skus}::text[])`)
      .execute();
    return new Map(
      rows.flatMap(({ sku, on_hand }) => (on_hand === null ? [] : [[`${code}:${sku}`, on_hand] as const])),
    );
  }

  /** A seller's reservations for this shop are told by number, too: many of a piece each would use them up. */
  async function checkLines(
    trx: Transaction<ShopTables>,
    lines: readonly HeldLine[],
    network: string,
  ): Promise<void> {
    const held = await trx.selectFrom("customer_holds").select(["product", "address", "lines"]).execute();
    const heldOf = Map.groupBy(held, ({ product }) => sellerOf(product));
    for (const [seller, { length: wanted }] of Map.groupBy(lines, ({ product }) => sellerOf(product))) {
      const all = heldOf.get(seller) ?? [];
      const own = all.filter(({ address }) => address === network);
      if (sum(all) + wanted <= allLines && sum(own) + wanted <= addressLines) continue;
      throw new HanseError(
        "HANSE_RATE_LIMITED",
        `Customers have too many lines of ${seller}'s products kept that are not paid`,
        {
          hint: "Buy fewer at a time, pay what is kept, or wait until it is given back.",
          details: {
            ...{ seller, held: sum(all), heldByYou: sum(own), wanted },
            retryAfterSeconds: Math.ceil(holdMs / 1_000),
          },
        },
      );
    }
  }

  function check(
    product: string,
    pieces: bigint,
    held: readonly Selectable<ShopTables["customer_holds"]>[],
    bound: bigint,
    now: Date,
  ): void {
    const holds = held.reduce((sum, each) => sum + each.pieces, 0n);
    if (holds + pieces <= bound) return;
    const free = Math.min(...held.map(({ until }) => until.getTime()), now.getTime() + holdMs);
    throw new HanseError(
      "HANSE_RATE_LIMITED",
      `Customers have ${holds} of ${product} kept that are not paid, and may have ${bound}`,
      {
        hint: "Buy fewer at a time, pay what is kept, or wait until it is given back.",
        details: {
          ...{ product, held: holds.toString(), wanted: pieces.toString(), most: bound.toString() },
          retryAfterSeconds: Math.max(1, Math.ceil((free - now.getTime()) / 1_000)),
        },
      },
    );
  }
}

function tooFew(product: string, wanted: bigint, onHand: bigint): HanseError {
  return new HanseError("HANSE_OUT_OF_STOCK", `There are ${onHand} of ${product}, not ${wanted}`, {
    details: { product, available: onHand.toString(), wanted: wanted.toString() },
  });
}

const codeOfProduct = sql<string>`split_part(product, ':', 1)`;
const sellerOf = (product: string) => parsePublicId(product)?.code ?? "";
const sum = (held: readonly { readonly lines: number }[]) => held.reduce((all, { lines }) => all + lines, 0);

/** Rounded up, so that the last piece can be had. */
function most(pieces: number, share: number, onHand: bigint | undefined): bigint {
  const bound = BigInt(pieces);
  if (onHand === undefined) return bound;
  const part = (onHand * BigInt(share) + 99n) / 100n;
  return part < bound ? part : bound;
}
