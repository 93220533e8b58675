import type { GroupQuestion } from "#src/protocol/match-rules.ts";
import type { OrderType } from "#src/protocol/orders.ts";
import type { BookEntry, Resting, RestingOrder, SignedOf } from "./resting-order.ts";

/** One order of a proposal. */
export type ProposedOrder<Type extends OrderType> = Pick<BookEntry, "hash" | "signer"> & {
  readonly signed: SignedOf<Type>;
};

/** Orders the Clerk would seal into one deal. */
export interface Proposal {
  /** Names the reservation in `confirm` and `release`. */
  readonly id: number;
  readonly request: ProposedOrder<"request">;
  readonly app: ProposedOrder<"app">;
  readonly dataset?: ProposedOrder<"dataset">;
  readonly pool: ProposedOrder<"pool">;
  /** Tasks: the smallest volume left of the orders. */
  readonly volume: number;
  /** What has to be answered with yes before the match holds; mostly nothing. */
  readonly questions: readonly GroupQuestion[];
}

/** Four orders found to go together. */
export interface Quartet {
  readonly request: Resting<"request">;
  readonly app: Resting<"app">;
  readonly dataset?: Resting<"dataset">;
  readonly pool: Resting<"pool">;
  readonly volume: number;
  readonly questions: readonly GroupQuestion[];
}

export function ordersOf(quartet: Pick<Quartet, "request" | "app" | "dataset" | "pool">): RestingOrder[] {
  const { request, app, dataset, pool } = quartet;
  return dataset === undefined ? [request, app, pool] : [request, app, dataset, pool];
}
