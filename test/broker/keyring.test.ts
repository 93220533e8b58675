import { getAddress, type Hex, numberToHex } from "viem";
import { beforeEach, describe, expect, test } from "vitest";
import { signBulk, signOrder } from "#src/client/sign-order.ts";
import { bulkTree } from "#src/protocol/bulk-order.ts";
import { orderDigest, orderHash } from "#src/protocol/order-hash.ts";
import type { Order } from "#src/protocol/orders.ts";
import { POWERS } from "#src/protocol/powers.ts";
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
  poolOwner,
  requester,
  requestOrder,
  saltOf,
  signed,
  stranger,
  unknownHash,
} from "./support/traders.ts";

// Signatures that rest on more than the account's own key: whatever the Keyring says may change later.

const market = useOpenMarket();
const WALLET = getAddress("0x00000000000000000000000000000000000c0de1");

const grant = (powers: number, { limit = 1_000n * HANSE, validUntil = LATER } = {}) => ({
  powers,
  limit,
  validUntil,
});
const byOperator = (order: Order) => signOrder(operator, order, CHAIN_ID, CLERK);
const digestOf = (hash: Hex) => orderDigest(hash, CHAIN_ID, CLERK);
const publish = async (order: Order) => await market.broker.client.publish(await byOperator(order));

/** What no event tells of is looked at again every other block. */
async function openAttentive(): Promise<void> {
  await market.close();
  await market.open({ retryBlocks: 2 });
}

