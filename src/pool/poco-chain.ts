import type { Address } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type Contribution, createPocoCalls } from "#src/chain/poco-calls.ts";
import { createPocoReader, type PocoReader } from "#src/chain/poco-reader.ts";
import type { Call, Sender } from "#src/chain/sender.ts";
import type { Committed, Result } from "#src/protocol/contributions.ts";
import { type Deal, taskId } from "#src/protocol/deals.ts";

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
  const calls = createPocoCalls(deployment);
  /** Sent once for each task, step and `part` of it, however often a restart or a lost answer has it tried. */
  const send = async (
    step: string,
    [deal, index]: readonly [Deal, number],
    call: Call,
    { part = "", by = anySender }: { readonly part?: unknown; readonly by?: Pick<Sender, "send"> } = {},
  ) => {
    await by.send(call, { id: `${step}:${taskId(deal, index)}:${part}` });
  };
  return {
    ...createPocoReader(chain, deployment),
    async recordSeed(block) {
      await anySender.send(calls.recordSeed(block), { id: `record:${block}` });
    },
    // A seat is drawn once for a task, and so commits once.
    commit: (deal, index, contributions) =>
      send("commit", [deal, index], calls.commit(deal, index, contributions), {
        part: contributions.map(({ seat }) => seat),
      }),
    extend: (deal, index, round) => send("extend", [deal, index], calls.extend(deal, index), { part: round }),
    finalize: (deal, index, seals, result) =>
      send("finalize", [deal, index], calls.finalize(deal, index, seals, result)),
    complete: (deal, index, worker, result) =>
      send("complete", [deal, index], calls.complete(deal, index, worker, result), { by: sender }),
    claim: (deal, index, seals) => send("claim", [deal, index], calls.claim(deal, index, seals)),
  };
}
