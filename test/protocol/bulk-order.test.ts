import fc from "fast-check";
import { concatHex, type Hex, hashTypedData, numberToHex, stringToHex } from "viem";
import { describe, expect, it } from "vitest";
import { recoverSigner } from "#src/crypto/recover.ts";
import {
  bulkProof,
  bulkTree,
  bulkTypedData,
  decodeBulkSignature,
  encodeBulkSignature,
  unwrapBulk,
} from "#src/protocol/bulk-order.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import { clerkDomain } from "#src/protocol/order-types.ts";
import type { Order } from "#src/protocol/orders.ts";
import file from "../vectors/bulk-orders.json" with { type: "json" };
import { anyOrder } from "./any-order.ts";
import { vectorOrder } from "./vector-order.ts";

const [chainId, clerk] = [31337, `0x${"c1".repeat(20)}`] as const;
const signature = `0x${"5a".repeat(65)}` as const;

function numbered(order: Order, count: number): Order[] {
  return Array.from({ length: count }, (_, i) => {
    const { conditions } = order.order;
    const salt = numberToHex(i, { size: 32 });
    return { ...order, order: { ...order.order, conditions: { ...conditions, salt } } } as Order;
  });
}

const anyBulk = fc.tuple(anyOrder, fc.integer({ min: 2, max: 20 }), fc.nat());

describe("bulkTree refuses", () => {
  const app = vectorOrder("AppOrder", file.orders.AppOrder);
  it("one order, and more than 1,024", () => {
    for (const count of [0, 1, 1025]) expect(() => bulkTree(numbered(app, count))).toThrow(RangeError);
  });
  it("orders of two kinds", () => {
    expect(() => bulkTree([app, vectorOrder("PoolOrder", file.orders.PoolOrder)])).toThrow(RangeError);
  });
  it("to prove what it has not", () => {
    expect(() => bulkProof(bulkTree(numbered(app, 4)), 4)).toThrow(RangeError);
  });
});

describe("decodeBulkSignature takes for none", () => {
  const word = `0x${"11".repeat(32)}` as const;
  const trailer = (height: number) =>
    concatHex([numberToHex(0, { size: 2 }), numberToHex(height, { size: 1 }), stringToHex("bulk")]);
  const cases: [string, Hex][] = [
    ["nothing", "0x"],
    ["a key's signature", signature],
    ["a trailer alone that promises a proof", trailer(1)],
    ["a proof of no words", concatHex([signature, trailer(0)])],
    ["a tree of more than 2^10", concatHex([signature, ...Array(11).fill(word), trailer(11)])],
    ["a proof that is too short", concatHex([signature, trailer(3)])],
    [
      "another ending",
      concatHex([signature, word, numberToHex(0, { size: 2 }), "0x01", stringToHex("bulc")]),
    ],
  ];
  it.each(cases)("%s", (_, encoded) => expect(decodeBulkSignature(encoded)).toBeUndefined());
});

describe("a bulk", () => {
  it("is hashed as a wallet library hashes the whole tree, for any order", () => {
    fc.assert(
      fc.property(anyBulk, ([order, count]) => {
        const orders = numbered(order, count);
        const digest = hashTypedData({
          domain: clerkDomain(chainId, clerk),
          ...(bulkTypedData(orders) as never as { types: object; primaryType: string; message: object }),
        } as never);
        expect(orderDigest(bulkTree(orders).hash, chainId, clerk)).toBe(digest);
      }),
      { numRuns: 40 },
    );
  });

  it("is unwrapped from each of its orders, and from no other", () => {
    fc.assert(
      fc.property(anyBulk, ([order, count, seed]) => {
        const orders = numbered(order, count);
        const tree = bulkTree(orders);
        const index = seed % count;
        const encoded = encodeBulkSignature({ signature, proof: bulkProof(tree, index), index });
        const hash = orderHash(orders[index] as Order);
        expect(unwrapBulk(order.type, hash, encoded)).toEqual({ hash: tree.hash, signature });
        const other = orderHash(orders[(index + 1) % count] as Order);
        expect(unwrapBulk(order.type, other, encoded).hash).not.toBe(tree.hash);
      }),
      { numRuns: 100 },
    );
  });

  it("of a tree presigned on chain carries no signature", () => {
    const proof = [`0x${"11".repeat(32)}`] as const;
    expect(decodeBulkSignature(encodeBulkSignature({ signature: "0x", proof, index: 1 }))).toEqual({
      signature: "0x",
      proof,
      index: 1,
    });
  });
});

describe("the vectors that Solidity, wallet libraries and we share", () => {
  it.each(file.vectors.map((vector) => [vector.index, vector.count, vector.kind, vector] as const))(
    "number %i of %i %ss",
    (index, count, kind, vector) => {
      const orders = numbered(vectorOrder(kind, file.orders[kind as keyof typeof file.orders]), count);
      const hash = orderHash(orders[index] as Order);
      expect(hash).toBe(vector.leaf);
      const tree = bulkTree(orders);
      expect(tree).toMatchObject({ height: vector.height, hash: vector.structHash });
      const { chainId, verifyingContract } = vector.domain;
      const digest = orderDigest(tree.hash, Number(chainId), verifyingContract as Hex);
      expect(digest).toBe(vector.digest);
      const treeSignature = vector.treeSignature as Hex;
      expect(recoverSigner(digest, treeSignature)).toBe(file.signer);
      const proof = bulkProof(tree, index);
      expect(proof).toEqual(vector.proof);
      expect(encodeBulkSignature({ signature: treeSignature, proof, index })).toBe(vector.signature);
      const unwrapped = unwrapBulk(tree.type, hash, vector.signature as Hex);
      expect(unwrapped).toEqual({ hash: tree.hash, signature: treeSignature });
    },
  );
});
