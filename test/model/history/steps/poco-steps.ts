import { type Address, zeroAddress, zeroHash } from "viem";
import { type Committed, packCommitted, type Result } from "#src/protocol/contributions.ts";
import type { Moment } from "../../moment.ts";
import type { OpenTask } from "../../panel/task.ts";
import { matchingSeal } from "../../poco/verdict.ts";
import type { World } from "../world.ts";
import { type Kind, result } from "./answers.ts";
import { accepts, falsified, type Running, someSeals } from "./running.ts";
import { call, type Step } from "./step.ts";

/** A result that could be finalized now. */
export function sureKind(world: World, running: Running, now: Moment): Kind | undefined {
  const { deal, index, task } = running;
  const { results } = world.law.poco;
  return (["truth", "lie"] as const).find((kind) =>
    accepts(world, () =>
      results.finalize(deal, index, task.book.seals, result(task.id, kind, zeroAddress), now),
    ),
  );
}

export function finalizeStep(
  world: World,
  { deal, index, task }: Running,
  kind: Kind = world.random.pick(["truth", "truth", "lie", "junk"]),
): Step {
  const found = result(task.id, kind, zeroAddress);
  const seals = shortened(world, task, found);
  const given = falsified(world, deal);
  const args = [given, index, seals.map(packCommitted), found];
  return call(world.anybody(), "poco", "finalize", args, (law, now) =>
    law.poco.results.finalize(given, index, seals, found, now),
  );
}

export function completeStep(world: World, { deal, index, task }: Running): Step {
  const { random, operators } = world;
  const caller = random.weighted<Address>([
    [85, deal.poolOwner],
    [8, random.pick(operators)],
    [7, world.anybody()],
  ]);
  const worker = random.chance(96) ? world.anybody() : zeroAddress;
  const found = result(task.id, "truth", worker);
  const given = falsified(world, deal, caller);
  return call(caller, "poco", "complete", [given, index, worker, found], (law, now) =>
    law.poco.results.complete(caller, given, index, worker, found, now),
  );
}

/** Seals that match need not be told; now and then others are left out too. */
function shortened(world: World, task: OpenTask, found: Result): readonly Committed[] {
  const { random } = world;
  if (random.chance(60)) return someSeals(world, task);
  const isLeftOut = (each: Committed) =>
    each.seal === matchingSeal(task, each, found) ? random.chance(80) : random.chance(2);
  return task.book.seals.map((each) => (isLeftOut(each) ? { ...each, seal: zeroHash } : each));
}
