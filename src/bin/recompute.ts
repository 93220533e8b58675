import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hexToBytes, zeroHash } from "viem";
import type { Recomputed, TaskToCompute } from "#src/cli/context.ts";
import { contentAddressOf } from "#src/content/content-address.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";

const MIB = 1_048_576;

/**
 * Computes a task as a worker does.
 * @throws HANSE_RUNNER_BROKEN
 */
export async function recomputeTask(task: TaskToCompute): Promise<Recomputed> {
  const folder = await mkdtemp(join(tmpdir(), "hanse-verify-"));
  try {
    const wasm = join(folder, "app.wasm");
    const dataset = task.dataset === undefined ? null : join(folder, "dataset");
    await writeFile(wasm, task.wasm);
    if (dataset !== null && task.dataset !== undefined) await writeFile(dataset, task.dataset);
    const limits = {
      memoryBytes: task.memoryMib * MIB,
      timeMs: task.timeMs,
      outputBytes: task.outputBytes,
    };
    const outcome = await runWasi(
      { wasm, dataset, params: hexToBytes(task.params), limits, seed: hexToBytes(task.task) },
      { signal: AbortSignal.timeout(task.timeMs + 60_000) },
    );
    switch (outcome.type) {
      case "success":
        return { outcome: 0, content: contentAddressOf(outcome.output), memoryHash: outcome.memoryHash };
      case "failure":
        return { outcome: outcome.code, content: zeroHash, memoryHash: zeroHash };
      case "fault":
        throw new HanseError("HANSE_RUNNER_BROKEN", `the runner broke: ${outcome.reason}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
