import type { Address } from "viem";
import type { LawModel } from "../../law-model.ts";
import type { Moment } from "../../moment.ts";
import type { ContractName, Sent } from "../market-chain.ts";

/** One transaction, as the contracts get it and as the model plays it. */
export interface Call {
  readonly type: "call";
  readonly from: Address;
  readonly to: ContractName;
  readonly method: string;
  readonly args: readonly unknown[];
  /** Seconds since the block before. */
  readonly wait?: bigint;
  readonly play: (law: LawModel, now: Moment) => unknown;
  /** What is different between what the model says and what the contracts told by events. */
  readonly compare?: (played: unknown, sent: Sent) => string | undefined;
}

/** A question that changes nothing. */
export interface Question {
  readonly type: "question";
  readonly from: Address;
  readonly to: ContractName;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly play: (law: LawModel, now: Moment) => unknown;
  readonly compare: (played: unknown, answer: unknown) => string | undefined;
}

/** Time passes. */
export interface Mine {
  readonly type: "mine";
  readonly blocks: number;
}

export type Step = Call | Question | Mine;

export function call(
  from: Address,
  to: ContractName,
  method: string,
  args: readonly unknown[],
  play: Call["play"],
): Call {
  return { type: "call", from, to, method, args, play };
}

export function mine(blocks: number): Mine {
  return { type: "mine", blocks };
}

/** So that what comes next is in this block, if it is not there yet. */
export function mineUntil(now: Moment, block: bigint): Mine[] {
  return block > now.block ? [mine(Number(block - now.block))] : [];
}
