import fc from "fast-check";
import { bytesToHex, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import { newOrderRow } from "#src/broker/order-store.ts";
import { signedOrderOf } from "#src/broker/stored-order.ts";
import { orderToJson, signedOrderSchema } from "#src/client/order-schema.ts";
import { isHanseError } from "#src/kernel/errors.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import { anyOrder } from "../protocol/any-order.ts";
import { appOrder, CERTIFIER, requester, requestOrder, signed } from "./support/traders.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => bytesToHex(value));
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const terms = fc.record({ checker: fc.constant(CERTIFIER), data: bytes(100) });
const sponsorship = fc.record({ cap: uint64, validUntil: uint64, epoch: uint64, signature: bytes(70) });

/** Any order that the schema takes, with all that may be brought beside it. */
const anySignedOrder: fc.Arbitrary<SignedOrder> = fc
  .tuple(anyOrder, bytes(200), fc.option(terms), fc.option(sponsorship))
  .map(([order, signature, terms, sponsorship]) => {
    const { conditions } = order.order;
    const volume = Math.min(Math.max(conditions.volume, 1), 2 ** 32 - 2);
    const possible = { ...conditions, volume, minFill: Math.max(conditions.minFill, 1) };
    return {
      ...{ ...order, order: { ...order.order, conditions: possible } },
      signature,
      ...(terms === null ? {} : { terms }),
      ...(sponsorship === null || order.type !== "request" ? {} : { sponsorship }),
    } as SignedOrder;
  });

/** As PostgreSQL gives it back. */
function storedRow(order: SignedOrder) {
  const row = newOrderRow({
    hash: zeroHash,
    signer: requester.address,
    signed: order,
    filled: 0,
    byKeyring: false,
  });
  return { hash: row.hash, content: JSON.parse(row.content) as unknown[], signature: row.signature };
}

/** What a damaged member may have become. */
const garbage = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    "",
    "0x",
    "0",
    "-1",
    "01",
    "0x0g",
    `0x${"0".repeat(63)}`,
    `0x${"0".repeat(65)}`,
  ),
  fc.constantFrom(-1, 0.5, 2 ** 32, true, (2n ** 64n).toString(), "9".repeat(21), [], {}),
);

describe("signedOrderOf", () => {
  it("reads signatures that were kept in capitals: one alone would keep the whole book from being rebuilt", async () => {
    const order = await signed(requestOrder());
    const sponsorship = { cap: 1n, validUntil: 2n, epoch: 3n, signature: "0xABCD" } as const;
    const row = storedRow({ ...order, sponsorship } as SignedOrder);
    const signature = `0x${row.signature.slice(2).toUpperCase()}` as const;
    expect(signedOrderOf({ ...row, signature })).toMatchObject({
      signature: order.signature,
      sponsorship: { signature: "0xabcd" },
    });
  });

  it("refuses what is no order at all", () => {
    for (const content of [undefined, null, "", 1, [], {}, { type: "app" }, { type: "none", order: {} }]) {
      expectDamaged(() => signedOrderOf({ hash: zeroHash, content, signature: "0x" }));
    }
  });

  it("names the order that is damaged", async () => {
    const row = storedRow(await signed(appOrder()));
    row.content.pop();
    expect(() => signedOrderOf(row)).toThrow(zeroHash);
  });

  it("refuses whatever member the schema refuses", () => {
    fc.assert(
      fc.property(anySignedOrder, garbage, fc.nat(), (order, value, which) => {
        const row = storedRow(order);
        const places = placesIn(row.content);
        const [list, place] = places[which % places.length] as [unknown[], number];
        list[place] = value;
        const content = JSON.parse(JSON.stringify(row.content)) as unknown;
        let read: SignedOrder;
        try {
          read = signedOrderOf({ ...row, content });
        } catch (error) {
          expect(isHanseError(error, "HANSE_STATE_DAMAGED")).toBe(true);
          return;
        }
        // What is read all the same is an order to the schema too.
        expect(signedOrderSchema.parse(orderToJson(read))).toStrictEqual(read);
      }),
      { numRuns: 500 },
    );
  });

  it("refuses one member more, and one less", () => {
    fc.assert(
      fc.property(anySignedOrder, fc.nat(), fc.boolean(), (order, which, more) => {
        const row = storedRow(order);
        const places = placesIn(row.content);
        const [list] = places[which % places.length] as [unknown[], number];
        if (more) list.push("0x");
        else list.pop();
        expectDamaged(() => signedOrderOf(row));
      }),
    );
  });

  it("refuses a damaged signature", async () => {
    const row = storedRow(await signed(appOrder()));
    for (const signature of ["", "0x0", "0xgg", null]) {
      expectDamaged(() => signedOrderOf({ ...row, signature: signature as never }));
    }
  });

  it("reads what the schema reads, for any order", () => {
    fc.assert(
      fc.property(anySignedOrder, (order) => {
        const parsed = signedOrderSchema.parse(orderToJson(order));
        expect(parsed).toEqual(order);
        expect(signedOrderOf(storedRow(parsed))).toStrictEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });
});

/** All places of an order's lists, with the list each is in. */
function placesIn(list: unknown[]): [unknown[], number][] {
  return list.flatMap((value, place) => [
    [list, place] as [unknown[], number],
    ...(Array.isArray(value) ? placesIn(value) : []),
  ]);
}

function expectDamaged(read: () => unknown): void {
  let thrown: unknown;
  try {
    read();
  } catch (error) {
    thrown = error;
  }
  expect(isHanseError(thrown, "HANSE_STATE_DAMAGED")).toBe(true);
}
