import fc from "fast-check";
import { hashStruct, hashTypedData } from "viem";
import { describe, expect, it } from "vitest";
import { bulkTree, bulkTypedData } from "#src/protocol/bulk-order.ts";
import { confirmationHash, goodsDigest, goodsOrderHash, splitHash } from "#src/protocol/goods-order-hash.ts";
import {
  CONFIRMATION_TYPED_DATA,
  GOODS_PRIMARY_TYPES,
  GOODS_TYPED_DATA,
  receiptDomain,
  SPLIT_TYPED_DATA,
} from "#src/protocol/goods-order-types.ts";
import { orderDigest } from "#src/protocol/order-hash.ts";
import orders from "../vectors/orders.json" with { type: "json" };
import { anyGoodsOrder } from "./any-goods-order.ts";
import { vectorOrder } from "./vector-order.ts";

const receipt = "0x00000000000000000000000000000000000000e1";
const deal = `0x${"de".repeat(32)}` as const;

describe("goodsOrderHash", () => {
  it("agrees with the wallet library's general hashing, for any order", () => {
    fc.assert(
      fc.property(anyGoodsOrder, (order) => {
        const primaryType = GOODS_PRIMARY_TYPES[order.type];
        const general = hashStruct({ data: order.order as never, primaryType, types: GOODS_TYPED_DATA });
        expect(goodsOrderHash(order)).toBe(general);
      }),
      { numRuns: 200 },
    );
  });

  it("is another hash when any one member changes", () => {
    const flip = (value: unknown): unknown => {
      if (typeof value === "bigint") return value ^ 1n;
      if (typeof value === "number") return value % 2 === 0 ? value + 1 : value - 1;
      const text = value as string;
      return `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
    };
    fc.assert(
      fc.property(anyGoodsOrder, ({ type, order }) => {
        const hash = goodsOrderHash({ type, order } as never);
        const inner = Object.keys(order.conditions).map((name) => {
          const changed = flip(order.conditions[name as keyof typeof order.conditions]);
          return { ...order, conditions: { ...order.conditions, [name]: changed } };
        });
        const outer = Object.entries(order)
          .filter(([name]) => name !== "conditions")
          .map(([name, value]) => ({ ...order, [name]: flip(value) }));
        for (const changed of [...inner, ...outer]) {
          expect(goodsOrderHash({ type, order: changed } as never)).not.toBe(hash);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("goodsDigest", () => {
  it("is what a wallet signs", () => {
    fc.assert(
      fc.property(anyGoodsOrder, fc.integer({ min: 1, max: 2 ** 31 }), (order, chainId) => {
        const domain = receiptDomain(chainId, receipt);
        const primaryType = GOODS_PRIMARY_TYPES[order.type];
        const typed = { domain, types: GOODS_TYPED_DATA, primaryType, message: order.order };
        expect(goodsDigest(goodsOrderHash(order), chainId, receipt)).toBe(hashTypedData(typed as never));
      }),
      { numRuns: 50 },
    );
  });

  it("of a confirmation and a split is what a wallet signs", () => {
    const domain = receiptDomain(7, receipt);
    expect(goodsDigest(confirmationHash(deal), 7, receipt)).toBe(
      hashTypedData({
        domain,
        types: CONFIRMATION_TYPED_DATA,
        primaryType: "Confirmation",
        message: { deal },
      }),
    );
    const message = { deal, toBuyer: 2n ** 64n - 1n };
    expect(goodsDigest(splitHash(deal, message.toBuyer), 7, receipt)).toBe(
      hashTypedData({ domain, types: SPLIT_TYPED_DATA, primaryType: "Split", message }),
    );
  });

  it("differs from chain to chain, from Receipt to Receipt, and from a Clerk's", () => {
    const other = "0x00000000000000000000000000000000000000e2";
    const digests = [
      goodsDigest(deal, 1, receipt),
      goodsDigest(deal, 2, receipt),
      goodsDigest(deal, 1, other),
      orderDigest(deal, 1, receipt),
    ];
    expect(new Set(digests).size).toBe(4);
  });
});

describe("a bulk of goods", () => {
  it("is what a wallet signs", () => {
    fc.assert(
      fc.property(anyGoodsOrder, fc.integer({ min: 2, max: 9 }), (order, count) => {
        const bulk = Array.from({ length: count }, () => order);
        const domain = receiptDomain(1, receipt);
        expect(goodsDigest(bulkTree(bulk).hash, 1, receipt)).toBe(
          hashTypedData({ domain, ...bulkTypedData(bulk) } as never),
        );
      }),
      { numRuns: 20 },
    );
  });

  it("holds no other kind", () => {
    const [first] = orders.vectors;
    const app = vectorOrder("AppOrder", first?.order ?? {});
    const [goods] = fc.sample(anyGoodsOrder, { numRuns: 1, seed: 1 });
    if (goods === undefined) throw new Error("no sample");
    expect(() => bulkTree([goods, app])).toThrow(RangeError);
  });
});
