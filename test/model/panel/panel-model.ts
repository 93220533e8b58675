import { type Address, encodePacked, type Hex } from "viem";
import { firstPlaces } from "#src/protocol/confidence.ts";
import type { Admission, CertifierModel, ClerkModel } from "../clerk/clerk-model.ts";
import type { Deal } from "../clerk/deal.ts";
import { type Journal, Table } from "../journal.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import type { SeedSourceModel } from "../seed-source-model.ts";
import { Claims } from "./claims.ts";
import type { PanelCustoms } from "./customs.ts";
import { Seats } from "./seats.ts";
import { Settlement } from "./settlement.ts";
import type { PanelParties } from "./task.ts";
import { Tasks } from "./tasks.ts";

export interface Category {
  readonly roundBlocks: bigint;
  readonly deadlineBlocks: bigint;
}

/** What a panel stands on. */
export interface PanelGround {
  readonly journal: Journal;
  readonly rules: Rules;
  readonly clerk: ClerkModel;
  readonly seeds: SeedSourceModel;
}

/** What Poco and Jury share, by `IPanel`: pools, seats, draws, rounds, fines, claims. */
export abstract class PanelModel implements CertifierModel {
  readonly seats: Seats;
  readonly tasks: Tasks;
  readonly claims: Claims;
  protected readonly rules: Rules;
  protected readonly settlement: Settlement;
  readonly #parties: PanelParties;
  readonly #customs: PanelCustoms;
  readonly categories: Table<Category | undefined>;
  readonly #categoryCount: Table<number>;

  constructor({ journal, rules, clerk, seeds }: PanelGround, parties: PanelParties, customs: PanelCustoms) {
    this.rules = rules;
    this.#parties = parties;
    this.#customs = customs;
    this.categories = new Table<Category | undefined>(journal, undefined);
    this.#categoryCount = new Table<number>(journal, 0);
    this.seats = new Seats(journal, rules, clerk, parties);
    this.tasks = new Tasks(journal, rules, clerk, seeds, this.seats, customs);
    this.settlement = new Settlement(rules, clerk, this.seats, this.tasks);
    this.claims = new Claims(rules, this.seats, this.tasks, this.settlement, customs);
  }

  addCategory(caller: Address, terms: Category): void {
    need(caller === this.#parties.governance, "OwnableUnauthorizedAccount");
    const { seedDelay, unbondingBlocks } = this.rules;
    const grace = this.#customs.graceBlocks(terms.roundBlocks);
    need(
      terms.roundBlocks > 0n &&
        seedDelay + terms.roundBlocks + grace <= terms.deadlineBlocks &&
        terms.deadlineBlocks <= unbondingBlocks / 2n,
      "PanelCategoryInvalid",
    );
    const id = this.#categoryCount.get("all");
    this.categories.set(terms, id);
    this.#categoryCount.set(id + 1, "all");
  }

  admit(draft: Deal, minSeats: number, minSeatStake: bigint): Admission {
    const category = this.categories.get(draft.category);
    if (category === undefined) return { refusal: "CategoryUnknown" };
    const pool = this.seats.pools.get(draft.pool);
    if (!pool.opened) return { refusal: "PoolNotOpen" };
    if (draft.trust < this.#customs.trustFloor) return { refusal: "TrustTooLow" };
    if (draft.trust > this.rules.maxTrust) return { refusal: "TrustTooHigh" };
    if (draft.trust > 1 && pool.closed) return { refusal: "PoolClosed" };
    const needed = draft.trust > 1 ? firstPlaces(draft.trust) : 0;
    if (pool.liveSeats < Math.max(minSeats, needed)) return { refusal: "SeatsTooFew" };
    if (pool.seatStake < minSeatStake) return { refusal: "SeatStakeTooLow" };
    return {
      refusal: "None",
      poolStake: (draft.poolPrice * this.rules.poolStakePercent) / 100n,
      frozen: frozenOf(pool, category),
    };
  }
}

/** From the top: seats 32 bits, seatStake 64, schedulerShare 16, roundBlocks 32, deadlineBlocks 32. */
function frozenOf(
  pool: { readonly seats: number; readonly seatStake: bigint; readonly schedulerShare: number },
  { roundBlocks, deadlineBlocks }: Category,
): Hex {
  const { seats, seatStake, schedulerShare } = pool;
  const words = encodePacked(
    ["uint32", "uint64", "uint16", "uint32", "uint32", "uint80"],
    [seats, seatStake, schedulerShare, Number(roundBlocks), Number(deadlineBlocks), 0n],
  );
  return words;
}
