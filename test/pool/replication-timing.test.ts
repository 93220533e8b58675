import { expect, it } from "vitest";
import { workerOptions } from "#src/bin/start-worker.ts";
import { replicationTiming } from "#src/pool/replication-timing.ts";

it("has the scheduler commit, with blocks to spare for being mined, before a worker does so by itself", () => {
  const { commitMarginBlocks } = replicationTiming({});
  expect(commitMarginBlocks).toBeGreaterThanOrEqual(
    BigInt(workerOptions.commitMarginBlocks.default ?? 0) + 3n,
  );
});
