import type { OrderType } from "./orders.ts";

/** What an operator key may sign in its account's name; twin of the constants in `contracts/interfaces/IKeyring.sol`. */
export const POWERS = {
  APP_ORDER: 1 << 0,
  DATASET_ORDER: 1 << 1,
  POOL_ORDER: 1 << 2,
  REQUEST_ORDER: 1 << 3,
  SPONSORSHIP: 1 << 4,
  /** A worker's sealed answers. */
  CONTRIBUTION: 1 << 5,
  /** A pool owner's results at trust 0 and 1, which name the worker that is paid. */
  RESULT: 1 << 6,
  SALE_ORDER: 1 << 7,
  PURCHASE_ORDER: 1 << 8,
  /** What becomes of a deal of goods: ship, confirm, refund, split, dispute, contest, and rate the seller. */
  PARCEL: 1 << 9,
} as const;

/** The power an operator needs to sign an order. */
export const POWER_OF_ORDER: Readonly<Record<OrderType, number>> = {
  app: POWERS.APP_ORDER,
  dataset: POWERS.DATASET_ORDER,
  pool: POWERS.POOL_ORDER,
  request: POWERS.REQUEST_ORDER,
};
