import type { Committed } from "#src/protocol/contributions.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import type { Entry } from "../clerk/accounts.ts";
import type { Deal } from "../clerk/deal.ts";
import { least } from "../least.ts";
import type { Moment } from "../moment.ts";
import type { Seats } from "../panel/seats.ts";
import type { Settlement } from "../panel/settlement.ts";
import type { OpenTask } from "../panel/task.ts";
import type { Tasks } from "../panel/tasks.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import type { Ballot, Polls, Tally } from "./polls.ts";

/** How jurors' answers come to light and become a ruling. */
export class Rulings {
  readonly #rules: Rules;
  readonly #seats: Seats;
  readonly #tasks: Tasks;
  readonly #polls: Polls;
  readonly #settlement: Settlement;

  constructor(rules: Rules, seats: Seats, tasks: Tasks, polls: Polls, settlement: Settlement) {
    this.#rules = rules;
    this.#seats = seats;
    this.#tasks = tasks;
    this.#polls = polls;
    this.#settlement = settlement;
  }

  /** The last block in which seals of the running round may be revealed. */
  revealUntil(task: OpenTask): bigint {
    return this.#tasks.closesAt(task) + this.#rules.revealBlocks(frozenTerms(task.deal).roundBlocks);
  }

  reveal(
    deal: Deal,
    index: number,
    seals: readonly Committed[],
    ballots: readonly Ballot[],
    now: Moment,
  ): void {
    const task = this.#tasks.findOpen(deal, index);
    need(this.#tasks.isClosed(task, now), "PanelRoundRunning");
    need(now.block <= this.revealUntil(task), "JuryRevealOver");
    this.#tasks.checkSeals(task, seals);
    this.#polls.open(task, ballots);
  }

  /** @returns the ruling */
  rule(deal: Deal, index: number, seals: readonly Committed[], now: Moment): Tally {
    const task = this.#tasks.findOpen(deal, index);
    need(now.block <= this.#tasks.deadlineOf(task), "PanelDeadlineOver");
    need(this.#tasks.isClosed(task, now), "PanelRoundRunning");
    this.#tasks.checkSeals(task, seals);
    need(this.#polls.isDecided(task.id, this.#tasks.draws.places(task, now)), "JuryUndecided");
    need(now.block > this.revealUntil(task) || this.#isAllRevealed(task), "JuryRevealRunning");

    const ruling = this.#polls.tally(task.id);
    const isRight = (position: number) => this.#polls.answerAt(task.id, position) === ruling.leading;
    const right = task.book.seals.filter((_, position) => isRight(position));
    const wrong = task.book.seals.filter((_, position) => !isRight(position));
    const { paid, credits } = this.#settlement.payOrRefund(deal, 0);
    const cut = this.#settlement.cutOf(deal, paid);
    const absent = this.#settlement.fineAbsent(task, task.book.seals, now);
    const lost = this.#slash(task, wrong, paid, now);
    const pot = paid - cut + lost.spoils;
    const each = pot / BigInt(right.length);
    for (const { seat } of right) this.#seats.reward(deal.pool, seat, each, 0);
    const rewarded = each * BigInt(right.length);
    this.#settlement.close(
      task,
      "certified",
      [...absent.seized, ...lost.seized],
      [
        ...credits,
        { account: deal.poolOwner, amount: deal.poolStake + cut + pot - rewarded },
        { account: this.#seats.certifier, amount: rewarded },
        { account: this.#seats.treasury, amount: absent.fines + lost.toTreasury },
      ],
    );
    return ruling;
  }

  #isAllRevealed({ id, book, rounds }: OpenTask): boolean {
    return book.seals.every(
      ({ round }, position) => round < rounds.length || this.#polls.isRevealed(id, position),
    );
  }

  /** Who did not give the ruling owes those who did, up to what the pool is paid in all. */
  #slash(task: OpenTask, wrong: readonly Committed[], paid: bigint, now: Moment) {
    const { pool } = task.deal;
    const seized: Entry[] = [];
    let spoils = 0n;
    let toTreasury = 0n;
    for (const { seat: number, worker } of wrong) {
      const { stake } = this.#seats.taken(pool, number);
      const amount = (stake * this.#rules.jurorSlashPercent) / 100n;
      const owed = this.#rules.jurorsOweThePrice ? least(amount, paid - spoils) : amount;
      this.#seats.miss(pool, number, amount, now);
      spoils += owed;
      toTreasury += amount - owed;
      seized.push({ account: worker, amount });
    }
    return { spoils, toTreasury, seized };
  }
}
