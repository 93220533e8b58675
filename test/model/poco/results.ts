import { type Address, zeroAddress } from "viem";
import { weight } from "#src/protocol/confidence.ts";
import type { Committed, Result } from "#src/protocol/contributions.ts";
import type { Entry } from "../clerk/accounts.ts";
import type { Deal } from "../clerk/deal.ts";
import type { KeyringModel } from "../clerk/keyring.ts";
import { least } from "../least.ts";
import type { Moment } from "../moment.ts";
import type { Seats } from "../panel/seats.ts";
import type { Settlement } from "../panel/settlement.ts";
import type { OpenTask } from "../panel/task.ts";
import type { Tasks } from "../panel/tasks.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import { judge, matchingSeal } from "./verdict.ts";

/** Results that are certified, or certified to be failures. */
export class Results {
  readonly #rules: Rules;
  readonly #keyring: KeyringModel;
  readonly #seats: Seats;
  readonly #tasks: Tasks;
  readonly #settlement: Settlement;

  constructor(rules: Rules, keyring: KeyringModel, seats: Seats, tasks: Tasks, settlement: Settlement) {
    this.#rules = rules;
    this.#keyring = keyring;
    this.#seats = seats;
    this.#tasks = tasks;
    this.#settlement = settlement;
  }

  finalize(deal: Deal, index: number, seals: readonly Committed[], result: Result, now: Moment): void {
    const task = this.#tasks.findOpen(deal, index);
    need(deal.trust > 1, "PanelNotReplicated");
    need(now.block <= this.#tasks.deadlineOf(task), "PanelDeadlineOver");
    need(this.#tasks.isClosed(task, now), "PanelRoundRunning");
    this.#tasks.checkSeals(task, seals, (by) => matchingSeal(task, by, result));
    const scoreOf = (seat: number) => this.#seats.taken(deal.pool, seat).score;
    const { right, wrong, reached } = judge(task, result, this.#tasks.draws.places(task, now), scoreOf);
    need(reached, "PocoNotReached");

    const { paid, credits } = this.#settlement.payOrRefund(deal, result.outcome);
    const cut = this.#settlement.cutOf(deal, paid);
    const absent = this.#settlement.fineAbsent(task, task.book.seals, now);
    // Who names attesters may choose among draws: nothing is to be won by it.
    const isPlain = BigInt(deal.attesters) === 0n || this.#rules.attestersMayWin;
    const lost = this.#convict(task, wrong, isPlain ? paid : 0n, now);
    const pot = paid - cut + lost.spoils;
    const rewarded = this.#reward(task, right, pot, isPlain && paid >= this.#rules.scoreFloor);
    this.#settlement.close(
      task,
      result.outcome === 0 ? "certified" : "failed",
      [...absent.seized, ...lost.seized],
      [
        ...credits,
        { account: deal.poolOwner, amount: deal.poolStake + cut + pot - rewarded },
        { account: this.#seats.certifier, amount: rewarded },
        { account: this.#seats.treasury, amount: absent.fines + lost.toTreasury },
      ],
    );
  }

  complete(caller: Address, deal: Deal, index: number, worker: Address, result: Result, now: Moment): void {
    const task = this.#tasks.findOpen(deal, index);
    need(deal.trust <= 1, "PocoReplicated");
    need(this.#keyring.mayAct(deal.poolOwner, caller, "result", now), "PanelNotPoolOwner");
    need(now.block <= this.#tasks.deadlineOf(task), "PanelDeadlineOver");
    need(worker !== zeroAddress, "PocoWorkerMissing");
    this.#settlement.payNamed(task, worker, result.outcome);
  }

  /** Wrong seats owe what the pool is paid, all together and in the order of their seals. */
  #convict(task: OpenTask, wrong: readonly Committed[], paid: bigint, now: Moment) {
    const { pool } = task.deal;
    const seized: Entry[] = [];
    let spoils = 0n;
    let toTreasury = 0n;
    for (const { seat: number, worker } of wrong) {
      const seat = this.#seats.taken(pool, number);
      const amount = least(seat.stake, paid - spoils);
      const forfeited = seat.stake - amount;
      const score = this.#rules.scoreAfterWrong(seat.score);
      const stake = this.#rules.forfeitsStay ? forfeited : 0n;
      this.#seats.change(pool, number, { stake, score, misses: 0, convicted: true });
      this.#seats.vacate(pool, number, now);
      spoils += amount;
      toTreasury += forfeited - stake;
      seized.push({ account: worker, amount: seat.stake - stake });
    }
    return { spoils, toTreasury, seized };
  }

  /** Credits seats with their parts of the pot. @returns how much that is */
  #reward(task: OpenTask, right: readonly Committed[], pot: bigint, scored: boolean): bigint {
    const { pool } = task.deal;
    const shares = right.map(({ seat }) =>
      this.#rules.rewardShare(weight(this.#seats.taken(pool, seat).score)),
    );
    const all = shares.reduce((total, share) => total + share, 0n);
    const gain = scored && right.length >= this.#rules.scoreMatching ? this.#rules.scoreGain : 0;
    let rewarded = 0n;
    for (const [i, { seat }] of right.entries()) {
      const reward = (pot * (shares[i] ?? 0n)) / all;
      this.#seats.reward(pool, seat, reward, gain);
      rewarded += reward;
    }
    return rewarded;
  }
}
