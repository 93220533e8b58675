import {
  type Address,
  domainSeparator,
  encodeFunctionData,
  getAddress,
  type Hex,
  parseAbi,
  zeroAddress,
} from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError, revertOf } from "#src/chain/chain-error.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import { followChain } from "#src/chain/follower.ts";
import type { JournaledSender } from "#src/chain/sender.ts";
import type { Clock } from "#src/kernel/clock.ts";
import type { Logger } from "#src/kernel/logger.ts";
import { clerkDomain } from "#src/protocol/order-types.ts";
import { POWER_OF_ORDER, POWERS } from "#src/protocol/powers.ts";
import { LEGS, REFUSALS } from "#src/protocol/refusals.ts";
import { restrictionRule } from "#src/protocol/restrictions.ts";
import type { MarketChain } from "./market-chain.ts";
import { decodeMarketEvents, decodeSealOutcome } from "./market-events.ts";

export interface ClerkMarketChainDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Who seals. */
  readonly sender: JournaledSender;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** What the Clerk lets a stranger's contract use (`ForeignCall.GAS`), and the cost of a transaction around it. */
const FOREIGN_GAS = 121_000n;
const groupAbi = parseAbi(["function isMember(bytes32 subject) view returns (bool)"]);

/** The market on a real chain: the Clerk, the Keyring and the Registry of a deployment. */
export function createClerkMarketChain(
  deps: ClerkMarketChainDeps,
  options: { readonly pollMs?: number } = {},
): MarketChain {
  const { chain, deployment, sender, logger, clock } = deps;
  const { clerk, keyring, registry } = deployment.contracts;
  const clerkContract = { address: clerk, abi: clerkAbi } as const;
  const domain = domainSeparator({ domain: clerkDomain(chain.chainId, clerk) });
  const doing =
    (what: string) =>
    (error: unknown): never => {
      throw asChainError(error, what);
    };

  /** The first word a foreign contract answers; undefined when it reverts, runs out of gas or is none. */
  async function askForeign(to: Address, data: Hex): Promise<Hex | undefined> {
    try {
      const { data: answer } = await chain.viem.call({ to, data, gas: FOREIGN_GAS });
      return answer !== undefined && answer.length >= 66 ? (answer.slice(0, 66) as Hex) : undefined;
    } catch (error) {
      if (revertOf(error) !== undefined) return undefined;
      const translated = asChainError(error, "asking a contract");
      // Only a chain that cannot be reached is no answer; whatever else goes wrong in there is a no.
      if (translated.retryable && !(await isReachable())) throw translated;
      return undefined;
    }
  }

  const isReachable = () =>
    chain.viem
      .getBlockNumber()
      .then(() => true)
      .catch(() => false);

  return {
    chainId: chain.chainId,
    genesisHash: deployment.genesisHash,
    clerk: getAddress(clerk),
    matcher: sender.address,
    headNumber: () => chain.viem.getBlockNumber().catch(doing("reading the newest block")),
    async ownerOf(asset) {
      const owner = await chain.viem
        .readContract({ address: registry, abi: registryAbi, functionName: "ownerOrZero", args: [asset] })
        .catch(doing("reading an asset's owner"));
      return owner === zeroAddress ? undefined : owner;
    },
    async account(owner) {
      const { free, locked, epoch } = await chain.viem
        .readContract({ ...clerkContract, functionName: "account", args: [owner] })
        .catch(doing("reading an account"));
      return { freeNano: free, lockedNano: locked, epoch };
    },
    filled: (leg, signer, salt) =>
      chain.viem
        .readContract({ ...clerkContract, functionName: "filled", args: [LEGS.indexOf(leg), signer, salt] })
        .catch(doing("reading what is filled")),
    isCertifier: (certifier) =>
      chain.viem
        .readContract({ ...clerkContract, functionName: "isCertifier", args: [certifier] })
        .catch(doing("reading the certifiers")),
    async isMember({ restriction, subject }) {
      const rule = restrictionRule(restriction);
      if (rule.type !== "members") return false;
      const data = encodeFunctionData({ abi: groupAbi, functionName: "isMember", args: [subject] });
      const answer = await askForeign(rule.group, data);
      return answer !== undefined && BigInt(answer) === 1n;
    },
    async keyringCheck({ account, kind, hash, signature }) {
      const power = kind === "sponsorship" ? POWERS.SPONSORSHIP : POWER_OF_ORDER[kind];
      const [valid, key, limitNano] = await chain.viem
        .readContract({
          address: keyring,
          abi: keyringAbi,
          functionName: "check",
          args: [account, power, domain, hash, signature],
        })
        .catch(doing("asking the Keyring about a signature"));
      if (!valid) return { type: "nobody" };
      return { type: "keyring", operator: key === zeroAddress ? undefined : { key, limitNano } };
    },
    spentNano: (owner, key) =>
      chain.viem
        .readContract({ ...clerkContract, functionName: "spentBy", args: [owner, key] })
        .catch(doing("reading what an operator has spent")),
    sponsoredNano: (sponsor, requestHash) =>
      chain.viem
        .readContract({ ...clerkContract, functionName: "sponsored", args: [sponsor, requestHash] })
        .catch(doing("reading what a sponsor has paid")),
    async admit(draft, minSeats, minSeatStake) {
      // Every certifier answers as `ICertifier`, whose `admit` Poco's ABI carries.
      const [refusal, poolStake] = await chain.viem
        .readContract({
          address: draft.certifier,
          abi: pocoAbi,
          functionName: "admit",
          args: [draft, minSeats, minSeatStake],
        })
        .catch(doing("asking the certifier for its terms"));
      return { refusal: REFUSALS[refusal] ?? "None", poolStakeNano: poolStake };
    },
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
      return decodeSealOutcome(await sender.send(call, { id }), clerk);
    },
    async sealed(id) {
      const receipt = await sender.receiptOf(id);
      return receipt === undefined ? undefined : decodeSealOutcome(receipt, clerk);
    },
    tend: (signal) => sender.run(signal),
    async *events(known, signal) {
      const from = {
        startBlock: deployment.deployedAtBlock,
        known: known.slice(0, -1),
        cursor: known.at(-1),
      };
      const followed = followChain(
        { chain, logger, ...(clock ? { clock } : {}) },
        { ...from, addresses: [clerk, keyring, registry], signal, ...options },
      );
      for await (const event of followed) {
        if (event.type !== "block") {
          yield event;
          continue;
        }
        const { number, hash, timestamp } = event.block;
        const block = { number, hash };
        yield {
          type: "block",
          block,
          timestamp,
          events: decodeMarketEvents(event.logs, { clerk, keyring, registry }),
        };
      }
    },
  };
}
