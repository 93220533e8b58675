import { type Address, type Hex, isAddressEqual, zeroAddress, zeroHash } from "viem";
import { isCurrency } from "#src/protocol/currencies.ts";
import { nanoPerPiece, parseRate } from "#src/protocol/exchange-rate.ts";
import { goodsOrderHash } from "#src/protocol/goods-order-hash.ts";
import { MAX_PURCHASE_VOLUME, purchase, type SaleOrder } from "#src/protocol/goods-orders.ts";
import { goodsId, parsePublicId } from "#src/protocol/shop-code.ts";
import type { Quote } from "./shop-schema.ts";

/** The purchase of a quote, but for what the quote does not say. */
export interface QuotedPurchase {
  readonly buyer: Address;
  readonly receipt: Address;
  readonly shipTo: Hex;
  /** Zero where the quote is bought alone. */
  readonly basket: Hex;
  readonly basketSize: number;
  /** The buyer's, in the Clerk. */
  readonly epoch: bigint;
  readonly salt: Hex;
}

/** The order by which somebody buys what was quoted, all of it: it names the sale, and so says nothing else. */
export function purchaseOf({ sale, saleHash }: Pick<Quote, "sale" | "saleHash">, given: QuotedPurchase) {
  const { buyer, receipt, shipTo, basket, basketSize, epoch, salt } = given;
  const { validUntil, volume } = sale.conditions;
  return purchase({
    ...{ buyer, goods: sale.goods, maxPrice: sale.price, shipTo, saleOrder: saleHash },
    ...{ basket, basketSize: basket === zeroHash ? 0 : basketSize },
    conditions: {
      ...{ certifier: receipt, matcher: zeroAddress, validUntil, epoch, volume, minFill: volume, salt },
      ...{ externalRef: zeroHash, terms: zeroHash },
    },
  });
}

/**
 * What of a quote its sale does not say, in a word each: whoever signs the purchase signs the sale alone. Its money is held
 * against itself: lines make the total, and the amount in HANSE is no more than the total at the rate that is told.
 * @param seller the shop that was asked
 * @param account that the shop joined with: it alone is paid
 */
export function wrongOfQuote(quote: Quote, seller: string, account: Address | undefined): string[] {
  const { id, lines, sale, saleHash, totalMinor, totalNano } = quote;
  const only = lines.length === 1 ? lines[0] : undefined;
  // Several products are sold together as the quote that names them.
  const sku = only === undefined ? `Q.${id}` : parsePublicId(only.product)?.sku;
  return [
    ...(quote.seller === seller && account !== undefined && isAddressEqual(sale.seller, account)
      ? []
      : ["seller"]),
    ...(lines.every((line) => line.totalMinor === line.priceMinor * line.quantity) ? [] : ["line totals"]),
    ...(lines.reduce((sum, line) => sum + line.totalMinor, 0n) === totalMinor ? [] : ["total"]),
    ...(sale.price <= priceAtRate(quote) ? [] : ["rate"]),
    ...(goodsOrderHash({ type: "sale", order: sale as SaleOrder }) === saleHash ? [] : ["sale"]),
    ...(sku !== undefined && sale.goods === goodsId({ code: seller, sku }) ? [] : ["goods"]),
    ...(sale.price * BigInt(sale.conditions.volume) === totalNano ? [] : ["amount"]),
    ...(sale.conditions.volume <= MAX_PURCHASE_VOLUME &&
    (only === undefined || BigInt(sale.conditions.volume) === only.quantity)
      ? []
      : ["pieces"]),
  ];
}

/** What a piece may cost, nano-HANSE; nothing where nobody can say: a rate that is none, or a currency nobody knows. */
function priceAtRate({ currency, totalMinor, rate: told, sale }: Quote): bigint {
  const rate = parseRate(told);
  const { volume } = sale.conditions;
  if (rate === undefined || !isCurrency(currency) || volume < 1) return -1n;
  const perUnit = { numerator: rate.denominator, denominator: rate.numerator };
  return nanoPerPiece({ currency, minor: totalMinor }, volume, perUnit);
}
