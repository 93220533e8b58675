import type { Address } from "viem";
import { z } from "zod";
import { wrongOfQuote } from "#src/client/quoted-sale.ts";
import { type checkoutPostSchema, type Quote, quoteSchema } from "#src/client/shop-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { parsePublicId } from "#src/protocol/shop-code.ts";
import type { PeerPost } from "../federation/peer-post.ts";
import type { Peers } from "../federation/peers.ts";
import type { Quotes } from "../sales/quotes.ts";

/** What a buyer wants, of whichever sellers. */
type WantedGoods = Pick<z.output<typeof checkoutPostSchema>, "lines" | "buyer">;

/** What a seller answered, and what it was asked for. */
export interface AskedQuote {
  readonly seller: string;
  /** That it joined with. */
  readonly account: Address;
  readonly lines: WantedGoods["lines"];
  readonly quote: Quote;
}

/** What was asked of every seller of a checkout, and what came of it. */
export type AskedQuotes = readonly PromiseSettledResult<AskedQuote>[];

/** Quotes of all sellers of a checkout, this shop among them. */
export interface SellerQuotes {
  /**
   * Asks every seller, by its code in order.
   * @param keyOf under which a seller is asked: it answers the same key alike
   */
  ask(wish: WantedGoods, keyOf: (seller: string) => string): Promise<AskedQuotes>;
  /**
   * The quotes, where every seller gave one for just what it was asked for.
   * @throws why one gave none; HANSE_PEER_RESPONSE_INVALID where one quotes something else
   */
  given(asked: AskedQuotes): readonly Quote[];
  /**
   * Tells all sellers that nothing comes of it, whatever they quoted.
   * @returns when (milliseconds) the last one that did not hear of it gives its pieces back: Infinity where nobody knows, undefined
   * where none keeps any
   */
  giveUp(asked: AskedQuotes): Promise<number | undefined>;
}

export interface SellerQuoteDeps {
  readonly peers: Pick<Peers, "find">;
  readonly post: PeerPost;
  /** For this shop's own goods. */
  readonly quotes: Quotes;
  readonly receipt: Address;
}

export function createSellerQuotes(
  { peers, post, quotes, receipt }: SellerQuoteDeps,
  { code, owner }: { readonly code: string; readonly owner: Address },
): SellerQuotes {
  return {
    async ask({ lines, buyer }, keyOf) {
      const bySeller = Map.groupBy(lines, ({ product }) => parsePublicId(product)?.code ?? "");
      return await Promise.allSettled(
        [...bySeller.keys()]
          .sort()
          .map((seller) => askOne(seller, bySeller.get(seller) ?? [], buyer, keyOf(seller))),
      );
    },

    given(asked) {
      const quoted = asked.map((each) => {
        if (each.status === "rejected") throw each.reason;
        return each.value;
      });
      for (const each of quoted) check(each);
      return quoted.map(({ quote }) => quote);
    },

    async giveUp(asked) {
      const ends = await Promise.all(
        asked.map(async (each): Promise<readonly number[]> => {
          if (each.status === "rejected") return mayKeep(each.reason) ? [Number.POSITIVE_INFINITY] : [];
          const { seller, quote } = each.value;
          return await giveUpOne(seller, quote.id).then(
            () => [],
            () => [new Date(quote.validUntil).getTime()],
          );
        }),
      );
      return ends.flat().length === 0 ? undefined : Math.max(...ends.flat());
    },
  };

  async function askOne(
    seller: string,
    lines: WantedGoods["lines"],
    buyer: Address,
    idempotencyKey: string,
  ): Promise<AskedQuote> {
    const account = seller === code ? owner : (await peers.find(seller)).owner;
    const quote =
      seller === code
        ? await quotes.make(code, { lines, buyer }, idempotencyKey)
        : ((await post.call(seller, "/api/v1/quotes", {
            ...{ body: { lines, buyer }, schema: quoteSchema, idempotent: true },
            headers: { "idempotency-key": idempotencyKey },
          })) as Quote);
    return { seller, account, lines, quote };
  }

  async function giveUpOne(seller: string, id: string): Promise<void> {
    if (seller === code) return await quotes.giveUp(code, id);
    await post.call(seller, `/api/v1/quotes/${id}`, { method: "DELETE", schema: z.unknown() });
  }

  /** A quote has to be for what was asked for, by whom, and hold what it tells: our customer signs it unread. */
  function check({ quote, ...asked }: AskedQuote): void {
    const { sale, lines } = quote;
    const wrong = [
      ...wrongOfQuote(quote, asked.seller),
      ...(quote.seller === asked.seller && sale.seller === asked.account ? [] : ["seller"]),
      ...(sale.conditions.certifier === receipt ? [] : ["certifier"]),
      ...(lines.reduce((sum, line) => sum + line.totalMinor, 0n) === quote.totalMinor ? [] : ["total"]),
      ...(lines.every((line) => line.totalMinor === line.priceMinor * line.quantity) ? [] : ["line totals"]),
      ...(lines.length === asked.lines.length &&
      lines.every(
        ({ product, quantity }, at) =>
          product === asked.lines[at]?.product && quantity === asked.lines[at]?.quantity,
      )
        ? []
        : ["lines"]),
      ...(Math.floor(new Date(quote.validUntil).getTime() / 1_000) === Number(sale.conditions.validUntil)
        ? []
        : ["end"]),
    ];
    if (wrong.length === 0) return;
    throw new HanseError(
      "HANSE_PEER_RESPONSE_INVALID",
      `${asked.seller} quotes another ${wrong.join(", ")} than was asked for`,
      {
        details: { seller: asked.seller, wrong },
      },
    );
  }
}

/** Whether a seller that gave no quote may have kept pieces all the same: only what it refuses itself, it surely has not. */
function mayKeep(error: unknown): boolean {
  return !(error instanceof HanseError) || error.retryable || error.code.startsWith("HANSE_PEER_");
}
