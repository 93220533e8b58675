import { placesAfter } from "#src/protocol/confidence.ts";
import { createShuffle, MAX_DRAWS } from "#src/protocol/draw.ts";
import { frozenTerms } from "#src/protocol/frozen-terms.ts";
import type { Deal } from "../clerk/deal.ts";
import type { Moment } from "../moment.ts";
import type { Rules } from "../rules.ts";
import type { SeedSourceModel } from "../seed-source-model.ts";
import type { Seats } from "./seats.ts";
import type { OpenTask } from "./task.ts";

/** Who was drawn, round by round, as far as seeds are known. */
export interface Drawing {
  readonly rounds: ReadonlyArray<readonly number[]>;
  readonly known: boolean;
  /** Whether no number is left to be drawn. */
  readonly exhausted: boolean;
}

/** Who is drawn for a task. */
export class Draws {
  readonly #rules: Rules;
  readonly #seats: Seats;
  readonly #seeds: SeedSourceModel;

  constructor(rules: Rules, seats: Seats, seeds: SeedSourceModel) {
    this.#rules = rules;
    this.#seats = seats;
    this.#seeds = seeds;
  }

  /** Everybody drawn so far, running round included. */
  draw({ id, deal, rounds }: OpenTask, now: Moment): Drawing {
    const { seats: size } = frozenTerms(deal);
    const shuffle = createShuffle(size);
    let taken = 0;
    const drawn: number[][] = [];
    for (const [i, round] of rounds.entries()) {
      const seed = round.seed ?? this.#seeds.seedOf(round.seedBlock, now);
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

  /** Places drawn in all rounds; as many as could be where nobody committed in the last and its seed is lost. */
  places(task: OpenTask, now: Moment): number {
    if (task.running.drawn !== undefined) return task.rounds.flatMap(({ drawn }) => drawn ?? []).length;
    const drawing = this.draw(task, now);
    return drawing.known ? drawing.rounds.flat().length : placesAfter(task.deal.trust, task.rounds.length);
  }

  /** Later, seat numbers may be somebody else's. */
  isTold({ deal }: OpenTask, now: Moment): boolean {
    return now.block <= deal.sealedAtBlock + this.#rules.unbondingBlocks;
  }

  #wasSeated(deal: Deal, number: number): boolean {
    const seat = this.#seats.seats.get(deal.pool, number);
    if (seat === undefined || seat.enrolledAt >= deal.sealedAtBlock) return false;
    return seat.leftAt === 0n || deal.sealedAtBlock <= seat.leftAt;
  }
}
