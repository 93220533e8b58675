// TypeChain writes for compilers; Node runs our TypeScript as it stands, by stripping types. Two things in the output
// stand in the way: a stray semicolon after interfaces, and imports that name `.js` files nobody makes.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Patches every file below `folder` in place; a second run changes nothing. */
export async function patchTypechain(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, "utf8");
    const patched = text
      .replace(/(export interface OutputObject \{[^}]*\});/g, "$1")
      .replace(/(from\s+["']\.[^"']*)\.js(["'])/g, "$1.ts$2")
      .replace(/(import\(["']\.[^"']*)\.js(["']\))/g, "$1.ts$2");
    if (patched !== text) await writeFile(path, patched);
  }
}
