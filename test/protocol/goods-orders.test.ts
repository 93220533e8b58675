import { zeroAddress, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import {
  arbiterAccount,
  arbiterPool,
  NO_ARBITER,
  OUTCOME,
  purchase,
  sale,
} from "#src/protocol/goods-orders.ts";
import { goodsRefusalText } from "#src/protocol/goods-refusal-text.ts";
import { GOODS_REFUSALS } from "#src/protocol/goods-refusals.ts";
import { assetId, assetKind } from "#src/protocol/ids.ts";
import { conditions } from "#src/protocol/orders.ts";

const account = "0x00000000000000000000000000000000000000a1";
const goods = `0x${"60".repeat(32)}` as const;
const of = conditions({ certifier: account, validUntil: 1n, volume: 1, salt: zeroHash });

describe("a purchase with nothing said", () => {
  const { order } = purchase({ buyer: account, goods, maxPrice: 5n, shipTo: zeroHash, conditions: of });

  it("accepts no arbiter, no default for the seller, and no time", () => {
    expect(order).toMatchObject({
      onlyArbiter: NO_ARBITER,
      defaultOutcome: OUTCOME.Buyer,
      saleOrder: zeroHash,
    });
    expect([order.maxShipWithin, order.maxDeliverWithin]).toEqual([0, 0]);
  });

  it("is no part of a basket", () => {
    expect([order.basket, order.basketSize]).toEqual([zeroHash, 0]);
  });
});

describe("a sale with nothing said", () => {
  it("pays nobody besides, and is the buyer's without a ruling", () => {
    const times = { shipWithin: 1, deliverWithin: 2, complaintTime: 3 };
    const { order } = sale({ seller: account, goods, price: 5n, ...times, conditions: of });
    expect(order).toMatchObject({ referrer: zeroAddress, commission: 0n, arbiter: NO_ARBITER, ...times });
    expect(order.defaultOutcome).toBe(OUTCOME.Buyer);
  });
});

describe("an arbiter", () => {
  it("is an account, or a pool by its id, whose top byte tells it from one", () => {
    expect(arbiterAccount(account)).toBe(`0x${"00".repeat(31)}a1`);
    const pool = assetId({ kind: "pool", registrar: account, checksum: goods, measurement: zeroHash });
    expect(assetKind(BigInt(arbiterPool(pool)))).toBe("pool");
    expect(assetKind(BigInt(arbiterAccount(account)))).toBe("none");
  });
});

describe("goodsRefusalText", () => {
  it.each(GOODS_REFUSALS.filter((refusal) => refusal !== "None"))(
    "says what %s means and what to do",
    (refusal) => {
      const { message, hint } = goodsRefusalText(refusal);
      expect(message).toMatch(/^[A-Z]/);
      expect(hint).toMatch(/\.$/);
    },
  );

  it("has a code where other orders have one", () => {
    expect(goodsRefusalText("Expired").code).toBe("HANSE_ORDER_EXPIRED");
    expect(goodsRefusalText("OtherGoods").code).toBeUndefined();
    expect(goodsRefusalText("None").message).toBe("Nothing stands against it");
  });
});
