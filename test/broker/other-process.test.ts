import { describe, test } from "vitest";
import { newOrderRow } from "#src/broker/order-store.ts";
import { orderHash } from "#src/protocol/order-hash.ts";
import type { Order } from "#src/protocol/orders.ts";
import { useOpenMarket } from "./support/open-market.ts";
import { eventually } from "./support/test-broker.ts";
import { appOrder, poolOrder, requester, requestOrder, signed } from "./support/traders.ts";

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
