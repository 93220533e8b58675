import { STRANGERS } from "../market-chain.ts";
import { HANSE, type MarketAsset, type World, ZERO_WORD } from "../world.ts";
import { call, type Step } from "./step.ts";
import { MAX_UINT256 } from "./words.ts";

const SUPPLY = 87_000_000n * HANSE;
const KINDS = { app: 1, dataset: 2, pool: 3 } as const;

/** How every history begins: money, certifiers, assets, pools and the first seats. */
export function opening(world: World): Step[] {
  const { law, governance, poco } = world;
  const { clerk } = world.chain.contracts;
  // What the token's constructor gave.
  law.clerk.token.wallets.set(SUPPLY, governance);
  const steps: Step[] = [
    call(governance, "token", "approve", [clerk, MAX_UINT256], () =>
      law.clerk.token.approve(governance, MAX_UINT256),
    ),
  ];
  for (const certifier of [poco, STRANGERS.judge]) {
    steps.push(
      call(governance, "clerk", "registerCertifier", [certifier, true], () =>
        law.clerk.registerCertifier(governance, certifier, true),
      ),
    );
  }
  for (const [roundBlocks, deadlineBlocks] of [
    [20n, 200n],
    [40n, 5_000n],
    [300n, 2_000n],
    [6n, 50n],
    [1_000n, 60_480n],
  ] as const) {
    steps.push(
      call(governance, "poco", "addCategory", [{ roundBlocks, deadlineBlocks }], () =>
        law.poco.addCategory(governance, { roundBlocks, deadlineBlocks }),
      ),
    );
  }
  for (const account of [...world.addresses.slice(2), STRANGERS.wallet, STRANGERS.judge]) {
    const amount = 2_000n * HANSE;
    steps.push(
      call(governance, "clerk", "depositFor", [account, amount], () =>
        law.clerk.money.deposit(governance, account, amount),
      ),
    );
  }
  for (const account of world.requesters.slice(0, 2)) {
    const amount = 50n * HANSE;
    steps.push(
      call(governance, "token", "transfer", [account, amount], () =>
        law.clerk.token.transfer(governance, account, amount),
      ),
      call(account, "token", "approve", [clerk, amount / 2n], () =>
        law.clerk.token.approve(account, amount / 2n),
      ),
    );
  }
  for (const asset of Object.values(world.assets).flat()) steps.push(register(asset));
  const terms = [
    { seatStake: 100n * HANSE, schedulerShare: 500, closed: false },
    { seatStake: 7n * HANSE + 13n, schedulerShare: 333, closed: false },
    { seatStake: 0n, schedulerShare: 10_000, closed: true },
  ];
  for (const [i, each] of terms.entries()) {
    const pool = world.assets.pool[i] as MarketAsset;
    steps.push(
      call(pool.registrar, "poco", "openPool", [pool.id, each], () =>
        law.poco.seats.openPool(pool.registrar, pool.id, each),
      ),
    );
  }
  for (const [i, worker] of world.workers.entries()) {
    steps.push(
      call(worker, "clerk", "allowCertifier", [poco, 300n * HANSE], () =>
        law.clerk.money.allowCertifier(worker, poco, 300n * HANSE),
      ),
    );
    for (const pool of world.assets.pool.slice(0, i % 3 === 2 ? 1 : 2)) {
      steps.push(
        call(worker, "poco", "enrol", [pool.id], (_, now) => law.poco.seats.enrol(worker, pool.id, now)),
      );
    }
  }
  return steps;
}

function register({ id, kind, registrar, checksum }: MarketAsset): Step {
  const args = [KINDS[kind], checksum, ZERO_WORD, "urn:model"];
  return call(registrar, "registry", "register", args, (law) => law.clerk.owners.set(registrar, id));
}
