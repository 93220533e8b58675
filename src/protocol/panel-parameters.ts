// What services and deployments need of `contracts/certifiers/panel/Parameters.sol`, where each number is explained; a
// test holds both together.

export const SEED_DELAY = 1n;
export const GRACE_BLOCKS = 10n;
export const MAX_DEADLINE_BLOCKS = 60_480;
export const MAX_PLACES = 64;
export const POOL_STAKE_PERCENT = 30n;
export const PAYER_SLASH_PERCENT = 10n;
/** Of the pool's price: what a certified failure costs the payer. */
export const FAILURE_FEE_PERCENT = 10n;
