import { describe, expect, it } from "vitest";
import { useMarket } from "./open-market.ts";
import { RULES, type Rules } from "./rules.ts";

interface Fault {
  readonly name: string;
  readonly rules: Partial<Rules>;
  /** A history as long as those of every run, or one in which scores get high enough. */
  readonly seed: number;
  readonly steps: number;
}

const FAULTS: readonly Fault[] = [
  { name: "rewards by weight instead of its log2", rules: { rewardShare: (w) => w }, seed: 4, steps: 600 },
  { name: "a fine of 4 % instead of 5", rules: { finePercent: 4n }, seed: 1, steps: 350 },
  { name: "two points for a right answer", rules: { scoreGain: 2 }, seed: 3, steps: 350 },
  { name: "forfeits go to the treasury at once", rules: { forfeitsStay: false }, seed: 1, steps: 350 },
  { name: "a slash is shared beyond the fines", rules: { slashBoundByFines: false }, seed: 1, steps: 350 },
  { name: "each order has a volume of its own", rules: { saltsShared: false }, seed: 1, steps: 350 },
  { name: "the grace is one block shorter", rules: { graceBlocks: 9n }, seed: 1, steps: 350 },
  { name: "four misses to lose a seat", rules: { missesToLoseSeat: 4 }, seed: 2, steps: 350 },
];

describe("a model with another law", () => {
  const market = useMarket();

  it.each([...FAULTS])(
    "is told apart: $name",
    async ({ rules, seed, steps }) => {
      const history = { seed, steps, rules: { ...RULES, ...rules } };
      expect(await market.differenceIn(history)).not.toBe("");
    },
    60_000,
  );
});
