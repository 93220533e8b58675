import { type Address, type Hex, isAddressEqual, type LocalAccount, zeroHash } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import { goodsOrderHash } from "#src/protocol/goods-order-hash.ts";
import { type PurchaseOrder, purchase } from "#src/protocol/goods-orders.ts";
import { purchaseOf, wrongOfQuote } from "./quoted-sale.ts";
import type { Checkout } from "./shop-schema.ts";
import { signGoodsOrder } from "./sign-goods-order.ts";

/** What a buyer asked a shop for, and the contracts that it takes money with. */
export interface AskedCheckout {
  readonly buyer: Address;
  readonly lines: readonly { readonly product: string; readonly quantity: bigint }[];
  readonly chainId: number;
  readonly receipt: Address;
  /** The accounts that the sellers joined the Hub with, by their codes: whom the money goes to is not the shop's word. */
  readonly owners: ReadonlyMap<string, Address>;
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
  { buyer, receipt, owners }: AskedCheckout,
  basket: Hex,
  basketSize: number,
): string[] {
  const { epoch, salt } = order.conditions;
  // Whatever else a purchase may say, this one says nothing: it names the sale.
  const expected = purchaseOf(quote, {
    buyer,
    receipt,
    shipTo: order.shipTo,
    basket,
    basketSize,
    epoch,
    salt,
  });
  return [
    ...wrongOfQuote(quote, seller, owners.get(seller)),
    ...(isSame(expected.order, order as PurchaseOrder) && goodsOrderHash(expected) === purchaseHash
      ? []
      : ["purchase"]),
    ...(quote.lines.every(({ product }) => product.startsWith(`${seller}:`)) ? [] : ["seller"]),
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
