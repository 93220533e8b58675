import { type Currency, MINOR_DIGITS } from "./currencies.ts";
import { HANSE_DECIMALS } from "./money.ts";
import type { Price } from "./price.ts";

// Rates are exact fractions, so that nothing is rounded but what is paid, and that once: on the total. Rounding each unit
// price gives a wrong total on most invoices, each line on many (`test/protocol/invoices.test.ts` has the figures).

/** So much of one currency for one (major) unit of another. */
export interface ExchangeRate {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * Reads a rate such as `1.1305` exactly.
 * @returns undefined when it is no decimal, or not above zero
 */
export function parseRate(text: string): ExchangeRate | undefined {
  const parts = /^(\d{1,15})(?:\.(\d{1,18}))?$/.exec(text);
  const [, whole = "", fraction = ""] = parts ?? [];
  if (parts === null) return undefined;
  const numerator = BigInt(whole + fraction);
  return numerator === 0n ? undefined : { numerator, denominator: 10n ** BigInt(fraction.length) };
}

/** The rate from one currency to another, of what one unit of a third is in both. */
export function crossRate(from: ExchangeRate, to: ExchangeRate): ExchangeRate {
  return { numerator: to.numerator * from.denominator, denominator: to.denominator * from.numerator };
}

/**
 * A total in another currency, rounded half up to its minor unit.
 * @param rate so much of `currency` for one unit of the total's
 */
export function convertPrice(total: Price, currency: Currency, rate: ExchangeRate): Price {
  const numerator = total.minor * rate.numerator * 10n ** BigInt(MINOR_DIGITS[currency]);
  const denominator = rate.denominator * 10n ** BigInt(MINOR_DIGITS[total.currency]);
  return { currency, minor: (2n * numerator + denominator) / (2n * denominator) };
}

/**
 * What a sale order asks for each piece, in nano-HANSE, for all of them to cost a total: rounded up, once, so that the seller
 * never gets less than its price. All pieces together cost less than one nano-HANSE for each of them more than that.
 * @param rate so many HANSE for one unit of the total's currency
 * @throws RangeError without pieces
 */
export function nanoPerPiece(total: Price, quantity: number, rate: ExchangeRate): bigint {
  if (quantity < 1) throw new RangeError("a price is of one piece at least");
  const numerator = total.minor * rate.numerator * 10n ** BigInt(HANSE_DECIMALS);
  const denominator = rate.denominator * 10n ** BigInt(MINOR_DIGITS[total.currency]) * BigInt(quantity);
  return (numerator + denominator - 1n) / denominator;
}
