import { readFile } from "node:fs/promises";
import { z } from "zod";
import { createHttpClient, type Fetch } from "#src/http/http-client.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { CURRENCIES, type Currency, isCurrency } from "#src/protocol/currencies.ts";
import { convertPrice, crossRate, type ExchangeRate, parseRate } from "#src/protocol/exchange-rate.ts";
import type { Price } from "#src/protocol/price.ts";

/** What one HANSE is worth in each currency, as decimals: `{"USD": "0.25", "GBP": "0.19"}`. */
export type RateTable = Readonly<Record<string, string>>;

/** Where a shop's rates come from: written down, in a file that is read anew, or told by a service. */
export type RateSource = () => Promise<RateTable>;

/** What money is worth in HANSE now, as the shop's own source has it. */
export interface Rates {
  /**
   * How many HANSE one unit of a currency is, and what the source said: one HANSE in the currency, decimal.
   * @throws HANSE_RATE_UNKNOWN where the source has none for the currency, or has not answered for too long
   */
  hanseFor(currency: string): Promise<{ readonly rate: ExchangeRate; readonly told: string }>;
  /** In cents of US dollars, for display and comparison. @throws as `hanseFor` */
  toUsdCents(total: Price): Promise<bigint>;
  /** In US dollars, for display alone; 0 where nobody knows. */
  inDollars(price: Price): Promise<number>;
}

const rateTableSchema = z.record(z.string(), z.string().or(z.number()).transform(String));

export const rateTable =
  (table: RateTable): RateSource =>
  async () =>
    table;

/** @param path JSON, as a table */
export const rateFile =
  (path: string): RateSource =>
  async () =>
    rateTableSchema.parse(JSON.parse(await readFile(path, "utf8")));

/** @param url answers a table as JSON; it is asked once, for whoever needs rates asks again soon */
export function rateFeed(fetch: Fetch, url: string): RateSource {
  const client = createHttpClient({ fetch }, { timeoutMs: 5_000, maxBytes: 65_536, retries: 0 });
  return () => client.request(url, { schema: rateTableSchema });
}

export interface RatesOptions {
  /** How long (milliseconds) what the source said is used before it is asked again; a minute unless told. */
  readonly freshMs?: number;
  /** How long it is used while the source does not answer; an hour unless told. */
  readonly staleMs?: number;
}

export interface RatesDeps {
  readonly source: RateSource;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** By what factor a rate may be another than the last: beyond, somebody slipped a digit, and goods would be given away. */
const MOST_CHANGE = 10n;

/**
 * What a source says, kept. While what it said last is good, nobody waits for it: it is asked beside. An answer counts as a
 * whole, and only where each rate of a currency that Hanse knows is a decimal above zero, none is missing that was there, and
 * none changed tenfold; else what it said before stays, until it is stale.
 */
export function createRates(
  { source, logger, clock = systemClock }: RatesDeps,
  { freshMs = 60_000, staleMs = 3_600_000 }: RatesOptions = {},
): Rates {
  let known: { readonly table: RateTable; readonly at: number } | undefined;
  let asking: Promise<void> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;

  const rates: Rates = {
    async hanseFor(currency) {
      const { rate, told } = await worth(currency);
      return { rate: { numerator: rate.denominator, denominator: rate.numerator }, told };
    },
    async toUsdCents(total) {
      if (total.currency === "USD") return total.minor;
      const [from, to] = [await worth(total.currency), await worth("USD")];
      return convertPrice(total, "USD", crossRate(from.rate, to.rate)).minor;
    },
    inDollars: async (price) => Number(await rates.toUsdCents(price).catch(() => 0n)) / 100,
  };
  return rates;

  async function worth(currency: string): Promise<{ readonly rate: ExchangeRate; readonly told: string }> {
    const table = await current();
    const told = table[currency];
    const rate = told === undefined ? undefined : parseRate(told);
    if (told !== undefined && rate !== undefined) return { rate, told };
    throw new HanseError("HANSE_RATE_UNKNOWN", `There is no rate between HANSE and ${currency} now`, {
      details: { currency },
    });
  }

  async function current(): Promise<RateTable> {
    if (ageOfKnown() > freshMs && clock.now() - triedAt >= Math.min(freshMs, 1_000)) {
      // Many ask at the same moment: the source is asked once.
      asking ??= refresh().finally(() => {
        asking = undefined;
      });
    }
    if (ageOfKnown() > staleMs) await asking;
    if (known !== undefined && ageOfKnown() <= staleMs) return known.table;
    throw new HanseError("HANSE_RATE_UNKNOWN", "The source of rates does not answer", { retryable: true });
  }

  function ageOfKnown(): number {
    return clock.now() - (known?.at ?? Number.NEGATIVE_INFINITY);
  }

  async function refresh(): Promise<void> {
    triedAt = clock.now();
    try {
      const table = await source();
      checkTable(table, known?.table ?? {});
      known = { table, at: clock.now() };
    } catch (err) {
      // What it said last is good for a while; then nothing is quoted.
      logger?.warn({ err, lastAnswerAt: known && new Date(known.at) }, "the source of rates tells none now");
    }
  }
}

/** @throws HANSE_RATE_UNKNOWN for an answer that is not believed */
function checkTable(table: RateTable, before: RateTable): void {
  for (const currency of CURRENCIES) {
    const [told, last] = [table[currency], before[currency]];
    if (told === undefined && last === undefined) continue;
    const [rate, lastRate] = [parseRate(told ?? ""), parseRate(last ?? "")];
    if (rate === undefined) throw unbelievable(currency, told, last);
    if (lastRate === undefined) continue;
    const { numerator, denominator } = crossRate(lastRate, rate);
    if (numerator > MOST_CHANGE * denominator || denominator > MOST_CHANGE * numerator) {
      throw unbelievable(currency, told, last);
    }
  }
}

function unbelievable(currency: string, told: string | undefined, last: string | undefined): HanseError {
  return new HanseError(
    "HANSE_RATE_UNKNOWN",
    `The source of rates says ${told?.slice(0, 50) ?? "nothing"} of ${currency}, after ${last ?? "nothing"}`,
    { details: { currency }, hint: "Mend the source; if it is right, start the shop anew." },
  );
}

/** @throws HANSE_CONFIG_INVALID */
export function asCurrency(text: string): Currency {
  if (isCurrency(text)) return text;
  throw new HanseError("HANSE_CONFIG_INVALID", `${text} is no currency that Hanse knows`);
}
