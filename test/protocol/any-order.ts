import fc from "fast-check";
import { type Address, bytesToHex, getAddress, type Hex } from "viem";
import type { Order } from "#src/protocol/orders.ts";

const bytes = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => bytesToHex(value));
const address: fc.Arbitrary<Address> = bytes(20).map((hex) => getAddress(hex));
const bytes32 = bytes(32);
const uint = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const uint16 = fc.integer({ min: 0, max: 2 ** 16 - 1 });

export const anyConditions = fc.record({
  certifier: address,
  matcher: address,
  validUntil: uint(64),
  epoch: uint(64),
  volume: uint32,
  minFill: uint32,
  salt: bytes32,
  externalRef: bytes32,
  terms: bytes32,
});

const offer = {
  price: uint(64),
  trust: uint32,
  tag: bytes32,
  onlyRequester: bytes32,
  conditions: anyConditions,
};

/** Any order there can be, sensible or not. */
export const anyOrder: fc.Arbitrary<Order> = fc.oneof(
  fc.record({
    type: fc.constant("app" as const),
    order: fc.record({ app: uint(256), ...offer, onlyDataset: bytes32, onlyPool: bytes32 }),
  }),
  fc.record({
    type: fc.constant("dataset" as const),
    order: fc.record({ dataset: uint(256), ...offer, onlyApp: bytes32, onlyPool: bytes32 }),
  }),
  fc.record({
    type: fc.constant("pool" as const),
    order: fc.record({ pool: uint(256), ...offer, category: uint16, onlyApp: bytes32, onlyDataset: bytes32 }),
  }),
  fc.record({
    type: fc.constant("request" as const),
    order: fc.record({
      requester: address,
      app: uint(256),
      maxAppPrice: uint(64),
      dataset: uint(256),
      maxDatasetPrice: uint(64),
      maxPoolPrice: uint(64),
      category: uint16,
      trust: uint32,
      tag: bytes32,
      onlyApp: bytes32,
      onlyDataset: bytes32,
      onlyPool: bytes32,
      minSeats: uint32,
      minSeatStake: uint(64),
      beneficiary: address,
      callback: address,
      sponsor: address,
      attesters: bytes32,
      params: fc.uint8Array({ maxLength: 200 }).map((value) => bytesToHex(value)),
      conditions: anyConditions,
    }),
  }),
);
