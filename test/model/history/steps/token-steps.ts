import { type Address, numberToHex, zeroAddress } from "viem";
import type { Mark } from "../../clerk/keyring.ts";
import type { Permit } from "../../clerk/token.ts";
import { least } from "../../least.ts";
import { STRANGERS } from "../strangers.ts";
import { HANSE, type World } from "../world.ts";
import { call, type Step } from "./step.ts";

/** What else tokens can be made to do: signed approvals, gifts, and what is done about these. */
export function tokenSteps(world: World): Step[] {
  return world.random.weighted<() => Step[]>([
    [5, () => permitSteps(world)],
    [3, () => [giftStep(world)]],
    [3, () => [surplusStep(world)]],
    [1, () => [pretendStep(world)]],
  ])();
}

/** A permit, by whom it is meant or by somebody who was faster; once, or again. */
function permitSteps(world: World): Step[] {
  const { random } = world;
  const permit = makePermit(world);
  const deposit = () => depositStep(world, permit);
  return random.weighted<() => Step[]>([
    [60, () => [deposit()]],
    [15, () => [handInStep(world, permit), deposit()]],
    [10, () => [handInStep(world, permit), handInStep(world, permit)]],
    [15, () => [deposit(), deposit()]],
  ])();
}

function makePermit(world: World): Permit {
  const { random, law, head } = world;
  const { token } = law.clerk;
  const owner = random.pick(world.addresses);
  const amount = world.amountAround(least(token.wallets.get(owner), HANSE));
  const deadline = random.weighted<bigint>([
    [85, head.time + 10n ** 6n],
    [15, head.time + BigInt(random.below(4))],
  ]);
  const nonce = token.nonces.get(owner) + (random.chance(95) ? 0n : 1n);
  const over = token.permitHash(owner, amount, deadline, nonce);
  const mark = random.weighted<Mark>([
    [88, { type: "key", key: owner, over }],
    [5, { type: "key", key: world.anybody(), over }],
    [4, { type: "junk" }],
    [3, { type: "none" }],
  ]);
  return { owner, amount, deadline, mark };
}

function depositStep(world: World, permit: Permit): Step {
  // Somebody else's permit lets nobody spend but its owner.
  const caller = world.random.chance(95) ? permit.owner : world.anybody();
  const { v, r, s } = world.signing.partsOf(permit.mark, "token");
  const args = [permit.amount, permit.deadline, v, r, s];
  return call(caller, "clerk", "depositWithPermit", args, (law, now) =>
    law.clerk.depositWithPermit(caller, { ...permit, owner: caller }, now),
  );
}

function handInStep(world: World, permit: Permit): Step {
  const { owner, amount, deadline, mark } = permit;
  const { v, r, s } = world.signing.partsOf(mark, "token");
  const args = [owner, world.chain.contracts.clerk, amount, deadline, v, r, s];
  return call(world.anybody(), "token", "permit", args, (law, now) => law.clerk.token.permit(permit, now));
}

/** Tokens sent where they are nobody's. */
function giftStep(world: World): Step {
  const { random, law } = world;
  const { clerk, till } = law.clerk.token.places;
  const caller = random.pick(world.addresses);
  const to = random.pick([clerk, clerk, till]);
  const amount = world.amountAround(least(law.clerk.token.wallets.get(caller), HANSE));
  return call(caller, "token", "transfer", [to, amount], () => law.clerk.token.transfer(caller, to, amount));
}

function surplusStep(world: World): Step {
  const { random, law, governance, chain } = world;
  const { clerk, till } = law.clerk.token.places;
  const caller = random.chance(75) ? governance : world.anybody();
  const to = random.weighted<Address>([
    [90, world.anybody()],
    [5, till],
    [5, zeroAddress],
  ]);
  const amount = world.amountAround(law.clerk.token.wallets.get(clerk));
  const token = random.chance(90) ? "hanse" : "other";
  const args = [token === "other" ? STRANGERS.yes : chain.contracts.token, to, amount];
  return call(caller, "clerk", "recoverSurplus", args, () =>
    law.clerk.recoverSurplus(caller, token, to, amount),
  );
}

/** Somebody tells the Clerk of an approval as if it were the token. */
function pretendStep(world: World): Step {
  const { random, law } = world;
  const caller = world.anybody();
  const owner = random.pick([caller, world.governance]);
  const value = world.amountAround(HANSE);
  const data = random.pick(["0x", numberToHex(0, { size: 32 })]);
  return call(caller, "clerk", "onApprovalReceived", [owner, value, data], () =>
    law.clerk.onApprovalReceived(caller, owner, value),
  );
}
