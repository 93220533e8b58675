import type { Moment } from "../../moment.ts";
import type { World } from "../world.ts";
import { attestStep } from "./attest-steps.ts";
import { commitStep } from "./commit-steps.ts";
import { countingSteps, revealStep, ruleStep } from "./jury-steps.ts";
import { claimStep, claimsStep, drawnStep, extendStep, giveUpSteps, nextRoundSteps } from "./panel-steps.ts";
import { completeStep, finalizeStep, sureKind } from "./poco-steps.ts";
import { accepts, type Running, runningTasks } from "./running.ts";
import { mine, type Step } from "./step.ts";

/** What comes next for one of the tasks under way; mostly what its course asks for. */
export function taskSteps(world: World, now: Moment): Step[] {
  const { random } = world;
  const tasks = runningTasks(world);
  if (tasks.length === 0) return [mine(1)];
  // What was begun is mostly brought to its end.
  const begun = tasks.filter(({ task }) => task.book.seals.length > 0);
  const running = random.pick(begun.length > 0 && random.chance(65) ? begun : tasks);
  if (random.chance(world.temper.strayed)) return [strayStep(world, running, now)];
  return nextSteps(world, running, now, tasks);
}

function strayStep(world: World, running: Running, now: Moment): Step {
  const pocos = [finalizeStep, completeStep, attestStep];
  const jurys = [revealStep, ruleStep];
  const [own, foreign] = running.panel === "poco" ? [pocos, jurys] : [jurys, pocos];
  return world.random.weighted<() => Step>([
    [2, () => commitStep(world, running, now)],
    [6, () => world.random.pick([extendStep, claimStep, drawnStep])(world, running)],
    [8, () => world.random.pick(own)(world, running)],
    // Where it cannot be judged at all.
    [2, () => world.random.pick(foreign)(world, running)],
  ])();
}

function nextSteps(world: World, running: Running, now: Moment, all: readonly Running[]): Step[] {
  const { random, law } = world;
  const { task, deal, panel } = running;
  const { tasks } = law[panel];
  if (now.block > tasks.deadlineOf(task)) return [claimsStep(world, running, now, all)];
  const isAttestable = panel === "poco" && BigInt(deal.attesters) !== 0n;
  if (isAttestable && random.chance(task.book.seals.length === 0 ? 60 : 8))
    return [attestStep(world, running)];
  if (deal.trust <= 1) {
    return random.chance(75) ? [completeStep(world, running)] : [mine(random.between(1, 60))];
  }
  if (!tasks.isClosed(task, now)) {
    const isDrawn = tasks.draws.draw(task, now).known;
    if (!isDrawn) return [mine(1)];
    return random.chance(88) ? [commitStep(world, running, now)] : [mine(random.between(1, 25))];
  }
  return panel === "jury" ? countingSteps(world, running, now) : judgingSteps(world, running, now);
}

/** A round of Poco is closed: its result is found out, or it was not enough. */
function judgingSteps(world: World, running: Running, now: Moment): Step[] {
  const { random, law } = world;
  const { tasks } = law.poco;
  const sure = sureKind(world, running, now);
  if (sure !== undefined && random.chance(85)) return [finalizeStep(world, running, sure)];
  const graceUntil = tasks.graceUntil(running.task);
  const later = { ...now, block: graceUntil > now.block ? graceUntil + 1n : now.block };
  const isStuck = !accepts(world, () => tasks.extend(running.deal, running.index, later));
  return random.weighted<() => Step[]>([
    [8, () => [finalizeStep(world, running)]],
    [isStuck ? 8 : 80, () => nextRoundSteps(world, running, now)],
    [12, () => [mine(random.between(1, 30))]],
    [isStuck ? 25 : 5, () => giveUpSteps(world, running, now)],
  ])();
}
