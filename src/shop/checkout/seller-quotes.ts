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

/** What a seller was asked for, and what it answered. */
interface AskedSeller {
  readonly seller: string;
  readonly lines: WantedGoods["lines"];
  readonly answer: PromiseSettledResult<{
    readonly quote: Quote;
    /** That the seller joined with. */
    readonly account: Address;
  }>;
}

/** Quotes of all sellers of a checkout, this shop among them. */
export interface SellerQuotes {
  /**
   * Asks every seller, by its code in order.
   * @param keyOf under which a seller is asked: it answers the same key alike
   */
  ask(wish: WantedGoods, keyOf: (seller: string) => string): Promise<readonly AskedSeller[]>;
  /**
   * The quotes, where every seller gave one for just what it was asked for.
   * @throws why one gave none; HANSE_PEER_RESPONSE_INVALID where one quotes something else
   */
  given(asked: readonly AskedSeller[]): readonly Quote[];
  /**
   * Tells all sellers that nothing comes of it, whatever they quoted.
   * @returns those that may keep pieces all the same, by their codes, and until when, as they say; undefined where nobody knows
   */
  giveUp(asked: readonly AskedSeller[]): Promise<ReadonlyMap<string, Date | undefined>>;
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
    async ask({ lines: wanted, buyer }, keyOf) {
      const bySeller = Map.groupBy(wanted, ({ product }) => parsePublicId(product)?.code ?? "");
      return await Promise.all(
        [...bySeller.keys()].sort().map(async (seller) => {
          const lines = bySeller.get(seller) ?? [];
          const [answer] = await Promise.allSettled([askOne(seller, lines, buyer, keyOf(seller))]);
          return { seller, lines, answer };
        }),
      );
    },

    given(asked) {
      const failed = asked.find(({ answer }) => answer.status === "rejected")?.answer;
      if (failed?.status === "rejected") throw failed.reason;
      return asked.flatMap((each) =>
        each.answer.status === "rejected" ? [] : [check(each, each.answer.value)],
      );
    },

    async giveUp(asked) {
      const kept = asked.map(async ({ seller, answer }): Promise<[string, Date | undefined][]> => {
        if (answer.status === "rejected") return mayKeep(answer.reason) ? [[seller, undefined]] : [];
        const { id, validUntil } = answer.value.quote;
        return await giveUpOne(seller, id).then(
          () => [],
          () => [[seller, new Date(validUntil)]],
        );
      });
      return new Map((await Promise.all(kept)).flat());
    },
  };

  async function askOne(
    seller: string,
    lines: WantedGoods["lines"],
    buyer: Address,
    idempotencyKey: string,
  ): Promise<{ readonly quote: Quote; readonly account: Address }> {
    const account = seller === code ? owner : (await peers.find(seller)).owner;
    const quote =
      seller === code
        ? await quotes.make(code, { lines, buyer }, idempotencyKey)
        : ((await post.call(seller, "/api/v1/quotes", {
            ...{ body: { lines, buyer }, schema: quoteSchema, idempotent: true },
            headers: { "idempotency-key": idempotencyKey },
          })) as Quote);
    return { account, quote };
  }

  async function giveUpOne(seller: string, id: string): Promise<void> {
    if (seller === code) return await quotes.giveUp(code, id);
    await post.call(seller, `/api/v1/quotes/${id}`, { method: "DELETE", schema: z.unknown() });
  }

  /** A quote has to be for what was asked for, by whom, and hold what it tells: our customer signs it unread. */
  function check(
    asked: Pick<AskedSeller, "seller" | "lines">,
    { quote, account }: { readonly quote: Quote; readonly account: Address },
  ): Quote {
    const { sale, lines } = quote;
    const wrong = [
      ...wrongOfQuote(quote, asked.seller, account),
      ...(sale.conditions.certifier === receipt ? [] : ["certifier"]),
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
    if (wrong.length === 0) return quote;
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
