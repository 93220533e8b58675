import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createMetrics } from "#src/kernel/metrics.ts";
import { compensation } from "#src/worker/earnings-events.ts";
import { openEarningsLedger } from "#src/worker/earnings-ledger.ts";
import type { EarningsEntry } from "#src/worker/earnings-sums.ts";
import { createWorkerMetrics } from "#src/worker/worker-metrics.ts";

const [task, other, deal] = ["01", "02", "0d"].map((byte): Hex => `0x${byte.repeat(32)}`) as [Hex, Hex, Hex];
const entry = (kind: EarningsEntry["kind"], amountNano: bigint, change: Partial<EarningsEntry> = {}) => ({
  ...{ kind, amountNano, task, deal },
  ...change,
});

let path: string;
const registry = createMetrics({ service: "worker", processMetrics: false });
const metrics = createWorkerMetrics(registry);
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "hanse-earnings-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  path = join(directory, "earnings.jsonl");
});
const open = () => openEarningsLedger(path, metrics);
const nothing = {
  ...{ earnedNano: 0n, compensatedNano: 0n, finedNano: 0n, slashedNano: 0n },
  ...{ forfeitedNano: 0n, collectedNano: 0n, gasWei: 0n },
};

describe("a worker's ledger", () => {
  it("enters a block once, however often it is told, also after a restart", async () => {
    const ledger = await open();
    await ledger.enter(5n, [entry("earned", 7n)]);
    await ledger.enter(5n, [entry("earned", 7n)]);
    await ledger.enter(4n, [entry("earned", 7n)]);
    const again = await open();
    await again.enter(5n, [entry("earned", 7n)]);
    expect(again.totals()).toEqual({ ...nothing, earnedNano: 7n });
  });

  it("enters a transaction's cost once", async () => {
    const cost = { transaction: task, what: "collect", wei: 3n, block: 9n };
    await (await open()).spend(cost);
    const again = await open();
    await again.spend(cost);
    await again.spend({ ...cost, transaction: other, task });
    expect(again.totals().gasWei).toBe(6n);
    expect(again.tasks(9).map(({ gasWei }) => gasWei)).toEqual([3n]);
  });

  it("takes back what a reorganisation undid, and goes on from there", async () => {
    const ledger = await open();
    await ledger.enter(5n, [entry("earned", 7n)]);
    await ledger.enter(8n, [entry("earned", 20n, { task: other })]);
    await ledger.rewind({ number: 6n, hash: "0x" });
    expect(ledger.totals().earnedNano).toBe(7n);
    await ledger.enter(7n, [entry("fined", 2n, { task: other })]);
    for (const each of [ledger, await open()]) {
      expect(each.totals()).toEqual({ ...nothing, earnedNano: 7n, finedNano: 2n });
      expect(each.tasks(9).map(({ task: id }) => id)).toEqual([other, task]);
    }
  });

  it("drops what a crash has cut short, and takes it when it is told again", async () => {
    await (await open()).enter(5n, [entry("earned", 7n)]);
    await appendFile(path, '{"type":"block","number":"6","entr');
    const again = await open();
    await again.enter(6n, [entry("earned", 1n)]);
    expect((await open()).totals().earnedNano).toBe(8n);
  });

  it("sums up by task, newest first", async () => {
    const ledger = await open();
    await ledger.enter(5n, [entry("earned", 7n), entry("fined", 1n, { task: other })]);
    await ledger.enter(6n, [entry("compensated", 2n), { kind: "collected", amountNano: 4n }]);
    expect(ledger.tasks(1)).toEqual([
      {
        ...{ task, deal, earnedNano: 7n, compensatedNano: 2n, finedNano: 0n, slashedNano: 0n, gasWei: 0n },
        atBlock: 6n,
      },
    ]);
    expect(ledger.tasks(0)).toEqual([]);
    expect(ledger.totals()).toEqual({
      ...nothing,
      ...{ earnedNano: 7n, compensatedNano: 2n, finedNano: 1n, collectedNano: 4n },
    });
    expect(await registry.metrics()).toContain('worker_earnings_nano{kind="earned",service="worker"} 7');
  });

  it("counts a stake once, though several tasks take of it", async () => {
    const ledger = await open();
    await ledger.enter(5n, [entry("slashed", 8n, { forfeitedNano: 92n })]);
    await ledger.enter(6n, [entry("slashed", 8n, { forfeitedNano: 84n, task: other })]);
    expect(ledger.totals()).toEqual({ ...nothing, slashedNano: 16n, forfeitedNano: 84n });
    // Of another seat.
    await ledger.enter(7n, [entry("slashed", 8n, { forfeitedNano: 92n })]);
    expect(ledger.totals()).toEqual({ ...nothing, slashedNano: 24n, forfeitedNano: 176n });
  });
});

it.each([
  // Nobody who was absent had anything to lose: nothing to share.
  [100n, 0n, 2, 0n],
  // The fines, less a tenth of them.
  [100n, 20n, 2, 9n],
  // Never more than what the pool's owner loses.
  [100n, 500n, 3, 30n],
  [0n, 500n, 3, 0n],
])("of a slash of %s and fines of %s each of %s workers gets %s", (slashed, fines, workers, each) => {
  expect(compensation(slashed, fines, workers)).toBe(each);
});
