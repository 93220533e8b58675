import type { Command } from "commander";
import { accountOfKey, DEVELOPMENT_CHAIN_ID } from "#src/chain/development-keys.ts";
import { answer } from "#src/cli/answer.ts";
import { parseAsset } from "#src/cli/arguments.ts";
import { type JsonFlag, withJson } from "#src/cli/connection.ts";
import type { CliContext } from "#src/cli/context.ts";
import { findKey, type SignerFlags } from "#src/cli/signer.ts";
import type { Installation } from "#src/doctor/examine.ts";
import type { Finding, Status } from "#src/doctor/finding.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { DEFAULT_PORT, DEFAULT_RPC_PORT, DEFAULT_STATE } from "./up-defaults.ts";

interface DoctorFlags extends JsonFlag, SignerFlags {
  readonly state: string;
  readonly rpc?: string;
  readonly deployment?: string;
  readonly broker?: string;
  readonly poolUrl?: string;
  readonly content?: string;
  readonly pool?: string;
}

const MARKS: Readonly<Record<Status, string>> = {
  ok: "ok     ",
  skipped: "–      ",
  warning: "WARNING",
  wrong: "WRONG  ",
};

/** `hanse doctor`: what is wrong with this installation, and what to do. */
export function addDoctorCommand(program: Command, context: CliContext): void {
  const { env, fromCaller } = context;
  withJson(program.command("doctor"))
    .description("say what is wrong with this installation, and what to do; exit code 1 where something is")
    .option("--state <folder>", "where state is kept", fromCaller, env.HANSE_STATE_DIR || DEFAULT_STATE)
    .option("--rpc <urls>", "RPC endpoints, separated by commas", env.HANSE_RPC_URL || undefined)
    .option("--deployment <file>", "deployment manifest", fromCaller, env.HANSE_DEPLOYMENT || undefined)
    .option("--broker <url>", "base URL of the broker", env.HANSE_BROKER_URL || undefined)
    .option("--pool-url <url>", "base URL of the pool's scheduler", env.HANSE_POOL_URL || undefined)
    .option("--content <url>", "base URL of a content service", env.HANSE_CONTENT_URL || undefined)
    .option("--wallet <name>", "the wallet to look at; else the default one")
    .option("--pool <id>", "the pool that a worker has a seat in, or wants one", env.HANSE_POOL || undefined)
    .action(async (flags: DoctorFlags) => {
      const { examineInstallation } = await import("#src/doctor/examine.ts");
      const findings = await examineInstallation(
        { logger: createLogger({ service: "doctor", level: "silent" }), progress: context.note },
        await installationOf(context, flags),
      );
      const count = (status: Status) => findings.filter((each) => each.status === status).length;
      const [faults, warnings] = [count("wrong"), count("warning")];
      answer(context, flags.json, { healthy: faults === 0, wrong: faults, warnings, findings }, [
        ...findings.flatMap(describe),
        faults === 0
          ? `nothing is wrong, ${warnings} warnings`
          : `${faults} things are wrong, ${warnings} warnings`,
      ]);
      if (faults === 0) return;
      throw new HanseError("HANSE_INSTALLATION_FAULTY", `${faults} things are wrong with this installation`);
    });
}

function describe({ check, status, says, todo }: Finding): string[] {
  const head = `${MARKS[status]}  ${check.padEnd(18)}  ${says}`;
  return todo === undefined ? [head] : [head, `${" ".repeat(29)}→ ${todo}`];
}

/** What a flag or the environment names has to be there; what stands at a usual place may be. */
async function installationOf(context: CliContext, flags: DoctorFlags): Promise<Installation> {
  const { env } = context;
  const [{ brokerMigrations }, { poolMigrations }, { runWasi }, { assertRunnerWorks }] = await Promise.all([
    import("#src/broker/broker-migrations.ts"),
    import("#src/pool/pool-migrations.ts"),
    import("#src/worker/runner/wasi-runner.ts"),
    import("#src/worker/runner-check.ts"),
  ]);
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const [broker, pool, content] = [DEFAULT_PORT, DEFAULT_PORT + 1, DEFAULT_PORT + 2];
  const peer = (name: "broker" | "pool" | "content", url: string | undefined, port: number) => ({
    ...{ name, url: (url ?? at(port)).replace(/\/+$/, ""), named: url !== undefined },
  });
  return {
    stateDir: flags.state,
    ports: { chain: DEFAULT_RPC_PORT, broker, pool, content },
    databaseUrl: env.DATABASE_URL || undefined,
    schemas: [
      { schema: "broker", migrations: brokerMigrations },
      { schema: "pool", migrations: poolMigrations },
    ],
    chain: {
      rpcUrls: (flags.rpc ?? at(DEFAULT_RPC_PORT)).split(",").map((each) => each.trim()),
      rpcNamed: flags.rpc !== undefined,
      manifest: flags.deployment ?? `${flags.state}/deployment.json`,
      manifestNamed: flags.deployment !== undefined,
    },
    peers: [
      peer("broker", flags.broker, broker),
      peer("pool", flags.poolUrl, pool),
      peer("content", flags.content, content),
    ],
    findWallet: async (chainId) => {
      const found = await findKey(context, flags);
      if (found === undefined) return { type: "none" };
      if (found.type === "keystore") return { type: "keystore", path: found.path, address: found.address };
      const { address } = accountOfKey(found.key, chainId ?? DEVELOPMENT_CHAIN_ID);
      return { type: "key", variable: "HANSE_PRIVATE_KEY", address };
    },
    pool: flags.pool === undefined ? undefined : parseAsset(flags.pool),
    runProgram: () =>
      assertRunnerWorks(runWasi, { memoryBytes: 2 ** 24, timeMs: 10_000, outputBytes: 2 ** 16 }),
  };
}
