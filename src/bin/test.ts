import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { COMPILE_CACHE_DIR } from "./compile-cache.ts";
import { ROOT, runSuite } from "./run-suite.ts";

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const vitestReport = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });

/**
 * `hanse test`: every suite, one after the other; ends with the plain line `N passed, N failed` over all of them.
 * @returns 0 only when every suite ran and nothing failed
 */
export async function runTests({ deep }: { readonly deep: boolean }): Promise<number> {
  // Each file of tests is a process, which loads the same packages.
  const env = { NODE_COMPILE_CACHE: COMPILE_CACHE_DIR, ...(deep ? { HANSE_TEST_DEEP: "1" } : {}) };
  const counts = [await runSolidity(env), await runVitest(env)];
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

async function runSolidity(env: Readonly<Record<string, string>>): Promise<Count> {
  const { exitCode, output } = await runSuite("hardhat", ["test", "solidity"], { env });
  const plain = stripColours(output);
  const sum = (pattern: RegExp) =>
    [...plain.matchAll(pattern)].reduce((all, found) => all + Number(found[1]), 0);
  return surely(exitCode, { passed: sum(/^\s*(\d+) passing/gm), failed: sum(/^\s*(\d+) failing/gm) });
}

async function runVitest(env: Readonly<Record<string, string>>): Promise<Count> {
  const report = join(ROOT, ".hanse/vitest.json");
  await mkdir(join(ROOT, ".hanse"), { recursive: true });
  await rm(report, { force: true });
  const { exitCode } = await runSuite(
    "vitest",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    { env },
  );
  const { numPassedTests, numFailedTests } = await readFile(report, "utf8")
    .then((text) => vitestReport.parse(JSON.parse(text)))
    .catch(() => ({ numPassedTests: 0, numFailedTests: 0 }));
  return surely(exitCode, { passed: numPassedTests, failed: numFailedTests });
}

/** A suite that ended badly without a failed test to show, or ran no test at all, counts as a failure. */
function surely(exitCode: number, count: Count): Count {
  const silent = count.failed === 0 && (exitCode !== 0 || count.passed === 0);
  return silent ? { ...count, failed: 1 } : count;
}

function stripColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  return text.replace(/\u001b\[[0-9;]*m/g, "");
}
