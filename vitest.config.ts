import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/cluster-template.ts"],
    setupFiles: ["test/support/property-runs.ts"],
    // Suites start real databases, chains and processes, and wait for them: give them room. Three at once keep two cores busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
