import { type Address, encodeAbiParameters, type Hex, keccak256, padHex } from "viem";

/** What an asset is; the top byte of its id. Mirrors `AssetKind` in `contracts/types/Ids.sol`. */
export const ASSET_KINDS = ["none", "app", "dataset", "pool"] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];

/** The id of an app, a dataset or a pool: `uint256` on chain, `0x` and 64 hex digits in JSON. 0n: none. */
export type AssetId = bigint;
export const NO_ASSET: AssetId = 0n;

/** What an id commits to; see `IRegistry`. */
export interface Asset {
  readonly kind: Exclude<AssetKind, "none">;
  readonly registrar: Address;
  /** SHA-256 of the content. */
  readonly checksum: Hex;
  /** Enclave measurement of an app; zero: none. */
  readonly measurement: Hex;
}

/** The kind an id claims; `none` for zero and for ids of no known kind. */
export function assetKind(id: AssetId): AssetKind {
  return ASSET_KINDS[Number(id >> 248n)] ?? "none";
}

/** `kind << 248 | keccak256(abi.encode(asset)) >> 8`, as `Registry.idOf`. */
export function assetId(asset: Asset): AssetId {
  const kind = ASSET_KINDS.indexOf(asset.kind);
  const hash = keccak256(
    encodeAbiParameters(
      [{ type: "uint8" }, { type: "address" }, { type: "bytes32" }, { type: "bytes32" }],
      [kind, asset.registrar, asset.checksum, asset.measurement],
    ),
  );
  return (BigInt(kind) << 248n) | (BigInt(hash) >> 8n);
}

/** An id as it is written in JSON, URLs and logs. */
export function assetIdToHex(id: AssetId): Hex {
  return padHex(`0x${id.toString(16)}`, { size: 32 });
}

/**
 * What a requester's orders with one salt are filled under: `keccak256(abi.encode(salt, requester))`. It is a good name
 * for the volume that orders of any kind with one signer and salt share, too.
 */
export function requestId(requester: Address, salt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "bytes32" }, { type: "address" }],
      [salt, requester.toLowerCase() as Address],
    ),
  );
}

/** `keccak256(abi.encode(requestId, firstTask))`. */
export function dealId(request: Hex, firstTask: number): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint32" }], [request, firstTask]));
}

/** What a callback is told of a task: `keccak256(abi.encode(requestId, taskIndex))`, known before any deal. */
export function unitId(request: Hex, taskIndex: number): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint32" }], [request, taskIndex]));
}
