import type { Committed } from "#src/protocol/contributions.ts";
import { type Deal, unitOf } from "../clerk/deal.ts";
import type { Moment } from "../moment.ts";
import { need } from "../refusal.ts";
import type { Rules } from "../rules.ts";
import type { PanelCustoms } from "./customs.ts";
import type { Seats } from "./seats.ts";
import type { Settlement } from "./settlement.ts";
import type { Tasks } from "./tasks.ts";

export interface TaskClaim {
  readonly deal: Deal;
  readonly index: number;
  readonly seals: readonly Committed[];
}

/** Tasks that were not settled in time are taken back. */
export class Claims {
  readonly #rules: Rules;
  readonly #seats: Seats;
  readonly #tasks: Tasks;
  readonly #settlement: Settlement;
  readonly #customs: PanelCustoms;

  constructor(rules: Rules, seats: Seats, tasks: Tasks, settlement: Settlement, customs: PanelCustoms) {
    this.#rules = rules;
    this.#seats = seats;
    this.#tasks = tasks;
    this.#settlement = settlement;
    this.#customs = customs;
  }

  claim({ deal, index, seals }: TaskClaim, now: Moment): void {
    const task = this.#tasks.findOpen(deal, index);
    need(now.block > this.#tasks.deadlineOf(task), "PanelDeadlineNotOver");
    this.#tasks.checkSeals(task, seals);
    const isDrawn = deal.trust > 1;
    const answered = task.book.seals.filter((_, position) => !this.#customs.isMissed(task, position));
    const missed = !isDrawn || this.#settlement.isAnyMissing(task, answered.length, now);
    const slashed = missed ? deal.poolStake : 0n;
    const absent = isDrawn
      ? this.#settlement.fineAbsent(task, answered, now)
      : { fines: 0n, felt: 0n, seized: [] };
    const bounded = isDrawn && this.#rules.slashBoundByFines && absent.felt < slashed;
    const shared = bounded ? absent.felt : slashed;
    const toPayer = (shared * this.#rules.payerSlashPercent) / 100n;
    const each = answered.length === 0 ? 0n : (shared - toPayer) / BigInt(answered.length);
    const toWorkers = each * BigInt(answered.length);
    this.#settlement.close(task, "claimed", absent.seized, [
      { account: deal.payer, amount: unitOf(deal).price + toPayer },
      { account: deal.poolOwner, amount: deal.poolStake - slashed },
      ...answered.map(({ worker }) => ({ account: worker, amount: each })),
      { account: this.#seats.treasury, amount: absent.fines + slashed - toPayer - toWorkers },
    ]);
  }

  /** What is settled already is left out. */
  claimBatch(claims: readonly TaskClaim[], now: Moment): void {
    let claimed = 0;
    for (const each of claims) {
      if (this.#tasks.find(each.deal, each.index).book.status !== "open") continue;
      this.claim(each, now);
      claimed++;
    }
    need(claimed > 0, "PanelNothingToClaim");
  }
}
