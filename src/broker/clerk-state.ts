import { type Address, domainSeparator, encodeFunctionData, type Hex, parseAbi, zeroAddress } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { keyringAbi } from "#src/abi/keyring-abi.ts";
import { pocoAbi } from "#src/abi/poco-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError, revertOf } from "#src/chain/chain-error.ts";
import type { Deployment } from "#src/chain/deployment.ts";
import type { Clock } from "#src/kernel/clock.ts";
import { type HanseError, isHanseError, isRetryable } from "#src/kernel/errors.ts";
import { clerkDomain } from "#src/protocol/order-types.ts";
import { POWER_OF_ORDER, POWERS } from "#src/protocol/powers.ts";
import { LEGS, REFUSALS } from "#src/protocol/refusals.ts";
import { restrictionRule } from "#src/protocol/restrictions.ts";
import type { MarketState } from "./market-chain.ts";
import { chainBehind } from "./told-block.ts";

export interface ClerkStateDeps {
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  readonly clock: Clock;
  /** Throws HANSE_RPC_UNAVAILABLE. */
  readonly headNumber: () => Promise<bigint>;
  /** The block whose state is read; undefined: the newest that the node has. */
  readonly block: () => Promise<bigint | undefined>;
}

/** A block as viem's calls name it. */
type AtBlock = { readonly blockNumber?: bigint };

/** What the Clerk lets a stranger's contract use (`ForeignCall.GAS`), and the cost of a transaction around it. */
const FOREIGN_GAS = 121_000n;
/** How long a node that is behind is waited for. */
const PATIENCE_MS = 10_000;
/** And one that refuses what another behind the same address may have, for its newest block may be another's. */
const REFUSED_PATIENCE_MS = 2_000;
const groupAbi = parseAbi(["function isMember(bytes32 subject) view returns (bool)"]);

/** What Clerk, Keyring, Registry and certifiers of a deployment hold. */
export function createClerkState(
  { chain, deployment, clock, headNumber, block }: ClerkStateDeps,
  { pollMs = 250 }: { readonly pollMs?: number | undefined } = {},
): MarketState {
  const { clerk, keyring, registry } = deployment.contracts;
  const clerkContract = { address: clerk, abi: clerkAbi } as const;
  const domain = domainSeparator({ domain: clerkDomain(chain.chainId, clerk) });

  /** Reads at the block. A node that does not have it yet is waited for. */
  async function read<T>(
    what: string,
    ask: (at: AtBlock) => Promise<T>,
    refusedPatienceMs = REFUSED_PATIENCE_MS,
  ): Promise<T> {
    for (let waitedMs = 0; ; waitedMs += pollMs) {
      let at: AtBlock = {};
      try {
        at = await atBlock();
        return await ask(at);
      } catch (cause) {
        const error = await failureAt(at, cause, what);
        const refused = error.code === "HANSE_RPC_REFUSED" && at.blockNumber !== undefined;
        const patienceMs = error.code === "HANSE_RPC_BEHIND" ? PATIENCE_MS : refused ? refusedPatienceMs : 0;
        if (waitedMs >= patienceMs) throw error;
      }
      await clock.sleep(pollMs);
    }
  }

  async function atBlock(): Promise<AtBlock> {
    const blockNumber = await block();
    return blockNumber === undefined ? {} : { blockNumber };
  }

  /** Every node says in its own way that it lacks a block: told apart by its newest one. */
  async function failureAt({ blockNumber }: AtBlock, cause: unknown, what: string): Promise<HanseError> {
    if (blockNumber === undefined || revertOf(cause) !== undefined) return asChainError(cause, what);
    const head = await headNumber();
    return head < blockNumber ? chainBehind(head, blockNumber) : asChainError(cause, what);
  }

  /** The first word a foreign contract answers; undefined when it reverts, runs out of gas or is none. */
  async function askForeign(to: Address, data: Hex): Promise<Hex | undefined> {
    const what = "asking a contract";
    try {
      const call = (at: AtBlock) => chain.viem.call({ to, data, gas: FOREIGN_GAS, ...at });
      // Whoever wrote it decides how it fails: it is not waited for.
      const { data: answer } = await read(what, call, 0);
      return answer !== undefined && answer.length >= 66 ? (answer.slice(0, 66) as Hex) : undefined;
    } catch (error) {
      // Only a chain that cannot be reached, or is behind, is no answer; whatever else goes wrong in there is a no.
      if (isHanseError(error, "HANSE_RPC_BEHIND")) throw error;
      // Throws where nobody answers.
      if (isRetryable(error)) await headNumber();
      return undefined;
    }
  }

  return {
    async ownerOf(asset) {
      const owner = await read("reading an asset's owner", (at) =>
        chain.viem.readContract({
          ...{ address: registry, abi: registryAbi, functionName: "ownerOrZero", args: [asset] },
          ...at,
        }),
      );
      return owner === zeroAddress ? undefined : owner;
    },
    async account(owner) {
      const { free, locked, epoch } = await read("reading an account", (at) =>
        chain.viem.readContract({ ...clerkContract, functionName: "account", args: [owner], ...at }),
      );
      return { freeNano: free, lockedNano: locked, epoch };
    },
    filled: (leg, signer, salt) =>
      read("reading what is filled", (at) =>
        chain.viem.readContract({
          ...clerkContract,
          ...{ functionName: "filled", args: [LEGS.indexOf(leg), signer, salt] },
          ...at,
        }),
      ),
    isCertifier: (certifier) =>
      read("reading the certifiers", (at) =>
        chain.viem.readContract({ ...clerkContract, functionName: "isCertifier", args: [certifier], ...at }),
      ),
    async isMember({ restriction, subject }) {
      const rule = restrictionRule(restriction);
      if (rule.type !== "members") return false;
      const data = encodeFunctionData({ abi: groupAbi, functionName: "isMember", args: [subject] });
      const answer = await askForeign(rule.group, data);
      return answer !== undefined && BigInt(answer) === 1n;
    },
    async keyringCheck({ account, kind, hash, signature }) {
      const power = kind === "sponsorship" ? POWERS.SPONSORSHIP : POWER_OF_ORDER[kind];
      const [valid, key, limitNano] = await read("asking the Keyring about a signature", (at) =>
        chain.viem.readContract({
          ...{ address: keyring, abi: keyringAbi, functionName: "check" },
          ...{ args: [account, power, domain, hash, signature] },
          ...at,
        }),
      );
      if (!valid) return { type: "nobody" };
      return { type: "keyring", operator: key === zeroAddress ? undefined : { key, limitNano } };
    },
    spentNano: (owner, key) =>
      read("reading what an operator has spent", (at) =>
        chain.viem.readContract({ ...clerkContract, functionName: "spentBy", args: [owner, key], ...at }),
      ),
    sponsoredNano: (sponsor, requestHash) =>
      read("reading what a sponsor has paid", (at) =>
        chain.viem.readContract({
          ...clerkContract,
          ...{ functionName: "sponsored", args: [sponsor, requestHash] },
          ...at,
        }),
      ),
    async admit(draft, minSeats, minSeatStake) {
      // Every certifier answers as `ICertifier`, whose `admit` Poco's ABI carries.
      const [refusal, poolStake] = await read("asking the certifier for its terms", (at) =>
        chain.viem.readContract({
          ...{ address: draft.certifier, abi: pocoAbi, functionName: "admit" },
          ...{ args: [draft, minSeats, minSeatStake] },
          ...at,
        }),
      );
      return { refusal: REFUSALS[refusal] ?? "None", poolStakeNano: poolStake };
    },
  };
}
