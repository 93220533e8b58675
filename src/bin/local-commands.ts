import type { Command } from "commander";
import type { CliContext } from "#src/cli/context.ts";
import { DEFAULT_PORT, DEFAULT_RPC_PORT, DEFAULT_STATE, parsePort } from "./up-defaults.ts";

/** Adds what runs everything on this machine. What a command needs is loaded when it is called. */
export function addLocalCommands(program: Command, { env, fromCaller }: CliContext): void {
  const databaseUrl = env.DATABASE_URL || undefined;

  program
    .command("up")
    .description("run the whole market on this machine until Ctrl-C; the state is kept")
    .option("--state <folder>", "where the state is kept", fromCaller, DEFAULT_STATE)
    .option("--port <number>", "first port of the services", parsePort, DEFAULT_PORT)
    .option("--rpc-port <number>", "port of the development chain", parsePort, DEFAULT_RPC_PORT)
    .action(async ({ state, port, rpcPort }) => {
      const { runUp } = await import("./up.ts");
      process.exitCode = await runUp({ stateDir: state, port, rpcPort, databaseUrl });
    });

  program
    .command("demo")
    .description("play the whole story on a fresh state: exit code 0 only when every check held")
    .option("--keep", "leave everything running at the end, to look at", false)
    .option("--state <folder>", "where the state is made anew", fromCaller, ".hanse/demo")
    .action(async ({ keep, state }) => {
      const { runDemo } = await import("./demo.ts");
      process.exitCode = await runDemo({ keep, stateDir: state, databaseUrl });
    });

  program
    .command("test")
    .description("run every suite, in bounded form")
    .option("--deep", "run the long ones whole", false)
    .action(async ({ deep }) => {
      const { runTests } = await import("./test.ts");
      process.exitCode = await runTests({ deep });
    });

  program
    .command("lint")
    .description("check style, types, imports and generated files")
    .action(async () => {
      const { runLinters } = await import("./lint.ts");
      process.exitCode = await runLinters();
    });

  program
    .command("audit")
    .description("prove from chain and databases that nothing was lost, doubled or created")
    .option("--state <folder>", "state of the `hanse up` to look at", fromCaller, DEFAULT_STATE)
    .option("--at-rest", "nothing is under way: what still waits is a finding too", false)
    .option(
      "--orders <file>",
      "hashes of orders, one a line, that the broker acknowledged: each has to be there",
      fromCaller,
    )
    .option("--json", "answer with JSON", false)
    .action(async ({ state, atRest, orders, json }) => {
      const { runAudit } = await import("./audit.ts");
      process.exitCode = await runAudit({ stateDir: state, atRest, ordersFile: orders, json });
    });
}
