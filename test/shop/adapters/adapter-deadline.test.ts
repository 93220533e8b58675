import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "#src/kernel/manual-clock.ts";
import { withDeadline } from "#src/shop/adapters/adapter-deadline.ts";
import type { ShopAdapter } from "#src/shop/adapters/shop-adapter.ts";
import makeAdapter from "../../../examples/shop-adapter/adapter.ts";
import { testAccount } from "../../e2e/chain-fixture.ts";
import { startTestPostgres } from "../../store/test-database.ts";
import { createCustomer } from "../support/customers.ts";
import {
  type GoodsChain,
  type MarketShop,
  startGoodsChain,
  startMarketShop,
} from "../support/market-shops.ts";
import { type ShopSystem, startShopSystem } from "../support/shop-system.ts";

const lines = [{ internalId: "p-1", quantity: 1n }];
const timedOut = expect.objectContaining({ code: "HANSE_ADAPTER_TIMED_OUT", retryable: true });

describe("an adapter that never answers", () => {
  let calls = 0;
  let answer: (() => void) | undefined;
  const hanging = () => {
    calls++;
    return new Promise<never>((_, reject) => {
      answer = () => reject(new Error("too late"));
    });
  };
  const never: ShopAdapter = { catalogue: hanging, take: hanging, putBack: hanging };
  beforeEach(() => {
    calls = 0;
  });

  it.each([
    ["catalogue", (of: ShopAdapter) => of.catalogue()],
    ["take", (of: ShopAdapter) => of.take("order", lines)],
    ["putBack", (of: ShopAdapter) => of.putBack("order", lines)],
  ] as const)("is waited for so long only: %s", async (_, ask) => {
    const clock = createManualClock(0);
    const asked = expect(ask(withDeadline(never, { deadlineMs: 1_000 }, { clock }))).rejects.toEqual(
      timedOut,
    );
    await clock.advance(1_000);
    await asked;
    // What it says after all is nobody's any more, and ends nothing.
    answer?.();
    await new Promise((resolve) => setImmediate(resolve));
  });

  it("is left in peace for as long again, and then asked once more", async () => {
    const clock = createManualClock(0);
    const adapter = withDeadline(never, { deadlineMs: 1_000 }, { clock });
    const first = expect(adapter.take("order", lines)).rejects.toEqual(timedOut);
    await clock.advance(1_000);
    await first;
    await expect(adapter.take("order", lines)).rejects.toEqual(timedOut);
    await expect(adapter.catalogue()).rejects.toEqual(timedOut);
    expect(calls).toBe(1);
    await clock.advance(1_000);
    const again = expect(adapter.take("order", lines)).rejects.toEqual(timedOut);
    expect(calls).toBe(2);
    await clock.advance(1_000);
    await again;
  });
});

describe("a shop whose own system leaves it waiting", () => {
  let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
  let chain: GoodsChain;
  let system: ShopSystem;
  let anna: MarketShop;
  const wallet = testAccount(9);
  beforeAll(async () => {
    [postgres, chain, system] = await Promise.all([
      startTestPostgres(),
      startGoodsChain(),
      startShopSystem(),
    ]);
    system.fill({ "p-1": 5, "p-2": 5 });
    anna = await startMarketShop({
      ...{ code: "ANNA", owner: 5, chain, databaseUrl: await postgres.fresh() },
      ...{ adapter: makeAdapter(system.url), adapterMs: 500 },
    });
    await chain.fund(9);
    await anna.market.syncCatalogue();
  }, 120_000);
  afterAll(async () => {
    await anna?.stop();
    await system?.stop();
    await Promise.all([postgres?.stop(), chain?.stop()]);
  });

  it("sells on, and what was sold is taken once when it answers again", { timeout: 60_000 }, async () => {
    const at = { chainId: chain.chain.chainId, receipt: chain.deployment.contracts.receipt };
    const customer = createCustomer(anna, wallet, at);
    system.setSilent(true);
    const bought = [];
    for (const sku of ["SKU-1", "SKU-2"]) {
      bought.push(await customer.pay(await customer.begin([[`ANNA:${sku}`, 1]])));
    }
    expect(bought.map(({ state }) => state)).toEqual(["sealed", "sealed"]);
    const sales = async () =>
      await anna.database.kysely
        .selectFrom("sales")
        .select(["state", "stock"])
        .orderBy("created_at")
        .execute();
    const taking = { state: "paid", stock: "taking" };
    await expect.poll(sales, { timeout: 20_000 }).toEqual([taking, taking]);
    await expect(anna.market.syncCatalogue()).rejects.toEqual(timedOut);
    // It took at least one of them, and never said so.
    await expect
      .poll(() => Object.values(system.left()).some((left) => left === 4), { timeout: 20_000 })
      .toBe(true);

    system.setSilent(false);
    const taken = { state: "paid", stock: "taken" };
    await expect.poll(sales, { timeout: 20_000 }).toEqual([taken, taken]);
    expect(system.left()).toEqual({ "p-1": 4, "p-2": 4 });
    await expect
      .poll(
        () =>
          anna.market.syncCatalogue().then(
            () => "read",
            () => "refused",
          ),
        { timeout: 10_000 },
      )
      .toBe("read");
    const products = await anna.database.kysely
      .selectFrom("products")
      .select(["sku", "on_hand", "reserved"])
      .where("on_hand", "is not", null)
      .orderBy("sku")
      .execute();
    expect(products).toEqual([
      { sku: "SKU-1", on_hand: 4n, reserved: 0n },
      { sku: "SKU-2", on_hand: 4n, reserved: 0n },
    ]);
  });
});
