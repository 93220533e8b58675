import { describe, expect, it } from "vitest";
import { FAULTS } from "./faults.ts";
import { useMarket } from "./open-market.ts";
import { RULES } from "./rules.ts";

/**
 * A fault need not show in every history; `FAULTS` names one in which it does. But a build of the contracts may differ from
 * another in how its functions are laid out, with that the hashes of its blocks, and with those who is drawn.
 */
const AT_MOST = 12;

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
    300_000,
  );
});
