import { POWERS } from "./powers.ts";

/** The powers of an operator key, as people name them. */
const NAMES = {
  "app-order": POWERS.APP_ORDER,
  "dataset-order": POWERS.DATASET_ORDER,
  "pool-order": POWERS.POOL_ORDER,
  "request-order": POWERS.REQUEST_ORDER,
  sponsorship: POWERS.SPONSORSHIP,
  contribution: POWERS.CONTRIBUTION,
  result: POWERS.RESULT,
  "sale-order": POWERS.SALE_ORDER,
  "purchase-order": POWERS.PURCHASE_ORDER,
  parcel: POWERS.PARCEL,
} as const;

export type PowerName = keyof typeof NAMES;
export const POWER_NAMES = Object.keys(NAMES) as PowerName[];

/** The sum of some powers. */
export function powersOf(names: readonly PowerName[]): number {
  return names.reduce((sum, name) => sum | NAMES[name], 0);
}

/** What a sum of powers allows; bits without a name allow nothing. */
export function namesOfPowers(powers: number): PowerName[] {
  return POWER_NAMES.filter((name) => (powers & NAMES[name]) !== 0);
}
