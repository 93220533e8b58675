import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { type AssetId, assetIdToHex } from "./ids.ts";
import { ORDER_TYPED_DATA, PRIMARY_TYPES } from "./order-types.ts";
import type {
  AppOrder,
  Conditions,
  DatasetOrder,
  PoolOrder,
  RequestOrder,
  SignedOrder,
  Sponsorship,
  Terms,
} from "./orders.ts";

// Orders as databases keep them: lists of their members in the order of their EIP-712 types, `[type, order, terms,
// sponsorship]`, with 0 for what is zero, empty or not there. A book is rebuilt from all the orders there are: with names, and
// with the many members that are zero, most of its time went into reading those.

type List = readonly unknown[];

/** An order without its signature, as JSON can hold it. */
export function placesOf({ type, order, terms, sponsorship }: Omit<SignedOrder, "signature">): List {
  return [
    type,
    members(order, PRIMARY_TYPES[type]),
    terms === undefined ? 0 : [terms.checker, terms.data],
    sponsorship === undefined
      ? 0
      : [`${sponsorship.cap}`, `${sponsorship.validUntil}`, `${sponsorship.epoch}`, sponsorship.signature],
  ];
}

function members(values: object, typeName: keyof typeof ORDER_TYPED_DATA): List {
  return ORDER_TYPED_DATA[typeName].map(({ name, type }) => {
    const value = (values as Record<string, unknown>)[name];
    if (type === "Conditions") return members(value as Conditions, type);
    if (isZero(value)) return 0;
    if (type === "uint256") return assetIdToHex(value as AssetId);
    return type === "uint64" ? String(value) : value;
  });
}

function isZero(value: unknown): boolean {
  return value === 0 || value === 0n || value === "0x" || value === zeroHash || value === zeroAddress;
}

/**
 * The order that a list stands for. What was made of an order that had passed the schema is in the one form the schema gives:
 * addresses with their checksum, hex in small letters. That it still has the shape of an order is looked at, checksums are not.
 * @throws TypeError
 */
export function orderOfPlaces(content: unknown, signature: Hex): SignedOrder {
  return signedOrder(content, signatureOf(signature));
}

function signedOrder(content: unknown, signature: Hex): SignedOrder {
  const [type, order, terms, sponsorship] = list(content, 4);
  const brought = { signature, ...(terms === 0 ? {} : { terms: termsOf(terms) }) };
  if (type !== "request" && sponsorship !== 0) throw unexpected(sponsorship, "no sponsorship");
  switch (type) {
    case "app":
      return { type, order: appOrder(order), ...brought };
    case "dataset":
      return { type, order: datasetOrder(order), ...brought };
    case "pool":
      return { type, order: poolOrder(order), ...brought };
    case "request": {
      const sponsored = sponsorship === 0 ? {} : { sponsorship: sponsorshipOf(sponsorship) };
      return { type, order: requestOrder(order), ...brought, ...sponsored };
    }
    default:
      throw unexpected(type, "a type of orders");
  }
}

function appOrder(content: unknown): AppOrder {
  const [app, price, trust, tag, onlyDataset, onlyPool, onlyRequester, conditions] = list(content, 8);
  return {
    app: assetId(app),
    ...{ price: uint64(price), trust: uint32(trust), tag: bytes32(tag) },
    onlyDataset: bytes32(onlyDataset),
    onlyPool: bytes32(onlyPool),
    onlyRequester: bytes32(onlyRequester),
    conditions: conditionsOf(conditions),
  };
}

function datasetOrder(content: unknown): DatasetOrder {
  const [dataset, price, trust, tag, onlyApp, onlyPool, onlyRequester, conditions] = list(content, 8);
  return {
    dataset: assetId(dataset),
    ...{ price: uint64(price), trust: uint32(trust), tag: bytes32(tag) },
    onlyApp: bytes32(onlyApp),
    onlyPool: bytes32(onlyPool),
    onlyRequester: bytes32(onlyRequester),
    conditions: conditionsOf(conditions),
  };
}

