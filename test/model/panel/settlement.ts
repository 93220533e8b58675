import type { Address } from "viem";
import type { Committed } from "#src/protocol/contributions.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import type { Entry } from "../clerk/accounts.ts";
import type { ClerkModel } from "../clerk/clerk-model.ts";
import { type Deal, unitOf } from "../clerk/deal.ts";
import type { Moment } from "../moment.ts";
import type { Rules } from "../rules.ts";
import type { Seats } from "./seats.ts";
import type { OpenTask, TaskStatus } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** What absent workers paid. */
export interface Fined {
  readonly fines: bigint;
  /** Of it, by those whose stake was not lost already. */
  readonly felt: bigint;
  readonly seized: readonly Entry[];
}

/** What all ways in which a task ends have in common. */
export class Settlement {
  readonly #rules: Rules;
  readonly #clerk: ClerkModel;
  readonly #seats: Seats;
  readonly #tasks: Tasks;

  constructor(rules: Rules, clerk: ClerkModel, seats: Seats, tasks: Tasks) {
    this.#rules = rules;
    this.#clerk = clerk;
    this.#seats = seats;
    this.#tasks = tasks;
  }

  /** Who gets what of the buyer's money, but for what the pool is paid. */
  payOrRefund(deal: Deal, outcome: number): { paid: bigint; credits: Entry[] } {
    if (outcome === 0) {
      const credits = [
        { account: deal.appOwner, amount: deal.appPrice },
        { account: deal.datasetOwner, amount: deal.datasetPrice },
      ];
      return { paid: deal.poolPrice, credits };
    }
    const fee = (deal.poolPrice * this.#rules.failureFeePercent) / 100n;
    return { paid: fee, credits: [{ account: deal.payer, amount: unitOf(deal).price - fee }] };
  }

  /** The scheduler's share. */
  cutOf(deal: Deal, paid: bigint): bigint {
    return (paid * BigInt(frozenTerms(deal).schedulerShare)) / 10_000n;
  }

  /** Whether fewer answered than were drawn. */
  isAnyMissing(task: OpenTask, answered: number, now: Moment): boolean {
    const { draws } = this.#tasks;
    if (task.running.drawn !== undefined) return answered < draws.places(task, now);
    if (!draws.isTold(task, now)) return true;
    const drawing = draws.draw(task, now);
    return !drawing.known || answered < drawing.rounds.flat().length;
  }

  /** Fines who was drawn, as its seal or the seeds tell, and is not among those who answered. */
  fineAbsent(task: OpenTask, answered: readonly Committed[], now: Moment): Fined {
    const { draws } = this.#tasks;
    if (!draws.isTold(task, now)) return { fines: 0n, felt: 0n, seized: [] };
    const { pool } = task.deal;
    const seized: Entry[] = [];
    let felt = 0n;
    const sealed = task.book.seals.map(({ seat }) => seat);
    for (const number of new Set([...draws.draw(task, now).rounds.flat(), ...sealed])) {
      if (answered.some(({ seat }) => seat === number)) continue;
      const { worker, stake, convicted } = this.#seats.taken(pool, number);
      const fine = (stake * this.#rules.finePercent) / 100n;
      this.#seats.miss(pool, number, fine, now);
      seized.push({ account: worker, amount: fine });
      if (!convicted) felt += fine;
    }
    return { fines: seized.reduce((total, { amount }) => total + amount, 0n), felt, seized };
  }

  /** A worker that was named instead of drawn is paid in its account. */
  payNamed(task: OpenTask, worker: Address, outcome: number): void {
    const { deal } = task;
    const { paid, credits } = this.payOrRefund(deal, outcome);
    const cut = this.cutOf(deal, paid);
    this.close(
      task,
      outcome === 0 ? "certified" : "failed",
      [],
      [
        ...credits,
        { account: worker, amount: paid - cut },
        { account: deal.poolOwner, amount: deal.poolStake + cut },
      ],
    );
  }

  close(
    task: OpenTask,
    status: Exclude<TaskStatus, "open">,
    seized: readonly Entry[],
    credits: readonly Entry[],
  ): void {
    this.#tasks.settle(task, status);
    this.#clerk.settle(this.#seats.certifier, task.deal, seized, credits);
  }
}
