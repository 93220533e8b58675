import type { Address } from "viem";
import type { ChainClient } from "#src/chain/chain-client.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type Contribution, createPocoCalls } from "#src/chain/poco-calls.ts";
import { createPocoReader, type PocoReader } from "#src/chain/poco-reader.ts";
import type { Call, Sender } from "#src/chain/sender.ts";
import type { Committed, Result } from "#src/protocol/contributions.ts";
import type { Deal } from "#src/protocol/deals.ts";

/** All that the scheduler reads from Poco and has it do. Calls throw what `asChainError` makes of a failure. */
export interface PocoChain extends PocoReader {
  /** Keeps the seed of a block before the chain forgets it. */
  recordSeed(block: bigint): Promise<void>;
  commit(deal: Deal, index: number, contributions: readonly Contribution[]): Promise<void>;
  extend(deal: Deal, index: number): Promise<void>;
  finalize(deal: Deal, index: number, seals: readonly Committed[], result: Result): Promise<void>;
  complete(deal: Deal, index: number, worker: Address, result: Result): Promise<void>;
  claim(deal: Deal, index: number, seals: readonly Committed[]): Promise<void>;
}

export function createPocoChain(
  deps: { readonly chain: ChainClient; readonly sender: Sender },
  deployment: Deployment,
): PocoChain {
  const { chain, sender } = deps;
  const calls = createPocoCalls(deployment);
  const send = async (call: Call) => {
    await sender.send(call);
  };
  return {
    ...createPocoReader(chain, deployment),
    recordSeed: (block) => send(calls.recordSeed(block)),
    commit: (deal, index, contributions) => send(calls.commit(deal, index, contributions)),
    extend: (deal, index) => send(calls.extend(deal, index)),
    finalize: (deal, index, seals, result) => send(calls.finalize(deal, index, seals, result)),
    complete: (deal, index, worker, result) => send(calls.complete(deal, index, worker, result)),
    claim: (deal, index, seals) => send(calls.claim(deal, index, seals)),
  };
}
