import { runSuite } from "./run-suite.ts";

interface Linter {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Each checks one kind of rule of `docs/engineering.md`. The first builds what others read; nobody may read meanwhile. */
const GENERATED: readonly Linter[] = [
  { name: "generated files", command: "node", args: ["scripts/build.ts", "--check"] },
];
/** Then both rows at once, each taking about as long as the other. */
const ROWS: readonly (readonly Linter[])[] = [
  [
    { name: "types", command: "tsc", args: ["-p", "."] },
    { name: "TypeScript style", command: "biome", args: ["check", "--error-on-warnings", "."] },
  ],
  [
    { name: "imports", command: "depcruise", args: ["src", "apps", "scripts", "test"] },
    { name: "unused code", command: "knip", args: [] },
    { name: "gas", command: "node", args: ["scripts/measure/gas.ts", "--check"] },
    { name: "lockfile", command: "node", args: ["scripts/complete-lockfile.ts", "--check"] },
    { name: "Solidity rules", command: "solhint", args: ["--max-warnings", "0", "contracts/**/*.sol"] },
    { name: "Solidity style", command: "prettier", args: ["--check", "contracts/**/*.sol", "test/**/*.sol"] },
  ],
];

/**
 * `hanse lint`: every linter, all of them even when one complains.
 * @returns 0 only when none does
 */
export async function runLinters(): Promise<number> {
  const complaining = await runEach(GENERATED);
  complaining.push(...(await Promise.all(ROWS.map(runEach))).flat());
  process.stdout.write(
    complaining.length === 0 ? "all linters content\n" : `not content: ${complaining.join(", ")}\n`,
  );
  return complaining.length === 0 ? 0 : 1;
}

/** @returns the names of those that complained */
async function runEach(linters: readonly Linter[]): Promise<string[]> {
  const complaining: string[] = [];
  for (const { name, command, args } of linters) {
    const { exitCode, output } = await runSuite(command, args, { held: true });
    process.stdout.write(`── ${name}\n${output}`);
    if (exitCode !== 0) complaining.push(name);
  }
  return complaining;
}
