import { beforeEach, describe, expect, test } from "vitest";
import { signSponsorship } from "#src/client/sign-order.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import type { Order } from "#src/protocol/orders.ts";
import { POWERS } from "#src/protocol/powers.ts";
import { termsHash } from "#src/protocol/terms.ts";
import { useOpenMarket } from "./support/open-market.ts";
import {
  appOrder,
  CHAIN_ID,
  CLERK,
  HANSE,
  LATER,
  NOW,
  operator,
  poolOrder,
  requester,
  requestOrder,
  signed,
  stranger as sponsor,
} from "./support/traders.ts";

const market = useOpenMarket();

type Request = Extract<Order, { type: "request" }>;
const sponsored = (changes: Parameters<typeof requestOrder>[0] = {}) =>
  requestOrder({ sponsor: sponsor.address, ...changes }) as Request;

const word = { cap: 1_000n * HANSE, validUntil: LATER, epoch: 0n };
const sponsorship = (order: Request, changes: Partial<typeof word> = {}, by = sponsor) =>
  signSponsorship(by, order, { ...word, ...changes }, CHAIN_ID, CLERK);

async function publish(order: Request, ...how: [changes?: Partial<typeof word>, by?: typeof sponsor]) {
  const both = { ...(await signed(order)), sponsorship: await sponsorship(order, ...how) };
  return await market.broker.client.publish(both);
}

describe("a sponsored request", () => {
  beforeEach(() => market.chain.deposit(sponsor.address, 100n * HANSE));

  describe("is refused", () => {
    const cases: [string, () => Promise<unknown>, string][] = [
      [
        "without the sponsor's word",
        async () => await market.broker.client.publish(await signed(sponsored())),
        "HANSE_ORDER_SPONSORSHIP_INVALID",
      ],
      ["with somebody else's", () => publish(sponsored(), {}, requester), "HANSE_ORDER_SPONSORSHIP_INVALID"],
      [
        "with one for another request",
        async () => {
          const order = await signed(sponsored());
          const other = await sponsorship(sponsored());
          return await market.broker.client.publish({ ...order, sponsorship: other });
        },
        "HANSE_ORDER_SPONSORSHIP_INVALID",
      ],
      [
        "with an expired one",
        () => publish(sponsored(), { validUntil: NOW - 1n }),
        "HANSE_ORDER_SPONSORSHIP_INVALID",
      ],
      [
        "with one of another epoch",
        () => publish(sponsored(), { epoch: 1n }),
        "HANSE_ORDER_SPONSORSHIP_INVALID",
      ],
      [
        "with too low a cap for the smallest fill",
        () => publish(sponsored(), { cap: 12n * HANSE - 1n }),
        "HANSE_ORDER_SPONSOR_CAP_TOO_LOW",
      ],
      [
        "beyond the sponsor's money, whatever the requester has",
        () => publish(sponsored({ maxPoolPrice: 200n * HANSE })),
        "HANSE_ORDER_UNFUNDED",
      ],
      [
        "when the sponsor's operator may not lock so much",
        () => {
          const grant = { powers: POWERS.SPONSORSHIP, limit: 1n, validUntil: LATER };
          market.chain.setOperator(sponsor.address, operator.address, grant);
          return publish(sponsored(), {}, operator);
        },
        "HANSE_ORDER_OPERATOR_LIMIT",
      ],
    ];
    test.each(cases)("%s", async (_, send, code) => {
      await expect(send()).rejects.toMatchObject({ code });
    });
  });

  test("is paid by the sponsor alone, who may be a key of its own", async () => {
    market.chain.withdraw(requester.address, 1_000n * HANSE);
    const grant = { powers: POWERS.SPONSORSHIP, limit: 1_000n * HANSE, validUntil: LATER };
    market.chain.setOperator(sponsor.address, operator.address, grant);
    const orders = [sponsored({ conditions: { volume: 2 } }), sponsored({ conditions: { volume: 3 } })];
    await publish(orders[0] as Request);
    await publish(orders[1] as Request, {}, operator);
    await market.publish(appOrder(), poolOrder());
    for (const order of orders) await market.filled(orderHash(order));
    expect(await market.chain.account(sponsor.address)).toMatchObject({ lockedNano: 55n * HANSE });
    expect(await market.chain.spentNano(sponsor.address, operator.address)).toBe(33n * HANSE);
    const { order } = await market.broker.client.order(orderHash(orders[0] as Request));
    expect(order).toMatchObject({ sponsorship: { cap: String(word.cap), epoch: "0" } });
  });

  test("waits while the sponsor's word or money is gone", async () => {
    const order = sponsored();
    const { hash } = await publish(order);
    market.chain.withdraw(sponsor.address, 100n * HANSE);
    market.chain.mine();
    await market.until(hash, ({ blocked }) => blocked?.refusal === "PayerUnfunded");
    market.chain.deposit(sponsor.address, 100n * HANSE);
    market.chain.raiseEpoch(sponsor.address, 1n);
    market.chain.mine();
    const blocked = await market.until(hash, (found) => found.blocked?.refusal === "SponsorNotSigned");
    expect(blocked).toMatchObject({ status: "open", blocked: { code: "HANSE_ORDER_SPONSORSHIP_INVALID" } });
  });

  test("waits when a match would cost more than is left of the cap: nothing is sent", async () => {
    const order = sponsored();
    const { hash } = await publish(order, { cap: 12n * HANSE });
    await market.publish(appOrder(), poolOrder());
    await market.until(hash, ({ blocked }) => blocked?.refusal === "SponsorCapTooLow");
    expect(market.chain.batches).toEqual([]);
    await publish(order, { cap: 12n * HANSE });
    // The sponsor signs a higher one, and whoever has the first cannot bring it back.
    await publish(order);
    await publish(order, { cap: 12n * HANSE });
    const { history } = await market.filled(hash);
    expect(history.filter(({ type }) => type === "renewed")).toHaveLength(1);
  });
});

describe("terms", () => {
  const terms = { checker: sponsor.address, data: "0xc0ffee" } as const;
  const conditions = { terms: termsHash(terms) };

  test("that are others than the order names are refused", async () => {
    const order = await signed(appOrder({ conditions }));
    for (const other of [undefined, { ...terms, data: "0x" as const }, { ...terms, checker: CLERK }]) {
      await expect(market.broker.client.publish({ ...order, terms: other })).rejects.toMatchObject({
        code: "HANSE_ORDER_MALFORMED",
        details: { peer: { field: "terms", refusal: "TermsNotMet" } },
      });
    }
  });

  test("keep a match from being sent until their contract accepts it; others are sealed", async () => {
    market.chain.accepts = (_, { poolPrice }) => poolPrice <= 9n * HANSE;
    const withTerms = async (order: Order) =>
      await market.broker.client.publish({ ...(await signed(order)), terms });
    const { hash } = await withTerms(requestOrder({ conditions }));
    await withTerms(appOrder({ conditions: { ...conditions, volume: 20 } }));
    await market.publish(poolOrder());
    await market.until(hash, ({ whyNot }) => whyNot[0]?.refusal === "TermsNotMet");
    expect((await market.broker.client.order(hash)).blocked).toBeUndefined();
    expect(market.chain.batches).toEqual([]);

    await market.publish(poolOrder({ price: 9n * HANSE }));
    await market.filled(hash);
    // Those of two orders, brought once.
    expect(market.chain.batches).toMatchObject([{ terms: [terms], sponsorships: [] }]);
    expect(market.chain.batches[0]?.requests).toHaveLength(1);
  });
});
