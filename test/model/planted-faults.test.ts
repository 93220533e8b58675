import { describe, expect, it } from "vitest";
import { FAULTS } from "./faults.ts";
import { useMarket } from "./open-market.ts";
import { RULES } from "./rules.ts";

/** A fault need not show in every history; `FAULTS` names one in which it does. */
const AT_MOST = 4;

describe("a model with another law", () => {
  const market = useMarket();

  it.each([...FAULTS])(
    "is told apart: $name",
    async ({ rules, temper, seed, steps }) => {
      const law = { ...RULES, ...rules };
      let difference = "";
      for (let at = seed; difference === "" && at < seed + AT_MOST; at++) {
        difference = await market.differenceIn({ seed: at, steps, rules: law, temper });
      }
      expect(difference).not.toBe("");
    },
    120_000,
  );
});
