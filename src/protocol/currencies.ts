/**
 * How many digits an amount has behind the point, by ISO 4217: 33 currencies, those for which the European Central Bank
 * published reference rates.
 */
export const MINOR_DIGITS = {
  ...{ AUD: 2, BGN: 2, BRL: 2, CAD: 2, CHF: 2, CNY: 2, CZK: 2, DKK: 2, EUR: 2, GBP: 2, HKD: 2 },
  ...{ HRK: 2, HUF: 2, IDR: 2, ILS: 2, INR: 2, ISK: 0, JPY: 0, KRW: 0, MXN: 2, MYR: 2, NOK: 2 },
  ...{ NZD: 2, PHP: 2, PLN: 2, RON: 2, RUB: 2, SEK: 2, SGD: 2, THB: 2, TRY: 2, USD: 2, ZAR: 2 },
} as const satisfies Readonly<Record<string, number>>;

export type Currency = keyof typeof MINOR_DIGITS;
export const CURRENCIES = Object.keys(MINOR_DIGITS) as Currency[];

export function isCurrency(text: string): text is Currency {
  return Object.hasOwn(MINOR_DIGITS, text);
}
