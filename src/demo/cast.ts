import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";

/** Who takes part, by the number of the development key each one has. */
const KEY_NUMBERS = {
  governance: 0,
  requester: 1,
  appOwner: 2,
  datasetOwner: 3,
  poolOwner: 4,
  broker: 5,
  customer: 15,
} as const;
const FIRST_WORKER_KEY = 6;

export type Role = keyof typeof KEY_NUMBERS;
export const WORKER_COUNT = 9;

/** DEVELOPMENT ONLY: the account of a role. */
export function accountOf(role: Role) {
  return accountOfKey(keyOf(role), DEVELOPMENT_CHAIN_ID);
}

export function keyOf(role: Role) {
  return developmentKey(KEY_NUMBERS[role]);
}

/** Workers are numbered from 1. */
export function workerKey(number: number) {
  return developmentKey(FIRST_WORKER_KEY + number - 1);
}

export function workerAccount(number: number) {
  return accountOfKey(workerKey(number), DEVELOPMENT_CHAIN_ID);
}

export const WORKER_NUMBERS = Array.from({ length: WORKER_COUNT }, (_, i) => i + 1);

/** A shop of the demo, with a real catalogue; `data/README.md` says where it is from. */
export interface ShopCast {
  readonly code: string;
  readonly name: string;
  readonly currency: "USD" | "GBP";
  /** DEVELOPMENT ONLY: the number of its owner's key. */
  readonly keyNumber: number;
}

export const BOUTIQUE: ShopCast = { code: "ONBQ", name: "Online Boutique", currency: "USD", keyNumber: 16 };
export const SOCKS: ShopCast = { code: "SOCKS", name: "Sock Shop", currency: "USD", keyNumber: 17 };
export const GIFTS: ShopCast = { code: "GIFTS", name: "Gift wholesaler", currency: "GBP", keyNumber: 18 };
export const SHOPS: readonly ShopCast[] = [BOUTIQUE, SOCKS, GIFTS];

export function ownerOf({ keyNumber }: ShopCast) {
  return accountOfKey(developmentKey(keyNumber), DEVELOPMENT_CHAIN_ID);
}

/** The worker that answers wrongly whatever it is asked. */
export const LIAR = 5;
