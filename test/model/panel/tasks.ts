import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { type Committed, sealsChain } from "#src/protocol/contributions.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import type { ClerkModel } from "../clerk/clerk-model.ts";
import type { Deal } from "../clerk/deal.ts";
import { type Journal, Table } from "../journal.ts";
import type { Moment } from "../moment.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import type { SeedSourceModel } from "../seed-source-model.ts";
import type { PanelCustoms } from "./customs.ts";
import { Draws } from "./draws.ts";
import type { Seats } from "./seats.ts";
import {
  type Contribution,
  contributionHash,
  type OpenTask,
  type Round,
  type TaskBook,
  type TaskStatus,
  taskIdOf,
} from "./task.ts";

/** Tasks under way: rounds, who is drawn for them, what was committed. */
export class Tasks {
  readonly tasks: Table<TaskBook>;
  readonly draws: Draws;
  readonly #rules: Rules;
  readonly #clerk: ClerkModel;
  readonly #seeds: SeedSourceModel;
  readonly #seats: Seats;
  readonly #customs: PanelCustoms;

  constructor(
    journal: Journal,
    rules: Rules,
    clerk: ClerkModel,
    seeds: SeedSourceModel,
    seats: Seats,
    customs: PanelCustoms,
  ) {
    this.tasks = new Table<TaskBook>(journal, { status: "open", rounds: [], seals: [] });
    this.draws = new Draws(rules, seats, seeds);
    this.#rules = rules;
    this.#clerk = clerk;
    this.#seeds = seeds;
    this.#seats = seats;
    this.#customs = customs;
  }

  /** A task as it stands, settled or not. Whether its deal is true the Clerk says where it is settled. */
  find(deal: Deal, index: number): OpenTask {
    need(index >= deal.firstTask && index < deal.firstTask + deal.volume, "PanelIndexOutOfRange");
    const id = taskIdOf(deal, index);
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

  /** The last block in which the next round cannot be opened yet. */
  graceUntil(task: OpenTask): bigint {
    return this.closesAt(task) + this.#graceOf(task);
  }

  isClosed(task: OpenTask, now: Moment): boolean {
    return task.running.completedAt !== undefined || now.block > this.closesAt(task);
  }

  commit(caller: Address, deal: Deal, index: number, contributions: readonly Contribution[], now: Moment) {
    const task = this.findOpen(deal, index);
    need(deal.trust > 1, "PanelNotReplicated");
    need(now.block <= this.deadlineOf(task), "PanelDeadlineOver");
    need(!this.isClosed(task, now), "PanelRoundClosed");
    const drawing = this.draws.draw(task, now);
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
    this.#customs.checkUndecided(task, now);
    need(now.block > this.graceUntil(task), "PanelGraceRunning");
    const seedBlock = now.block + this.#rules.seedDelay;
    const neededUntil = seedBlock + frozenTerms(deal).roundBlocks + this.#graceOf(task);
    need(neededUntil <= this.deadlineOf(task), "PanelTimeTooShort");
    const drawing = this.draws.draw(task, now);
    need(drawing.known, "PanelSeedUnknown");
    need(drawing.rounds.flat().length < this.#rules.maxPlaces && !drawing.exhausted, "PanelSeatsExhausted");
    const seed = this.#seeds.seedOf(task.running.seedBlock, now);
    this.#keep(task, task.book.seals, { ...task.running, seed, drawn: drawing.rounds.at(-1) }, { seedBlock });
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

  #graceOf({ deal }: OpenTask): bigint {
    return this.#customs.graceBlocks(frozenTerms(deal).roundBlocks);
  }

  #keep(task: OpenTask, seals: readonly Committed[], running: Round, next?: Round): void {
    const rounds = [...task.rounds.slice(0, -1), running, ...(next === undefined ? [] : [next])];
    this.tasks.set({ ...task.book, rounds, seals }, task.id);
  }
}
