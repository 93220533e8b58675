import { resolve } from "node:path";
import { Command, CommanderError } from "commander";
import type { ConfigOptions } from "#src/kernel/config.ts";
import { describeConfig } from "#src/kernel/config.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { addUserCommands } from "../cli/user-commands.ts";
import { DEFAULT_PORT, DEFAULT_RPC_PORT, DEFAULT_STATE, parsePort } from "./up-defaults.ts";

// The one program: every service, what users do, and the commands that run it all are its subcommands.
// What a command needs is loaded when it is called: `--help` and small commands stay quick.

/** A path as the user means it: the wrapper has changed into the package's folder meanwhile. */
const fromCaller = (path: string) => resolve(process.env.HANSE_CALLED_FROM ?? process.cwd(), path);

const program = new Command("hanse")
  .description("A federated marketplace for goods and computing power")
  .exitOverride()
  .showHelpAfterError("(`hanse --help` lists the commands)");

program
  .command("up")
  .description("run the whole market on this machine until Ctrl-C; the state is kept")
  .option("--state <folder>", "where the state is kept", fromCaller, DEFAULT_STATE)
  .option("--port <number>", "first port of the services", parsePort, DEFAULT_PORT)
  .option("--rpc-port <number>", "port of the development chain", parsePort, DEFAULT_RPC_PORT)
  .action(async ({ state, port, rpcPort }) => {
    const { runUp } = await import("./up.ts");
    process.exitCode = await runUp({
      stateDir: state,
      port,
      rpcPort,
      databaseUrl: process.env.DATABASE_URL || undefined,
    });
  });

program
  .command("demo")
  .description("play the whole story on a fresh state: exit code 0 only when every check held")
  .option("--keep", "leave everything running at the end, to look at", false)
  .option("--state <folder>", "where the state is made anew", fromCaller, ".hanse/demo")
  .action(async ({ keep, state }) => {
    const { runDemo } = await import("./demo.ts");
    process.exitCode = await runDemo({
      keep,
      stateDir: state,
      databaseUrl: process.env.DATABASE_URL || undefined,
    });
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
  .option("--json", "answer with JSON", false)
  .action(async ({ state, atRest, json }) => {
    const { runAudit } = await import("./audit.ts");
    process.exitCode = await runAudit({ stateDir: state, atRest, json });
  });

interface Service {
  readonly summary: string;
  readonly load: () => Promise<{
    readonly options: ConfigOptions;
    readonly start: () => Promise<void>;
  }>;
}

const SERVICES: Readonly<Record<string, Service>> = {
  chain: {
    summary: "a development chain",
    load: async () => {
      const { chainOptions, startChain } = await import("./start-chain.ts");
      return { options: chainOptions, start: startChain };
    },
  },
  content: {
    summary: "keeps and serves content by its hash",
    load: async () => {
      const { contentOptions, startContent } = await import("./start-content.ts");
      return { options: contentOptions, start: startContent };
    },
  },
  broker: {
    summary: "keeps orders, matches them and has them sealed",
    load: async () => {
      const { brokerOptions, startBroker } = await import("./start-broker.ts");
      return { options: brokerOptions, start: startBroker };
    },
  },
  pool: {
    summary: "schedules the tasks of one worker pool",
    load: async () => {
      const { poolOptions, startPool } = await import("./start-pool.ts");
      return { options: poolOptions, start: startPool };
    },
  },
  worker: {
    summary: "computes for a pool and earns",
    load: async () => {
      const { workerOptions, startWorker } = await import("./start-worker.ts");
      return { options: workerOptions, start: startWorker };
    },
  },
  "lying-worker": {
    summary: "a worker that answers wrongly, for the demo and for tests",
    load: async () => {
      const { workerOptions, startLyingWorker } = await import("./start-worker.ts");
      return { options: workerOptions, start: startLyingWorker };
    },
  },
};

for (const [name, { summary, load }] of Object.entries(SERVICES)) {
  const group = program.command(name, { hidden: name === "lying-worker" }).description(summary);
  group
    .command("start")
    .description("run it as this process, configured by the environment")
    .action(async () => (await load()).start());
  group
    .command("options")
    .description("list what the environment can set")
    .action(async () => {
      for (const option of describeConfig((await load()).options)) {
        const fallback =
          option.default === undefined ? (option.required ? "required" : "optional") : option.default;
        process.stdout.write(`${option.env}\n    ${option.doc} (${fallback || "empty"})\n`);
      }
    });
}

addUserCommands(program, {
  env: process.env,
  write: (line) =>
    void process.stdout.write(`${line}
`),
  note: (line) =>
    void process.stderr.write(`${line}
`),
  fromCaller,
});

// Whoever reads may stop reading (`hanse up | head`): what was begun still ends in order.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}
// Some libraries keep handles open; everything that had to be finished is finished here.
setTimeout(() => process.exit(), 2_000).unref();

/** @returns the exit code: 2 for a wrong call, 130 for Ctrl-C, 1 for everything else */
function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof HanseError ? error : fromSystemError(error);
  if (known instanceof HanseError) {
    process.stderr.write(`\n${known.message}\n`);
    return known.code === "HANSE_INTERRUPTED" ? 130 : 1;
  }
  process.stderr.write(`\n${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
