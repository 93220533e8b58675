import { type Address, type Hex, parseSignature, signatureToCompactSignature } from "viem";
import { blockhashSeedSourceAbi } from "#src/abi/blockhash-seed-source-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { createPocoReader, type PocoReader } from "#src/chain/poco-reader.ts";
import type { Sender } from "#src/chain/sender.ts";
import { type Committed, packCommitted, packForFinalize, type Result } from "#src/protocol/contributions.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";

/** A worker's sealed answer on its way to the chain. */
export interface Contribution {
  readonly seat: number;
  readonly seal: Hex;
  readonly signature: Hex;
}

/** All that the scheduler reads from Poco and has it do. Calls throw what `asChainError` makes of a failure. */
export interface PocoChain extends PocoReader {
  /** Keeps the seed of a block before the chain forgets it. */
  recordSeed(block: bigint): Promise<void>;
  commit(deal: Deal, index: number, contributions: readonly Contribution[]): Promise<void>;
  /** @param round the one that did not suffice */
  extend(deal: Deal, index: number, round: number): Promise<void>;
  finalize(deal: Deal, index: number, seals: readonly Committed[], result: Result): Promise<void>;
  complete(deal: Deal, index: number, worker: Address, result: Result): Promise<void>;
  claim(deal: Deal, index: number, seals: readonly Committed[]): Promise<void>;
}

export function createPocoChain(
  deps: {
    readonly chain: ChainClient;
    readonly sender: Sender;
    /** Sends what anybody may send; `sender` does unless given. */
    readonly anySender?: Pick<Sender, "send"> | undefined;
  },
  deployment: Deployment,
): PocoChain {
  const { chain, sender, anySender = sender } = deps;
  const { poco, seedSource } = deployment.contracts;
  /** Sent once for each task, step and `part` of it, however often a restart or a lost answer has it tried. */
  const write = async (
    functionName: string,
    args: readonly [Deal, number, ...unknown[]],
    { part = "", by = anySender }: { readonly part?: unknown; readonly by?: Pick<Sender, "send"> } = {},
  ) => {
    const id = `${functionName}:${taskId(idOfDeal(args[0]), args[1])}:${part}`;
    await by.send({ address: poco, abi: pocoAbi, functionName, args }, { id });
  };
  return {
    ...createPocoReader(chain, deployment),
    async recordSeed(block) {
      const call = {
        address: seedSource,
        abi: blockhashSeedSourceAbi,
        functionName: "record",
        args: [block],
      };
      await anySender.send(call, { id: `record:${block}` });
    },
    // A seat is drawn once for a task, and so commits once.
    commit: (deal, index, contributions) =>
      write("commit", [deal, index, contributions.map(compact)], {
        part: contributions.map(({ seat }) => seat),
      }),
    extend: (deal, index, round) => write("extend", [deal, index], { part: round }),
    finalize: (deal, index, seals, result) =>
      write("finalize", [deal, index, packForFinalize(seals, { task: taskId(deal, index), result }), result]),
    complete: (deal, index, worker, result) =>
      write("complete", [deal, index, worker, result], { by: sender }),
    claim: (deal, index, seals) => write("claim", [deal, index, seals.map(packCommitted)]),
  };
}

/** As `Contribution` in `IPanel` has it: the signature in two words (EIP-2098). */
function compact({ seat, seal, signature }: Contribution) {
  const { r, yParityAndS: vs } = signatureToCompactSignature(parseSignature(signature));
  return { seat, seal, r, vs };
}
