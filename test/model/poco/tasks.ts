import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { placesAfter } from "#src/protocol/confidence.ts";
import { type Committed, sealsChain } from "#src/protocol/contributions.ts";
import { taskId } from "#src/protocol/deals.ts";
import { createShuffle, MAX_DRAWS } from "#src/protocol/draw.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import { structHash } from "#src/protocol/struct-hash.ts";
import type { ClerkModel } from "../clerk/clerk-model.ts";
import type { Deal } from "../clerk/deal.ts";
import type { Mark } from "../clerk/keyring.ts";
import { type Journal, Table } from "../journal.ts";
import type { Moment } from "../moment.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import type { Seats } from "./seats.ts";

export type TaskStatus = "open" | "certified" | "failed" | "claimed";

export interface Round {
  readonly seedBlock: bigint;
  /** Kept when the next round is opened. */
  readonly seed?: Hex | undefined;
  /** The seats drawn in it, once somebody committed in it or the next round was opened. */
  readonly drawn?: readonly number[] | undefined;
  /** The block in which its last place committed. */
  readonly completedAt?: bigint | undefined;
}

export interface TaskBook {
  readonly status: TaskStatus;
  /** Empty: round 1 runs by itself from the seal on. */
  readonly rounds: readonly Round[];
  readonly seals: readonly Committed[];
}

export interface Contribution {
  readonly seat: number;
  readonly seal: Hex;
  readonly mark: Mark;
}

/** A task that may be acted on. */
export interface OpenTask {
  readonly id: Hex;
  readonly deal: Deal;
  readonly book: TaskBook;
  readonly rounds: readonly Round[];
  readonly running: Round;
}

/** Who was drawn, round by round, as far as seeds are known. */
export interface Drawing {
  readonly rounds: ReadonlyArray<readonly number[]>;
  readonly known: boolean;
  /** Whether no number is left to be drawn. */
  readonly exhausted: boolean;
}

const CONTRIBUTION = {
  Contribution: [
    { name: "taskId", type: "bytes32" },
    { name: "round", type: "uint8" },
    { name: "seal", type: "bytes32" },
  ],
} as const;

export function contributionHash(task: Hex, round: number, seal: Hex): Hex {
  return structHash(CONTRIBUTION, "Contribution", { taskId: task, round, seal });
}

/** Tasks under way: rounds, who is drawn for them, what was committed. */
export class Tasks {
  readonly tasks: Table<TaskBook>;
  /** Seeds that somebody had recorded at their source. */
  readonly recorded: Table<Hex | undefined>;
  readonly #rules: Rules;
  readonly #clerk: ClerkModel;
  readonly #seats: Seats;

  constructor(journal: Journal, rules: Rules, clerk: ClerkModel, seats: Seats) {
    this.tasks = new Table<TaskBook>(journal, { status: "open", rounds: [], seals: [] });
    this.recorded = new Table<Hex | undefined>(journal, undefined);
    this.#rules = rules;
    this.#clerk = clerk;
    this.#seats = seats;
  }

  record(block: bigint, now: Moment): void {
    const seed = this.seedOf(block, now);
    need(seed !== undefined, "BlockhashSeedSourceUnknown");
    this.recorded.set(seed, block);
  }

  seedOf(block: bigint, now: Moment): Hex | undefined {
    if (block < now.block && block >= now.block - 256n) return now.hashOf(block);
    return this.recorded.get(block);
  }

