import fc from "fast-check";
import { type Address, bytesToHex, getAddress, type Hex } from "viem";
import type { GoodsOrder } from "#src/protocol/goods-orders.ts";
import { anyConditions } from "./any-order.ts";

const bytes = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value) => bytesToHex(value));
const address: fc.Arbitrary<Address> = bytes(20).map((hex) => getAddress(hex));
const bytes32 = bytes(32);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const outcome = fc.constantFrom(0 as const, 1 as const);

/** Any order of goods there can be, sensible or not. */
export const anyGoodsOrder: fc.Arbitrary<GoodsOrder> = fc.oneof(
  fc.record({
    type: fc.constant("sale" as const),
    order: fc.record({
      ...{ seller: address, goods: bytes32, price: uint64, shipWithin: uint32, deliverWithin: uint32 },
      ...{ complaintTime: uint32, arbiter: bytes32, defaultOutcome: outcome, sellerBond: uint64 },
      ...{ referrer: address, commission: uint64, resaleMargin: uint32, supply: bytes32 },
      ...{ onlyBuyer: bytes32, conditions: anyConditions },
    }),
  }),
  fc.record({
    type: fc.constant("purchase" as const),
    order: fc.record({
      ...{ buyer: address, goods: bytes32, maxPrice: uint64, shipTo: bytes32, saleOrder: bytes32 },
      ...{ onlySeller: bytes32, maxShipWithin: uint32, maxDeliverWithin: uint32, minComplaintTime: uint32 },
      ...{ onlyArbiter: bytes32, defaultOutcome: outcome, minSellerBond: uint64, minResaleMargin: uint32 },
      ...{ basket: bytes32, basketSize: fc.integer({ min: 0, max: 65_535 }), conditions: anyConditions },
    }),
  }),
);
