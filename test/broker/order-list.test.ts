import { describe, expect, test } from "vitest";
import { useOpenMarket } from "./support/open-market.ts";
import { poolOrder, requester, requestOrder } from "./support/traders.ts";

const market = useOpenMarket();

describe("lists", () => {
  test("orders by signer, type and status, in pages, newest first", async () => {
    const hashes = await market.publish(
      ...Array.from({ length: 5 }, () => requestOrder()),
      poolOrder({ category: 4 }),
    );
    const first = await market.broker.client.orders({ signer: requester.address, limit: 3 });
    expect(first.orders.map(({ hash }) => hash)).toEqual(hashes.slice(2, 5).reverse());
    const second = await market.broker.client.orders({
      signer: requester.address,
      limit: 3,
      before: first.next,
    });
    expect(second.orders.map(({ hash }) => hash)).toEqual(hashes.slice(0, 2).reverse());
    expect(second.next).toBeUndefined();
    expect((await market.broker.client.orders({ type: "pool" })).orders).toHaveLength(1);
    expect((await market.broker.client.orders({ status: "filled" })).orders).toEqual([]);
    expect(await market.broker.client.info()).toMatchObject({
      chainId: market.chain.chainId,
      categories: [1, 4],
      open: { pool: 1, request: 5 },
    });
  });
});
