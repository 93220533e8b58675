import { type Address, type Hex, keccak256, type LocalAccount, parseTransaction } from "viem";
import type { ChainClient } from "./chain-client.ts";
import type { SignedTransaction } from "./transaction-journal.ts";

/** What is to be done, as bytes. */
export interface RawCall {
  readonly to: Address;
  readonly data: Hex;
}

/** What the chain asks for now, in wei for each unit of gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  /** Undefined on a chain without EIP-1559, where the maximum is the price. */
  readonly maxPriorityFeePerGas: bigint | undefined;
  /** The newest block, which tells them. */
  readonly block: bigint;
}

export interface Unsigned extends RawCall {
  readonly nonce: number;
  readonly gas: bigint;
  readonly fees: Fees;
}

/** Holds while the base fee doubles: six full blocks. */
const BASE_FEE_FACTOR = 2n;
/** Nodes take a replacement from 10 % more on. */
const RAISE_PERCENT = 125n;
/** A price this much above what the chain asks for is not raised further: something else keeps it from being mined. */
const CEILING_FACTOR = 5n;

export async function currentFees({ viem }: ChainClient): Promise<Fees> {
  const { number, baseFeePerGas } = await viem.getBlock({ blockTag: "latest" });
  if (baseFeePerGas === null || baseFeePerGas === undefined) {
    return { maxFeePerGas: await viem.getGasPrice(), maxPriorityFeePerGas: undefined, block: number };
  }
  const tip = await viem.estimateMaxPriorityFeePerGas();
  return { maxFeePerGas: baseFeePerGas * BASE_FEE_FACTOR + tip, maxPriorityFeePerGas: tip, block: number };
}

export async function signTransaction(
  {
    account,
    chainId,
    now,
  }: { readonly account: LocalAccount; readonly chainId: number; readonly now: number },
  { to, data, nonce, gas, fees }: Unsigned,
): Promise<SignedTransaction> {
  const { maxFeePerGas, maxPriorityFeePerGas } = fees;
  const common = { chainId, to, data, nonce, gas };
  const signed = await account.signTransaction(
    maxPriorityFeePerGas === undefined
      ? { ...common, type: "legacy", gasPrice: maxFeePerGas }
      : { ...common, type: "eip1559", maxFeePerGas, maxPriorityFeePerGas },
  );
  const when = { signedAt: now, signedAtBlock: fees.block };
  return { hash: keccak256(signed), signed, nonce, maxFeePerGas, ...when };
}

/** What signed bytes say. */
export function unsignedOf({ signed, maxFeePerGas, signedAtBlock }: SignedTransaction): Unsigned {
  const { to, data = "0x", nonce = 0, gas = 0n, maxPriorityFeePerGas } = parseTransaction(signed);
  const fees = { maxFeePerGas, maxPriorityFeePerGas, block: signedAtBlock };
  return { to: to as Address, data, nonce, gas, fees };
}

/** The price of a replacement; undefined where a higher one would not help. */
export function raisedFees(before: Fees, now: Fees): Fees | undefined {
  const raise = (fee: bigint) => (fee * RAISE_PERCENT) / 100n + 1n;
  const max = (a: bigint, b: bigint) => (a > b ? a : b);
  if (raise(before.maxFeePerGas) > now.maxFeePerGas * CEILING_FACTOR) return undefined;
  const tips = [before.maxPriorityFeePerGas, now.maxPriorityFeePerGas] as const;
  return {
    maxFeePerGas: max(raise(before.maxFeePerGas), now.maxFeePerGas),
    maxPriorityFeePerGas:
      tips[0] === undefined || tips[1] === undefined ? undefined : max(raise(tips[0]), tips[1]),
    block: now.block,
  };
}
