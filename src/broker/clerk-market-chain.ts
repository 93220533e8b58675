import { getAddress, type TransactionReceipt } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { type ChainEvent, followChain } from "#src/chain/follower.ts";
import type { JournaledSender } from "#src/chain/sender.ts";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { LEGS, REFUSALS } from "#src/protocol/refusals.ts";
import { createClerkState } from "./clerk-state.ts";
import type { MarketChain, MarketChainEvent, SealOutcome } from "./market-chain.ts";
import { decodeMarketEvents, decodeSealOutcome } from "./market-events.ts";
import { createToldBlock } from "./told-block.ts";

export interface ClerkMarketChainDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Who seals. */
  readonly sender: JournaledSender;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The market on a real chain: the Clerk, the Keyring and the Registry of a deployment. */
export function createClerkMarketChain(
  deps: ClerkMarketChainDeps,
  options: { readonly pollMs?: number } = {},
): MarketChain {
  const { chain, deployment, sender, logger, clock = systemClock } = deps;
  const { clerk, keyring, registry } = deployment.contracts;
  const clerkContract = { address: clerk, abi: clerkAbi } as const;
  const doing =
    (what: string) =>
    (error: unknown): never => {
      throw asChainError(error, what);
    };

  const headNumber = () => chain.viem.getBlockNumber().catch(doing("reading the newest block"));
  const told = createToldBlock({ headNumber });
  const stateAt = (block: () => Promise<bigint | undefined>) =>
    createClerkState({ chain, deployment, clock, headNumber, block }, options);

  function outcomeOf(receipt: TransactionReceipt): SealOutcome {
    told.tell(receipt.blockNumber, receipt.blockNumber);
    return decodeSealOutcome(receipt, clerk);
  }

  return {
    chainId: chain.chainId,
    genesisHash: deployment.genesisHash,
    clerk: getAddress(clerk),
    matcher: sender.address,
    headNumber,
    ...stateAt(async () => undefined),
    told: stateAt(told.toRead),
    // Not what a node that is behind calls the newest: nobody would find what a reorganisation undoes.
    toldNumber: async () => (await told.toRead()) ?? (await headNumber()),
    async preview(batch) {
      const previews = await chain.viem
        .readContract({ ...clerkContract, functionName: "preview", args: [batch, sender.address] })
        .catch(doing("previewing a batch"));
      return previews.map(({ leg, refusal }) => ({
        leg: LEGS[leg] ?? "request",
        refusal: REFUSALS[refusal] ?? "None",
      }));
    },
    async seal(batch, id) {
      const call = { ...clerkContract, functionName: "seal", args: [batch, false] };
      return outcomeOf(await sender.send(call, { id }));
    },
    async sealed(id) {
      const receipt = await sender.receiptOf(id);
      return receipt === undefined ? undefined : outcomeOf(receipt);
    },
    tend: (signal) => sender.run(signal),
    events(known, signal) {
      const from = {
        startBlock: deployment.deployedAtBlock,
        known: known.slice(0, -1),
        cursor: known.at(-1),
      };
      told.follow(known.at(-1)?.number ?? -1n, signal);
      return tell(
        followChain(
          { chain, logger, clock },
          { ...from, addresses: [clerk, keyring, registry], signal, ...options },
        ),
      );
    },
  };

  async function* tell(followed: AsyncIterable<ChainEvent>): AsyncGenerator<MarketChainEvent> {
    for await (const event of followed) {
      if (event.type !== "block") {
        if (event.type === "reorg") told.goBack(event.to.number);
        yield event;
        continue;
      }
      const { number, hash, timestamp } = event.block;
      told.tell(number, event.head);
      const block = { number, hash };
      const events = decodeMarketEvents(event.logs, { clerk, keyring, registry });
      yield { type: "block", block, timestamp, events };
    }
  }
}
