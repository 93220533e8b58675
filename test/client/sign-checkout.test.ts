import { type Address, type Hex, verifyTypedData, zeroAddress, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import type { Checkout } from "#src/client/shop-schema.ts";
import { type AskedCheckout, assertCheckout, signCheckout } from "#src/client/sign-checkout.ts";
import { goodsTypedData } from "#src/client/sign-goods-order.ts";
import { goodsOrderHash } from "#src/protocol/goods-order-hash.ts";
import { type PurchaseOrder, purchase, type SaleOrder, sale } from "#src/protocol/goods-orders.ts";
import { onlyAccount } from "#src/protocol/restrictions.ts";
import { goodsId } from "#src/protocol/shop-code.ts";
import { testAccount } from "../e2e/chain-fixture.ts";

const buyer = testAccount(1);
const [SELLER, RECEIPT, OTHER] = [2, 3, 4].map((number) => testAccount(number).address) as [
  Address,
  Address,
  Address,
];
const word = (digit: number): Hex => `0x${String(digit).repeat(64)}`;
const CHAIN_ID = 31_337;
/** 30 cents, where one HANSE is worth 25. */
const PRICE = 1_200_000_000n;
const asked: AskedCheckout = {
  ...{ buyer: buyer.address, chainId: CHAIN_ID, receipt: RECEIPT },
  owners: new Map([
    ["ANNA", SELLER],
    ["GIFT", SELLER],
  ]),
  lines: [
    { product: "ANNA:SOCK", quantity: 2n },
    { product: "GIFT:MUG", quantity: 1n },
    { product: "GIFT:JUG", quantity: 1n },
  ],
};

type Leg = Checkout["legs"][number];
interface Change {
  readonly sale?: Partial<SaleOrder>;
  readonly purchase?: Partial<PurchaseOrder>;
  readonly leg?: (leg: Leg) => Leg;
  readonly checkout?: (checkout: Checkout) => Checkout;
}

/** What an honest shop prepares, but for one change, with whatever hashes follow from it. */
function prepared(change: Change = {}): Checkout {
  const quoteId = "11111111-1111-4111-8111-111111111111";
  const baskets = [
    { seller: "ANNA", sku: "SOCK", lines: asked.lines.slice(0, 1), pieces: 2 },
    { seller: "GIFT", sku: `Q.${quoteId}`, lines: asked.lines.slice(1), pieces: 1 },
  ];
  const legs = baskets.map(({ seller, sku, lines, pieces }, leg): Leg => {
    const conditions = {
      ...{ certifier: RECEIPT, matcher: zeroAddress, validUntil: 1_900_000_000n, epoch: 0n },
      ...{ volume: pieces, minFill: pieces, salt: word(leg + 1), externalRef: zeroHash, terms: zeroHash },
    };
    const sold = sale({
      ...{ seller: SELLER, goods: goodsId({ code: seller, sku }), price: PRICE / BigInt(pieces), conditions },
      ...{ shipWithin: 60, deliverWithin: 60, complaintTime: 60, onlyBuyer: onlyAccount(buyer.address) },
      ...(leg === 0 ? change.sale : {}),
    });
    const saleHash = goodsOrderHash(sold);
    const bought = purchase({
      ...{ buyer: buyer.address, goods: sold.order.goods, maxPrice: sold.order.price, saleOrder: saleHash },
      ...{ shipTo: word(5), basket: word(6), basketSize: 2, conditions: { ...conditions, epoch: 7n } },
      ...(leg === 0 ? change.purchase : {}),
    });
    const made: Leg = {
      ...{ leg, seller, deal: null, dealHash: null, stage: null, purchaseHash: goodsOrderHash(bought) },
      purchase: bought.order,
      quote: {
        ...{ id: quoteId, seller, currency: "USD", rate: "0.25", saleHash, signature: "0x" },
        ...{ totalMinor: 30n, totalNano: sold.order.price * BigInt(pieces), sale: sold.order },
        lines: lines.map(({ product, quantity }) => ({
          ...{ product, name: product, quantity, priceMinor: 15n, totalMinor: 15n * quantity },
        })),
        validUntil: "2030-03-17T17:46:40.000Z",
      },
    };
    return leg === 0 && change.leg !== undefined ? change.leg(made) : made;
  });
  const checkout: Checkout = {
    ...{ id: quoteId, state: "quoted", buyer: buyer.address, problem: null, legs, chainId: CHAIN_ID },
    ...{ totalNano: legs.reduce((sum, { quote }) => sum + quote.totalNano, 0n), receipt: RECEIPT },
    expiresAt: "2030-03-17T17:46:40.000Z",
  };
  return change.checkout?.(checkout) ?? checkout;
}

const quoted = (over: Partial<Leg["quote"]>) => ({
  leg: (leg: Leg): Leg => ({ ...leg, quote: { ...leg.quote, ...over } }),
});
const conditionsOf = (over: Partial<SaleOrder["conditions"]>) => ({
  ...prepared().legs[0]?.purchase.conditions,
  ...over,
});

describe("a wallet does not sign", () => {
  it.each<[string, Change]>([
    ["another buyer's purchase", { purchase: { buyer: OTHER } }],
    ["one for other goods", { purchase: { goods: word(9) } }],
    ["one for more money", { purchase: { maxPrice: PRICE / 2n + 1n } }],
    ["one that takes any sale", { purchase: { saleOrder: zeroHash, maxShipWithin: 4_000_000_000 } }],
    ["one that takes any arbiter", { purchase: { onlyArbiter: word(9) } }],
    ["one of another basket", { purchase: { basket: word(7) } }],
    ["one of a larger basket", { purchase: { basketSize: 3 } }],
    ["one for another Receipt", { purchase: { conditions: conditionsOf({ certifier: OTHER }) as never } }],
    ["one for more pieces", { purchase: { conditions: conditionsOf({ volume: 3 }) as never } }],
    [
      "one that is good for longer",
      { purchase: { conditions: conditionsOf({ validUntil: 2_000_000_000n }) as never } },
    ],
    ["with another's terms", { purchase: { conditions: conditionsOf({ terms: word(9) }) as never } }],
    ["a sale of other goods", { sale: { goods: word(9) } }],
    ["a sale that is another than its hash", quoted({ saleHash: word(9) })],
    ["a quote with another amount", quoted({ totalNano: PRICE - 1n })],
    ["fewer pieces", quoted({ lines: [{ ...line(), quantity: 1n }] })],
    ["another product", quoted({ lines: [{ ...line(), product: "ANNA:HAT" }] })],
    ["another seller's product", quoted({ lines: [{ ...line(), product: "GIFT:SOCK" }] })],
    ["a sale that pays somebody else", { sale: { seller: OTHER } }],
    ["a line that makes another total", quoted({ lines: [{ ...line(), priceMinor: 14n }] })],
    ["a total that its lines do not make", quoted({ totalMinor: 31n })],
    ["more money than the rate makes of the total", quoted({ rate: "0.2500001" })],
    ["a rate that is none", quoted({ rate: "0" })],
    ["a currency nobody knows", quoted({ currency: "XYZ" })],
    ["half of what was asked for", { checkout: (all) => ({ ...all, legs: all.legs.slice(0, 1) }) }],
    ["a total that is none", { checkout: (all) => ({ ...all, totalNano: 1n }) }],
    ["for another chain", { checkout: (all) => ({ ...all, chainId: 1 }) }],
    ["for another Receipt", { checkout: (all) => ({ ...all, receipt: OTHER }) }],
  ])("%s", (_, change) => {
    expect(() => assertCheckout(prepared(change), asked)).toThrow(
      expect.objectContaining({ code: "HANSE_PEER_RESPONSE_INVALID" }),
    );
  });
});

it("a wallet does not sign for a seller that the Hub does not know", () => {
  const owners = new Map([["GIFT", SELLER]]);
  expect(() => assertCheckout(prepared(), { ...asked, owners })).toThrow(
    expect.objectContaining({ code: "HANSE_PEER_RESPONSE_INVALID" }),
  );
});

describe("a wallet signs", () => {
  it("each purchase of what was asked for, as the Receipt wants it", async () => {
    const checkout = prepared();
    assertCheckout(checkout, asked);
    const signatures = await signCheckout(buyer, checkout, asked);
    expect(signatures).toHaveLength(2);
    for (const [leg, signature] of signatures.entries()) {
      const order = checkout.legs[leg]?.purchase as PurchaseOrder;
      const typedData = goodsTypedData({ type: "purchase", order }, CHAIN_ID, RECEIPT);
      expect(
        await verifyTypedData({
          ...(typedData as never as object),
          address: buyer.address,
          signature,
        } as never),
      ).toBe(true);
    }
  });

  it("one purchase alone without a basket, and not with one", () => {
    const only: AskedCheckout = { ...asked, lines: asked.lines.slice(0, 1) };
    const alone = (change: Change) =>
      prepared({
        ...change,
        checkout: (all) => ({ ...all, legs: all.legs.slice(0, 1), totalNano: PRICE }),
      });
    assertCheckout(alone({ purchase: { basket: zeroHash, basketSize: 0 } }), only);
    expect(() => assertCheckout(alone({}), only)).toThrow(
      expect.objectContaining({ code: "HANSE_PEER_RESPONSE_INVALID" }),
    );
  });
});

function line() {
  return { product: "ANNA:SOCK", name: "ANNA:SOCK", quantity: 2n, priceMinor: 15n, totalMinor: 30n };
}
