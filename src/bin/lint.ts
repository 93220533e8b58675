import { runSuite } from "./run-suite.ts";

/** Each checks one kind of rule of `docs/engineering.md`. */
const LINTERS: readonly {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}[] = [
  { name: "types", command: "tsc", args: ["-p", "."] },
  { name: "TypeScript style", command: "biome", args: ["check", "--error-on-warnings", "."] },
  { name: "imports", command: "depcruise", args: ["src", "apps", "scripts", "test"] },
  { name: "unused code", command: "knip", args: [] },
  { name: "Solidity rules", command: "solhint", args: ["--max-warnings", "0", "contracts/**/*.sol"] },
  { name: "Solidity style", command: "prettier", args: ["--check", "contracts/**/*.sol", "test/**/*.sol"] },
  { name: "generated files", command: "node", args: ["scripts/build.ts", "--check"] },
  // After the generated files: contracts are built by now.
  { name: "gas", command: "node", args: ["scripts/measure/gas.ts", "--check"] },
  { name: "lockfile", command: "node", args: ["scripts/complete-lockfile.ts", "--check"] },
];

/**
 * `hanse lint`: every linter, all of them even when one complains.
 * @returns 0 only when none does
 */
export async function runLinters(): Promise<number> {
  const complaining: string[] = [];
  for (const { name, command, args } of LINTERS) {
    process.stdout.write(`── ${name}\n`);
    const { exitCode } = await runSuite(command, args);
    if (exitCode !== 0) complaining.push(name);
  }
  process.stdout.write(
    complaining.length === 0 ? "all linters content\n" : `not content: ${complaining.join(", ")}\n`,
  );
  return complaining.length === 0 ? 0 : 1;
}
