import { type Address, type Hex, numberToHex, zeroHash } from "viem";
import { resultHash, roundDigest, sealOf } from "#src/protocol/contributions.ts";
import type { Mark } from "../../clerk/keyring.ts";
import { ballotSeal } from "../../jury/polls.ts";
import type { Moment } from "../../moment.ts";
import { type Contribution, contributionHash } from "../../panel/task.ts";
import type { World } from "../world.ts";
import { answer, hashOf, result, someKind } from "./answers.ts";
import { askedPanel, type Running } from "./running.ts";
import { call, type Step } from "./step.ts";

/** Workers who were drawn seal what they say, most of them. */
export function commitStep(world: World, running: Running, now: Moment): Step {
  const { random, law } = world;
  const { panel, task, deal, index } = running;
  const { seats, tasks } = law[panel];
  const places = tasks.draws.draw(task, now).rounds.at(-1) ?? [];
  const free = places.filter((seat) => !task.book.seals.some((each) => each.seat === seat));
  const chosen = free.filter(() => !random.chance(world.temper.absent));
  if (random.chance(world.temper.strayed)) chosen.push(random.pick([...places, 0, 99]));
  const caller = world.anybody();
  const contributions = chosen.map((seat) => contribute(world, running, seat, caller));
  // Convicted seats commit nothing: schedulers leave them out, most of the time.
  const given = contributions.filter(
    ({ seat }) => !seats.seats.get(deal.pool, seat)?.convicted || random.chance(20),
  );
  const asked = askedPanel(world, running);
  const words = given.map(({ seat, seal, mark }) => ({ seat, seal, ...world.signing.wordsOf(mark, panel) }));
  return call(caller, asked, "commit", [deal, index, words], (_, at) =>
    law[asked].tasks.commit(caller, deal, index, given, at),
  );
}

function contribute(world: World, running: Running, seat: number, caller: Address): Contribution {
  const { random, law, operators } = world;
  const { panel, task } = running;
  const worker = law[panel].seats.seats.get(task.deal.pool, seat)?.worker ?? caller;
  const round = task.rounds.length;
  // No seal at all, for those who would rather have no result.
  const isZero = random.below(1_000) < world.temper.liars;
  const seal = isZero ? zeroHash : sealFor(world, running, worker);
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

function sealFor(world: World, { panel, task }: Running, worker: Address): Hex {
  const round = task.rounds.length;
  const kind = someKind(world, task.id);
  if (panel === "poco") {
    return sealOf(worker, roundDigest(round, task.id, resultHash(result(task.id, kind, worker))));
  }
  const said = answer(task.id, kind, worker);
  const salt = hashOf(task.id, `${worker} ${round}`);
  const seal = ballotSeal(worker, { task: task.id, round, answer: said, salt });
  world.sealedAnswers.set(seal, { answer: said, salt });
  return seal;
}
