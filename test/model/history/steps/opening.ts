import { ASSET_KINDS } from "#src/protocol/ids.ts";
import { STRANGERS } from "../strangers.ts";
import { HANSE, type MarketAsset, PANELS, type PanelName, type World } from "../world.ts";
import { type Call, call } from "./step.ts";
import { MAX_UINT256 } from "./words.ts";

const SUPPLY = 87_000_000n * HANSE;

const within = (deadlineBlocks: bigint, roundBlocks: bigint) => ({ roundBlocks, deadlineBlocks });

const CATEGORIES = {
  poco: [
    within(200n, 20n),
    within(5_000n, 40n),
    within(2_000n, 300n),
    within(50n, 6n),
    within(60_480n, 1_000n),
  ],
  // These need time to reveal, too.
  jury: [
    within(200n, 20n),
    within(5_000n, 15n),
    within(2_000n, 100n),
    within(80n, 6n),
    within(60_480n, 1_000n),
  ],
} as const;

/** Of the first, second and third pool; the fourth is left for later. */
const TERMS = {
  poco: [
    { seatStake: 100n * HANSE, schedulerShare: 500, closed: false },
    { seatStake: 7n * HANSE + 13n, schedulerShare: 333, closed: false },
    { seatStake: 0n, schedulerShare: 10_000, closed: true },
  ],
  jury: [
    { seatStake: 40n * HANSE + 7n, schedulerShare: 1_000, closed: false },
    { seatStake: 9n, schedulerShare: 0, closed: false },
    { seatStake: 5n, schedulerShare: 77, closed: true },
  ],
} as const;

/** How every history begins, without any chance: money, certifiers, assets, pools and the first seats. */
export function opening(world: World): Call[] {
  const { law, governance } = world;
  const { poco, jury } = world.chain.contracts;
  // What the token's constructor gave.
  law.clerk.token.wallets.set(SUPPLY, governance);
  return [
    ...money(world),
    ...[poco, jury, STRANGERS.judge].map((certifier) =>
      call(governance, "clerk", "registerCertifier", [certifier, true], () =>
        law.clerk.registerCertifier(governance, certifier, true),
      ),
    ),
    ...Object.values(world.assets).flat().map(register),
    ...PANELS.flatMap((name) => panel(world, name)),
    ...seats(world),
  ];
}

function money({ law, governance, chain, addresses, requesters }: World): Call[] {
  const { clerk } = chain.contracts;
  const { token, money: accounts } = law.clerk;
  const account = 2_000n * HANSE;
  const wallet = 50n * HANSE;
  return [
    call(governance, "token", "approve", [clerk, MAX_UINT256], () => token.approve(governance, MAX_UINT256)),
    ...[...addresses.slice(2), STRANGERS.wallet, STRANGERS.judge].map((owner) =>
      call(governance, "clerk", "depositFor", [owner, account], () =>
        accounts.deposit(governance, owner, account),
      ),
    ),
    ...requesters
      .slice(0, 2)
      .flatMap((owner) => [
        call(governance, "token", "transfer", [owner, wallet], () =>
          token.transfer(governance, owner, wallet),
        ),
        call(owner, "token", "approve", [clerk, wallet / 2n], () => token.approve(owner, wallet / 2n)),
      ]),
  ];
}

function panel({ law, governance, assets }: World, name: PanelName): Call[] {
  return [
    ...CATEGORIES[name].map((terms) =>
      call(governance, name, "addCategory", [terms], () => law[name].addCategory(governance, terms)),
    ),
    ...TERMS[name].map((terms, i) => {
      const { id, registrar } = assets.pool[i] as MarketAsset;
      return call(registrar, name, "openPool", [id, terms], () =>
        law[name].seats.openPool(registrar, id, terms),
      );
    }),
  ];
}

/** Workers serve Poco, and most of them a jury too. */
function seats({ law, workers, assets, chain }: World): Call[] {
  const allowance = 300n * HANSE;
  return PANELS.flatMap((name) => {
    const certifier = chain.contracts[name];
    const seated = workers.slice(name === "jury" ? 4 : 0);
    return seated.flatMap((worker, i) => [
      call(worker, "clerk", "allowCertifier", [certifier, allowance], () =>
        law.clerk.money.allowCertifier(worker, certifier, allowance),
      ),
      ...assets.pool
        .slice(0, i % 3 === 2 ? 1 : 2)
        .map(({ id }) =>
          call(worker, name, "enrol", [id], (_, now) => law[name].seats.enrol(worker, id, now)),
        ),
    ]);
  });
}

function register(asset: MarketAsset): Call {
  const { id, kind, registrar, checksum, measurement } = asset;
  const args = [ASSET_KINDS.indexOf(kind), checksum, measurement, "urn:model"];
  return call(registrar, "registry", "register", args, (law) => law.clerk.owners.set(registrar, id));
}
