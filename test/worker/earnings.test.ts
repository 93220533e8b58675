import { describe, expect, it } from "vitest";
import { keepCollecting } from "#src/worker/earnings.ts";
import { silent } from "../store/test-database.ts";
import { createFakeChain, POOL } from "./worker-fixture.ts";

/** Looks at the seat as often as there are amounts in `earned`, each found there by one look. */
async function looking(earned: readonly bigint[], collectFromNano: bigint, fail = false) {
  const { chain, state } = createFakeChain();
  const stopping = new AbortController();
  let looks = 0;
  const clock = {
    now: () => 0,
    sleep: async () => {
      state.earned = earned[looks] ?? 0n;
      if (looks++ === earned.length) stopping.abort();
    },
  };
  const collect = fail ? () => Promise.reject(new Error("no gas")) : chain.collect;
  await keepCollecting(
    { chain: { seat: chain.seat, collect }, clock, logger: silent },
    { pool: POOL, seat: 3, collectFromNano, everyMs: 1 },
    stopping.signal,
  );
  return state.sent;
}

describe("a worker's earnings", () => {
  it("stay in the seat while they are too little for a transaction", async () => {
    expect(await looking([0n, 5n, 9n], 10n)).toEqual([]);
  });

  it("are not asked for when there are none, whatever the least amount", async () => {
    expect(await looking([0n, 0n], 0n)).toEqual([]);
  });

  it("are collected as soon as they are enough", async () => {
    expect(await looking([9n, 10n, 3n, 25n], 10n)).toEqual(["collect 3", "collect 3"]);
  });

  it("are tried for again after a failure", async () => {
    expect(await looking([10n, 10n], 10n, true)).toEqual([]);
  });
});
