import { enableCompileCache } from "node:module";
import { resolve } from "node:path";
import { COMPILE_CACHE_DIR } from "./compile-cache.ts";

// The one program. Only here does it meet the process: environment, arguments, standard streams and exit code.

// Before anything large is loaded, so that it is found there.
enableCompileCache(COMPILE_CACHE_DIR);
const { runProgram } = await import("./run-program.ts");
const { askAtTerminal, readStandardInput } = await import("./terminal.ts");

const print = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`);

// Whoever reads may stop reading (`hanse up | head`): what was begun still ends in order.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const exitCode = await runProgram(
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
  process.argv.slice(2),
);
if (exitCode !== 0) process.exitCode = exitCode;
// Some libraries keep handles open; everything that had to be finished is finished here.
setTimeout(() => process.exit(), 2_000).unref();
