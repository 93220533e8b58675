import { type Address, type Hex, keccak256, numberToHex, stringToHex, zeroAddress, zeroHash } from "viem";
import {
  type Committed,
  packCommitted,
  type Result,
  resultHash,
  roundDigest,
  sealOf,
} from "#src/protocol/contributions.ts";
import { taskId } from "#src/protocol/deals.ts";
import type { Deal } from "../../clerk/deal.ts";
import type { Mark } from "../../clerk/keyring.ts";
import type { Moment } from "../../moment.ts";
import { type Contribution, contributionHash, type OpenTask } from "../../poco/tasks.ts";
import { matchingSeal } from "../../poco/verdict.ts";
import { need, Refused } from "../../refusal.ts";
import { RULES } from "../../rules.ts";
import type { World } from "../world.ts";
import { call, mine, mineUntil, type Question, type Step } from "./step.ts";

/** A task that is under way. */
interface Running {
  readonly deal: Deal;
  readonly index: number;
  readonly task: OpenTask;
}

/** What comes next for one of the tasks under way; mostly what its course asks for. */
export function taskSteps(world: World, now: Moment): Step[] {
  const { random } = world;
  const tasks = runningTasks(world);
  if (tasks.length === 0) return [mine(1)];
  // What was begun is mostly brought to its end.
  const begun = tasks.filter(({ task }) => task.book.seals.length > 0);
  const running = random.pick(begun.length > 0 && random.chance(65) ? begun : tasks);
  if (random.chance(world.temper.strayed)) {
    const any = random.pick([commitStep, finalizeStep, extendStep, claimStep, completeStep, drawnStep]);
    return [any(world, running, now)];
  }
  return nextSteps(world, running, now, tasks);
}

function nextSteps(world: World, running: Running, now: Moment, all: readonly Running[]): Step[] {
  const { random, law } = world;
  const { task, deal } = running;
  const { tasks } = law.poco;
  if (now.block > tasks.deadlineOf(task)) return [claimsStep(world, running, now, all)];
  if (deal.trust <= 1) {
    return random.chance(75) ? [completeStep(world, running, now)] : [mine(random.between(1, 60))];
  }
  if (!tasks.isClosed(task, now)) {
    const isDrawn = tasks.draw(task, now).known;
    if (!isDrawn) return [mine(1)];
    return random.chance(88) ? [commitStep(world, running, now)] : [mine(random.between(1, 25))];
  }
  const sure = (["truth", "lie"] as const).find((kind) => isSure(world, running, kind, now));
  if (sure !== undefined && random.chance(85)) return [finalizeStep(world, running, now, sure)];
  const graceUntil = tasks.closesAt(task) + RULES.graceBlocks;
  const later = { ...now, block: graceUntil > now.block ? graceUntil + 1n : now.block };
  const isStuck = !accepts(world, () => tasks.extend(deal, running.index, later));
  const extend = () => [
    ...mineUntil(now, graceUntil + BigInt(random.pick([0, 1, 1, 1, 2, 3]))),
    extendStep(world, running, now),
  ];
  const giveUp = () => [
    ...mineUntil(now, tasks.deadlineOf(task) + BigInt(random.below(2))),
    claimStep(world, running, now),
  ];
  return random.weighted<() => Step[]>([
    [8, () => [finalizeStep(world, running, now)]],
    [isStuck ? 8 : 80, extend],
    [12, () => [mine(random.between(1, 30))]],
    [isStuck ? 25 : 5, giveUp],
  ])();
}

/** Whether a result could be finalized now. */
function isSure(world: World, { deal, index, task }: Running, kind: "truth" | "lie", now: Moment): boolean {
  const result = answer(task.id, kind, zeroAddress);
  return accepts(world, () => world.law.poco.endings.finalize(deal, index, task.book.seals, result, now));
}

