import { type Address, encodeFunctionData, type Hex } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { hubAbi } from "#src/abi/hub-abi.ts";
import type { ChainClient } from "#src/chain/chain-client.ts";
import { asChainError } from "#src/chain/chain-error.ts";
import { createHubShopReader, type HubShop, type ReadHubShop } from "#src/chain/hub-shop-reader.ts";
import type { Prepared } from "#src/client/hub-schema.ts";
import type { ContractSignatureCheck } from "#src/identity/siwe.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import { inHanse } from "#src/protocol/money.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";

/** What the hub service asks of the chain, and prepares for it; it sends nothing. */
export interface HubChain {
  readonly chainId: number;
  readonly hub: Address;
  readonly shop: ReadHubShop;
  /** The longest overlap of keys, in seconds. */
  longestOverlapS(): Promise<number>;
  /** Allows the stake, and joins. */
  prepareJoin(owner: Address, shop: NewShop): Promise<Prepared>;
  prepareLeave(code: string): Prepared;
  prepareRotation(code: string, key: Hex, overlapS: number): Prepared;
  readonly isContractSignature: ContractSignatureCheck;
}

export interface NewShop {
  readonly code: string;
  readonly key: Hex;
  readonly endpoint: string;
  readonly profile: string;
}

const ERC1271_ABI = [
  {
    type: "function",
    name: "isValidSignature",
    stateMutability: "view",
    inputs: [{ type: "bytes32" }, { type: "bytes" }],
    outputs: [{ type: "bytes4" }],
  },
] as const;
const ERC1271_MAGIC = "0x1626ba7e";

export function createHubChain(
  chain: ChainClient,
  { hub, clerk }: { readonly hub: Address; readonly clerk: Address },
): HubChain {
  const { viem } = chain;
  const asked = <Value>(answer: Promise<Value>, what: string): Promise<Value> =>
    answer.catch((error: unknown) => {
      throw asChainError(error, what);
    });
  return {
    chainId: chain.chainId,
    hub,

    shop: createHubShopReader(chain, { hub }),

    async longestOverlapS() {
      const read = viem.readContract({ address: hub, abi: hubAbi, functionName: "parameters" });
      return (await asked(read, "reading the Hub's parameters")).longestOverlap;
    },

    async prepareJoin(owner, { code, key, endpoint, profile }) {
      const bytes = shopCodeToHex(code);
      const [stake, bond] = await asked(
        Promise.all([
          viem.readContract({ address: hub, abi: hubAbi, functionName: "stakeFor", args: [bytes] }),
          viem.readContract({ address: clerk, abi: clerkAbi, functionName: "bondOf", args: [owner, hub] }),
        ]),
        "reading what a shop has to stake",
      );
      // An allowance is of all that is held: of the owner's other shops too.
      const allowance = bond.bonded + stake;
      const allow = encodeFunctionData({
        ...{ abi: clerkAbi, functionName: "allowCertifier", args: [hub, allowance] },
      });
      const join = encodeFunctionData({
        ...{ abi: hubAbi, functionName: "join", args: [bytes, key, endpoint, profile] },
      });
      return {
        code,
        transactions: [
          ...(bond.allowance >= allowance
            ? []
            : [{ to: clerk, data: allow, description: `let the Hub hold up to ${inHanse(allowance)}` }]),
          { to: hub, data: join, description: `join as ${code}, with a stake of ${inHanse(stake)}` },
        ],
      };
    },

    prepareLeave(code) {
      const data = encodeFunctionData({
        ...{ abi: hubAbi, functionName: "leave", args: [shopCodeToHex(code)] },
      });
      return { code, transactions: [{ to: hub, data, description: `leave with ${code}` }] };
    },

    prepareRotation(code, key, overlapS) {
      const data = encodeFunctionData({
        ...{ abi: hubAbi, functionName: "rotateKey", args: [shopCodeToHex(code), key, overlapS] },
      });
      return { code, transactions: [{ to: hub, data, description: `have ${code} sign with another key` }] };
    },

    async isContractSignature(address, hash, signature) {
      try {
        const answer = await viem.readContract({
          ...{ address, abi: ERC1271_ABI, functionName: "isValidSignature", args: [hash, signature] },
        });
        return answer === ERC1271_MAGIC;
      } catch (error) {
        const translated = asChainError(error, "asking a wallet's contract");
        // Only a chain that is away leaves it open; a contract that reverts, or none, has said no.
        if (isHanseError(translated) && translated.retryable) throw translated;
        return false;
      }
    },
  };
}

/** @throws HANSE_FORBIDDEN where the shop is somebody else's, HANSE_CONFLICT where it has no such standing */
export function assertOwnShop(
  shop: HubShop,
  { code, account }: { readonly code: string; readonly account: Address },
  standings: readonly HubShop["standing"][],
): void {
  if (shop.standing === "none") throw new HanseError("HANSE_NOT_FOUND", `There is no shop ${code}`);
  if (shop.owner.toLowerCase() !== account.toLowerCase()) {
    throw new HanseError("HANSE_FORBIDDEN", `${code} is not the shop of ${account}`, {
      details: { code, account },
    });
  }
  if (!standings.includes(shop.standing)) {
    throw new HanseError("HANSE_CONFLICT", `${code} is ${shop.standing}`, {
      details: { code, standing: shop.standing },
    });
  }
}
