import { describe, expect, test } from "vitest";
import { bookChangesAfter, noteBookChange } from "#src/broker/book-changes.ts";
import { newOrderRow } from "#src/broker/order-store.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import type { Order } from "#src/protocol/orders.ts";
import { useOpenMarket } from "./support/open-market.ts";
import { eventually } from "./support/test-broker.ts";
import { appOrder, poolOrder, requester, requestOrder, signed, unknownHash } from "./support/traders.ts";

const market = useOpenMarket();

/** As another process of the same broker stores it. */
async function takenElsewhere(...orders: Order[]): Promise<void> {
  const rows = await Promise.all(
    orders.map(async (order) => {
      const taken = { signer: requester.address, filled: 0, byKeyring: false };
      return newOrderRow({ hash: orderHash(order), signed: await signed(order), ...taken });
    }),
  );
  const other = await market.connect();
  await other.kysely.insertInto("orders").values(rows).execute();
  await other.close();
}

describe("orders that another process took", () => {
  test("come into the book, however many are open already", { timeout: 60_000 }, async () => {
    await market.publish(appOrder(), poolOrder());
    // Or the chain's first blocks, which tell of the requester's money, bring its orders in.
    await eventually(
      "the cursor",
      async () => ((await market.broker.client.info()).block ?? 0n) >= market.chain.head.number,
    );
    // More than are read at once, and bids that nobody meets.
    await takenElsewhere(...Array.from({ length: 1_200 }, () => requestOrder({ maxPoolPrice: 1n })));
    const wanted = requestOrder();
    await takenElsewhere(wanted);
    await market.filled(orderHash(wanted));
  });
});

describe("what another process changed", () => {
  test("comes into the book, though the chain cannot be read at first", { timeout: 60_000 }, async () => {
    const [wanted = unknownHash] = await market.publish(requestOrder());
    // So many that it is no longer among the newest, which are looked through again and again.
    await takenElsewhere(...Array.from({ length: 1_200 }, () => requestOrder({ maxPoolPrice: 1n })));
    await eventually("the others", async () => (await market.broker.client.depth(1)).bids.length === 2);
    // What the chain said is remembered for a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const { account } = market.chain;
    let failed = 0;
    market.chain.account = async () => {
      failed++;
      throw new HanseError("HANSE_RPC_UNAVAILABLE", "nobody answers");
    };
    const other = await market.connect();
    await other.transaction((trx) => noteBookChange(trx, wanted, "renewed"));
    await other.close();
    await eventually("the failure", async () => failed > 0);
    // Longer than it takes to look again.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    market.chain.account = account;
    await market.publish(appOrder(), poolOrder());
    await market.filled(wanted);
  });

  test("is seen in order: no change is passed over that was begun before another", async () => {
    const [first = unknownHash, second = unknownHash] = await market.publish(requestOrder(), requestOrder());
    const other = await market.connect();
    const [noted, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = other.transaction(async (trx) => {
      await noteBookChange(trx, first, "removed");
      noted.resolve();
      await goOn.promise;
    });
    await noted.promise;
    const fast = other.transaction((trx) => noteBookChange(trx, second, "removed"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await bookChangesAfter(other.kysely, 0n)).toEqual([]);
    goOn.resolve();
    await Promise.all([slow, fast]);
    const changes = await bookChangesAfter(other.kysely, 0n);
    expect(changes.map(({ order_hash }) => order_hash)).toEqual([first, second]);
    await other.close();
  });
});