describe("refuses", () => {
  const cases: [string, () => Promise<unknown>, string][] = [
    ["a key that was let do nothing", () => publish(requestOrder()), "HANSE_ORDER_SIGNATURE_INVALID"],
    [
      "a key that was let do something else",
      () => {
        market.chain.setOperator(requester.address, operator.address, grant(~POWERS.REQUEST_ORDER & 0x7f));
        return publish(requestOrder());
      },
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    [
      "a key whose time is over",
      () => {
        const expired = grant(POWERS.REQUEST_ORDER, { validUntil: NOW - 1n });
        market.chain.setOperator(requester.address, operator.address, expired);
        return publish(requestOrder());
      },
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    [
      "another account's key",
      () => {
        market.chain.setOperator(poolOwner.address, operator.address, grant(POWERS.REQUEST_ORDER));
        return publish(requestOrder());
      },
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    [
      "a key that may not lock enough of the requester's money",
      () => {
        const poor = grant(POWERS.REQUEST_ORDER, { limit: 12n * HANSE - 1n });
        market.chain.setOperator(requester.address, operator.address, poor);
        return publish(requestOrder());
      },
      "HANSE_ORDER_OPERATOR_LIMIT",
    ],
    [
      "a key that may not lock the pool owner's stake",
      () => {
        const poor = grant(POWERS.POOL_ORDER, { limit: 3n * HANSE - 1n });
        market.chain.setOperator(poolOwner.address, operator.address, poor);
        return publish(poolOrder());
      },
      "HANSE_ORDER_OPERATOR_LIMIT",
    ],
    [
      "what is presigned no more",
      async () => {
        const order = requestOrder();
        market.chain.presign(requester.address, digestOf(orderHash(order)), true);
        market.chain.presign(requester.address, digestOf(orderHash(order)), false);
        return await market.broker.client.publish({ ...order, signature: "0x" });
      },
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    [
      "an order that is not in the bulk",
      async () => {
        const [first] = await signBulk(requester, [requestOrder(), requestOrder()], CHAIN_ID, CLERK);
        return await market.broker.client.publish({ ...requestOrder(), signature: first?.signature ?? "0x" });
      },
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
    [
      "a stranger's bulk",
      async () => {
        const [first] = await signBulk(stranger, [requestOrder(), requestOrder()], CHAIN_ID, CLERK);
        return await market.broker.client.publish(first as never);
      },
      "HANSE_ORDER_SIGNATURE_INVALID",
    ],
  ];
  test.each(cases)("%s", async (_, send, code) => {
    await expect(send()).rejects.toMatchObject({ code });
  });

  test("a key that has spent its limit, counting what it spent before", async () => {
    const enough = grant(POWERS.REQUEST_ORDER, { limit: 20n * HANSE });
    market.chain.setOperator(requester.address, operator.address, enough);
    await market.publish(appOrder(), poolOrder());
    const { hash } = await publish(requestOrder({ conditions: { volume: 1 } }));
    await market.filled(hash);
    await expect(publish(requestOrder())).rejects.toMatchObject({
      code: "HANSE_ORDER_OPERATOR_LIMIT",
      details: {
        peer: { account: requester.address, leftNano: String(9n * HANSE), neededNano: String(12n * HANSE) },
      },
    });
  });
});

describe("takes and seals", () => {
  test("what an operator's key signed", async () => {
    market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER));
    market.chain.setOperator(poolOwner.address, operator.address, grant(POWERS.POOL_ORDER));
    const { hash } = await publish(requestOrder());
    await publish(poolOrder());
    await market.publish(appOrder());
    await market.filled(hash);
    expect(await market.chain.spentNano(requester.address, operator.address)).toBe(55n * HANSE);
    expect(await market.chain.spentNano(poolOwner.address, operator.address)).toBe(15n * HANSE);
  });

  test("what was presigned, and a contract's", async () => {
    const presigned = requestOrder({ conditions: { volume: 1 } });
    market.chain.presign(requester.address, digestOf(orderHash(presigned)), true);
    market.chain.deposit(WALLET, 100n * HANSE);
    const contracts = requestOrder({ requester: WALLET, conditions: { volume: 1 } });
    const signature = numberToHex(7, { size: 96 });
    market.chain.acceptContractSignature(WALLET, digestOf(orderHash(contracts)), signature);
    const { client } = market.broker;
    const [first, second] = [
      await client.publish({ ...presigned, signature: "0x" }),
      await client.publish({ ...contracts, signature }),
    ];
    await market.publish(appOrder(), poolOrder());
    for (const { hash } of [first, second]) await market.filled(hash);
  });

  test("bulks: of the own key without asking anybody, of an operator's, and presigned", async () => {
    const asked: Hex[] = [];
    const { keyringCheck } = market.chain;
    market.chain.keyringCheck = async (statement) => {
      asked.push(statement.hash);
      return await keyringCheck(statement);
    };
    const three = () => [1, 2, 3].map(() => requestOrder({ conditions: { volume: 1 } }));
    const { client } = market.broker;
    const own = await signBulk(requester, three(), CHAIN_ID, CLERK);
    for (const order of own) await client.publish(order);
    expect(asked).toEqual([]);

    market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER));
    const operators = await signBulk(operator, three(), CHAIN_ID, CLERK);
    const onChain = three();
    market.chain.presign(requester.address, digestOf(bulkTree(onChain).hash), true);
    const presigned = (await signBulk(requester, onChain, CHAIN_ID, CLERK)).map((order) => ({
      ...order,
      // The proof without the signature before it.
      signature: `0x${order.signature.slice(2 + 2 * 65)}` as Hex,
    }));
    for (const order of [...operators, ...presigned]) await client.publish(order);
    expect(asked.length).toBeGreaterThan(0);
    await market.publish(appOrder({ conditions: { volume: 9 } }), poolOrder({ conditions: { volume: 9 } }));
    for (const order of [...own, ...operators, ...presigned]) await market.filled(orderHash(order));
  });
});

describe("blocks an order", () => {
  let hash: Hex;
  const blockedFor = (refusal: string | undefined) =>
    market.until(hash, ({ blocked }) => blocked?.refusal === refusal, refusal ?? "the end of it");

  describe("signed by an operator", () => {
    beforeEach(async () => {
      market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER));
      ({ hash } = await publish(requestOrder()));
    });

    test("when the key is revoked, until it may sign again", async () => {
      market.chain.setOperator(requester.address, operator.address, grant(0));
      market.chain.mine();
      expect((await blockedFor("BadSignature")).status).toBe("open");
      await market.publish(appOrder(), poolOrder());
      market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER));
      market.chain.mine();
      await market.filled(hash);
    });

    test("when the key is revoked, until the account itself signs it and hands it in again", async () => {
      const order = requestOrder();
      ({ hash } = await publish(order));
      const own = await signed(order);
      // Nothing is wrong with it yet: the first signature stays.
      expect((await market.broker.client.publish(own)).blocked).toBeUndefined();
      expect((await market.broker.client.order(hash)).history).toHaveLength(1);
      market.chain.setOperator(requester.address, operator.address, grant(0));
      market.chain.mine();
      await blockedFor("BadSignature");
      await expect(publish(order)).rejects.toMatchObject({ code: "HANSE_ORDER_SIGNATURE_INVALID" });
      await market.broker.client.publish(own);
      await blockedFor(undefined);
      await market.publish(
        appOrder({ conditions: { volume: 10 } }),
        poolOrder({ conditions: { volume: 10 } }),
      );
      const { history, order: shown } = await market.filled(hash);
      expect(history.map(({ type }) => type)).toContain("renewed");
      expect(shown).toMatchObject({ signature: own.signature });
    });

    test("when its limit is lowered", async () => {
      const limit = 12n * HANSE - 1n;
      market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER, { limit }));
      market.chain.mine();
      expect((await blockedFor("OperatorLimit")).blocked?.code).toBe("HANSE_ORDER_OPERATOR_LIMIT");
    });

    test("when a match would exceed its limit: nothing is sent", async () => {
      // The smallest fill is within it, all five tasks are not.
      const limit = 12n * HANSE;
      market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER, { limit }));
      market.chain.mine();
      await market.publish(appOrder(), poolOrder());
      await blockedFor("OperatorLimit");
      expect(market.chain.batches).toEqual([]);
    });

    test("but not the orders that the account signed itself", async () => {
      const [own = unknownHash] = await market.publish(requestOrder());
      market.chain.setOperator(requester.address, operator.address, grant(0));
      market.chain.mine();
      await blockedFor("BadSignature");
      expect((await market.broker.client.order(own)).blocked).toBeUndefined();
    });
  });

  test("when a presigned digest is taken back", async () => {
    const order = requestOrder();
    market.chain.presign(requester.address, digestOf(orderHash(order)), true);
    ({ hash } = await market.broker.client.publish({ ...order, signature: "0x" }));
    market.chain.presign(requester.address, digestOf(orderHash(order)), false);
    market.chain.mine();
    await blockedFor("BadSignature");
  });

  test("when a contract changed its mind, which no event tells", async () => {
    await openAttentive();
    market.chain.deposit(WALLET, 100n * HANSE);
    const order = requestOrder({ requester: WALLET });
    const [digest, signature] = [digestOf(orderHash(order)), numberToHex(7, { size: 96 })];
    market.chain.acceptContractSignature(WALLET, digest, signature);
    ({ hash } = await market.broker.client.publish({ ...order, signature }));
    market.chain.acceptContractSignature(WALLET, digest, signature, false);
    for (let block = 0; block < 4; block++) market.chain.mine();
    await blockedFor("BadSignature");
  });

  test("that turns out to be void when it is about to be sealed: nothing is sent", async () => {
    market.chain.deposit(WALLET, 100n * HANSE);
    const order = requestOrder({ requester: WALLET });
    const [digest, signature] = [digestOf(orderHash(order)), numberToHex(7, { size: 96 })];
    market.chain.acceptContractSignature(WALLET, digest, signature);
    ({ hash } = await market.broker.client.publish({ ...order, signature }));
    market.chain.acceptContractSignature(WALLET, digest, signature, false);
    await market.publish(appOrder(), poolOrder());
    await blockedFor("BadSignature");
    expect(market.chain.batches).toEqual([]);
  });
});

describe("lets an operator take orders off the book", () => {
  test("unless it has no power over such orders", async () => {
    const [hash = unknownHash] = await market.publish(requestOrder());
    market.chain.setOperator(requester.address, operator.address, grant(POWERS.APP_ORDER));
    const cancelled = () => market.broker.client.cancel(hash, operator);
    await expect(cancelled()).rejects.toMatchObject({ code: "HANSE_ORDER_SIGNATURE_INVALID" });
    market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER));
    expect(await cancelled()).toMatchObject({ status: "cancelled" });
  });
});

test("an order by another key keeps its place under the account's salt", async () => {
  market.chain.setOperator(requester.address, operator.address, grant(POWERS.REQUEST_ORDER));
  const order = requestOrder();
  await publish(order);
  const again = requestOrder({ maxPoolPrice: 11n * HANSE, conditions: { salt: saltOf(order) } });
  await expect(market.broker.client.publish(await signed(again))).rejects.toMatchObject({
    code: "HANSE_ORDER_SALT_USED",
    details: { peer: { orderHash: orderHash(order) } },
  });
});
