import { type Address, type Hex, hexToBytes } from "viem";
import { hubAbi } from "#src/abi/hub-abi.ts";
import { shopCodeToHex } from "#src/protocol/shop-code.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";

/** One to one with `Standing` in `IHub`. */
const STANDINGS = ["none", "member", "suspended", "leaving", "left"] as const;

/** A shop as the Hub contract has it. */
export interface HubShop {
  readonly owner: Address;
  readonly standing: (typeof STANDINGS)[number];
  /** Whether it is suspended, or was when it left: its signatures are good no more. */
  readonly suspended: boolean;
  readonly endpoint: string;
  readonly key: Hex;
  /** Good until, and at, `overlapEnds`; undefined where there is none. */
  readonly previousKey: Hex | undefined;
  /** Unix seconds. */
  readonly overlapEnds: number;
}

/** Reads the shop of a code, as the newest block has it. @throws HANSE_RPC_* */
export type ReadHubShop = (code: string) => Promise<HubShop>;

export function createHubShopReader(
  { viem }: Pick<ChainClient, "viem">,
  { hub }: { readonly hub: Address },
): ReadHubShop {
  return async (code) => {
    const shop = await viem
      .readContract({ address: hub, abi: hubAbi, functionName: "shop", args: [shopCodeToHex(code)] })
      .catch((error: unknown) => {
        throw asChainError(error, `reading the shop ${code}`);
      });
    return {
      ...{ owner: shop.owner, endpoint: shop.endpoint, key: shop.key, overlapEnds: shop.overlapEnds },
      standing: STANDINGS[shop.standing] ?? "none",
      suspended: shop.suspendedByGovernance || shop.understaked,
      previousKey: hexToBytes(shop.previousKey).some(Boolean) ? shop.previousKey : undefined,
    };
  };
}
