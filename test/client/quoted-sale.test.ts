import { zeroAddress, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import { wrongOfQuote } from "#src/client/quoted-sale.ts";
import { piecesSchema } from "#src/client/shop-schema.ts";
import { goodsOrderHash } from "#src/protocol/goods-order-hash.ts";
import { MAX_PURCHASE_VOLUME, sale } from "#src/protocol/goods-orders.ts";
import { goodsId } from "#src/protocol/shop-code.ts";
import { testAccount } from "../e2e/chain-fixture.ts";

const SELLER = testAccount(2).address;
const id = "11111111-1111-4111-8111-111111111111";

/** Several products sold together, as so many pieces of the quote. */
function quoteOf(volume: number) {
  const sold = sale({
    ...{ seller: SELLER, goods: goodsId({ code: "GIFT", sku: `Q.${id}` }), price: 60n },
    ...{ shipWithin: 60, deliverWithin: 60, complaintTime: 60 },
    conditions: {
      ...{ certifier: testAccount(3).address, matcher: zeroAddress, validUntil: 1_900_000_000n, epoch: 0n },
      ...{ volume, minFill: volume, salt: zeroHash, externalRef: zeroHash, terms: zeroHash },
    },
  });
  const line = (product: string) => ({
    product,
    name: product,
    quantity: 1n,
    priceMinor: 15n,
    totalMinor: 15n,
  });
  return {
    ...{ id, seller: "GIFT", currency: "USD" as const, rate: "0.25", signature: "0x" as const },
    ...{ totalMinor: 30n, totalNano: 60n * BigInt(volume), validUntil: "2030-03-17T17:46:40.000Z" },
    ...{ sale: sold.order, saleHash: goodsOrderHash(sold), lines: [line("GIFT:MUG"), line("GIFT:JUG")] },
  };
}

describe("a quote", () => {
  it("is of no more pieces than one purchase may be", () => {
    expect(wrongOfQuote(quoteOf(MAX_PURCHASE_VOLUME + 1), "GIFT", SELLER)).toEqual(["pieces"]);
    expect(wrongOfQuote(quoteOf(MAX_PURCHASE_VOLUME), "GIFT", SELLER)).toEqual([]);
  });

  it("is never of more by what shops are asked for", () => {
    expect(piecesSchema.safeParse(MAX_PURCHASE_VOLUME + 1).success).toBe(false);
    expect(piecesSchema.safeParse(String(MAX_PURCHASE_VOLUME + 1)).success).toBe(false);
  });
});
