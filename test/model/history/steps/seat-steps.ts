import type { Address } from "viem";
import type { Moment } from "../../moment.ts";
import type { Seat } from "../../panel/seats.ts";
import { RULES } from "../../rules.ts";
import { HANSE, type MarketAsset, type PanelName, type World } from "../world.ts";
import { call, mineUntil, type Step } from "./step.ts";

/** Workers come and go; pools and categories are added. */
export function seatStep(world: World): Step {
  return world.random.weighted<(world: World, panel: PanelName) => Step>([
    [8, enrolStep],
    [4, leaveStep],
    [5, releaseStep],
    [8, collectStep],
    [1, openPoolStep],
    [1, categoryStep],
  ])(world, world.panel());
}

export function enrolStep(world: World, panel: PanelName): Step {
  const { random, law, workers } = world;
  const worker = random.weighted<Address>([
    [90, random.pick(workers)],
    [10, world.anybody()],
  ]);
  const pool = somePool(world);
  // Who sits there already is refused: mostly somebody else tries.
  const isSeated = law[panel].seats.seats
    .rows()
    .some(({ key, value }) => key[0] === String(pool.id) && value?.worker === worker && value.leftAt === 0n);
  if (isSeated && random.chance(90)) return collectStep(world, panel);
  return call(worker, panel, "enrol", [pool.id], (_, now) => law[panel].seats.enrol(worker, pool.id, now));
}

function leaveStep(world: World, panel: PanelName): Step {
  const { random, law } = world;
  const { pool, number, seat } = someSeat(world, panel, ({ leftAt }) => leftAt === 0n);
  const caller = random.chance(80) && seat !== undefined ? seat.worker : world.anybody();
  return call(caller, panel, "leave", [pool, number], (_, now) =>
    law[panel].seats.leave(caller, pool, number, now),
  );
}

function releaseStep(world: World, panel: PanelName): Step {
  const { law } = world;
  const { pool, number } = someSeat(world, panel, ({ leftAt }) => leftAt !== 0n);
  return call(world.anybody(), panel, "release", [pool, number], (_, now) =>
    law[panel].seats.release(pool, number, now),
  );
}

/** Waits for a seat to be free of its bonds, to the block, and sees which others are. */
export function releaseSteps(world: World, panel: PanelName, now: Moment): Step[] {
  const { law, random } = world;
  const left = law[panel].seats.seats
    .rows()
    .flatMap(({ key: [pool, number], value }) =>
      value === undefined || value.leftAt === 0n
        ? []
        : [{ pool: BigInt(pool ?? 0), number: Number(number), leftAt: value.leftAt }],
    );
  if (left.length === 0) return [leaveStep(world, panel)];
  const { leftAt } = random.pick(left);
  const release = ({ pool, number }: { readonly pool: bigint; readonly number: number }) =>
    call(world.anybody(), panel, "release", [pool, number], (_, at) =>
      law[panel].seats.release(pool, number, at),
    );
  return [
    ...mineUntil(now, leftAt + RULES.unbondingBlocks + BigInt(random.pick([0, 1, 1, 2]))),
    ...random.shuffled(left).slice(0, 6).map(release),
  ];
}

function collectStep(world: World, panel: PanelName): Step {
  const { random, law } = world;
  const pool = somePool(world).id;
  const { seats } = law[panel].seats.pools.get(pool);
  const numbers = Array.from({ length: random.between(0, 6) }, () => random.below(seats + 1));
  return call(world.anybody(), panel, "collect", [pool, numbers], () =>
    law[panel].seats.collect(pool, numbers),
  );
}

function openPoolStep(world: World, panel: PanelName): Step {
  const { random, law } = world;
  const asset = random.pick([...world.assets.pool, world.assets.pool[3] as MarketAsset]);
  const caller = random.chance(80) ? world.ownerOf(asset) : world.anybody();
  const terms = {
    seatStake: BigInt(random.pick([0, 3, 20])) * HANSE,
    schedulerShare: random.pick([0, 1, 777, 10_000, 10_001]),
    closed: random.chance(20),
  };
  return call(caller, panel, "openPool", [asset.id, terms], () =>
    law[panel].seats.openPool(caller, asset.id, terms),
  );
}

function categoryStep(world: World, panel: PanelName): Step {
  const { random, law } = world;
  const caller = random.chance(50) ? world.governance : world.anybody();
  const terms = {
    roundBlocks: BigInt(random.pick([0, 1, 7, 50, 60_470])),
    deadlineBlocks: BigInt(random.pick([17, 18, 61, 5_000, 60_480, 60_481])),
  };
  return call(caller, panel, "addCategory", [terms], () => law[panel].addCategory(caller, terms));
}

function somePool(world: World): MarketAsset {
  const [first, second, third, fourth] = world.assets.pool as readonly [
    MarketAsset,
    MarketAsset,
    MarketAsset,
    MarketAsset,
  ];
  return world.random.weighted([
    [50, first],
    [35, second],
    [4, third],
    [11, fourth],
  ]);
}

/** A seat that is as wanted, if there is one and chance has it. */
function someSeat(
  world: World,
  panel: PanelName,
  isWanted: (seat: Seat) => boolean,
): { readonly pool: bigint; readonly number: number; readonly seat?: Seat | undefined } {
  const { random, law } = world;
  const seats = law[panel].seats.seats.rows().flatMap(({ key: [pool, number], value: seat }) => {
    const fits = seat !== undefined && (isWanted(seat) || random.chance(10));
    return fits ? [{ pool: BigInt(pool ?? 0), number: Number(number), seat }] : [];
  });
  return seats.length === 0 ? { pool: somePool(world).id, number: random.below(4) } : random.pick(seats);
}
