import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";

/** Who takes part, by the number of the development key each one has. */
const KEY_NUMBERS = {
  governance: 0,
  requester: 1,
  appOwner: 2,
  datasetOwner: 3,
  poolOwner: 4,
  broker: 5,
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

/** The worker that answers wrongly whatever it is asked. */
export const LIAR = 5;
