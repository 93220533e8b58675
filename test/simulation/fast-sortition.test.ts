import fc from "fast-check";
import { bytesToHex, numberToHex } from "viem";
import { describe, expect, it } from "vitest";
import { createShuffle, MAX_DRAWS } from "#src/protocol/draw.ts";
import { createFastSortition, MAX_SEATS, numberWord } from "./fast-sortition.ts";

const word = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the fast sortition", () => {
  it("refuses more seats than it can divide by exactly", async () => {
    await expect(createFastSortition(MAX_SEATS + 1)).rejects.toThrow(RangeError);
  });

  it("draws what the protocol draws: task after task, a new seed each round, to the last number", async () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: MAX_SEATS }));
    const task = fc.record({ id: word, seeds: fc.array(word, { minLength: 1, maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(size, fc.array(task, { minLength: 1, maxLength: 3 }), async (seats, tasks) => {
        const fast = await createFastSortition(seats);
        for (const { id, seeds } of tasks) {
          const shuffle = createShuffle(seats);
          fast.begin(id);
          for (const seed of seeds) {
            fast.useSeed(seed);
            for (let place = 0; place < 16; place++) {
              expect(fast.draw()).toBe(shuffle.draw(bytesToHex(seed), bytesToHex(id)));
            }
          }
        }
      }),
      // Each size has an array of its own.
      { numRuns: 60 },
    );
  });

  it("ends where the protocol ends", async () => {
    for (const seats of [MAX_DRAWS - 1, MAX_DRAWS, MAX_DRAWS + 1]) {
      const [fast, shuffle] = [await createFastSortition(seats), createShuffle(seats)];
      fast.begin(numberWord(1));
      fast.useSeed(numberWord(2));
      for (let draw = 0; draw <= MAX_DRAWS; draw++) {
        const expected = shuffle.draw(bytesToHex(numberWord(2)), bytesToHex(numberWord(1)));
        expect(fast.draw()).toBe(expected);
      }
      expect(fast.draw()).toBeUndefined();
    }
  });
});

describe("numberWord", () => {
  it("is a number as the ABI encodes it", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
        expect(bytesToHex(numberWord(value))).toBe(numberToHex(value, { size: 32 }));
      }),
    );
  });
});
