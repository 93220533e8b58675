import { join } from "node:path";
import { buildSync } from "esbuild";

let program: string | undefined;

/**
 * The program of the runner's child as one script of plain JavaScript, put together once in a process. A child that had to find
 * and translate its own sources would take five times as long to come up, for every task, and would need leave to read them.
 */
export function childProgram(): string {
  program ??= buildSync({
    entryPoints: [join(import.meta.dirname, "runner-child.ts")],
    ...{ bundle: true, write: false, minifyWhitespace: true, legalComments: "none" },
    ...{ platform: "node", format: "esm", target: "node24" },
  }).outputFiles[0]?.text;
  if (program === undefined) throw new Error("the runner's child was not built");
  return program;
}
