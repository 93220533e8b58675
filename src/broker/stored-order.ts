import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import type { AssetId } from "#src/protocol/ids.ts";
import type {
  AppOrder,
  Conditions,
  DatasetOrder,
  PoolOrder,
  RequestOrder,
  SignedOrder,
  Sponsorship,
  Terms,
} from "#src/protocol/orders.ts";
import type { OrderRow } from "./broker-tables.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * The order as it was signed: what `signedOrderSchema` reads, in a fraction of its time, for a book is rebuilt from all the
 * orders there are. What `newOrderRow` wrote had passed the schema, so it is in the one form the schema gives: addresses with
 * their checksum, hex in small letters. That it still has the shape of an order is looked at, checksums are not.
 * @throws HanseError HANSE_STATE_DAMAGED
 */
export function signedOrderOf(row: Pick<OrderRow, "hash" | "content" | "signature">): SignedOrder {
  const { hash, content, signature } = row;
  try {
    return signedOrder(content as Json, bytes(signature, 8192));
  } catch (cause) {
    throw new HanseError("HANSE_STATE_DAMAGED", `Order ${hash} of the broker's database cannot be read`, {
      cause,
      details: { orderHash: hash },
    });
  }
}

function signedOrder(content: Json, signature: Hex): SignedOrder {
  const { type, order, terms, sponsorship } = content as { readonly [name: string]: Json | undefined };
  const brought = {
    signature,
    ...(terms === undefined ? {} : { terms: termsOf(terms) }),
    ...(sponsorship === undefined ? {} : { sponsorship: sponsorshipOf(sponsorship) }),
  };
  expectMembers(content, 1 + Object.keys(brought).length);
  const json = order as Json;
  switch (content.type) {
    case "app":
      return { type: "app", order: appOrder(json), ...withoutSponsor(brought) };
    case "dataset":
      return { type: "dataset", order: datasetOrder(json), ...withoutSponsor(brought) };
    case "pool":
      return { type: "pool", order: poolOrder(json), ...withoutSponsor(brought) };
    case "request":
      return { type: "request", order: requestOrder(json), ...brought };
    default:
      throw unexpected(type, "a type of orders");
  }
}

function withoutSponsor<Brought extends object>(brought: Brought): Brought {
  if ("sponsorship" in brought) throw unexpected(brought.sponsorship, "no sponsorship");
  return brought;
}

/** What all have that sell something. */
function offerOf(json: Json) {
  return {
    price: uint64(json.price),
    trust: uint32(json.trust),
    tag: bytes32(json.tag),
    onlyRequester: bytes32(json.onlyRequester),
    conditions: conditionsOf(json.conditions),
  };
}

function appOrder(json: Json): AppOrder {
  expectMembers(json, 8);
  return {
    app: assetId(json.app),
    ...offerOf(json),
    onlyDataset: bytes32(json.onlyDataset),
    onlyPool: bytes32(json.onlyPool),
  };
}

function datasetOrder(json: Json): DatasetOrder {
  expectMembers(json, 8);
  return {
    dataset: assetId(json.dataset),
    ...offerOf(json),
    onlyApp: bytes32(json.onlyApp),
    onlyPool: bytes32(json.onlyPool),
  };
}

function poolOrder(json: Json): PoolOrder {
  expectMembers(json, 9);
  return {
    pool: assetId(json.pool),
    ...offerOf(json),
    category: uint16(json.category),
    onlyApp: bytes32(json.onlyApp),
    onlyDataset: bytes32(json.onlyDataset),
  };
}

function requestOrder(json: Json): RequestOrder {
  expectMembers(json, 20);
  return {
    requester: address(json.requester),
    app: assetId(json.app),
    maxAppPrice: uint64(json.maxAppPrice),
    dataset: assetId(json.dataset),
    maxDatasetPrice: uint64(json.maxDatasetPrice),
    maxPoolPrice: uint64(json.maxPoolPrice),
    category: uint16(json.category),
    trust: uint32(json.trust),
    tag: bytes32(json.tag),
    onlyApp: bytes32(json.onlyApp),
    onlyDataset: bytes32(json.onlyDataset),
    onlyPool: bytes32(json.onlyPool),
    minSeats: uint32(json.minSeats),
    minSeatStake: uint64(json.minSeatStake),
    beneficiary: address(json.beneficiary),
    callback: address(json.callback),
    sponsor: address(json.sponsor),
    attesters: bytes32(json.attesters),
    params: bytes(json.params, 4096),
    conditions: conditionsOf(json.conditions),
  };
}

function conditionsOf(value: unknown): Conditions {
  const json = value as Json;
  expectMembers(json, 9);
  return {
    certifier: address(json.certifier),
    matcher: address(json.matcher),
    validUntil: uint64(json.validUntil),
    epoch: uint64(json.epoch),
    volume: uint32(json.volume, 1, UINT32_MAX - 1),
    minFill: uint32(json.minFill, 1),
    salt: bytes32(json.salt),
    externalRef: bytes32(json.externalRef),
    terms: bytes32(json.terms),
  };
}

function termsOf(json: Json): Terms {
  expectMembers(json, 2);
  return { checker: address(json.checker), data: bytes(json.data, 4096) };
}

function sponsorshipOf(json: Json): Sponsorship {
  expectMembers(json, 4);
  return {
    cap: uint64(json.cap),
    validUntil: uint64(json.validUntil),
    epoch: uint64(json.epoch),
    signature: bytes(json.signature, 8192),
  };
}

const UINT64_MAX = 2n ** 64n - 1n;
const UINT32_MAX = 2 ** 32 - 1;
const UINT16_MAX = 2 ** 16 - 1;
const DECIMAL = /^(?:0|[1-9]\d{0,19})$/;
const BYTES32 = /^0x[0-9a-f]{64}$/;
const BYTES = /^0x(?:[0-9a-f]{2})*$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** With all of its own members there, this leaves no room for others. */
function expectMembers(json: Json, count: number): void {
  let members = 0;
  for (const _ in json) members++;
  if (members !== count) throw unexpected(Object.keys(json), `${count} members`);
}

function uint64(value: unknown): bigint {
  const number = DECIMAL.test(value as string) ? BigInt(value as string) : -1n;
  if (typeof value !== "string" || number < 0n || number > UINT64_MAX) throw unexpected(value, "a uint64");
  return number;
}

function uint32(value: unknown, least = 0, most = UINT32_MAX): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw unexpected(value, `a number from ${least} to ${most}`);
  }
  return value as number;
}

function uint16(value: unknown): number {
  return uint32(value, 0, UINT16_MAX);
}

function bytes32(value: unknown): Hex {
  // Most members of most orders: one string for all of them is less to look at, and less to keep.
  if (value === zeroHash) return zeroHash;
  if (typeof value !== "string" || !BYTES32.test(value)) throw unexpected(value, "32 bytes");
  return value as Hex;
}

function assetId(value: unknown): AssetId {
  return BigInt(bytes32(value));
}

function bytes(value: unknown, most: number): Hex {
  if (typeof value !== "string" || value.length > 2 + 2 * most || !BYTES.test(value)) {
    throw unexpected(value, `at most ${most} bytes`);
  }
  return value as Hex;
}

function address(value: unknown): Address {
  if (value === zeroAddress) return zeroAddress;
  if (typeof value !== "string" || !ADDRESS.test(value)) throw unexpected(value, "an address");
  return value as Address;
}

function unexpected(value: unknown, expected: string): TypeError {
  return new TypeError(`expected ${expected}, found ${JSON.stringify(value)}`);
}
