/** What money is worth in HANSE now, as the shop's own source has it. */
export interface Rates {
  /**
   * An exact amount in minor units of a currency, in nano-HANSE, rounded up once: on the total.
   * @returns with the rate it was made at: what one HANSE is worth in the currency, decimal
   * @throws HANSE_RATE_UNKNOWN where the source has none for the currency, or none that is fresh
   */
  toNano(minor: bigint, currency: string): Promise<{ readonly nano: bigint; readonly rate: string }>;
  /** In cents of US dollars, for display and comparison. @throws HANSE_RATE_UNKNOWN */
  toUsdCents(minor: bigint, currency: string): Promise<bigint>;
}
