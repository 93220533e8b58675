import { type Address, type Hex, isAddressEqual, type LocalAccount, zeroAddress, zeroHash } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import { goodsOrderHash } from "#src/protocol/goods-order-hash.ts";
import { type PurchaseOrder, purchase, type SaleOrder } from "#src/protocol/goods-orders.ts";
import { goodsId } from "#src/protocol/shop-code.ts";
import type { Checkout } from "./shop-schema.ts";
import { signGoodsOrder } from "./sign-goods-order.ts";

/** What a buyer asked a shop for, and the contracts that it takes money with. */
export interface AskedCheckout {
  readonly buyer: Address;
  readonly lines: readonly { readonly product: string; readonly quantity: bigint }[];
  readonly chainId: number;
  readonly receipt: Address;
}

/**
 * Holds what a shop prepared against what was asked for: a wallet signs nothing else. Where the parcel goes is the shop's word
 * alone, since it makes the salt that hides it.
 * @throws HANSE_PEER_RESPONSE_INVALID
 */
export function assertCheckout(checkout: Checkout, asked: AskedCheckout): void {
  const { legs } = checkout;
  const basket = legs[0]?.purchase.basket ?? zeroHash;
  const wrong = [
    ...(isAddressEqual(checkout.receipt as Address, asked.receipt) ? [] : ["Receipt"]),
    ...(checkout.chainId === asked.chainId ? [] : ["chain"]),
    ...(sameLines(checkout, asked) ? [] : ["products"]),
    ...(legs.reduce((sum, { quote }) => sum + quote.totalNano, 0n) === checkout.totalNano ? [] : ["total"]),
    // One of a basket alone could be sealed by itself.
    ...((basket === zeroHash) === (legs.length === 1) ? [] : ["basket"]),
    ...legs.flatMap((leg) => wrongOfLeg(leg, asked, basket, legs.length)),
  ];
  if (wrong.length === 0) return;
  const what = [...new Set(wrong)].join(", ");
  throw new HanseError(
    "HANSE_PEER_RESPONSE_INVALID",
    `the shop prepared another ${what} than was asked for`,
    {
      details: { checkout: checkout.id, wrong },
      hint: "Nothing was signed. Ask another shop, or report it.",
    },
  );
}

function sameLines({ legs }: Checkout, { lines }: AskedCheckout): boolean {
  const bought = legs.flatMap(({ quote }) =>
    quote.lines.map(({ product, quantity }) => `${quantity} ${product}`),
  );
  const wanted = lines.map(({ product, quantity }) => `${quantity} ${product}`);
  return JSON.stringify(bought.sort()) === JSON.stringify(wanted.sort());
}

function wrongOfLeg(
  { seller, quote, purchase: order, purchaseHash }: Checkout["legs"][number],
  { buyer, receipt }: AskedCheckout,
  basket: Hex,
  basketSize: number,
): string[] {
  const { sale } = quote;
  const only = quote.lines.length === 1 ? quote.lines[0] : undefined;
  const sku = only === undefined ? `Q.${quote.id}` : only.product.slice(only.product.indexOf(":") + 1);
  // Whatever else a purchase may say, this one says nothing: it names the sale.
  const expected = purchase({
    ...{ buyer, goods: sale.goods, maxPrice: sale.price, shipTo: order.shipTo, saleOrder: quote.saleHash },
    ...{ basket, basketSize: basket === zeroHash ? 0 : basketSize },
    conditions: {
      ...{ certifier: receipt, matcher: zeroAddress, validUntil: sale.conditions.validUntil },
      ...{ epoch: order.conditions.epoch, salt: order.conditions.salt },
      ...{ volume: sale.conditions.volume, minFill: sale.conditions.volume },
      ...{ externalRef: zeroHash, terms: zeroHash },
    },
  });
  return [
    ...(goodsOrderHash({ type: "sale", order: sale as SaleOrder }) === quote.saleHash ? [] : ["sale"]),
    ...(isSame(expected.order, order as PurchaseOrder) && goodsOrderHash(expected) === purchaseHash
      ? []
      : ["purchase"]),
    ...(sale.goods === goodsId({ code: seller, sku }) ? [] : ["goods"]),
    ...(quote.lines.every(({ product }) => product.startsWith(`${seller}:`)) ? [] : ["seller"]),
    ...(sale.price * BigInt(sale.conditions.volume) === quote.totalNano ? [] : ["amount"]),
    ...(only === undefined || BigInt(sale.conditions.volume) === only.quantity ? [] : ["pieces"]),
  ];
}

function isSame(a: PurchaseOrder, b: PurchaseOrder): boolean {
  return goodsOrderHash({ type: "purchase", order: a }) === goodsOrderHash({ type: "purchase", order: b });
}

/** The buyer's signatures of all purchases of a checkout, in the order of its legs; see `assertCheckout`. */
export async function signCheckout(
  account: LocalAccount,
  { legs }: Checkout,
  { chainId, receipt }: Pick<AskedCheckout, "chainId" | "receipt">,
): Promise<Hex[]> {
  const signed = legs.map(({ purchase: order }) =>
    signGoodsOrder(account, purchase(order as PurchaseOrder), chainId, receipt),
  );
  return (await Promise.all(signed)).map(({ signature }) => signature);
}
