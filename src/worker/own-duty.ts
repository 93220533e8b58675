import type { Address, Hex } from "viem";
import {
  type Committed,
  isSealOf,
  type Result,
  resultHash,
  roundDigest,
} from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { GRACE_BLOCKS, SEED_DELAY } from "#src/protocol/panel-parameters.ts";
import { placesOfRound } from "#src/protocol/places.ts";
import { courseOf, type TaskCourse, type TaskState } from "#src/protocol/task-course.ts";
import { judgeSeals } from "./disclosure-check.ts";
import type { ResultStore } from "./result-store.ts";
import type { WorkerChain } from "./worker-chain.ts";

/** A task that a seat may have been drawn for. */
export interface DrawnTask {
  readonly taskId: Hex;
  readonly dealId: Hex;
  readonly index: number;
  readonly deal: Deal;
}

/** What a worker has mined itself when nobody else does: see `IPanel` and `IPoco`. */
export const OWN_STEPS = ["commit", "finalize", "extend", "claim", "record"] as const;
export type OwnStep = (typeof OWN_STEPS)[number];

/** What is due for a task now; `done`: it has ended. */
export interface Duty {
  readonly step: OwnStep | "compute" | "wait" | "done";
  /** The running round. */
  readonly round: number;
}

/** How long a worker leaves to others, the scheduler before all, what it could do itself. In blocks. */
export interface Patience {
  /** Its own seal is committed when a round has no more than so many left; 3 unless told. */
  readonly commitMarginBlocks?: number;
  /** After a round has closed; 7 unless told: that is within the grace, while no other round can be opened. */
  readonly finalizeAfterBlocks?: number;
  /** After a round has closed, at least the grace of 10; 15 unless told. */
  readonly extendAfterBlocks?: number;
  /** After the deadline; 5 unless told. */
  readonly claimAfterBlocks?: number;
  /** Who may all send the same have turns of so many, in the order of their seals; 1 unless told. */
  readonly turnBlocks?: number;
}

export interface DutyDeps {
  readonly chain: WorkerChain;
  readonly results: Pick<ResultStore, "load" | "result">;
  readonly worker: Address;
  readonly seat: number;
  /** Blocks whose seeds the worker has had kept. */
  readonly keptSeeds: ReadonlySet<bigint>;
}

/** A seed is kept by whoever has something at stake when it will soon be forgotten; the first in turn well before. */
const RECORD_AFTER_BLOCKS = 144n;
const RECORD_TURN_BLOCKS = 24n;
const SEED_KNOWN_BLOCKS = 250n;

/**
 * Says what a worker that relies on nobody would do now for a task: from the chain, the block it is at, and what the worker has
 * found. It decides nothing that the chain would not check again.
 */
