import { domainSeparator, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import { recoverSigner } from "#src/crypto/recover.ts";
import {
  COMPLAINTS,
  goodsCommitment,
  goodsDealHash,
  goodsDealId,
  isOver,
  parseGoodsDeal,
  priceOfAll,
  STAGES,
} from "#src/protocol/goods-deals.ts";
import { confirmationHash, goodsDigest, goodsOrderHash, splitHash } from "#src/protocol/goods-order-hash.ts";
import { GOODS_PRIMARY_TYPES, GOODS_TYPED_DATA, receiptDomain } from "#src/protocol/goods-order-types.ts";
import { type GoodsOrder, SIDES } from "#src/protocol/goods-orders.ts";
import file from "../vectors/goods-orders.json" with { type: "json" };

type Json = string | number | { readonly [name: string]: Json };

function decode(typeName: keyof typeof GOODS_TYPED_DATA, json: { readonly [name: string]: Json }): object {
  return Object.fromEntries(
    GOODS_TYPED_DATA[typeName].map(({ name, type }) => {
      const value = json[name];
      if (type === "Conditions") return [name, decode("Conditions", value as never)];
      return [name, type === "uint64" ? BigInt(value as string) : value];
    }),
  );
}

function vectorGoods(kind: string, json: object): GoodsOrder {
  const type = SIDES.find((side) => GOODS_PRIMARY_TYPES[side] === kind);
  return { type, order: decode(kind as never, json as never) } as GoodsOrder;
}

interface Signed {
  readonly domain: { readonly chainId: string; readonly verifyingContract: string };
  readonly structHash: string;
  readonly domainSeparator: string;
  readonly digest: string;
  readonly signature: string;
}

function expectSigned(hash: Hex, vector: Signed): void {
  const [chainId, receipt] = [Number(vector.domain.chainId), vector.domain.verifyingContract as Hex];
  expect(hash).toBe(vector.structHash);
  expect(domainSeparator({ domain: receiptDomain(chainId, receipt) })).toBe(vector.domainSeparator);
  const digest = goodsDigest(hash, chainId, receipt);
  expect(digest).toBe(vector.digest);
  expect(recoverSigner(digest, vector.signature as Hex)).toBe(file.signer);
}

describe("the vectors of goods that Solidity, two wallet libraries and we share", () => {
  it("cover both kinds of order", () => {
    expect([...new Set(file.orders.map(({ kind }) => kind))]).toEqual(Object.values(GOODS_PRIMARY_TYPES));
  });

  it.each(file.orders.map((vector, i) => [i, vector.kind, vector] as const))("%i, %s", (_, kind, vector) => {
    expectSigned(goodsOrderHash(vectorGoods(kind, vector.order)), vector);
  });

  it.each(file.deals.map((vector, i) => [i, vector] as const))("deal %i", (_, vector) => {
    const deal = parseGoodsDeal(vector.deal as never);
    expect(goodsDealHash(deal)).toBe(vector.hash);
    expect(goodsDealId(deal)).toBe(vector.id);
    expect(goodsCommitment(deal)).toBe(vector.commitment);
    expectSigned(confirmationHash(vector.hash as Hex), vector.confirmation);
    expectSigned(splitHash(vector.hash as Hex, BigInt(vector.toBuyer)), vector.split);
  });
});

describe("a deal of goods", () => {
  it("costs its buyer the price of all pieces, exactly", () => {
    expect(priceOfAll({ price: 2n ** 63n, quantity: 2 ** 32 - 1 })).toBe(2n ** 63n * (2n ** 32n - 1n));
  });

  it("is over from the first end on", () => {
    expect(STAGES.filter(isOver)).toEqual(["Paid", "Refunded", "Split", "WonBySeller", "WonByBuyer"]);
    expect(COMPLAINTS).toHaveLength(2);
  });
});
