import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { type Address, zeroAddress } from "viem";
import { createHubShopReader } from "#src/chain/hub-shop-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import { type Checkout, piecesSchema, productIdSchema } from "#src/client/shop-schema.ts";
import { assertCheckout, signCheckout } from "#src/client/sign-checkout.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { isOver, type Stage } from "#src/protocol/goods-deals.ts";
import { inHanse } from "#src/protocol/money.ts";
import { parsePublicId } from "#src/protocol/shop-code.ts";
import { type AddressFlags, readAddress, withAddress } from "./address-flags.ts";
import { answer } from "./answer.ts";
import { invalid, parseAmount, parseDuration } from "./arguments.ts";
import { bothAmounts, checkoutWords } from "./checkout-words.ts";
import { confirm, confirmFinal, withYes, type YesFlag } from "./confirm.ts";
import { type ChainConnection, type ChainFlags, connectToChain, withChain } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { fundingFor, inSequence } from "./funding.ts";
import { openShop, openShopAsOwner, type ShopOwnerFlags, withShopOwner } from "./shop-connection.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

interface BuyFlags extends ChainFlags, SignerFlags, ShopOwnerFlags, AddressFlags, YesFlag {
  readonly asShop: boolean;
  readonly follow: boolean;
  readonly timeout: string;
  readonly most?: string;
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
    .option(
      "--most <hanse>",
      "what all of it may cost at most, in HANSE; needed where nobody is asked: with --yes, or in a program",
    )
    .option("--follow", "stay until every parcel is settled, and tell what becomes of them", false)
    .option("--timeout <time>", "how long to stay, such as 10m or 7d", "1d")
    .action(async (goods: string[], flags: BuyFlags) => {
      const lines = parseLines(goods);
      const shipTo = await readAddress(flags);
      const timeoutS = Number(parseDuration(flags.timeout));
      const most = flags.most === undefined ? undefined : parseAmount(flags.most);
      if (flags.yes && most === undefined) {
        throw invalid("--yes does not say how much it may cost", "Say it too: --most <hanse>.");
      }
      const asked = {
        shipTo,
        lines: lines.map(({ product, quantity }) => ({ product, quantity: `${quantity}` })),
      };
      const paid = flags.asShop
        ? await buyAsShop(asked, most, flags)
        : await buyAsCustomer(asked, lines, most, flags);
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

  /** @throws HANSE_CHECKOUT_REFUSED, HANSE_CHECKOUT_ABOVE_MOST, HANSE_NOT_CONFIRMED, HANSE_PEER_RESPONSE_INVALID */
  async function buyAsCustomer(
    asked: Pick<Parameters<ReturnType<typeof openShop>["begin"]>[0], "lines" | "shipTo">,
    lines: readonly Line[],
    most: bigint | undefined,
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
    const owners = await ownersOf(connection, [...new Set(lines.map(({ product }) => sellerOf(product)))]);
    assertCheckout(checkout, { buyer, lines, chainId, receipt, owners });
    for (const line of checkoutWords(checkout)) context.note(line);
    if (most !== undefined) assertAtMost(most, checkout);
    const steps = await fundingFor(connection, buyer, checkout.totalNano);
    const words = [...steps.map((step) => step.words), `pay ${bothAmounts(checkout)} into escrow`];
    await agree(`${inSequence(words)}. Go on?`, most, flags);
    const sender = createSender({ chain, account });
    for (const { call } of steps) await sender.send(call);
    return await shop.pay(checkout.id, await signCheckout(account, checkout, { chainId, receipt }));
  }

  async function buyAsShop(
    asked: Pick<Parameters<ReturnType<typeof openShop>["begin"]>[0], "lines" | "shipTo">,
    most: bigint | undefined,
    flags: BuyFlags,
  ): Promise<Checkout> {
    const owner = await openShopAsOwner(context, flags);
    const checkout = await owner.buy({
      ...asked,
      pay: false,
      ...(most === undefined ? {} : { mostNano: `${most}` }),
    });
    for (const line of checkoutWords(checkout)) context.note(line);
    await agree(`The shop pays ${bothAmounts(checkout)} into escrow. Go on?`, most, flags);
    return await owner.payOwn(checkout.id, most ?? checkout.totalNano);
  }

  /** Sellers say what it costs: somebody has to have seen it, or to have said before how much it may be. */
  async function agree(question: string, most: bigint | undefined, flags: BuyFlags): Promise<void> {
    await (most === undefined ? confirmFinal : confirm)(context, flags, question);
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

const sellerOf = (product: string) => parsePublicId(product)?.code ?? "";

/** As the Hub has them: a seller that it does not know is nobody's to pay. */
async function ownersOf(
  { chain, deployment }: ChainConnection,
  sellers: readonly string[],
): Promise<ReadonlyMap<string, Address>> {
  const read = createHubShopReader(chain, deployment.contracts);
  const owners = sellers.map(async (code): Promise<[string, Address]> => [code, (await read(code)).owner]);
  return new Map((await Promise.all(owners)).filter(([, owner]) => owner !== zeroAddress));
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

/** @throws HANSE_CHECKOUT_ABOVE_MOST */
function assertAtMost(most: bigint, checkout: Checkout): void {
  if (checkout.totalNano <= most) return;
  throw new HanseError(
    "HANSE_CHECKOUT_ABOVE_MOST",
    `it costs ${bothAmounts(checkout)}, and may cost ${inHanse(most)}`,
    { details: { totalNano: checkout.totalNano.toString(), mostNano: most.toString() } },
  );
}
