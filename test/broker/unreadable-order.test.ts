import { sql } from "kysely";
import type { Hex } from "viem";
import { expect, test } from "vitest";
import { useOpenMarket } from "./support/open-market.ts";
import { eventually } from "./support/test-broker.ts";
import { appOrder, poolOrder, requester, requestOrder, signed, unknownHash } from "./support/traders.ts";

const market = useOpenMarket();

const damage = (hash: Hex) =>
  sql`update orders set content = '["of another age"]' where hash = ${hash}`.execute(market.database.kysely);
const unreadable = async () => {
  const text = await (await fetch(`${market.broker.url}/metrics`)).text();
  return Number(/^broker_orders_unreadable(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1]);
};

test("an order that cannot be read is set aside, and the market goes on, after a restart and at each event", async () => {
  const request = requestOrder({ conditions: { volume: 2 } });
  const [damaged = unknownHash] = await market.publish(request);
  await market.close();
  await market.open();
  await damage(damaged);
  // Of the same signer: whatever concerns its account, concerns the damaged one too.
  market.chain.deposit(requester.address, 1n);
  market.chain.mine();
  const [other = unknownHash] = await market.publish(requestOrder());
  await market.close();
  await market.open();
  await market.publish(appOrder({ conditions: { volume: 50 } }), poolOrder({ conditions: { volume: 50 } }));
  await market.filled(other);
  expect(await unreadable()).toBe(1);
  const { orders } = await market.broker.client.orders({ type: "request" });
  expect(orders.map(({ hash }) => hash)).toEqual([other]);
  await expect(market.broker.client.order(damaged)).rejects.toMatchObject({ code: expect.any(String) });

  // Handed in again, it is itself again: its hash tells.
  await market.broker.client.publish(await signed(request));
  await market.filled(damaged);
  await eventually("none is set aside", async () => (await unreadable()) === 0);
});
