import { type Address, type Hex, numberToHex } from "viem";
import { LEGS, REFUSALS } from "#src/protocol/refusals.ts";
import type { Batch, MatchOutcome } from "../../clerk/batch.ts";
import type { Deal } from "../../clerk/deal.ts";
import { least } from "../../least.ts";
import { Refused } from "../../refusal.ts";
import type { Log, Sent } from "../market-chain.ts";
import { HANSE, type World } from "../world.ts";
import { type MadeBatch, OrderMaker } from "./orders.ts";
import { call, type Question, type Step } from "./step.ts";

/** Traders' steps that make or void orders. */
export function cancelStep(world: World): Step {
  const { random, law } = world;
  const caller = random.pick([...world.owners, ...world.requesters]);
  if (random.chance(80)) {
    const leg = random.pick(LEGS);
    const salts = Array.from({ length: random.between(0, 2) }, () =>
      numberToHex(random.below(40), { size: 32 }),
    );
    return call(caller, "clerk", "cancel", [LEGS.indexOf(leg), salts], () =>
      law.clerk.fills.cancel(caller, leg, salts),
    );
  }
  const { epoch } = law.clerk.money.accounts.get(caller);
  const next = epoch + BigInt(random.pick([1, 1, 1, 2, 0]));
  return call(caller, "clerk", "raiseEpoch", [next], () => law.clerk.money.raiseEpoch(caller, next));
}

/** An asset changes hands, and its old owner's orders are void. */
export function transferStep(world: World): Step {
  const { random, law } = world;
  const asset = random.pick(Object.values(world.assets).flat());
  const from = world.ownerOf(asset);
  const to = random.pick(world.owners);
  return call(from, "registry", "transferFrom", [from, to, asset.id], () =>
    law.clerk.owners.set(to, asset.id),
  );
}

export function certifierStep(world: World): Step {
  const { random, law } = world;
  const caller = random.pick([world.governance, world.anybody()]);
  const certifier = random.pick([...world.certifiers.slice(0, 2), world.anybody()]);
  const registered = random.chance(90);
  return call(caller, "clerk", "registerCertifier", [certifier, registered], () =>
    law.clerk.registerCertifier(caller, certifier, registered),
  );
}

/** A batch: first perhaps a look at what would become of it, then what has to be presigned, then the seal. */
export function sealSteps(world: World): Step[] {
  const { random } = world;
  const sealer = world.anybody();
  const made = new OrderMaker(world).batch(sealer);
  const seals = [sealStep(world, sealer, made.batch, random.chance(25))];
  if (random.chance(15)) seals.push(sealStep(world, world.anybody(), made.batch, false));
  const asked = random.chance(20) ? [previewStep(world, sealer, made.batch)] : [];
  return [...presignSteps(world, made), ...asked, ...seals];
}

function presignSteps(world: World, { presigned }: MadeBatch): Step[] {
  return presigned
    .filter(() => world.random.chance(90))
    .map(({ account, hash }) => {
      const digest = world.signing.digestOf("clerk", hash);
      return call(account, "keyring", "presign", [digest, true], (law) =>
        law.clerk.keyring.presign(account, "clerk", hash, true),
      );
    });
}

function sealStep(world: World, sealer: Address, batch: Batch, strict: boolean): Step {
  const encoded = encodeBatch(world, batch);
  const compare = (played: unknown, sent: Sent) => compareOutcomes(played as MatchOutcome[], sent);
  if (world.random.chance(94)) {
    return {
      ...call(sealer, "clerk", "seal", [encoded, strict], (law, now) =>
        law.clerk.seal(sealer, batch, strict, now),
      ),
      compare,
    };
  }
  const wallet = world.law.clerk.token.wallets.get(sealer);
  const amount = world.amountAround(least(wallet, HANSE));
  const { clerk } = world.chain.contracts;
  const data = `0x${world.chain.encode("clerk", "seal", [encoded, strict]).slice(10)}`;
  return {
    ...call(sealer, "token", "approveAndCall(address,uint256,bytes)", [clerk, amount, data], (law, now) =>
      law.clerk.approveAndCall(sealer, amount, batch, strict, now),
    ),
    compare,
  };
}

/** `preview` answers for each match as if it were the only one of its batch. */
function previewStep(world: World, sealer: Address, batch: Batch): Question {
  return {
    type: "question",
    from: sealer,
    to: "clerk",
    method: "preview",
    args: [encodeBatch(world, batch), sealer],
    play: (law, now) =>
      batch.matches.map((match) =>
        law.journal.pretend(() => law.clerk.seal(sealer, { ...batch, matches: [match] }, false, now)[0]),
      ),
    compare: (played, answer) => {
      if (played instanceof Refused || typeof answer === "string") return undefined;
      const [previews] = answer as [Array<{ leg: bigint; refusal: bigint; volume: bigint }>];
      const seen = previews.map(({ leg, refusal, volume }) =>
        refusal === 0n ? `sealed ${volume}` : `${LEGS[Number(leg)]} ${REFUSALS[Number(refusal)]}`,
      );
      const told = (played as MatchOutcome[]).map((each) =>
        each.type === "sealed" ? `sealed ${each.deal.volume}` : `${each.leg} ${each.refusal}`,
      );
      return seen.join() === told.join() ? undefined : `preview: [${told}] by the model, [${seen}] seen`;
    },
  };
}

/** What became of each match, against the events of the batch. */
function compareOutcomes(outcomes: readonly MatchOutcome[], { logs }: Sent): string | undefined {
  const events = logs.filter(({ name }) => name === "DealSealed" || name === "MatchRefused");
  if (events.length !== outcomes.length) return `${outcomes.length} matches, ${events.length} events`;
  for (const [i, outcome] of outcomes.entries()) {
    const event = events[i] as Log;
    const told = outcome.type === "sealed" ? "sealed" : `${outcome.leg} ${outcome.refusal}`;
    const seen =
      event.name === "DealSealed"
        ? "sealed"
        : `${LEGS[Number(event.args.leg)]} ${REFUSALS[Number(event.args.refusal)]}`;
    if (told !== seen) return `match ${i}: ${told} by the model, ${seen} seen`;
    if (outcome.type === "refused") continue;
    const difference = compareDeals(outcome.deal, event.args.deal as { toObject(): Record<string, unknown> });
    if (difference !== undefined) return `match ${i}: ${difference}`;
  }
  return undefined;
}

function compareDeals(deal: Deal, told: { toObject(): Record<string, unknown> }): string | undefined {
  const plain = (value: unknown) => String(value).toLowerCase();
  for (const [member, value] of Object.entries(told.toObject())) {
    const own = deal[member as keyof Deal];
    if (plain(own) !== plain(value)) return `deal.${member} is ${own} by the model, ${value} seen`;
  }
  return undefined;
}

/** As the contract wants it, each mark in its bytes. */
function encodeBatch(world: World, batch: Batch): unknown {
  const signed = <T extends { readonly mark: Parameters<typeof world.signing.bytesOf>[0] }>(each: T) => {
    const { mark, ...rest } = each;
    return { ...rest, signature: world.signing.bytesOf(mark, "clerk") as Hex };
  };
  return {
    ...batch,
    apps: batch.apps.map(signed),
    datasets: batch.datasets.map(signed),
    pools: batch.pools.map(signed),
    requests: batch.requests.map(signed),
    sponsorships: batch.sponsorships.map(signed),
  };
}
