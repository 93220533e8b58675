import { toBytes, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import type { MarketReader } from "#src/chain/market-reader.ts";
import { contentAddressOf } from "#src/content/content-address.ts";
import { createMetrics } from "#src/kernel/metrics.ts";
import { createComputation } from "#src/worker/computation.ts";
import type { RunOutcome } from "#src/worker/runner/run-outcome.ts";
import type { RunRequest } from "#src/worker/runner/wasi-runner.ts";
import { createWorkerMetrics } from "#src/worker/worker-metrics.ts";
import { silent } from "../store/test-database.ts";
import { PARAMS, sealedDeal, taskOf } from "./worker-fixture.ts";

const { signal } = new AbortController();
const limits = { memoryBytes: 1, timeMs: 2, outputBytes: 3 };
const output = new TextEncoder().encode("found");

function given(outcome: RunOutcome, deal = {}) {
  const requests: RunRequest[] = [];
  const held = new Set<string>();
  const heldWhileRunning: string[] = [];
  const registry = createMetrics({ service: "worker", processMetrics: false });
  const market: MarketReader = {
    deal: () => Promise.reject(new Error("not asked here")),
    asset: async (id) => ({ id, kind: "app", owner: "0x", checksum: `0x0${id}`, uri: "" }),
  };
  const compute = createComputation(
    {
      market,
      inputs: {
        async hold({ checksum }) {
          held.add(checksum);
          return { path: `/inputs/${checksum}`, release: () => void held.delete(checksum) };
        },
      },
      runner: async (request) => {
        requests.push(request);
        heldWhileRunning.push(...held);
        return outcome;
      },
      metrics: createWorkerMetrics(registry),
      logger: silent,
    },
    limits,
  );
  const sealed = sealedDeal(deal);
  const run = () => compute(taskOf(sealed), sealed, signal);
  return { requests, registry, held, heldWhileRunning, task: taskOf(sealed), run };
}

describe("a computation", () => {
  it("runs the deal's app over its dataset and parameters, seeded by the task", async () => {
    const memoryHash = `0x${"22".repeat(32)}` as const;
    const { run, requests, task } = given({ type: "success", output, memoryHash, log: "" }, { dataset: 2n });
    expect(await run()).toEqual({
      output,
      result: { outcome: 0, content: contentAddressOf(output), memoryHash, callbackData: "0x" },
    });
    expect(requests).toEqual([
      {
        wasm: "/inputs/0x01",
        dataset: "/inputs/0x02",
        params: toBytes(PARAMS),
        limits,
        seed: toBytes(task.taskId),
      },
    ]);
  });

  it("holds its inputs while it runs, and no longer: a missing one would be taken for a failure", async () => {
    const { run, held, heldWhileRunning } = given({ type: "fault", reason: "killed" }, { dataset: 2n });
    await expect(run()).rejects.toMatchObject({ code: "HANSE_NOT_READY" });
    expect(heldWhileRunning).toEqual(["0x01", "0x02"]);
    expect([...held]).toEqual([]);
  });

  it("takes a failure of the program for its result", async () => {
    const { run, requests } = given({ type: "failure", code: 3, reason: "slow", log: "" });
    expect(await run()).toEqual({
      output: undefined,
      result: { outcome: 3, content: zeroHash, memoryHash: zeroHash, callbackData: "0x" },
    });
    expect(requests[0]?.dataset).toBeNull();
  });

  it("takes a fault of the runner for nothing", async () => {
    const { run, registry } = given({ type: "fault", reason: "killed" });
    await expect(run()).rejects.toMatchObject({ code: "HANSE_NOT_READY", retryable: true });
    expect(await registry.metrics()).toContain('worker_tasks_total{outcome="fault",service="worker"} 1');
  });
});
