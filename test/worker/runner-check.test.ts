import { describe, expect, it } from "vitest";
import { runWasi } from "#src/worker/runner/wasi-runner.ts";
import { assertRunnerWorks } from "#src/worker/runner-check.ts";

const limits = { memoryBytes: 1_048_576, timeMs: 20_000, outputBytes: 1_024 };

describe("assertRunnerWorks", () => {
  it.each(["fault", "failure"] as const)("refuses a runner that answers with a %s", async (type) => {
    const outcome = { type, reason: "broken", code: 2, log: "" } as never;
    await expect(assertRunnerWorks(async () => outcome, limits)).rejects.toMatchObject({
      code: "HANSE_RUNNER_BROKEN",
    });
  });

  it("is content with the real one", async () => {
    await expect(assertRunnerWorks(runWasi, limits)).resolves.toBeUndefined();
  });
});
