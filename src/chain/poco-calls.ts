import { type Address, type Hex, parseSignature, signatureToCompactSignature, zeroHash } from "viem";
import { blockhashSeedSourceAbi } from "#src/abi/blockhash-seed-source-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { type Committed, packCommitted, packForFinalize, type Result } from "#src/protocol/contributions.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";
import type { Deployment } from "./deployment.ts";
import type { Call } from "./sender.ts";

/** A worker's sealed answer on its way to the chain. */
export interface Contribution {
  readonly seat: number;
  readonly seal: Hex;
  /** Undefined: its worker sends the transaction itself. */
  readonly signature?: Hex | undefined;
}

/** The calls that take a task on, for whoever sends them. `IPanel` and `IPoco` say what each does and refuses. */
export interface PocoCalls {
  /** Keeps the seed of a block before the chain forgets it. */
  recordSeed(block: bigint): Call;
  commit(deal: Deal, index: number, contributions: readonly Contribution[]): Call;
  extend(deal: Deal, index: number): Call;
  finalize(deal: Deal, index: number, seals: readonly Committed[], result: Result): Call;
  complete(deal: Deal, index: number, worker: Address, result: Result): Call;
  claim(deal: Deal, index: number, seals: readonly Committed[]): Call;
}

export function createPocoCalls({ contracts }: Pick<Deployment, "contracts">): PocoCalls {
  const call = (functionName: string, args: readonly unknown[]): Call => ({
    address: contracts.poco,
    abi: pocoAbi,
    functionName,
    args,
  });
  return {
    recordSeed: (block) => ({
      address: contracts.seedSource,
      abi: blockhashSeedSourceAbi,
      functionName: "record",
      args: [block],
    }),
    commit: (deal, index, contributions) => call("commit", [deal, index, contributions.map(compact)]),
    extend: (deal, index) => call("extend", [deal, index]),
    finalize(deal, index, seals, result) {
      const task = taskId(deal, index);
      return call("finalize", [deal, index, packForFinalize(seals, { task, result }), result]);
    },
    complete: (deal, index, worker, result) => call("complete", [deal, index, worker, result]),
    claim: (deal, index, seals) => call("claim", [deal, index, seals.map(packCommitted)]),
  };
}

/** As `Contribution` in `IPanel` has it: the signature in two words (EIP-2098), both zero where the worker calls. */
function compact({ seat, seal, signature }: Contribution) {
  if (signature === undefined) return { seat, seal, r: zeroHash, vs: zeroHash };
  const { r, yParityAndS: vs } = signatureToCompactSignature(parseSignature(signature));
  return { seat, seal, r, vs };
}
