import { afterAll, beforeAll, expect, test } from "vitest";
import { BROKER_SCHEMA } from "#src/broker/broker.ts";
import { brokerMigrations } from "#src/broker/broker-migrations.ts";
import { newOrderRow } from "#src/broker/order-store.ts";
import { signedOrderOf } from "#src/broker/stored-order.ts";
import { orderToJson } from "#src/client/order-schema.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import { migrate } from "#src/store/migrations.ts";
import { silent, startTestPostgres } from "./support/test-database.ts";
import {
  appOrder,
  CERTIFIER,
  datasetOrder,
  poolOrder,
  requester,
  requestOrder,
  signed,
} from "./support/traders.ts";

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres?.stop());

test("orders that were kept by name are read by place after the migration", async () => {
  const database = await postgres.open(await postgres.create());
  try {
    const to = { database: database as never, logger: silent };
    const byPlace = brokerMigrations.findIndex(({ id }) => id === "0006-orders-by-place");
    await migrate(to, BROKER_SCHEMA, brokerMigrations.slice(0, byPlace));
    const terms = { checker: CERTIFIER, data: "0x0102" } as const;
    const sponsorship = { cap: 5n, validUntil: 2n ** 40n, epoch: 0n, signature: "0xab" } as const;
    const orders = [
      await signed(appOrder()),
      await signed(datasetOrder()),
      { ...(await signed(poolOrder())), terms },
      { ...(await signed(requestOrder())), terms, sponsorship },
    ] as SignedOrder[];
    const rows = orders.map((order, at) => {
      const hash = `0x0${at}` as const;
      const { signature, ...named } = order;
      const row = newOrderRow({
        hash,
        signer: requester.address,
        signed: order,
        filled: 0,
        byKeyring: false,
      });
      return { ...row, volume_id: hash, content: JSON.stringify(orderToJson(named as never)) };
    });
    await database.kysely.insertInto("orders").values(rows).execute();
    await migrate(to, BROKER_SCHEMA, brokerMigrations);
    const kept = await database.kysely.selectFrom("orders").selectAll().orderBy("hash").execute();
    expect(kept.map(signedOrderOf)).toStrictEqual(orders);
  } finally {
    await database.close();
  }
});
