import type { Address, Hex } from "viem";
import type { AppOrder, DatasetOrder, PoolOrder, RequestOrder } from "#src/protocol/orders.ts";
import type { Deal } from "./deal.ts";
import type { Mark } from "./keyring.ts";

export interface Signed<T> {
  readonly order: T;
  readonly mark: Mark;
}

export interface Sponsorship {
  readonly cap: bigint;
  readonly validUntil: bigint;
  readonly epoch: bigint;
  readonly mark: Mark;
}

export interface Terms {
  readonly checker: Address;
  readonly data: Hex;
}

/** Four orders by their places in the batch; `dataset` is `NO_DATASET` where there is none. */
export interface Match {
  readonly app: number;
  readonly dataset: number;
  readonly pool: number;
  readonly request: number;
}

export const NO_DATASET = 0xffff;

export interface Batch {
  readonly apps: ReadonlyArray<Signed<AppOrder>>;
  readonly datasets: ReadonlyArray<Signed<DatasetOrder>>;
  readonly pools: ReadonlyArray<Signed<PoolOrder>>;
  readonly requests: ReadonlyArray<Signed<RequestOrder>>;
  readonly sponsorships: readonly Sponsorship[];
  readonly terms: readonly Terms[];
  readonly matches: readonly Match[];
}

export type Leg = "request" | "app" | "dataset" | "pool";

export type MatchOutcome =
  | { readonly type: "sealed"; readonly deal: Deal }
  | { readonly type: "refused"; readonly leg: Leg; readonly refusal: string };

/** Leaves a match out, for this reason. */
export class MatchRefused extends Error {
  readonly leg: Leg;
  readonly refusal: string;

  constructor(leg: Leg, refusal: string) {
    super(`${leg}: ${refusal}`);
    this.leg = leg;
    this.refusal = refusal;
  }
}
