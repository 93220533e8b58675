import { type Currency, MINOR_DIGITS } from "./currencies.ts";

/**
 * An amount in a currency of shops. On the wire and in databases it is the whole number of minor units (cents, or yen), never
 * a decimal and never a float.
 */
export interface Price {
  readonly currency: Currency;
  readonly minor: bigint;
}

/**
 * Reads an amount such as `99.99` exactly.
 * @returns undefined when it is no amount, or has more digits behind the point than the currency: nothing is rounded here.
 */
export function parsePrice(text: string, currency: Currency): Price | undefined {
  const digits = MINOR_DIGITS[currency];
  const parts = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text);
  const [, whole = "", fraction = ""] = parts ?? [];
  if (parts === null || fraction.length > digits) return undefined;
  return { currency, minor: BigInt(whole + fraction.padEnd(digits, "0")) };
}

/** As `parsePrice` reads it, with all its digits and without the currency: `99.90`. */
export function formatPrice({ currency, minor }: Price): string {
  const digits = MINOR_DIGITS[currency];
  if (digits === 0) return minor.toString();
  const text = minor.toString().padStart(digits + 1, "0");
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** With the currency: `99.90 EUR`. */
export function inCurrency(price: Price): string {
  return `${formatPrice(price)} ${price.currency}`;
}

/** What some pieces cost together. */
export function timesPieces({ currency, minor }: Price, quantity: number): Price {
  return { currency, minor: minor * BigInt(quantity) };
}

/**
 * The sum of prices in one currency.
 * @throws RangeError when one is in another: convert the total, not its parts
 */
export function sumOf(prices: readonly Price[], currency: Currency): Price {
  const other = prices.find((price) => price.currency !== currency);
  if (other !== undefined) throw new RangeError(`a sum in ${currency} has no part in ${other.currency}`);
  return { currency, minor: prices.reduce((sum, { minor }) => sum + minor, 0n) };
}
