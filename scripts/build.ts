// Builds what is generated: contracts, their TypeScript bindings, ABIs, sizes and storage layouts, the WASI apps, and
// reference pages.
//   node scripts/build.ts           builds what changed
//   node scripts/build.ts --check   also fails when a checked-in generated file is stale, the shared test vectors among
//                                   them, or a contract too big
import { spawnSync } from "node:child_process";
import { exportAbis } from "./abi/export.ts";
import { findOversized, readContractFacts, writeContractFacts } from "./contracts/facts.ts";
import { writePages } from "./measure/record.ts";
import { pathWithTools } from "./path-with-tools.ts";
import { findStaleVectors } from "./vectors/check.ts";

const check = process.argv.includes("--check");

run("hardhat", ["build", "--no-tests"]);
run(process.execPath, ["apps/build.ts"]);
const facts = await readContractFacts();
const stale = [
  ...(await exportAbis(check)),
  ...(await writeContractFacts(facts, check)),
  ...(await writePages(check)),
];
// Only now: the pages are made from sources that import the ABIs.
const { writeReference } = await import("./docs/reference.ts");
stale.push(...(await writeReference(check)));
if (check && stale.length > 0) {
  process.stderr.write(`stale, run \`node scripts/build.ts\` and commit: ${stale.join(", ")}\n`);
  process.exitCode = 1;
}
if (check) {
  for (const complaint of [...(await findStaleVectors()), ...findOversized(facts)]) {
    process.stderr.write(`${complaint}\n`);
    process.exitCode = 1;
  }
}

/** Shows the output of a step only when it fails: a build that works has nothing to say. */
function run(command: string, args: string[]): void {
  const env = { ...process.env, PATH: pathWithTools() };
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", env });
  if (status === 0) return;
  process.stderr.write(`${command} ${args.join(" ")} failed\n${stdout ?? ""}${stderr ?? ""}${error ?? ""}\n`);
  process.exit(1);
}
