import type { Command } from "commander";
import { type Hex, isAddressEqual } from "viem";
import { receiptAbi } from "#src/abi/receipt-abi.ts";
import { readGoodsDeal, type SealedGoods } from "#src/chain/goods-reader.ts";
import { createSender } from "#src/chain/sender.ts";
import type { ShopOwnerClient } from "#src/client/shop-client.ts";
import type { Checkout, Sale } from "#src/client/shop-schema.ts";
import { signConfirmation } from "#src/client/sign-goods-order.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { renderTable } from "#src/kernel/render-table.ts";
import { goodsDealHash, isOver, priceOfAll } from "#src/protocol/goods-deals.ts";
import { inHanse } from "#src/protocol/money.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseCount } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { confirm, confirmFinal, withYes, type YesFlag } from "./confirm.ts";
import { type ChainFlags, connectToChain, type JsonFlag, withChain, withJson } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { goodsShown, goodsWords } from "./goods-words.ts";
import {
  findShopOwner,
  openShop,
  openShopAsOwner,
  type ShopOwnerFlags,
  withShop,
  withShopOwner,
} from "./shop-connection.ts";
import { openSigner, type SignerFlags, withSigner } from "./signer.ts";

type SellerFlags = ShopOwnerFlags & JsonFlag & YesFlag;

interface ConfirmFlags extends ChainFlags, SignerFlags, YesFlag, ShopOwnerFlags {
  readonly leg?: string;
}

/** `hanse parcel`: what seller and buyer say of a parcel. */
export function addParcelCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "parcel", "orders of goods: sent, arrived, given back");
  const asSeller = (signature: string) => withJson(withShopOwner(group.command(signature), context));

  asSeller("list")
    .description("orders of your shop's goods, newest first")
    .action(async (flags: SellerFlags) => {
      const sales = await (await openShopAsOwner(context, flags)).sales();
      const rows = sales.map(({ id, partner, state, stage, totalNano, lines }) => [
        ...[id, partner, state, stage ?? "", inHanse(totalNano)],
        lines.map(({ product, quantity }) => `${quantity} × ${product}`).join(", "),
      ]);
      const words =
        rows.length === 0
          ? ["nobody has ordered anything yet"]
          : [renderTable(["order", "by", "state", "deal is", "price", "goods"], rows)];
      answer(context, flags.json, { sales }, words);
    });

  asSeller("ship <order> <tracking>")
    .description("say that an order is on its way; the order's id, or its deal's")
    .action(async (id: string, tracking: string, flags: SellerFlags) => {
      const owner = await openShopAsOwner(context, flags);
      const { id: sale } = await findSale(owner, id);
      tell(flags, await owner.ship(sale, tracking));
    });

  withYes(asSeller("refund <order>"))
    .description("give the price of an order back, shipped or not")
    .option("--restock", "the pieces are in the house again", false)
    .action(async (id: string, flags: SellerFlags & { readonly restock: boolean }) => {
      const owner = await openShopAsOwner(context, flags);
      const sale = await findSale(owner, id);
      await confirm(context, flags, `Give ${inHanse(sale.totalNano)} back?`);
      tell(flags, await owner.refund(sale.id, flags.restock));
    });

  asSeller("cancel <order>")
    .description("call an order off that is not shipped; what was paid is given back")
    .action(async (id: string, flags: SellerFlags) => {
      const owner = await openShopAsOwner(context, flags);
      const { id: sale } = await findSale(owner, id);
      tell(flags, await owner.cancel(sale));
    });

  withYes(withShop(withSigner(withChain(group.command("confirm <id>"), context), context), context))
    .description(
      "say that what you bought came: the seller is paid. Of a checkout by signature, which its shop hands on; of a deal by a transaction of yours",
    )
    .option("--leg <number>", "one seller's part of the checkout; default: all that is under way")
    .action(async (id: string, flags: ConfirmFlags) => {
      const connection = await connectToChain(flags);
      const { chain, deployment } = connection;
      const { receipt } = deployment.contracts;
      const shop = openShop(flags);
      const checkout = isHash(id) ? undefined : await shop.checkout(id);
      const ids = checkout === undefined ? [id as Hex] : legsToConfirm(checkout, flags.leg);
      const account = await openSigner(context, flags, chain.chainId);
      // What is signed is what the chain has, not what the shop says.
      const goods = await Promise.all(ids.map((deal) => readGoodsDeal(chain, deployment, deal)));
      const other = goods.find(({ deal }) => !isAddressEqual(deal.buyer, account.address));
      if (other !== undefined) {
        throw invalid(`${other.deal.buyer} bought that, not ${account.address}`, "Use the buyer's wallet.");
      }
      await confirmFinal(context, flags, `${goods.map(paymentWords).join(" ")} Go on?`);
      for (const { id: deal, deal: content } of goods) {
        const leg = checkout?.legs.find((each) => each.deal === deal)?.leg;
        if (checkout === undefined || leg === undefined) {
          const call = { address: receipt, abi: receiptAbi, functionName: "confirm", args: [content, "0x"] };
          await createSender({ chain, account }).send(call);
        } else {
          const signature = await signConfirmation(account, goodsDealHash(content), chain.chainId, receipt);
          await shop.confirm(checkout.id, leg, signature);
        }
      }
      const now = await Promise.all(ids.map((deal) => readGoodsDeal(chain, deployment, deal)));
      answer(context, flags.json, { deals: now.map((each) => goodsShown(each)) }, now.flatMap(endWords));
    });

  withShopOwner(withChain(group.command("show <id>"), context), context)
    .description(
      "how goods stand: of a deal, a checkout at the shop or, with the owner's token, an order there",
    )
    .action(async (id: string, flags: ChainFlags & ShopOwnerFlags) => {
      if (isHash(id)) {
        const connection = await connectToChain(flags);
        const goods = await readGoodsDeal(connection.chain, connection.deployment, id);
        return answer(context, flags.json, goodsShown(goods), await goodsWords(connection, goods));
      }
      const checkout = await openShop(flags)
        .checkout(id)
        .catch((error: unknown) => {
          if (isHanseError(error, "HANSE_CHECKOUT_UNKNOWN")) return undefined;
          throw error;
        });
      if (checkout !== undefined) return answer(context, flags.json, checkout, checkoutLines(checkout));
      const owner = await findShopOwner(context, flags);
      if (owner === undefined) throw new HanseError("HANSE_CHECKOUT_UNKNOWN", `there is no checkout ${id}`);
      const sale = await owner.sale(id);
      const shipTo = await owner.shipTo(id).catch((error: unknown) => {
        // Not told yet, or not to be read: the rest is shown all the same.
        if (isHanseError(error, "HANSE_SALE_STATE")) return undefined;
        if (isHanseError(error, "HANSE_SEALED_BOX_INVALID")) return undefined;
        throw error;
      });
      answer(context, flags.json, { ...sale, shipTo }, [
        ...saleLines(sale),
        ...(shipTo === undefined
          ? []
          : [
              `goes to  ${[shipTo.name, ...shipTo.lines, shipTo.postalCode, shipTo.city, shipTo.country].join(", ")}`,
            ]),
      ]);
    });

  function tell(flags: JsonFlag, sale: Sale): void {
    answer(context, flags.json, sale, saleLines(sale));
  }
}