/** Whether the law would let this happen; it does not happen by that. */
function accepts({ law }: World, step: () => void): boolean {
  return law.journal.pretend(() => {
    try {
      step();
      return true;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  });
}

/** Every task of Poco's that is open, the oldest left to themselves now and then. */
function runningTasks(world: World): Running[] {
  const { law, poco, random } = world;
  const deals = law.clerk.deals
    .rows()
    .flatMap(({ value }) => (value !== undefined && value.deal.certifier === poco ? [value] : []))
    .filter(({ openUnits }) => openUnits > 0)
    .map(({ deal }) => deal);
  const recent = random.chance(80) ? deals.slice(-8) : deals;
  return recent.flatMap((deal) => {
    // Of the millions that a deal may have, the first few are enough.
    const indices = Array.from({ length: Math.min(deal.volume, 4) }, (_, i) => deal.firstTask + i);
    return indices.flatMap((index) => {
      const id = taskId(deal, index);
      if (law.poco.tasks.tasks.get(id).status !== "open") return [];
      return [{ deal, index, task: law.poco.tasks.findOpen(deal, index) }];
    });
  });
}

/** What an honest worker finds, a thing that liars agree on, and one that only one worker says. */
function answer(id: Hex, kind: "truth" | "lie" | "junk", by: Address): Result {
  const hash = (name: string) => keccak256(stringToHex(`${id} ${name}`));
  const fails = BigInt(id) % 5n === 0n;
  return {
    outcome: kind === "lie" ? (BigInt(id) % 7n === 0n ? 3 : 0) : fails ? 2 : 0,
    content: hash(kind === "junk" ? by : kind),
    memoryHash: hash("memory"),
    callbackData: "0x01",
  };
}

/** Tasks differ in how many lie: in some nobody does, in some nearly everybody. */
function liarsIn100({ temper }: World, id: Hex): number {
  return Math.min(temper.liars * ([0, 1, 1, 2, 4][Number(BigInt(id) % 5n)] ?? 0), 95);
}

function commitStep(world: World, { deal, index, task }: Running, now: Moment): Step {
  const { random, law } = world;
  const places = law.poco.tasks.draw(task, now).rounds.at(-1) ?? [];
  const free = places.filter((seat) => !task.book.seals.some((each) => each.seat === seat));
  const chosen = free.filter(() => !random.chance(world.temper.absent));
  if (random.chance(world.temper.strayed)) chosen.push(random.pick([...places, 0, 99]));
  const caller = world.anybody();
  const contributions = chosen.flatMap((seat) => contribute(world, task, seat, caller) ?? []);
  // Convicted seats commit nothing: schedulers leave them out, most of the time.
  const given = contributions.filter(
    ({ seat }) => !law.poco.seats.seats.get(deal.pool, seat)?.convicted || random.chance(20),
  );
  return committing(world, deal, index, given, caller);
}

function committing(
  world: World,
  deal: Deal,
  index: number,
  given: readonly Contribution[],
  caller: Address,
): Step {
  const args = [
    deal,
    index,
    given.map(({ seat, seal, mark }) => ({ seat, seal, ...world.signing.wordsOf(mark, "poco") })),
  ];
  return call(caller, "poco", "commit", args, (law, now) =>
    law.poco.tasks.commit(caller, deal, index, given, now),
  );
}

function contribute(world: World, task: OpenTask, seat: number, caller: Address): Contribution {
  const { random, law, operators } = world;
  const worker = law.poco.seats.seats.get(task.deal.pool, seat)?.worker ?? caller;
  const kind = random.chance(liarsIn100(world, task.id))
    ? random.pick(["lie", "lie", "junk"] as const)
    : "truth";
  const round = task.rounds.length;
  const digest = roundDigest(round, task.id, resultHash(answer(task.id, kind, worker)));
  // No seal at all, for those who would rather have no result.
  const isZero = random.below(1_000) < world.temper.liars;
  const seal = isZero ? zeroHash : sealOf(worker, digest);
  const hash = contributionHash(task.id, round, seal);
  const key = world.addresses.includes(worker) ? worker : random.pick(operators);
  const mark = random.weighted<Mark>([
    [970, { type: "key", key, over: hash }],
    [10, { type: "key", key: random.pick(operators), over: hash }],
    [8, { type: "none" }],
    [6, { type: "key", key, over: numberToHex(1, { size: 32 }) }],
    [6, { type: "junk" }],
  ]);
  return { seat, seal, mark: caller === worker ? { type: "none" } : mark };
}

function finalizeStep(
  world: World,
  { deal, index, task }: Running,
  _now: Moment,
  kind: "truth" | "lie" | "junk" = world.random.pick(["truth", "truth", "lie", "junk"]),
): Step {
  const result = answer(task.id, kind, zeroAddress);
  const seals = shortened(world, task, result);
  const given = falsified(world, deal);
  const args = [given, index, seals.map(packCommitted), result];
  return call(world.anybody(), "poco", "finalize", args, (law, now) =>
    law.poco.endings.finalize(given, index, seals, result, now),
  );
}

function extendStep(world: World, { deal, index }: Running, _now: Moment): Step {
  const given = falsified(world, deal);
  return call(world.anybody(), "poco", "extend", [given, index], (law, now) =>
    law.poco.tasks.extend(given, index, now),
  );
}

function claimStep(world: World, { deal, index, task }: Running, _now: Moment): Step {
  const { random } = world;
  const seals = someSeals(world, task);
  const given = falsified(world, deal);
  const at = random.chance(95) ? index : index + random.between(1, 4);
  return call(world.anybody(), "poco", "claim", [given, at, seals.map(packCommitted)], (law, now) =>
    law.poco.endings.claim(given, at, seals, now),
  );
}

/** One task, or several at once. */
function claimsStep(world: World, running: Running, now: Moment, all: readonly Running[]): Step {
  const { random, law } = world;
  if (random.chance(60)) return claimStep(world, running, now);
  const late = all.filter(({ task }) => now.block > law.poco.tasks.deadlineOf(task) || random.chance(2));
  const claims = random
    .shuffled([...late, running])
    .slice(0, 4)
    .map(({ deal, index, task }) => ({ deal, index, seals: someSeals(world, task) }));
  const args = claims.map(({ deal, index, seals }) => ({
    ...{ deal, index, seals: seals.map(packCommitted) },
  }));
  return call(world.anybody(), "poco", "claimBatch", [args], (_, at) =>
    law.poco.endings.claimBatch(claims, at),
  );
}

/** Who is drawn, as the contract tells everybody. */
function drawnStep(world: World, { deal, index, task }: Running, _now: Moment): Question {
  const rounds = world.random.between(1, task.rounds.length);
  return {
    ...{ type: "question", from: world.anybody(), to: "poco", method: "drawnSeats" },
    args: [deal, index, rounds],
    play: (law, now) => {
      need(deal.trust > 1, "PanelNotReplicated");
      need(now.block <= deal.sealedAtBlock + RULES.unbondingBlocks, "PanelDrawForgotten");
      const drawing = law.poco.tasks.draw({ ...task, rounds: task.rounds.slice(0, rounds) }, now);
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

function completeStep(world: World, { deal, index, task }: Running, _now: Moment): Step {
  const { random, law, operators } = world;
  const caller = random.weighted<Address>([
    [85, deal.poolOwner],
    [8, random.pick(operators)],
    [7, world.anybody()],
  ]);
  const worker = random.chance(96) ? world.anybody() : zeroAddress;
  const result = answer(task.id, "truth", worker);
  const given = falsified(world, deal, caller);
  return call(caller, "poco", "complete", [given, index, worker, result], (_, now) =>
    law.poco.endings.complete(caller, given, index, worker, result, now),
  );
}

/** What was committed, mostly as it was. */
function someSeals(world: World, { book }: OpenTask): readonly Committed[] {
  const { random } = world;
  return random.chance(96) ? book.seals : random.pick([book.seals.slice(1), [...book.seals].reverse(), []]);
}

/** Seals that match need not be told; now and then others are left out too. */
function shortened(world: World, task: OpenTask, result: Result): readonly Committed[] {
  const { random } = world;
  if (random.chance(60)) return someSeals(world, task);
  const isLeftOut = (each: Committed) =>
    each.seal === matchingSeal(task, each, result) ? random.chance(80) : random.chance(2);
  return task.book.seals.map((each) => (isLeftOut(each) ? { ...each, seal: zeroHash } : each));
}

/** The deal as it was sealed; seldom one that is better for somebody. */
function falsified(world: World, deal: Deal, by: Address = world.anybody()): Deal {
  const { random, temper } = world;
  if (!random.chance(temper.strayed / 3)) return deal;
  const lies: ReadonlyArray<Partial<Deal>> = [
    { poolStake: deal.poolStake + 1n },
    { poolPrice: deal.poolPrice + 1n },
    { trust: deal.trust > 2 ? 2 : 0 },
    { payer: by },
    { poolOwner: by },
    { volume: deal.volume - 1 },
    { sealedAtBlock: deal.sealedAtBlock - 5n },
    { certifier: by },
  ];
  return { ...deal, ...random.pick(lies) };
}

/** Somebody keeps a seed for later, or tries to. */
export function recordStep(world: World, now: Moment): Step {
  const { random } = world;
  const wanted = runningTasks(world).map(({ task }) => task.running.seedBlock);
  const past = BigInt(random.below(300));
  const some = past < now.block ? now.block - past : 0n;
  const block = wanted.length > 0 && random.chance(85) ? random.pick(wanted) : some;
  return call(world.anybody(), "seeds", "record", [block], (law, at) => law.poco.tasks.record(block, at));
}
