import { resolve } from "node:path";
import { CommanderError } from "commander";
import { exitCodeOf } from "#src/cli/exit-codes.ts";
import { explainError } from "#src/cli/explain-error.ts";
import { stringifyJson } from "#src/http/json.ts";
import { createProgram } from "./program.ts";
import { askAtTerminal, readStandardInput } from "./terminal.ts";

// The one program. Only here does it meet the process: environment, arguments, standard streams and exit code.

const called = process.argv.slice(2);
const print = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`);

// Whoever reads may stop reading (`hanse up | head`): what was begun still ends in order.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  const program = await createProgram(
    {
      env: process.env,
      write: print(process.stdout),
      note: print(process.stderr),
      // The wrapper has changed into the package's folder meanwhile.
      fromCaller: (path) => resolve(process.env.HANSE_CALLED_FROM ?? process.cwd(), path),
      ask: askAtTerminal,
      readInput: readStandardInput,
      recompute: async (task) => await (await import("./recompute.ts")).recomputeTask(task),
    },
    called,
  );
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}
// Some libraries keep handles open; everything that had to be finished is finished here.
setTimeout(() => process.exit(), 2_000).unref();

/** Says what went wrong, to people or to programs. @returns the exit code */
function tell(error: unknown): number {
  // It has spoken itself.
  if (error instanceof CommanderError) return exitCodeOf(error);
  const known = explainError(error);
  const exitCode = exitCodeOf(known);
  if (called.includes("--json")) {
    process.stderr.write(`${stringifyJson({ error: known, exitCode })}\n`);
    return exitCode;
  }
  const fault = known.code === "HANSE_INTERNAL" && error instanceof Error ? `\n${error.stack}` : "";
  process.stderr.write(`\n${known.message}${fault}\n`);
  return exitCode;
}
