import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { createSender } from "#src/chain/sender.ts";
import { type Checkout, piecesSchema, productIdSchema } from "#src/client/shop-schema.ts";
import { assertCheckout, signCheckout } from "#src/client/sign-checkout.ts";
import { isOver, type Stage } from "#src/protocol/goods-deals.ts";
import { inHanse } from "#src/protocol/money.ts";
import { type AddressFlags, readAddress, withAddress } from "./address-flags.ts";
import { answer } from "./answer.ts";
import { invalid, parseDuration } from "./arguments.ts";
import { checkoutWords } from "./checkout-words.ts";
import { confirm, withYes, type YesFlag } from "./confirm.ts";
import { type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { fundingFor } from "./funding.ts";
import { openShop, openShopAsOwner, type ShopOwnerFlags, withShopOwner } from "./shop-connection.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface BuyFlags extends ChainFlags, SignerFlags, ShopOwnerFlags, AddressFlags, YesFlag {
  readonly asShop: boolean;
  readonly follow: boolean;
  readonly timeout: string;
}

interface Line {
  readonly product: string;
  readonly quantity: bigint;
}

const LOOK_MS = 500;

/** `hanse buy`: goods, of a shop and of its partners, into escrow until the parcel came. */
export function addBuyCommand(program: Command, context: CliContext): void {
  withAddress(
    withYes(
      withShopOwner(withSigner(withChain(program.command("buy <goods...>"), context), context), context),
    ),
    context,
  )
    .description(
      "buy goods at a shop, its own or its partners', each as CODE:SKU or CODE:SKU=pieces: the money waits until the parcel came",
    )
    .option("--as-shop", "the shop itself buys, as merchant of record; with the owner's token", false)
    .option("--follow", "stay until every parcel is settled, and tell what becomes of them", false)
    .option("--timeout <time>", "how long to stay, such as 10m or 7d", "1d")
    .action(async (goods: string[], flags: BuyFlags) => {
      const lines = parseLines(goods);
      const shipTo = await readAddress(flags);
      const timeoutS = Number(parseDuration(flags.timeout));
      const asked = {
        shipTo,
        lines: lines.map(({ product, quantity }) => ({ product, quantity: `${quantity}` })),
      };
      const paid = flags.asShop ? await buyAsShop(asked, flags) : await buyAsCustomer(asked, lines, flags);
      context.note(`paid into escrow, checkout ${paid.id}`);
      const seen = flags.follow ? await follow(paid, flags, timeoutS) : paid;
      answer(context, flags.json, shown(seen), [
        ...seen.legs.map(
          ({ seller, deal, stage, quote }) =>
            `${seller}: ${inHanse(quote.totalNano)}, deal ${deal}${stage === null ? "" : `, ${stage}`}`,
        ),
        ...(flags.follow
          ? []
          : [`\`hanse parcel confirm ${seen.id}\` pays the sellers when the parcels are there`]),
      ]);
    });

  /** @throws HANSE_CHECKOUT_REFUSED, HANSE_NOT_CONFIRMED, HANSE_PEER_RESPONSE_INVALID */
  async function buyAsCustomer(
    asked: Pick<Parameters<ReturnType<typeof openShop>["begin"]>[0], "lines" | "shipTo">,
    lines: readonly Line[],
    flags: BuyFlags,
  ): Promise<Checkout> {
    const connection = await connectToChain(flags);
    const { chain, deployment } = connection;
    const { chainId } = chain;
    const { receipt } = deployment.contracts;
    const account = await openSigner(context, flags, chainId);
    const buyer = account.address;
    const shop = openShop(flags);
    const checkout = await shop.begin({ ...asked, buyer });
    assertCheckout(checkout, { buyer, lines, chainId, receipt });
    for (const line of checkoutWords(checkout)) context.note(line);
    const steps = await fundingFor(connection, buyer, checkout.totalNano);
    const words = [...steps.map((step) => step.words), `pay ${inHanse(checkout.totalNano)} into escrow`];
    await confirm(context, flags, `${sentence(words)}. Go on?`);
    const sender = createSender({ chain, account });
    for (const { call } of steps) await sender.send(call);
    return await shop.pay(checkout.id, await signCheckout(account, checkout, { chainId, receipt }));
  }

  async function buyAsShop(
    asked: Pick<Parameters<ReturnType<typeof openShop>["begin"]>[0], "lines" | "shipTo">,
    flags: BuyFlags,
  ): Promise<Checkout> {
    const owner = await openShopAsOwner(context, flags);
    const checkout = await owner.buy({ ...asked, pay: false });
    for (const line of checkoutWords(checkout)) context.note(line);
    await confirm(context, flags, `The shop pays ${inHanse(checkout.totalNano)} into escrow. Go on?`);
    return await owner.payOwn(checkout.id);
  }

  /** Tells each parcel's steps until all are settled, or the time is over. */
  async function follow(paid: Checkout, flags: BuyFlags, timeoutS: number): Promise<Checkout> {
    const shop = openShop(flags);
    const until = Date.now() + timeoutS * 1_000;
    const told = new Map<number, string>();
    for (;;) {
      const now = await shop.checkout(paid.id);
      for (const { leg, seller, stage } of now.legs) {
        if (stage === null || told.get(leg) === stage) continue;
        told.set(leg, stage);
        context.note(`${seller}: ${stage}`);
      }
      const over = now.legs.every(({ stage }) => stage !== null && isOver(stage as Stage));
      if (over || Date.now() > until) return now;
      await sleep(LOOK_MS);
    }
  }
}

function shown({ id, state, totalNano, legs }: Checkout) {
  return {
    ...{ checkout: id, state, totalNano },
    legs: legs.map(({ leg, seller, deal, stage, quote }) => ({
      ...{ leg, seller, deal, stage, currency: quote.currency },
      ...{ totalMinor: quote.totalMinor, totalNano: quote.totalNano },
    })),
  };
}

/** @throws HANSE_ARGUMENT_INVALID */
function parseLines(goods: readonly string[]): Line[] {
  const pieces = new Map<string, bigint>();
  for (const text of goods) {
    const [id = "", count = "1", ...more] = text.split("=");
    const product = productIdSchema.safeParse(id);
    const quantity = piecesSchema.safeParse(count);
    if (!product.success || !quantity.success || more.length > 0) {
      throw invalid(`${text} names no goods`, "Give CODE:SKU, or CODE:SKU=pieces, such as ANNA:SOCK=2.");
    }
    pieces.set(id, (pieces.get(id) ?? 0n) + quantity.data);
  }
  return [...pieces].map(([product, quantity]) => ({ product, quantity }));
}

function sentence(words: readonly string[]): string {
  const text = words.join(", then ");
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
