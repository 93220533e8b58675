// Measures how many branches of contracts/ the Solidity suites take: each condition of `if`, ternaries, `while`, `require`
// and `try`, and each operand of `&&` and `||`, both ways. Hardhat's own coverage counts statements and lines; this runs it on
// sources that tell more. The contracts' syntax trees are those of the last build.
//   node scripts/measure/branches.ts [suites…]
// Takes ten minutes or more. Fails where a way was never taken. A test that bounds the cost of a draw fails in it, since
// sources that tell cost more; suites are judged by `hanse test`.
import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pathWithTools } from "../path-with-tools.ts";
import { type AstNode, type Branch, instrument, PROBE } from "./branches/instrument.ts";

/** A project of its own, whose packages are found in the folders above. */
const PROJECT = ".hanse/branches";
const PROBE_PATH = "contracts/Probe.sol";
const COPIED = ["contracts", "test/contracts", "package.json"];

const CONFIG = `export { default } from "../../hardhat.config.ts";
`;

const branches = await prepare();
const { error } = spawnSync(
  "hardhat",
  ["test", "solidity", "--coverage", "--no-typechain", ...process.argv.slice(2)],
  { cwd: PROJECT, stdio: "inherit", env: { ...process.env, PATH: pathWithTools() } },
);
if (error !== undefined) throw error;
const taken = await readTags();
if (!report(branches, taken)) process.exitCode = 1;

async function prepare(): Promise<Branch[]> {
  for (const path of [...COPIED, "coverage"]) await rm(join(PROJECT, path), { recursive: true, force: true });
  for (const path of COPIED) await cp(path, join(PROJECT, path), { recursive: true });
  await writeFile(join(PROJECT, PROBE_PATH), PROBE);
  await writeFile(join(PROJECT, "hardhat.config.ts"), CONFIG);
  // Where the build looks for bindings, which are not made here.
  await mkdir(join(PROJECT, "types/ethers-contracts"), { recursive: true });
  const found: Branch[] = [];
  for (const [source, { content, ast }] of Object.entries(await readBuilt())) {
    const path = relative(dirname(source), PROBE_PATH);
    const importPath = path.startsWith(".") ? path : `./${path}`;
    const made = instrument(source, content, ast, found.length, importPath);
    await writeFile(join(PROJECT, source), made.content);
    found.push(...made.branches);
  }
  return found;
}

/** Our contracts as they are, in the order of their names. Outputs of earlier builds may lie beside that of the last. */
async function readBuilt(): Promise<Record<string, { content: string; ast: AstNode }>> {
  const folder = "artifacts/build-info";
  const readInfo = async <T>(name: string) => JSON.parse(await readFile(join(folder, name), "utf8")) as T;
  const built: Record<string, { content: string; ast: AstNode }> = {};
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".output.json"))) {
    const { output } = await readInfo<{ output: { sources: Record<string, { ast: AstNode }> } }>(name);
    const { input } = await readInfo<{ input: { sources: Record<string, { content: string }> } }>(
      name.replace(".output", ""),
    );
    for (const [source, { ast }] of Object.entries(output.sources)) {
      const content = input.sources[source]?.content;
      if (!source.startsWith("project/contracts/") || content === undefined) continue;
      const path = source.slice("project/".length);
      if (content === (await readFile(path, "utf8").catch(() => ""))) built[path] = { content, ast };
    }
  }
  const missing = (await readdir("contracts", { recursive: true }))
    .filter((name) => name.endsWith(".sol"))
    .find((name) => !(`contracts/${name}` in built));
  if (missing !== undefined) throw new Error(`contracts/${missing} has changed since the last build`);
  return Object.fromEntries(Object.entries(built).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What was told: of branch n, 2n where it was false and 2n + 1 where it was true. Statements' tags are hashes. */
async function readTags(): Promise<Set<bigint>> {
  const folder = join(PROJECT, "coverage/data");
  const files = await readdir(folder, { recursive: true });
  const contents = await Promise.all(
    files.filter((file) => file.endsWith(".json")).map((file) => readFile(join(folder, file), "utf8")),
  );
  const tags = contents.flatMap((text) => Object.keys(JSON.parse(text)));
  return new Set(tags.map((tag) => BigInt(`0x${tag}`)));
}

/** @returns whether all were taken */
function report(all: readonly Branch[], tags: ReadonlySet<bigint>): boolean {
  let ways = 0;
  for (const [number, { source, line, text }] of all.entries()) {
    for (const way of [0, 1]) {
      if (tags.has(BigInt(2 * number + way))) ways += 1;
      else process.stdout.write(`${source}:${line} never ${way === 1}: ${text.replace(/\s+/g, " ")}\n`);
    }
  }
  const percent = ((100 * ways) / (2 * all.length)).toFixed(2);
  process.stdout.write(`branches: ${ways} of ${2 * all.length} (${percent} %)\n`);
  return ways === 2 * all.length;
}
