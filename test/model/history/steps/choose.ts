import type { Moment } from "../../moment.ts";
import type { World } from "../world.ts";
import { judgeStep } from "./judge-steps.ts";
import { idlePresignStep, operatorStep } from "./keyring-steps.ts";
import { moneyStep } from "./money-steps.ts";
import { recordStep } from "./panel-steps.ts";
import { cancelStep, certifierStep, sealSteps, transferStep } from "./seal-steps.ts";
import { enrolStep, releaseSteps, seatStep } from "./seat-steps.ts";
import { mine, type Step } from "./step.ts";
import { taskSteps } from "./task-steps.ts";
import { tokenSteps } from "./token-steps.ts";

/** What happens next. */
export function chooseSteps(world: World, now: Moment): Step[] {
  const { random, temper } = world;
  return random.weighted<() => Step[]>([
    [temper.trade, () => sealSteps(world)],
    [temper.work, () => taskSteps(world, now)],
    [50, () => [seatStep(world)]],
    [30, () => [enrolStep(world, world.panel())]],
    [70, () => [moneyStep(world)]],
    [60, () => tokenSteps(world)],
    [60, () => [judgeStep(world)]],
    [20, () => [operatorStep(world)]],
    [3, () => [idlePresignStep(world)]],
    [12, () => [cancelStep(world)]],
    [4, () => [transferStep(world)]],
    [4, () => [certifierStep(world)]],
    [14, () => [recordStep(world, now)]],
    [25, () => [mine(random.between(1, 12))]],
    [4, () => [mine(random.between(100, 400))]],
    [1, () => [mine(61_000)]],
    [3, () => releaseSteps(world, world.panel(), now)],
  ])();
}
