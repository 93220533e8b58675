import { zeroAddress } from "viem";
import type { Checkout } from "#src/client/shop-schema.ts";
import { isCurrency } from "#src/protocol/currencies.ts";
import { OUTCOME } from "#src/protocol/goods-orders.ts";
import { inHanse } from "#src/protocol/money.ts";
import { inCurrency } from "#src/protocol/price.ts";
import { durationWords, timeWords } from "./time-words.ts";

type Leg = Checkout["legs"][number];

/** What is about to be bought, in both currencies, and on which terms: what people read before they sign. */
export function checkoutWords({ legs, totalNano, expiresAt }: Checkout): string[] {
  return [
    ...legs.flatMap(legWords),
    `in all ${inHanse(totalNano)}, if paid before ${timeWords(Math.floor(Date.parse(expiresAt) / 1_000))}`,
  ];
}

/** What all of it costs, in the sellers' currencies and in HANSE. */
export function bothAmounts({ legs, totalNano }: Pick<Checkout, "legs" | "totalNano">): string {
  const sums = new Map<string, bigint>();
  for (const { quote } of legs) {
    sums.set(quote.currency, (sums.get(quote.currency) ?? 0n) + quote.totalMinor);
  }
  const sellers = [...sums].map(([currency, minor]) => moneyWords(currency, minor));
  return `${sellers.join(" + ")}, that is ${inHanse(totalNano)},`;
}

function moneyWords(currency: string, minor: bigint): string {
  return isCurrency(currency) ? inCurrency({ currency, minor }) : `${minor} (${currency})`;
}

function legWords({ seller, quote }: Leg): string[] {
  const { sale, currency } = quote;
  const money = (minor: bigint) => moneyWords(currency, minor);
  const pieces = BigInt(sale.conditions.volume);
  return [
    `${seller} sells`,
    ...quote.lines.map(
      ({ product, name, quantity, priceMinor, totalMinor }) =>
        `  ${quantity} × ${product} ${name} at ${money(priceMinor)}: ${money(totalMinor)}`,
    ),
    `  for ${money(quote.totalMinor)}, that is ${inHanse(quote.totalNano)} (1 HANSE is ${quote.rate} ${currency})`,
    `  shipped within ${durationWords(sale.shipWithin)}, delivered within ${durationWords(sale.deliverWithin)} from then on; ${durationWords(sale.complaintTime)} more to complain`,
    `  ${arbiterWords(sale)}`,
    ...(sale.sellerBond === 0n ? [] : [`  ${seller} has ${inHanse(sale.sellerBond * pieces)} at stake`]),
    ...(sale.referrer === zeroAddress || sale.commission === 0n
      ? []
      : [`  of it ${inHanse(sale.commission * pieces)} are the commission of ${sale.referrer}`]),
  ];
}

/** Who decides a dispute. */
export function arbiterWords({
  arbiter,
  defaultOutcome,
}: Pick<Leg["quote"]["sale"], "arbiter" | "defaultOutcome">): string {
  const otherwise = defaultOutcome === OUTCOME.Seller ? "the seller wins" : "the money comes back";
  if (BigInt(arbiter) === 0n) return `nobody decides disputes: ${otherwise}`;
  const who = arbiter.startsWith(`0x${"00".repeat(12)}`)
    ? `0x${arbiter.slice(26)} decides disputes`
    : `jurors of the pool ${arbiter} decide disputes`;
  return `${who}; without a ruling in time ${otherwise}`;
}
