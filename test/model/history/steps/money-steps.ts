import type { Address } from "viem";
import { type Entry, sum } from "../../clerk/accounts.ts";
import { least } from "../../least.ts";
import { STRANGERS } from "../strangers.ts";
import { HANSE, type World } from "../world.ts";
import { call, type Step } from "./step.ts";

/** Deposits, withdrawals, payments, allowances. */
export function moneyStep(world: World): Step {
  return world.random.weighted<(world: World) => Step>([
    [3, deposit],
    [2, approve],
    [3, withdraw],
    [3, pay],
    [3, allow],
    [2, approveAndDeposit],
  ])(world);
}

function deposit(world: World): Step {
  const { random, law } = world;
  const caller = random.pick([world.governance, ...world.requesters.slice(0, 3)]);
  const { wallets, approvals } = law.clerk.token;
  const most = least(wallets.get(caller), approvals.get(caller), 100n * HANSE);
  const amount = world.amountAround(most);
  const account = random.pick(world.holders);
  if (random.chance(50)) {
    return call(caller, "clerk", "depositFor", [account, amount], () =>
      law.clerk.money.deposit(caller, account, amount),
    );
  }
  return call(caller, "clerk", "deposit", [amount], () => law.clerk.money.deposit(caller, caller, amount));
}

function approve(world: World): Step {
  const { random, law } = world;
  const caller = random.pick(world.addresses.slice(2));
  const amount = world.amountAround(law.clerk.token.wallets.get(caller));
  const { clerk } = world.chain.contracts;
  return call(caller, "token", "approve", [clerk, amount], () => law.clerk.token.approve(caller, amount));
}

function approveAndDeposit(world: World): Step {
  const { random, law } = world;
  const caller = random.pick(world.addresses);
  const wallet = law.clerk.token.wallets.get(caller);
  const amount = random.chance(3) ? 2n ** 64n : world.amountAround(least(wallet, HANSE));
  const { clerk } = world.chain.contracts;
  return call(caller, "token", "approveAndCall(address,uint256)", [clerk, amount], (_, now) =>
    law.clerk.approveAndCall(caller, amount, undefined, false, now),
  );
}

function withdraw(world: World): Step {
  const caller = world.random.pick([...world.addresses, STRANGERS.judge]);
  const amount = world.amountAround(world.freeOf(caller) / 10n);
  return call(caller, "clerk", "withdraw", [amount], () => world.law.clerk.money.withdraw(caller, amount));
}

function pay(world: World): Step {
  const caller = world.anybody();
  const most = world.freeOf(caller) / BigInt(world.random.pick([1, 2, 20]));
  const credits = entries(world, world.random.below(4), () => world.amountAround(most));
  return call(caller, "clerk", "pay", [credits], () => world.law.clerk.money.pay(caller, credits));
}

function allow(world: World): Step {
  const { random, law } = world;
  const caller = random.pick([...world.workers, ...world.requesters]);
  const certifier: Address = random.pick(world.certifiers);
  const amount = BigInt(random.pick([0, 1, 50, 107, 150, 215, 300, 500])) * HANSE;
  return call(caller, "clerk", "allowCertifier", [certifier, amount], () =>
    law.clerk.money.allowCertifier(caller, certifier, amount),
  );
}

export function entries(world: World, count: number, amount: () => bigint): Entry[] {
  return Array.from({ length: count }, () => ({
    account: world.random.pick(world.holders),
    amount: amount(),
  }));
}

/** Splits an amount among anybody, to the last nano-HANSE. */
export function shareOut(world: World, amount: bigint): Entry[] {
  const shares = entries(
    world,
    world.random.below(3),
    () => (amount * BigInt(world.random.below(40))) / 100n,
  );
  return [...shares, { account: world.random.pick(world.holders), amount: amount - sum(shares) }];
}
