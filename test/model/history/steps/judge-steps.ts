import type { DealBook } from "../../clerk/clerk-model.ts";
import { type Deal, unitOf } from "../../clerk/deal.ts";
import { STRANGERS } from "../strangers.ts";
import { HANSE, type World } from "../world.ts";
import { entries, shareOut } from "./money-steps.ts";
import { call, type Step } from "./step.ts";

/** What a certifier may do in the Clerk, tried by one that does as it likes, and by others. */
export function judgeStep(world: World): Step {
  return world.random.weighted<(world: World) => Step>([
    [3, bondStep],
    [2, unbondStep],
    [2, slashStep],
    [6, settleStep],
  ])(world);
}

function certifierOf(world: World) {
  return world.random.chance(90) ? STRANGERS.judge : world.anybody();
}

function bondStep(world: World): Step {
  const { random, law } = world;
  const certifier = certifierOf(world);
  const account = random.pick(world.holders);
  const { allowance, bonded } = law.clerk.money.bonds.get(account, certifier);
  const amount = world.amountAround(allowance > bonded ? allowance - bonded : HANSE);
  return call(certifier, "clerk", "bond", [account, amount], () =>
    law.clerk.money.bond(certifier, account, amount),
  );
}

function unbondStep(world: World): Step {
  const { law } = world;
  const certifier = certifierOf(world);
  const { account, bonded } = someBond(world);
  const amount = world.amountAround(bonded);
  return call(certifier, "clerk", "unbond", [account, amount], () =>
    law.clerk.money.unbond(certifier, account, amount),
  );
}

function slashStep(world: World): Step {
  const { law, random } = world;
  const certifier = certifierOf(world);
  const { account, bonded } = someBond(world);
  const amount = world.amountAround(bonded);
  const seized = [{ account, amount }];
  const credits = random.chance(90) ? shareOut(world, amount) : entries(world, 1, () => amount + 1n);
  return call(certifier, "clerk", "slash", [seized, credits], () =>
    law.clerk.money.slash(certifier, seized, credits),
  );
}

function settleStep(world: World): Step {
  const { law, random } = world;
  const deals = law.clerk.deals.rows().flatMap(({ value }) => (value === undefined ? [] : [value]));
  const own = deals.filter(({ deal, openUnits }) => deal.certifier === STRANGERS.judge && openUnits > 0);
  const book = random.chance(85) && own.length > 0 ? random.pick(own) : deals.at(random.below(deals.length));
  if (book === undefined) return bondStep(world);
  return settle(world, book);
}

function settle(world: World, { deal }: DealBook): Step {
  const { law, random } = world;
  const certifier = certifierOf(world);
  const { account, bonded } = someBond(world);
  const seized = random.chance(30) ? [{ account, amount: world.amountAround(bonded) }] : [];
  const { price, stake } = unitOf(deal);
  const held = price + stake + (seized[0]?.amount ?? 0n);
  const credits = shareOut(world, random.chance(93) ? held : held + 1n);
  const given: Deal = random.chance(95) ? deal : { ...deal, trust: deal.trust + 1 };
  return call(certifier, "clerk", "settle", [given, seized, credits], () =>
    law.clerk.settle(certifier, given, seized, credits),
  );
}

/** Somebody of whom the judge holds something, if there is anybody. */
function someBond(world: World) {
  const bonds = world.law.clerk.money.bonds
    .rows()
    .filter(({ key: [, certifier], value }) => certifier === STRANGERS.judge && value.bonded > 0n)
    .map(({ key: [account], value }) => ({ account: account as `0x${string}`, bonded: value.bonded }));
  return bonds.length === 0 ? { account: world.anybody(), bonded: HANSE } : world.random.pick(bonds);
}
