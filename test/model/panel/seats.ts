import type { Address } from "viem";
import { assetKind } from "#src/protocol/ids.ts";
import type { ClerkModel } from "../clerk/clerk-model.ts";
import { type Journal, Table } from "../journal.ts";
import type { Moment } from "../moment.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";

export interface Pool {
  readonly opened: boolean;
  readonly seatStake: bigint;
  /** In 1/10,000. */
  readonly schedulerShare: number;
  readonly closed: boolean;
  /** How many seat numbers were ever given out. */
  readonly seats: number;
  readonly liveSeats: number;
}

export interface Seat {
  readonly worker: Address;
  readonly enrolledAt: bigint;
  /** 0: still seated. */
  readonly leftAt: bigint;
  readonly convicted: boolean;
  readonly stake: bigint;
  readonly score: number;
  readonly misses: number;
  readonly earned: bigint;
}

/** What a pool knows of an account: the number of its seat, and the score parked for its next one. */
interface Membership {
  readonly seat?: number | undefined;
  readonly score: number;
}

/** Pools and who sits in them. */
export class Seats {
  readonly pools: Table<Pool>;
  readonly seats: Table<Seat | undefined>;
  readonly #members: Table<Membership>;
  /** Numbers to be given out again, the last released first. */
  readonly #vacant: Table<readonly number[]>;
  readonly #clerk: ClerkModel;
  readonly #rules: Rules;
  readonly certifier: Address;
  readonly treasury: Address;

  constructor(
    journal: Journal,
    rules: Rules,
    clerk: ClerkModel,
    parties: { readonly certifier: Address; readonly treasury: Address },
  ) {
    this.pools = new Table<Pool>(journal, {
      ...{ opened: false, seatStake: 0n, schedulerShare: 0, closed: false, seats: 0, liveSeats: 0 },
    });
    this.seats = new Table<Seat | undefined>(journal, undefined);
    this.#members = new Table<Membership>(journal, { score: 0 });
    this.#vacant = new Table<readonly number[]>(journal, []);
    this.#clerk = clerk;
    this.#rules = rules;
    this.certifier = parties.certifier;
    this.treasury = parties.treasury;
  }

  openPool(
    caller: Address,
    id: bigint,
    terms: { readonly seatStake: bigint; readonly schedulerShare: number; readonly closed: boolean },
  ): void {
    need(assetKind(id) === "pool" && this.#clerk.owners.get(id) === caller, "PanelNotPoolOwner");
    const pool = this.pools.get(id);
    need(!pool.opened, "PanelPoolAlreadyOpen");
    need(terms.schedulerShare <= 10_000 && (terms.closed || terms.seatStake > 0n), "PanelTermsInvalid");
    this.pools.set({ ...pool, ...terms, opened: true }, id);
  }

  enrol(caller: Address, id: bigint, now: Moment): void {
    const pool = this.pools.get(id);
    need(pool.opened, "PanelPoolNotOpen");
    need(!pool.closed, "PanelPoolClosed");
    const member = this.#members.get(id, caller);
    need(member.seat === undefined, "PanelAlreadySeated");
    const vacant = this.#vacant.get(id);
    const number = vacant.at(-1) ?? pool.seats;
    this.#vacant.set(vacant.slice(0, -1), id);
    const seats = vacant.length === 0 ? pool.seats + 1 : pool.seats;
    this.pools.set({ ...pool, seats, liveSeats: pool.liveSeats + 1 }, id);
    this.seats.set(
      {
        ...{ worker: caller, enrolledAt: now.block, leftAt: 0n, convicted: false },
        ...{ stake: pool.seatStake, score: member.score, misses: 0, earned: 0n },
      },
      id,
      number,
    );
    this.#members.set({ seat: number, score: 0 }, id, caller);
    this.#clerk.money.bond(this.certifier, caller, pool.seatStake);
  }

  leave(caller: Address, id: bigint, number: number, now: Moment): void {
    const seat = this.seats.get(id, number);
    need(seat?.worker === caller, "PanelNotTheWorker");
    need(seat.leftAt === 0n, "PanelSeatAlreadyLeft");
    this.vacate(id, number, now);
  }

  release(id: bigint, number: number, now: Moment): void {
    const seat = this.seats.get(id, number);
    need(seat !== undefined && seat.leftAt !== 0n, "PanelSeatNotLeft");
    need(now.block > seat.leftAt + this.#rules.unbondingBlocks, "PanelSeatUnbonding");
    const { worker, stake, earned } = seat;
    this.seats.set(undefined, id, number);
    this.#vacant.set([...this.#vacant.get(id), number], id);
    const member = this.#members.get(id, worker);
    this.#members.set({ ...member, score: Math.max(member.score, seat.score) }, id, worker);
    this.#clerk.money.pay(this.certifier, [{ account: worker, amount: earned }]);
    const heir = seat.convicted ? this.treasury : worker;
    this.#clerk.money.slash(
      this.certifier,
      [{ account: worker, amount: stake }],
      [{ account: heir, amount: stake }],
    );
  }

  collect(id: bigint, numbers: readonly number[]): void {
    let paid = 0;
    for (const number of numbers) {
      const seat = this.seats.get(id, number);
      if (seat === undefined || seat.earned === 0n) continue;
      this.#clerk.money.pay(this.certifier, [{ account: seat.worker, amount: seat.earned }]);
      this.seats.set({ ...seat, earned: 0n }, id, number);
      paid++;
    }
    need(paid > 0, "PanelNothingToCollect");
  }

  /** A seat that somebody was drawn in: never empty before the unbonding time is over. */
  taken(id: bigint, number: number): Seat {
    const seat = this.seats.get(id, number);
    if (seat === undefined) throw new Error(`seat ${number} was given up while a task needed it`);
    return seat;
  }

  change(id: bigint, number: number, change: Partial<Seat>): void {
    this.seats.set({ ...this.taken(id, number), ...change }, id, number);
  }

  /** A missed place, or what counts like one: several in a row cost the seat. */
  miss(id: bigint, number: number, fine: bigint, now: Moment): void {
    const { stake, misses } = this.taken(id, number);
    const missed = Math.min(misses + 1, this.#rules.missesToLoseSeat);
    this.change(id, number, { stake: stake - fine, misses: missed });
    if (missed === this.#rules.missesToLoseSeat) this.vacate(id, number, now);
  }

  /** Its worker was right: collected later. */
  reward(id: bigint, number: number, amount: bigint, scoreGain: number): void {
    const { score, earned } = this.taken(id, number);
    this.change(id, number, { score: score + scoreGain, misses: 0, earned: earned + amount });
  }

  /** Out of the draws of deals sealed in later blocks; changes nothing of a seat that was left before. */
  vacate(id: bigint, number: number, now: Moment): void {
    const seat = this.taken(id, number);
    if (seat.leftAt !== 0n) return;
    this.change(id, number, { leftAt: now.block });
    const pool = this.pools.get(id);
    this.pools.set({ ...pool, liveSeats: pool.liveSeats - 1 }, id);
    this.#members.set({ ...this.#members.get(id, seat.worker), seat: undefined }, id, seat.worker);
  }
}
