import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, createBench } from "./bench.ts";
import kept from "./kept-seeds.json" with { type: "json" };
import { play } from "./play.ts";

/** Files that share the seeds out among them, so that every core has some until the end. */
const PARTS = 4;
/** A seed takes about two seconds of a core. */
const SEEDS = process.env.HANSE_TEST_DEEP === "1" ? 10_000 : 200;
/** New seeds begin above those that were ever kept for a reason. */
const FIRST = 10_000;
const TIMEOUT_MS = 180_000;

/** What has to have happened in every part, or else its soundness says little. */
const CENSUS = [
  ...["rpc", "lost", "late", "doubled", "slow", "broken", "lies"],
  ...["crashes", "reorgs", "clockJumps", "staleHeads"],
  ...["orders", "deals", "certified", "failed", "claimed", "replicated"],
  ...["acknowledged", "traded"].flatMap((end) =>
    ["sponsored", "bulk", "byOperator", "withTerms"].map((kind) => `${end} ${kind}`),
  ),
] as const;

/** Plays one part of the seeds, and of those that ever failed. */
export function playSeeds(part: number): void {
  describe(`the whole market in seeded trouble, part ${part + 1} of ${PARTS}`, () => {
    let bench: Bench;
    const sums: Record<string, number> = {};
    beforeAll(async () => {
      bench = await createBench();
    }, 120_000);
    afterAll(() => bench?.close());

    async function expectSound(seed: number): Promise<void> {
      const { findings, unrest, complaints, stats } = await play(bench, seed);
      const sound = { findings: [], unrest: "", complaints: [] };
      expect({ findings, unrest, complaints }, `seed ${seed}`).toEqual(sound);
      for (const [name, count] of Object.entries(stats)) sums[name] = (sums[name] ?? 0) + count;
    }

    it.each(kept.filter((_, index) => index % PARTS === part))(
      "is sound after seed $seed, which once was not: $why",
      ({ seed }) => expectSound(seed),
      TIMEOUT_MS,
    );

    const seeds = Array.from({ length: SEEDS / PARTS }, (_, index) => FIRST + index * PARTS + part);
    it.each(seeds)("is sound after seed %i", (seed) => expectSound(seed), TIMEOUT_MS);

    it("went through enough to prove something", () => {
      const missing = CENSUS.filter((name) => !((sums[name] ?? 0) > 0));
      expect(missing, JSON.stringify(sums)).toEqual([]);
      // Trouble is no excuse: most tasks come to a result all the same.
      const { certified = 0, failed = 0, claimed = 0 } = sums;
      expect(certified + failed, JSON.stringify(sums)).toBeGreaterThan(claimed);
    });
  });
}
