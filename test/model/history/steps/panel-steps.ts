import { packCommitted } from "#src/protocol/contributions.ts";
import type { Moment } from "../../moment.ts";
import { need, Refused } from "../../refusal.ts";
import { RULES } from "../../rules.ts";
import type { World } from "../world.ts";
import { askedPanel, falsified, type Running, runningTasks, someSeals } from "./running.ts";
import { call, mineUntil, type Question, type Step } from "./step.ts";

/** What comes of a closed round that does not settle its task: another one, or nothing any more. */
export function nextRoundSteps(world: World, running: Running, now: Moment): Step[] {
  const { random, law } = world;
  const graceUntil = law[running.panel].tasks.graceUntil(running.task);
  return [
    ...mineUntil(now, graceUntil + BigInt(random.pick([0, 1, 1, 1, 2, 3]))),
    extendStep(world, running),
  ];
}

export function giveUpSteps(world: World, running: Running, now: Moment): Step[] {
  const { random, law } = world;
  const { deal, task, panel } = running;
  // Seldom so late that seat numbers can be somebody else's.
  const isForgotten = random.chance(6);
  const until = isForgotten ? deal.sealedAtBlock + RULES.unbondingBlocks : law[panel].tasks.deadlineOf(task);
  return [...mineUntil(now, until + BigInt(random.below(2))), claimStep(world, running)];
}

export function extendStep(world: World, running: Running): Step {
  const { deal, index } = running;
  const asked = askedPanel(world, running);
  const given = falsified(world, deal);
  return call(world.anybody(), asked, "extend", [given, index], (law, now) =>
    law[asked].tasks.extend(given, index, now),
  );
}

export function claimStep(world: World, running: Running): Step {
  const { random } = world;
  const { deal, index, task } = running;
  const asked = askedPanel(world, running);
  const seals = someSeals(world, task);
  const given = falsified(world, deal);
  const at = random.chance(95) ? index : index + random.between(1, 4);
  return call(world.anybody(), asked, "claim", [given, at, seals.map(packCommitted)], (law, now) =>
    law[asked].claims.claim({ deal: given, index: at, seals }, now),
  );
}

/** One task, or several at once. */
export function claimsStep(world: World, running: Running, now: Moment, all: readonly Running[]): Step {
  const { random, law } = world;
  if (random.chance(60)) return claimStep(world, running);
  const { panel } = running;
  const { tasks, claims } = law[panel];
  const late = all.filter(
    (each) => each.panel === panel && (now.block > tasks.deadlineOf(each.task) || random.chance(2)),
  );
  const given = random
    .shuffled([...late, running])
    .slice(0, 4)
    .map(({ deal, index, task }) => ({ deal, index, seals: someSeals(world, task) }));
  const args = given.map(({ seals, ...rest }) => ({ ...rest, seals: seals.map(packCommitted) }));
  return call(world.anybody(), panel, "claimBatch", [args], (_, at) => claims.claimBatch(given, at));
}

/** Who is drawn, as the contract tells everybody. */
export function drawnStep(world: World, running: Running): Question {
  const { deal, index, task } = running;
  const panel = askedPanel(world, running);
  const rounds = world.random.between(1, task.rounds.length + (world.random.chance(5) ? 1 : 0));
  return {
    ...{ type: "question", from: world.anybody(), to: panel, method: "drawnSeats" },
    args: [deal, index, rounds],
    play: (law, now) => {
      const { tasks } = law[panel];
      const found = tasks.find(deal, index);
      need(deal.trust > 1, "PanelNotReplicated");
      need(rounds <= found.rounds.length, "PanelRoundNotOpened");
      need(tasks.draws.isTold(found, now), "PanelDrawForgotten");
      const drawing = tasks.draws.draw({ ...found, rounds: found.rounds.slice(0, rounds) }, now);
      need(drawing.known, "PanelSeedUnknown");
      return drawing.rounds.flat();
    },
    compare: (played, answered) => {
      const told = played instanceof Refused ? played.reason : String(played);
      const seen = typeof answered === "string" ? answered : String((answered as unknown[])[0]);
      return told === seen ? undefined : `drawn: ${told} by the model, ${seen} seen`;
    },
  };
}

/** Somebody keeps a seed for later, or tries to. */
export function recordStep(world: World, now: Moment): Step {
  const { random } = world;
  const wanted = runningTasks(world).map(({ task }) => task.running.seedBlock);
  const past = BigInt(random.below(300));
  const some = past < now.block ? now.block - past : 0n;
  const block = wanted.length > 0 && random.chance(85) ? random.pick(wanted) : some;
  return call(world.anybody(), "seeds", "record", [block], (law, at) => law.seeds.record(block, at));
}
