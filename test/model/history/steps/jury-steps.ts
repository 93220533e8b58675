import { type Hex, numberToHex, zeroHash } from "viem";
import { packCommitted } from "#src/protocol/contributions.ts";
import type { Ballot, Tally } from "../../jury/polls.ts";
import type { Moment } from "../../moment.ts";
import type { Sent } from "../market-chain.ts";
import type { World } from "../world.ts";
import { answer } from "./answers.ts";
import { giveUpSteps, nextRoundSteps } from "./panel-steps.ts";
import { accepts, falsified, type Running, someSeals } from "./running.ts";
import { type Call, call, mine, mineUntil, type Step } from "./step.ts";

/** A round of a jury is closed: seals are opened, and counted. */
export function countingSteps(world: World, running: Running, now: Moment): Step[] {
  const { random, law } = world;
  const { task } = running;
  const { rulings, polls } = law.jury;
  const until = rulings.revealUntil(task);
  const hidden = task.book.seals.filter(
    ({ round }, position) => round === task.rounds.length && !polls.isRevealed(task.id, position),
  );
  if (now.block <= until && hidden.length > 0 && random.chance(80)) return [revealStep(world, running)];
  const ruled = accepts(world, () => rulings.rule(running.deal, running.index, task.book.seals, now));
  if (ruled && random.chance(85)) return [ruleStep(world, running)];
  return random.weighted<() => Step[]>([
    [15, () => [revealStep(world, running)]],
    [15, () => [ruleStep(world, running)]],
    [10, () => [mine(random.between(1, 12))]],
    // The last block in which a seal can be opened, or the one after it.
    [10, () => [...mineUntil(now, until + BigInt(random.below(2))), revealStep(world, running)]],
    [45, () => nextRoundSteps(world, running, now)],
    [8, () => giveUpSteps(world, running, now)],
  ])();
}

export function revealStep(world: World, running: Running): Step {
  const { deal, index, task } = running;
  const seals = someSeals(world, task);
  const given = falsified(world, deal);
  const ballots = someBallots(world, running);
  const args = [given, index, seals.map(packCommitted), ballots];
  return call(world.anybody(), "jury", "reveal", args, (law, now) =>
    law.jury.rulings.reveal(given, index, seals, ballots, now),
  );
}

export function ruleStep(world: World, { deal, index, task }: Running): Call {
  const seals = someSeals(world, task);
  const given = falsified(world, deal);
  return {
    ...call(world.anybody(), "jury", "rule", [given, index, seals.map(packCommitted)], (law, now) =>
      law.jury.rulings.rule(given, index, seals, now),
    ),
    compare: (played, sent) => compareRuling(played as Tally, sent),
  };
}

/** What jurors show of their seals; some of them show nothing, or something else. */
function someBallots(world: World, { task }: Running): Ballot[] {
  const { random, law, temper } = world;
  const all = task.book.seals.map(({ seal, worker }, position): Ballot => {
    const { answer: said, salt } = world.sealedAnswers.get(seal) ?? { answer: zeroHash, salt: zeroHash };
    const odd = random.below(1_000);
    if (odd < temper.liars / 2) return { position, answer: answer(task.id, "truth", worker), salt };
    if (odd >= 995) return { position, answer: said, salt: numberToHex(1, { size: 32 }) };
    return { position, answer: said, salt };
  });
  const hidden = all.filter(
    ({ position }) =>
      task.book.seals[position]?.round === task.rounds.length &&
      !law.jury.polls.isRevealed(task.id, position),
  );
  const shown = hidden.filter(() => !random.chance(temper.absent + 5));
  // What is open already, what a former round left closed, and what is not there.
  if (random.chance(6) && all.length > 0) shown.push(random.pick(all));
  if (random.chance(2)) shown.push({ position: all.length, answer: zeroHash, salt: zeroHash });
  const twice = shown[0];
  if (twice !== undefined && random.chance(4)) shown.push(twice);
  return random.chance(50) ? shown : random.shuffled(shown);
}

function compareRuling({ leading, votes }: Tally, { logs }: Sent): string | undefined {
  const event = logs.find(({ name }) => name === "Ruled");
  const seen = `${event?.args.answer as Hex} by ${event?.args.votes as bigint}`;
  return seen === `${leading} by ${votes}` ? undefined : `ruled ${leading} by ${votes}, ${seen} seen`;
}
