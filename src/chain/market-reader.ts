import { type Address, type Hex, parseAbiItem } from "viem";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { registryAbi } from "#src/abi/registry-abi.ts";
import { HanseError } from "#src/kernel/errors.ts";
import type { Deal } from "#src/protocol/deals.ts";
import { ASSET_KINDS, type AssetId, type AssetKind, assetIdToHex } from "#src/protocol/ids.ts";
import type { ChainClient } from "./chain-client.ts";
import { asChainError } from "./chain-error.ts";
import type { Deployment } from "./deployment.ts";

/** A deal as its event told it. */
export interface SealedDeal {
  readonly id: Hex;
  readonly deal: Deal;
  readonly params: Hex;
}

/** An asset as its registration told it. */
export interface RegisteredAsset {
  readonly id: AssetId;
  readonly kind: AssetKind;
  readonly owner: Address;
  /** SHA-256 of the content. */
  readonly checksum: Hex;
  /** Where the content was last said to be found; hearsay, the checksum decides. */
  readonly uri: string;
}

/** What anyone can read about deals and assets from the chain alone. */
export interface MarketReader {
  /** @throws HANSE_NOT_FOUND */
  deal(id: Hex): Promise<SealedDeal>;
  /** @throws HANSE_ORDER_ASSET_UNKNOWN */
  asset(id: AssetId): Promise<RegisteredAsset>;
}

const movedEvent = parseAbiItem("event AssetMoved(uint256 indexed id, string uri)");

export function createMarketReader(chain: ChainClient, deployment: Deployment): MarketReader {
  const { clerk, registry } = deployment.contracts;
  const fromBlock = deployment.deployedAtBlock;

  return {
    async deal(id) {
      const [log] = await chain.viem
        .getContractEvents({
          address: clerk,
          abi: clerkAbi,
          eventName: "DealSealed",
          args: { id },
          fromBlock,
        })
        .catch((error: unknown) => {
          throw asChainError(error, "reading a deal");
        });
      const { deal, params } = log?.args ?? {};
      if (deal === undefined || params === undefined) {
        throw new HanseError("HANSE_NOT_FOUND", `no deal ${id} was sealed`, { details: { deal: id } });
      }
      return { id, deal, params };
    },

    async asset(id) {
      const query = { address: registry, fromBlock } as const;
      const [registered, moves, owner] = await Promise.all([
        chain.viem.getContractEvents({
          ...query,
          abi: registryAbi,
          eventName: "AssetRegistered",
          args: { id },
        }),
        chain.viem.getLogs({ ...query, event: movedEvent, args: { id } }),
        chain.viem.readContract({
          address: registry,
          abi: registryAbi,
          functionName: "ownerOrZero",
          args: [id],
        }),
      ]).catch((error: unknown) => {
        throw asChainError(error, "reading an asset");
      });
      const { asset, uri } = registered[0]?.args ?? {};
      if (asset === undefined || uri === undefined) {
        throw new HanseError("HANSE_ORDER_ASSET_UNKNOWN", `nobody registered ${assetIdToHex(id)}`, {
          details: { asset: assetIdToHex(id) },
        });
      }
      const kind = ASSET_KINDS[asset.kind] ?? "none";
      return { id, kind, owner, checksum: asset.checksum, uri: moves.at(-1)?.args.uri ?? uri };
    },
  };
}
