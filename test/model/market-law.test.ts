import { describe, expect, it } from "vitest";
import { useMarket } from "./open-market.ts";
import { AVOIDED, BOUNDED, DEEP, KEPT, OPEN } from "./seeds.ts";

const deep = process.env.HANSE_TEST_DEEP === "1";

describe("the contracts and the model of their law", () => {
  const market = useMarket();
  const histories = deep ? [...BOUNDED, ...DEEP] : BOUNDED;

  it.each(histories)(
    "agree on history $seed of $steps transactions",
    { timeout: deep ? 600_000 : 60_000 },
    async (history) => {
      const { steps, accepted } = await market.play({ ...history, avoiding: AVOIDED });
      expect(steps).toBeGreaterThanOrEqual(history.steps);
      // A history in which everything is refused would prove little.
      expect(accepted).toBeGreaterThan(steps / 2);
    },
  );

  it.each(KEPT)("agree on history $seed, where they once did not: $why", { timeout: 60_000 }, async (history) => {
    await market.play({ ...history, avoiding: AVOIDED });
  });

  // What is open between interface and contract. When one of these agrees, it moves to the kept ones.
  it.fails.each(OPEN)("differ on history $seed: $why", { timeout: 60_000 }, async ({ seed, steps, only }) => {
    await market.play({ seed, steps, avoiding: AVOIDED.filter((each) => each !== only) });
  });
});
