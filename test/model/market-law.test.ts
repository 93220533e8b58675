import { describe, expect, it } from "vitest";
import { useMarket } from "./open-market.ts";
import { AVOIDED, BOUNDED, DEEP, KEPT, OPEN } from "./seeds.ts";

const deep = process.env.HANSE_TEST_DEEP === "1";

describe("the contracts and the model of their law", () => {
  const market = useMarket();

  it.each(deep ? [...BOUNDED, ...DEEP] : [...BOUNDED])(
    "agree on history $seed of $steps transactions",
    async (history) => {
      const { steps, accepted } = await market.play({ ...history, avoiding: AVOIDED });
      expect(steps).toBeGreaterThanOrEqual(history.steps);
      // A history in which everything is refused would prove little.
      expect(accepted).toBeGreaterThan(steps / 2);
    },
    deep ? 600_000 : 60_000,
  );

  it.each([...KEPT])(
    "agree on history $seed, where they once did not: $why",
    async ({ seed, steps }) => {
      await market.play({ seed, steps, avoiding: AVOIDED });
    },
    60_000,
  );

  // What is open between interface and contract. Where one of these agrees it is decided, and its entry goes.
  it.each([...OPEN])(
    "still differ on history $seed: $why",
    async ({ seed, steps, only }) => {
      const avoiding = AVOIDED.filter((each) => each !== only);
      expect(await market.differenceIn({ seed, steps, avoiding })).not.toBe("");
    },
    60_000,
  );
});
