import type { Hex } from "viem";
import { describe, expect, test } from "vitest";
import { batchOf, useOpenMarket } from "./support/open-market.ts";
import { eventually } from "./support/test-broker.ts";
import {
  APP,
  appOrder,
  CERTIFIER,
  HANSE,
  poolOrder,
  poolOwner,
  requester,
  requestOrder,
  saltOf,
  signed,
  stranger,
  unknownHash,
} from "./support/traders.ts";

const market = useOpenMarket();

const caughtUp = () =>
  eventually(
    "the cursor",
    async () => ((await market.broker.client.info()).block ?? 0n) >= market.chain.head.number,
  );

describe("follows the chain", () => {
  test("fills that others sealed", async () => {
    const request = requestOrder({ conditions: { volume: 6 } });
    const [hash = unknownHash] = await market.publish(request);
    market.chain.sealElsewhere(await batchOf(request));
    market.chain.mine();
    await market.until(hash, (order) => order.filled === 5);
    const [trade] = (await market.broker.client.trades()).trades;
    expect(await market.broker.client.deal(trade?.deal as Hex)).toMatchObject({
      orders: { request: hash },
      volume: 5,
    });
  });

  test("cancellations, epochs and certifiers", async () => {
    const request = requestOrder();
    const [cancelled = unknownHash, old = unknownHash, app = unknownHash] = await market.publish(
      request,
      poolOrder(),
      // Too dear for the request: else they could be sealed before they are cancelled.
      appOrder({ price: 1_000_000n * HANSE }),
    );
    market.chain.cancel(requester.address, "request", saltOf(request));
    market.chain.raiseEpoch(poolOwner.address, 1n);
    market.chain.registerCertifier(CERTIFIER, false);
    market.chain.mine();
    await market.until(cancelled, ({ status }) => status === "cancelled");
    await market.until(old, ({ status }) => status === "cancelled");
    await market.until(app, ({ blocked }) => blocked?.refusal === "CertifierNotRegistered");
  });

  test("an asset that is sold while its order is being taken", async () => {
    await caughtUp();
    const { ownerOf } = market.chain;
    market.chain.ownerOf = async (asset) => {
      market.chain.ownerOf = ownerOf;
      const owner = await ownerOf(asset);
      market.chain.transfer(APP, stranger.address);
      market.chain.mine();
      await caughtUp();
      return owner;
    };
    const [hash = unknownHash] = await market.publish(appOrder());
    await market.until(hash, ({ blocked }) => blocked?.refusal === "BadSignature");
  });

  test("a sold asset voids its orders, until it comes back", async () => {
    const [hash = unknownHash] = await market.publish(appOrder());
    const owner = (await market.broker.client.order(hash)).signer;
    market.chain.transfer(APP, stranger.address);
    market.chain.mine();
    const order = await market.until(hash, ({ blocked }) => blocked !== undefined);
    expect(order).toMatchObject({ status: "open", blocked: { refusal: "BadSignature" } });
    market.chain.transfer(APP, owner);
    market.chain.mine();
    await market.until(hash, ({ blocked }) => blocked === undefined);
  });

  test("money that leaves and comes back", async () => {
    const [request = unknownHash, pool = unknownHash] = await market.publish(requestOrder(), poolOrder());
    market.chain.withdraw(requester.address, 1_000n * HANSE);
    market.chain.withdraw(poolOwner.address, 1_000n * HANSE);
    market.chain.mine();
    await market.until(request, ({ blocked }) => blocked?.refusal === "PayerUnfunded");
    const order = await market.until(pool, ({ blocked }) => blocked?.refusal === "PoolUnfunded");
    expect(order.blocked?.code).toBe("HANSE_ORDER_STAKE_MISSING");
    expect((await market.broker.client.depth(1)).asks).toEqual([]);
    market.chain.deposit(requester.address, 100n * HANSE);
    market.chain.deposit(poolOwner.address, 100n * HANSE);
    market.chain.mine();
    await market.until(request, ({ blocked }) => blocked === undefined);
    await market.until(pool, ({ blocked }) => blocked === undefined);
  });

  test("a reorg undoes deals, fills and cancellations", async () => {
    const early = requestOrder({ category: 2 });
    const [cancelled = unknownHash, request = unknownHash] = await market.publish(early, requestOrder());
    market.chain.cancel(requester.address, "request", saltOf(early));
    market.chain.mine();
    await market.until(cancelled, ({ status }) => status === "cancelled");
    await market.publish(appOrder(), poolOrder());
    await market.filled(request);
    const before = market.chain.batches.length;

    market.chain.rewind(2);
    market.chain.mine();
    // The orders are good again, so the same deal is sealed anew on the new branch.
    await eventually("a new deal", async () => market.chain.batches.length > before);
    await market.filled(request);
    const order = await market.until(cancelled, ({ status }) => status === "open");
    expect(order.history.map(({ type }) => type)).toEqual(["received", "cancelled", "reopened"]);
    // A deal sealed before the reorg was noticed is taken back with it, and told again by its block.
    await eventually("one deal", async () => (await market.broker.client.trades()).trades.length === 1);
  });
});

describe("lets signers take orders off the book", () => {
  test("refuses a stranger's word", async () => {
    const [hash = unknownHash] = await market.publish(requestOrder());
    await expect(market.broker.client.cancel(hash, stranger)).rejects.toMatchObject({
      code: "HANSE_ORDER_SIGNATURE_INVALID",
    });
    expect((await market.broker.client.order(hash)).status).toBe("open");
  });

  test("for good, though the chain is read for them at that moment", async () => {
    const [hash = unknownHash] = await market.publish(requestOrder());
    await caughtUp();
    const { account } = market.chain;
    const [reading, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    market.chain.account = async (owner) => {
      reading.resolve();
      await goOn.promise;
      return await account(owner);
    };
    market.chain.withdraw(requester.address, (await account(requester.address)).freeNano);
    market.chain.mine();
    await reading.promise;
    await market.broker.client.cancel(hash, requester);
    goOn.resolve();
    await caughtUp();
    const { status, history } = await market.broker.client.order(hash);
    expect(status).toBe("cancelled");
    expect(history.map(({ type }) => type)).toEqual(["received", "removed"]);
  });

  test("for good, though the chain says nothing", async () => {
    const request = requestOrder();
    const [hash = unknownHash] = await market.publish(request);
    expect(await market.broker.client.cancel(hash, requester)).toMatchObject({ status: "cancelled" });
    expect(await market.broker.client.cancel(hash, requester)).toMatchObject({ status: "cancelled" });
    await market.publish(appOrder(), poolOrder());
    market.chain.deposit(requester.address, 1n);
    market.chain.mine();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await market.broker.client.order(hash)).toMatchObject({ status: "cancelled", filled: 0 });
    expect(await market.broker.client.publish(await signed(request))).toMatchObject({ status: "cancelled" });
    expect(market.chain.batches).toEqual([]);
    // Who has the order may still seal it: the broker tells what happened.
    market.chain.sealElsewhere(await batchOf(request));
    market.chain.mine();
    await market.filled(hash);
  });
});