function poolOrder(content: unknown): PoolOrder {
  const [pool, price, category, trust, tag, onlyApp, onlyDataset, onlyRequester, conditions] = list(
    content,
    9,
  );
  return {
    pool: assetId(pool),
    ...{ price: uint64(price), category: uint16(category), trust: uint32(trust), tag: bytes32(tag) },
    onlyApp: bytes32(onlyApp),
    onlyDataset: bytes32(onlyDataset),
    onlyRequester: bytes32(onlyRequester),
    conditions: conditionsOf(conditions),
  };
}

function requestOrder(content: unknown): RequestOrder {
  const all = list(content, 20);
  const [requester, app, maxAppPrice, dataset, maxDatasetPrice, maxPoolPrice, category, trust, tag] = all;
  const [onlyApp, onlyDataset, onlyPool, minSeats, minSeatStake, beneficiary, callback] = all.slice(9);
  const [sponsor, attesters, params, conditions] = all.slice(16);
  return {
    requester: address(requester),
    app: assetId(app),
    maxAppPrice: uint64(maxAppPrice),
    dataset: assetId(dataset),
    maxDatasetPrice: uint64(maxDatasetPrice),
    maxPoolPrice: uint64(maxPoolPrice),
    category: uint16(category),
    trust: uint32(trust),
    tag: bytes32(tag),
    onlyApp: bytes32(onlyApp),
    onlyDataset: bytes32(onlyDataset),
    onlyPool: bytes32(onlyPool),
    minSeats: uint32(minSeats),
    minSeatStake: uint64(minSeatStake),
    beneficiary: address(beneficiary),
    callback: address(callback),
    sponsor: address(sponsor),
    attesters: bytes32(attesters),
    params: bytes(params, 4096),
    conditions: conditionsOf(conditions),
  };
}

function conditionsOf(content: unknown): Conditions {
  const all = list(content, 9);
  const [certifier, matcher, validUntil, epoch, volume, minFill, salt, externalRef, terms] = all;
  return {
    certifier: address(certifier),
    matcher: address(matcher),
    validUntil: uint64(validUntil),
    epoch: uint64(epoch),
    volume: uint32(volume, 1, UINT32_MAX - 1),
    minFill: uint32(minFill, 1),
    salt: bytes32(salt),
    externalRef: bytes32(externalRef),
    terms: bytes32(terms),
  };
}

function termsOf(content: unknown): Terms {
  const [checker, data] = list(content, 2);
  return { checker: address(checker), data: bytes(data, 4096) };
}

function sponsorshipOf(content: unknown): Sponsorship {
  const [cap, validUntil, epoch, signature] = list(content, 4);
  return {
    cap: uint64(cap),
    validUntil: uint64(validUntil),
    epoch: uint64(epoch),
    signature: signatureOf(signature),
  };
}

/** The schema once left them as they were written, in capitals too. */
function signatureOf(value: unknown): Hex {
  return bytes(typeof value === "string" ? value.toLowerCase() : value, 8192);
}

const UINT64_MAX = 2n ** 64n - 1n;
const UINT32_MAX = 2 ** 32 - 1;
const UINT16_MAX = 2 ** 16 - 1;
const DECIMAL = /^(?:0|[1-9]\d{0,19})$/;
const BYTES32 = /^0x[0-9a-f]{64}$/;
const BYTES = /^0x(?:[0-9a-f]{2})*$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;

function list(value: unknown, length: number): List {
  if (!Array.isArray(value) || value.length !== length) throw unexpected(value, `${length} members`);
  return value;
}

function uint64(value: unknown): bigint {
  if (value === 0) return 0n;
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
  if (value === 0) return zeroHash;
  if (typeof value !== "string" || !BYTES32.test(value)) throw unexpected(value, "32 bytes");
  return value as Hex;
}

function assetId(value: unknown): AssetId {
  return value === 0 ? 0n : BigInt(bytes32(value));
}

function bytes(value: unknown, most: number): Hex {
  if (value === 0) return "0x";
  if (typeof value !== "string" || value.length > 2 + 2 * most || !BYTES.test(value)) {
    throw unexpected(value, `at most ${most} bytes`);
  }
  return value as Hex;
}

function address(value: unknown): Address {
  if (value === 0) return zeroAddress;
  if (typeof value !== "string" || !ADDRESS.test(value)) throw unexpected(value, "an address");
  return value as Address;
}

function unexpected(value: unknown, expected: string): TypeError {
  return new TypeError(`expected ${expected}, found ${JSON.stringify(value)}`);
}