/** By its own id or its deal's. @throws HANSE_SALE_UNKNOWN */
export async function findSale(owner: ShopOwnerClient, id: string): Promise<Sale> {
  if (!isHash(id)) return await owner.sale(id);
  const found = (await owner.sales()).find(({ deal }) => deal === id);
  if (found !== undefined) return found;
  throw new HanseError("HANSE_SALE_UNKNOWN", `the shop has no order of the deal ${id}`, {
    details: { deal: id },
  });
}

function isHash(text: string): text is Hex {
  return /^0x[0-9a-f]{64}$/.test(text);
}

/** @throws HANSE_CHECKOUT_STATE where nothing of it can be confirmed */
function legsToConfirm({ legs, state }: Checkout, told: string | undefined): Hex[] {
  const only = told === undefined ? undefined : parseCount(told, "--leg", 99);
  const fitting = legs.filter(
    ({ leg, deal, stage }) =>
      deal !== null && (only === undefined ? stage === "Shipped" : leg === only && stage !== null),
  );
  if (fitting.length > 0) return fitting.map(({ deal }) => deal as Hex);
  throw new HanseError("HANSE_CHECKOUT_STATE", "no parcel of this checkout is under way", {
    details: { state, stages: legs.map(({ stage }) => stage) },
  });
}

function paymentWords({ deal, stage }: SealedGoods): string {
  const lost = stage === "Disputed" || stage === "Contested" ? " You lose the dispute about it." : "";
  return `${deal.seller} gets ${inHanse(priceOfAll(deal))}, and it cannot be complained about any more.${lost}`;
}

function endWords({ id, deal, stage }: SealedGoods): string[] {
  return [`${id}: ${stage}${isOver(stage) ? `, ${inHanse(priceOfAll(deal))}` : ""}`];
}

function saleLines(sale: Sale): string[] {
  const { id, partner, state, stage, deal, tracking, totalNano, lines, returnReason, shipToProblem } = sale;
  return fields({
    ...{ order: id, by: partner, state, "deal is": stage ?? undefined, deal: deal ?? undefined },
    goods: lines.map(({ product, quantity }) => `${quantity} × ${product}`).join(", "),
    ...{ price: inHanse(totalNano), tracking: tracking ?? undefined },
    ...{ "to be returned": returnReason ?? undefined, "cannot read its address": shipToProblem ?? undefined },
  });
}

function checkoutLines({ id, state, problem, totalNano, legs }: Checkout): string[] {
  return [
    ...fields({ checkout: id, state, problem: problem ?? undefined, price: inHanse(totalNano) }),
    ...legs.map(
      ({ leg, seller, stage, deal, quote }) =>
        `leg ${leg}: ${quote.lines.map(({ product, quantity }) => `${quantity} × ${product}`).join(", ")} of ${seller}, ${stage ?? "not seen on chain"}${deal === null ? "" : `, deal ${deal}`}`,
    ),
  ];
}
