import type { Selectable } from "kysely";
import { type Address, type Hex, keccak256, stringToHex } from "viem";
import type { Review, ReviewPost } from "#src/client/shop-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { DealStore } from "../deals/deal-store.ts";
import type { PeerPost } from "../federation/peer-post.ts";
import type { ShopDatabase, ShopTables } from "../shop-tables.ts";
import type { ChainRating, RatingsOf } from "./rated-events.ts";

/** Texts of reviews, kept by the seller's shop and by the one it was bought at; what they say of whom is the chain's. */
export interface Reviews {
  /**
   * Takes the text of a rating on chain, of a deal that this shop has to do with, and hands it on to the seller's shop.
   * The same again is answered alike.
   * @throws HANSE_DEAL_UNKNOWN; HANSE_REVIEW_UNRATED unless the chain has a rating with this text's hash
   */
  take(review: ReviewPost): Promise<Review>;
  /**
   * As `take`, told by the shop it was bought at: only what this shop's owner sold. The chain is asked about deals alone that it
   * told this shop of before.
   * @throws HANSE_REVIEW_UNRATED, also where this shop has not seen the deal yet: worth trying again for a while
   */
  receive(review: ReviewPost): Promise<Review>;
  /** Newest first, at most 200. */
  list(query: {
    readonly deal?: Hex | undefined;
    readonly seller?: Address | undefined;
  }): Promise<readonly Review[]>;
}

export interface ReviewsDeps {
  readonly database: ShopDatabase;
  readonly deals: DealStore;
  readonly post: PeerPost;
  readonly ratingsOf: RatingsOf;
}

export const REVIEW_PATH = "/api/v1/reviews";

export function createReviews(
  { database, deals, post, ratingsOf }: ReviewsDeps,
  { code, owner }: { readonly code: string; readonly owner: Address },
): Reviews {
  return {
    async take(review) {
      const known = await deals.find(review.deal);
      if (known === undefined) throw unknownDeal(review.deal);
      const rating = await ratingFor(review, known.deal.seller, known.sealedAtBlock);
      const seller = await sellerOf(review.deal);
      const delivery =
        seller === undefined || seller === code
          ? undefined
          : {
              id: `review ${review.deal} ${rating.reviewHash}`,
              // What the seller cannot check yet keeps nothing else from being told.
              ...{ lane: `review ${review.deal}`, peer: seller },
              path: REVIEW_PATH,
              body: review,
            };
      const kept = await keep(review.text, rating, delivery);
      if (delivery !== undefined) await post.now(delivery);
      return kept;
    },

    async receive(review) {
      const kept = await keptOf(review);
      if (kept !== undefined) return kept;
      const known = await deals.find(review.deal);
      // What it is in by now is the chain's to say: this shop may have been away, and not have seen the deal's end yet.
      if (known?.deal.seller !== owner) throw unrated(review.deal, hashOf(review.text));
      return await keep(review.text, await ratingFor(review, owner, known.sealedAtBlock));
    },

    async list({ deal, seller }) {
      const rows = await database.kysely
        .selectFrom("reviews")
        .selectAll()
        .$if(deal !== undefined, (query) => query.where("deal_id", "=", deal ?? "0x"))
        .$if(seller !== undefined, (query) => query.where("seller", "=", seller ?? "0x"))
        .orderBy("created_at", "desc")
        .limit(200)
        .execute();
      return rows.map(view);
    },
  };

  async function ratingFor({ deal, text }: ReviewPost, seller: Address, fromBlock: bigint) {
    const hash = hashOf(text);
    const ratings = await ratingsOf(deal, fromBlock);
    const found = ratings.find((each) => each.seller === seller && each.reviewHash === hash);
    if (found !== undefined) return found;
    throw unrated(deal, hash);
  }

  /** What is kept of this very text needs no look at the chain. */
  async function keptOf({ deal, text }: ReviewPost): Promise<Review | undefined> {
    const row = await database.kysely
      .selectFrom("reviews")
      .selectAll()
      .where("deal_id", "=", deal)
      .where("seller", "=", owner)
      .where("hash", "=", hashOf(text))
      .executeTakeFirst();
    return row === undefined ? undefined : view(row);
  }

  /** The shop that sold it, where it was bought here. */
  async function sellerOf(deal: Hex): Promise<string | undefined> {
    const leg = await database.kysely
      .selectFrom("checkout_legs")
      .select("seller")
      .where("deal_id", "=", deal)
      .executeTakeFirst();
    return leg?.seller;
  }

  async function keep(text: string, rating: ChainRating, delivery?: Parameters<PeerPost["later"]>[1]) {
    return await database.transaction(async (trx) => {
      const { deal, seller, buyer, stars, weight, reviewHash } = rating;
      const said = { seller, buyer, stars, weight, hash: reviewHash, text };
      const row = await trx
        .insertInto("reviews")
        .values({ deal_id: deal, ...said })
        // Rated anew after a reorganisation: what the chain says now.
        .onConflict((conflict) => conflict.column("deal_id").doUpdateSet(said))
        .returningAll()
        .executeTakeFirstOrThrow();
      if (delivery !== undefined) await post.later(trx, delivery);
      return view(row);
    });
  }
}

function view(row: Selectable<ShopTables["reviews"]>): Review {
  const { deal_id, seller, buyer, stars, weight, hash, text, created_at } = row;
  return { deal: deal_id, seller, buyer, stars, weight, hash, text, createdAt: created_at.toISOString() };
}

const hashOf = (text: string): Hex => keccak256(stringToHex(text));

function unrated(deal: Hex, hash: Hex): HanseError {
  return new HanseError("HANSE_REVIEW_UNRATED", "No rating of this deal has the hash of this text", {
    details: { deal, hash },
  });
}

function unknownDeal(deal: Hex): HanseError {
  return new HanseError("HANSE_DEAL_UNKNOWN", "This shop has nothing to do with that deal", {
    details: { deal },
  });
}