  /** A task as it stands, settled or not. Whether its deal is true the Clerk says where it is settled. */
  find(deal: Deal, index: number): OpenTask {
    need(index >= deal.firstTask && index < deal.firstTask + deal.volume, "PanelIndexOutOfRange");
    const id = taskId(deal, index);
    const book = this.tasks.get(id);
    const rounds =
      book.rounds.length > 0 ? book.rounds : [{ seedBlock: deal.sealedAtBlock + this.#rules.seedDelay }];
    return { id, deal, book, rounds, running: rounds.at(-1) as Round };
  }

  findOpen(deal: Deal, index: number): OpenTask {
    const task = this.find(deal, index);
    need(task.book.status === "open", "PanelAlreadySettled");
    return task;
  }

  deadlineOf({ deal }: OpenTask): bigint {
    return deal.sealedAtBlock + frozenTerms(deal).deadlineBlocks;
  }

  closesAt({ deal, running }: OpenTask): bigint {
    return running.completedAt ?? running.seedBlock + frozenTerms(deal).roundBlocks;
  }

  isClosed(task: OpenTask, now: Moment): boolean {
    return task.running.completedAt !== undefined || now.block > this.closesAt(task);
  }

  commit(caller: Address, deal: Deal, index: number, contributions: readonly Contribution[], now: Moment) {
    const task = this.findOpen(deal, index);
    need(deal.trust > 1, "PanelNotReplicated");
    need(now.block <= this.deadlineOf(task), "PanelDeadlineOver");
    need(!this.isClosed(task, now), "PanelRoundClosed");
    const drawing = this.draw(task, now);
    need(drawing.known, "PanelSeedUnknown");

    const drawn = drawing.rounds.at(-1) ?? [];
    const round = task.rounds.length;
    const seals = [...task.book.seals];
    for (const { seat: number, seal, mark } of contributions) {
      need(drawn.includes(number), "PanelSeatNotDrawn");
      if (seals.some(({ seat }) => seat === number)) continue;
      const { worker, convicted } = this.#seats.taken(deal.pool, number);
      need(!convicted, "PanelSeatConvicted");
      const hash = contributionHash(task.id, round, seal);
      const isCaller = mark.type === "none" && caller === worker;
      const key = mark.type === "key" && mark.over === hash ? mark.key : zeroAddress;
      const isSigned = key !== zeroAddress && this.#clerk.keyring.mayAct(worker, key, "contribution", now);
      need(isCaller || isSigned, "PanelSealNotSigned");
      need(seal !== zeroHash, "PanelSealMissing");
      seals.push({ seat: number, round, worker, seal });
    }
    need(seals.length > task.book.seals.length, "PanelNothingToCommit");
    const complete = drawn.every((number) => seals.some(({ seat }) => seat === number));
    this.#keep(task, seals, { ...task.running, drawn, completedAt: complete ? now.block : undefined });
  }

  extend(deal: Deal, index: number, now: Moment): void {
    const task = this.findOpen(deal, index);
    need(deal.trust > 1, "PanelNotReplicated");
    need(now.block > this.closesAt(task) + this.#rules.graceBlocks, "PanelGraceRunning");
    const seedBlock = now.block + this.#rules.seedDelay;
    const neededUntil = seedBlock + frozenTerms(deal).roundBlocks + this.#rules.graceBlocks;
    need(neededUntil <= this.deadlineOf(task), "PanelTimeTooShort");
    const drawing = this.draw(task, now);
    need(drawing.known, "PanelSeedUnknown");
    need(drawing.rounds.flat().length < this.#rules.maxPlaces && !drawing.exhausted, "PanelSeatsExhausted");
    const seed = this.seedOf(task.running.seedBlock, now);
    this.#keep(task, task.book.seals, { ...task.running, seed, drawn: drawing.rounds.at(-1) }, { seedBlock });
  }

  /** Everybody drawn so far, running round included. */
  draw({ id, deal, rounds }: OpenTask, now: Moment): Drawing {
    const { seats: size } = frozenTerms(deal);
    const shuffle = createShuffle(size);
    let taken = 0;
    const drawn: number[][] = [];
    for (const [i, round] of rounds.entries()) {
      const seed = round.seed ?? this.seedOf(round.seedBlock, now);
      if (seed === undefined) return { rounds: drawn, known: false, exhausted: false };
      const own: number[] = [];
      drawn.push(own);
      const places = placesAfter(deal.trust, i + 1);
      while (drawn.flat().length < places) {
        const number = shuffle.draw(seed, id);
        if (number === undefined) break;
        taken++;
        if (this.#wasSeated(deal, number)) own.push(number);
      }
    }
    return { rounds: drawn, known: true, exhausted: taken >= Math.min(size, MAX_DRAWS) };
  }

  /** @param stoodFor what an entry without a seal stands for, where it may be left out */
  checkSeals({ book }: OpenTask, given: readonly Committed[], stoodFor?: (by: Committed) => Hex): void {
    const full = given.map((each) =>
      stoodFor !== undefined && each.seal === zeroHash ? { ...each, seal: stoodFor(each) } : each,
    );
    need(sealsChain(full) === sealsChain(book.seals), "PanelSealsDiffer");
  }

  settle({ id, book }: OpenTask, status: TaskStatus): void {
    this.tasks.set({ ...book, status }, id);
  }

  #wasSeated(deal: Deal, number: number): boolean {
    const seat = this.#seats.seats.get(deal.pool, number);
    if (seat === undefined || seat.enrolledAt >= deal.sealedAtBlock) return false;
    return seat.leftAt === 0n || deal.sealedAtBlock <= seat.leftAt;
  }

  #keep(task: OpenTask, seals: readonly Committed[], running: Round, next?: Round): void {
    const rounds = [...task.rounds.slice(0, -1), running, ...(next === undefined ? [] : [next])];
    this.tasks.set({ ...task.book, rounds, seals }, task.id);
  }
}
