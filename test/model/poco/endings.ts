import { type Address, zeroAddress } from "viem";
import { placesAfter, weight } from "#src/protocol/confidence.ts";
import type { Committed, Result } from "#src/protocol/contributions.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import type { Entry } from "../clerk/accounts.ts";
import type { ClerkModel } from "../clerk/clerk-model.ts";
import { type Deal, unitOf } from "../clerk/deal.ts";
import { least } from "../least.ts";
import type { Moment } from "../moment.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import type { Seats } from "./seats.ts";
import type { OpenTask, Tasks } from "./tasks.ts";
import { judge, matchingSeal } from "./verdict.ts";

/** How tasks end: certified, certified to fail, or claimed back. */
export class Endings {
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

  finalize(deal: Deal, index: number, seals: readonly Committed[], result: Result, now: Moment): void {
    const task = this.#tasks.findOpen(deal, index);
    need(deal.trust > 1, "PanelNotReplicated");
    need(now.block <= this.#tasks.deadlineOf(task), "PanelDeadlineOver");
    need(this.#tasks.isClosed(task, now), "PanelRoundRunning");
    this.#tasks.checkSeals(task, seals, (by) => matchingSeal(task, by, result));
    const scoreOf = (seat: number) => this.#seats.taken(deal.pool, seat).score;
    const { right, wrong, reached } = judge(task, result, this.#placesDrawn(task, now), scoreOf);
    need(reached, "PocoNotReached");

    const { paid, credits } = this.#payOrRefund(deal, result);
    const cut = this.#cutOf(deal, paid);
    const absent = this.#fineAbsent(task, now);
    // Who names attesters may choose among draws: nothing is to be won by it.
    const isPlain = BigInt(deal.attesters) === 0n;
    const lost = this.#convict(task, wrong, isPlain ? paid : 0n, now);
    const pot = paid - cut + lost.spoils;
    const rewarded = this.#reward(task, right, pot, isPlain && paid >= this.#rules.scoreFloor);
    this.#close(
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
    need(this.#clerk.keyring.mayAct(deal.poolOwner, caller, "result", now), "PanelNotPoolOwner");
    need(now.block <= this.#tasks.deadlineOf(task), "PanelDeadlineOver");
    need(worker !== zeroAddress, "PocoWorkerMissing");
    const { paid, credits } = this.#payOrRefund(deal, result);
    const cut = this.#cutOf(deal, paid);
    this.#close(
      task,
      result.outcome === 0 ? "certified" : "failed",
      [],
      [
        ...credits,
        { account: worker, amount: paid - cut },
        { account: deal.poolOwner, amount: deal.poolStake + cut },
      ],
    );
  }

  claim(deal: Deal, index: number, seals: readonly Committed[], now: Moment): void {
    const task = this.#tasks.findOpen(deal, index);
    need(now.block > this.#tasks.deadlineOf(task), "PanelDeadlineNotOver");
    this.#tasks.checkSeals(task, seals);
    const missed = deal.trust <= 1 || this.#isAnyMissing(task, now);
    const slashed = missed ? deal.poolStake : 0n;
    const absent = deal.trust > 1 ? this.#fineAbsent(task, now) : { fines: 0n, felt: 0n, seized: [] };
    const bounded = deal.trust > 1 && this.#rules.slashBoundByFines && absent.felt < slashed;
    const shared = bounded ? absent.felt : slashed;
    const toPayer = (shared * this.#rules.payerSlashPercent) / 100n;
    const { seals: committed } = task.book;
    const each = committed.length === 0 ? 0n : (shared - toPayer) / BigInt(committed.length);
    const toWorkers = each * BigInt(committed.length);
    this.#close(task, "claimed", absent.seized, [
      { account: deal.payer, amount: unitOf(deal).price + toPayer },
      { account: deal.poolOwner, amount: deal.poolStake - slashed },
      ...committed.map(({ worker }) => ({ account: worker, amount: each })),
      { account: this.#seats.treasury, amount: absent.fines + slashed - toPayer - toWorkers },
    ]);
  }

  /** What is settled already is left out. */
  claimBatch(
    claims: ReadonlyArray<{ deal: Deal; index: number; seals: readonly Committed[] }>,
    now: Moment,
  ): void {
    let claimed = 0;
    for (const { deal, index, seals } of claims) {
      if (this.#tasks.find(deal, index).book.status !== "open") continue;
      this.claim(deal, index, seals, now);
      claimed++;
    }
    need(claimed > 0, "PanelNothingToClaim");
  }

  /** Places drawn in all rounds; as many as could be where nobody committed in the last and its seed is lost. */
  #placesDrawn(task: OpenTask, now: Moment): number {
    if (task.running.drawn !== undefined) return task.rounds.flatMap(({ drawn }) => drawn ?? []).length;
    const drawing = this.#tasks.draw(task, now);
    return drawing.known ? drawing.rounds.flat().length : placesAfter(task.deal.trust, task.rounds.length);
  }

  #isAnyMissing(task: OpenTask, now: Moment): boolean {
    const committed = task.book.seals.length;
    if (task.running.drawn !== undefined) return committed < this.#placesDrawn(task, now);
    if (!this.#isDrawTold(task, now)) return true;
    const drawing = this.#tasks.draw(task, now);
    return !drawing.known || committed < drawing.rounds.flat().length;
  }

  /** Later, seat numbers may be somebody else's. */
  #isDrawTold({ deal }: OpenTask, now: Moment): boolean {
    return now.block <= deal.sealedAtBlock + this.#rules.unbondingBlocks;
  }

  /** Fines who was drawn and did not commit. `felt`: what those paid whose stake was not lost already. */
  #fineAbsent(task: OpenTask, now: Moment): { fines: bigint; felt: bigint; seized: Entry[] } {
    if (!this.#isDrawTold(task, now)) return { fines: 0n, felt: 0n, seized: [] };
    const { pool } = task.deal;
    const seized: Entry[] = [];
    let felt = 0n;
    for (const number of this.#tasks.draw(task, now).rounds.flat()) {
      if (task.book.seals.some(({ seat }) => seat === number)) continue;
      const seat = this.#seats.taken(pool, number);
      const fine = (seat.stake * this.#rules.finePercent) / 100n;
      const misses = Math.min(seat.misses + 1, this.#rules.missesToLoseSeat);
      this.#seats.change(pool, number, { stake: seat.stake - fine, misses });
      if (misses === this.#rules.missesToLoseSeat) this.#seats.vacate(pool, number, now);
      seized.push({ account: seat.worker, amount: fine });
      if (!seat.convicted) felt += fine;
    }
    return { fines: seized.reduce((total, { amount }) => total + amount, 0n), felt, seized };
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
    for (const [i, { seat: number }] of right.entries()) {
      const seat = this.#seats.taken(pool, number);
      const reward = (pot * (shares[i] ?? 0n)) / all;
      const earned = seat.earned + reward;
      this.#seats.change(pool, number, { score: seat.score + gain, misses: 0, earned });
      rewarded += reward;
    }
    return rewarded;
  }

  /** Who gets what of the buyer's money, but for what the pool is paid. */
  #payOrRefund(deal: Deal, result: Result): { paid: bigint; credits: Entry[] } {
    if (result.outcome === 0) {
      const credits = [
        { account: deal.appOwner, amount: deal.appPrice },
        { account: deal.datasetOwner, amount: deal.datasetPrice },
      ];
      return { paid: deal.poolPrice, credits };
    }
    const fee = (deal.poolPrice * this.#rules.failureFeePercent) / 100n;
    return { paid: fee, credits: [{ account: deal.payer, amount: unitOf(deal).price - fee }] };
  }

  #cutOf(deal: Deal, paid: bigint): bigint {
    return (paid * BigInt(frozenTerms(deal).schedulerShare)) / 10_000n;
  }

  #close(
    task: OpenTask,
    status: "certified" | "failed" | "claimed",
    seized: readonly Entry[],
    credits: readonly Entry[],
  ): void {
    this.#tasks.settle(task, status);
    this.#clerk.settle(this.#seats.certifier, task.deal, seized, credits);
  }
}
