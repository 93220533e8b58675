import fc from "fast-check";
import { hashStruct, hashTypedData } from "viem";
import { describe, expect, it } from "vitest";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import { clerkDomain, ORDER_TYPED_DATA, PRIMARY_TYPES } from "#src/protocol/order-types.ts";
import { anyOrder } from "./any-order.ts";

describe("orderHash", () => {
  it("agrees with the wallet library's general hashing, for any order", () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const general = hashStruct({
          data: order.order as never,
          primaryType: PRIMARY_TYPES[order.type],
          types: ORDER_TYPED_DATA,
        });
        expect(orderHash(order)).toBe(general);
      }),
      { numRuns: 200 },
    );
  });

  it("is another hash when any one member changes", () => {
    fc.assert(
      fc.property(anyOrder, anyOrder, (a, b) => {
        fc.pre(JSON.stringify(a, bigintText) !== JSON.stringify(b, bigintText));
        expect(orderHash(a)).not.toBe(orderHash(b));
      }),
    );
  });
});

describe("orderDigest", () => {
  const clerk = "0x00000000000000000000000000000000000000c1";

  it("is what a wallet signs", () => {
    fc.assert(
      fc.property(anyOrder, fc.integer({ min: 1, max: 2 ** 31 }), (order, chainId) => {
        const signed = hashTypedData({
          domain: clerkDomain(chainId, clerk),
          types: ORDER_TYPED_DATA,
          primaryType: PRIMARY_TYPES[order.type],
          message: order.order as never,
        });
        expect(orderDigest(orderHash(order), chainId, clerk)).toBe(signed);
      }),
      { numRuns: 50 },
    );
  });

  it("differs from chain to chain and from Clerk to Clerk", () => {
    const hash = `0x${"11".repeat(32)}` as const;
    const other = "0x00000000000000000000000000000000000000c2";
    const digests = [orderDigest(hash, 1, clerk), orderDigest(hash, 2, clerk), orderDigest(hash, 1, other)];
    expect(new Set(digests).size).toBe(3);
  });
});

function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
