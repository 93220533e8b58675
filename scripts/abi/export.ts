// Writes `src/abi/` from the compiled contracts. The files are checked in, so that services need no compiler, and CI
// compares them (`--check`).
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXPORTED_CONTRACTS } from "./exported-contracts.ts";

const OUTPUT = "src/abi";

interface Artifact {
  readonly abi: readonly unknown[];
}

async function render(name: string, source: string): Promise<{ file: string; text: string }> {
  const artifact = JSON.parse(await readFile(join("artifacts", source, `${name}.json`), "utf8")) as Artifact;
  const file = `${name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}-abi.ts`;
  const constant = `${name[0]?.toLowerCase()}${name.slice(1)}Abi`;
  const entries = artifact.abi.map((entry) => `  ${JSON.stringify(entry)},`).join("\n");
  return {
    file,
    text: `// Generated from ${source} by \`scripts/abi/export.ts\`; do not edit.\nexport const ${constant} = [\n${entries}\n] as const;\n`,
  };
}

/** @returns the files that differ from what the contracts say; they are rewritten unless `check` is set. */
export async function exportAbis(check: boolean): Promise<string[]> {
  await mkdir(OUTPUT, { recursive: true });
  const stale: string[] = [];
  for (const [name, source] of Object.entries(EXPORTED_CONTRACTS)) {
    const { file, text } = await render(name, source);
    const path = join(OUTPUT, file);
    const present = await readFile(path, "utf8").catch(() => "");
    if (present === text) continue;
    stale.push(path);
    if (!check) await writeFile(path, text);
  }
  return stale;
}