export function createOwnDuty(deps: DutyDeps, patience: Patience = {}) {
  const { chain, results, worker, seat } = deps;
  const {
    commitMarginBlocks = 3,
    finalizeAfterBlocks = 7,
    extendAfterBlocks = 15,
    claimAfterBlocks = 5,
    turnBlocks = 1,
  } = patience;
  const memory = new Map<Hex, Memory>();

  return {
    dutyOf,
    /** Reads a task anew; all of them unless told. */
    forget(taskId?: Hex): void {
      if (taskId === undefined) memory.clear();
      else memory.delete(taskId);
    },
  };

  async function dutyOf(task: DrawnTask, head: bigint): Promise<Duty> {
    const { taskId, deal } = task;
    const known = memory.get(taskId) ?? {};
    memory.set(taskId, known);
    if (known.at !== head || known.state === undefined) {
      known.state = await chain.task(taskId, deal);
      known.at = head;
    }
    const { state } = known;
    const course = courseOf(deal, state, head);
    const { round } = course;
    const duty = (step: Duty["step"]): Duty => ({ step, round });
    if (course.settled) return duty("done");
    const seals = await committedOf(task, known, state);
    const place = seals.findIndex((seal) => seal.worker === worker);
    const own = seals[place];
    if (course.overdue) {
      // The chain compensates those who had committed.
      const due = deadlineOf(deal) + 1n + BigInt(claimAfterBlocks) + turn(place);
      return duty(own !== undefined && head >= due ? "claim" : "wait");
    }
    const drawn = await isDrawn(task, course, known);
    const step = course.closed
      ? await conclude(task, course, seals, own, head)
      : await answer(task, course, own !== undefined || !drawn, head);
    if (step !== "wait" || !(own !== undefined || drawn)) return duty(step);
    return duty(mustRecord(course, place, head) ? "record" : "wait");
  }

  async function answer({ taskId }: DrawnTask, course: TaskCourse, nothingDue: boolean, head: bigint) {
    if (nothingDue) return "wait";
    if ((await results.result(taskId)) === undefined) return "compute";
    const left = course.closesAt - head;
    // In the block after the last one it would be refused.
    return left > 0n && left <= BigInt(commitMarginBlocks) ? "commit" : "wait";
  }

  async function conclude(
    task: DrawnTask,
    course: TaskCourse,
    seals: readonly Committed[],
    own: Committed | undefined,
    head: bigint,
  ): Promise<"finalize" | "extend" | "wait"> {
    const { taskId, deal } = task;
    // Whoever has nothing on the chain gains nothing by going on.
    if (own === undefined) return "wait";
    const deadline = deadlineOf(deal);
    // Later is too late.
    const last = deadline - BigInt(commitMarginBlocks);
    const firstDue = least(course.closesAt + BigInt(finalizeAfterBlocks), last);
    if (head < firstDue) return "wait";
    const stored = await results.load(taskId);
    if (stored === undefined) return "wait";
    const agreeing = agreeingWith(taskId, seals, stored.result);
    const { reached } = await judgeSeals(chain, { ...task, result: stored.result }, seals, course.round);
    if (reached) {
      const due = least(firstDue + turn(agreeing.indexOf(own)), last);
      return head >= due ? "finalize" : "wait";
    }
    const { roundBlocks } = frozenTerms(deal);
    // The last block in which another round can be opened, mined in the next.
    const lastChance = deadline - GRACE_BLOCKS - roundBlocks - SEED_DELAY - 1n;
    const patient = course.closesAt + BigInt(extendAfterBlocks) + turn(seals.indexOf(own));
    const due = greatest(course.closesAt + GRACE_BLOCKS, least(patient, lastChance));
    return head >= due && head <= lastChance ? "extend" : "wait";
  }

  function mustRecord({ seedBlock }: TaskCourse, place: number, head: bigint): boolean {
    if (deps.keptSeeds.has(seedBlock)) return false;
    const due = seedBlock + RECORD_AFTER_BLOCKS + RECORD_TURN_BLOCKS * BigInt(Math.max(place, 0));
    return head >= due && head <= seedBlock + SEED_KNOWN_BLOCKS;
  }

  async function committedOf({ taskId, deal }: DrawnTask, known: Memory, state: TaskState) {
    if (known.seals?.word !== state.seals) {
      known.seals = { word: state.seals, committed: await chain.committed(taskId, deal, state) };
    }
    return known.seals.committed;
  }

  /** Whether the seat was drawn in the running round. */
  async function isDrawn({ deal, index }: DrawnTask, course: TaskCourse, known: Memory): Promise<boolean> {
    const { round, seedBlock } = course;
    if (known.draw?.round !== round || known.draw.seedBlock !== seedBlock) {
      const drawn = await chain.drawn(deal, index, round);
      if (drawn === undefined) return false;
      known.draw = { round, seedBlock, own: placesOfRound(drawn, deal.trust, round).includes(seat) };
    }
    return known.draw.own;
  }

  function turn(place: number): bigint {
    return BigInt(Math.max(place, 0) * turnBlocks);
  }
}

/** What was read before and stays true: of a head, of a number of seals, of a round. */
interface Memory {
  at?: bigint;
  state?: TaskState;
  seals?: { readonly word: Hex; readonly committed: readonly Committed[] };
  draw?: { readonly round: number; readonly seedBlock: bigint; readonly own: boolean };
}

function agreeingWith(taskId: Hex, seals: readonly Committed[], result: Result): readonly Committed[] {
  const hash = resultHash(result);
  return seals.filter((seal) => isSealOf(seal, roundDigest(seal.round, taskId, hash)));
}

/** The last block in which a task may be settled with an answer. */
function deadlineOf(deal: Deal): bigint {
  return deal.sealedAtBlock + frozenTerms(deal).deadlineBlocks;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
