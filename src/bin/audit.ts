import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { z } from "zod";
import { AT_REST, auditMarket, WORKING } from "#src/audit/audit-market.ts";
import type { MarketFacts } from "#src/audit/facts.ts";
import { FINDING_CODES, type Finding, foundAgain } from "#src/audit/finding.ts";
import { readMarketFacts } from "#src/audit/read-market.ts";
import { connectChain } from "#src/chain/chain-client.ts";
import { checkDeployment, readDeployment } from "#src/chain/deployment.ts";
import { stringifyJson } from "#src/http/json.ts";
import { defineOption, loadConfig } from "#src/kernel/config.ts";
import { listOption } from "#src/kernel/config-types.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { type Database, openDatabase } from "#src/store/database.ts";
import { runningPostgresUrl } from "#src/store/running-postgres.ts";
import { bytes32, deployment, rpcUrl } from "./options.ts";

export const auditOptions = {
  rpcUrl,
  deployment,
  databaseUrls: defineOption({
    schema: listOption().pipe(z.array(z.string().min(1))),
    env: "DATABASE_URL",
    doc: "connection strings of the PostgreSQL of broker and pools, separated by commas; default: that of `hanse up`, if it runs",
    default: [],
    secret: true,
  }),
};

export interface AuditOptions {
  /** State of a `hanse up`, whose deployment and database are looked at where the environment names none. */
  readonly stateDir: string;
  /** Nothing is under way: what waits is a finding too. */
  readonly atRest: boolean;
  /** File of hashes of orders, one a line, whose storage the broker acknowledged to somebody. */
  readonly ordersFile?: string | undefined;
  readonly json: boolean;
}

/**
 * Database and chain are not read in one moment, and a reorganisation may come between: of a market at work only that counts
 * which is found again after so long.
 */
const LOOK_AGAIN_MS = 5_000;

/**
 * `hanse audit`: reads the chain and the databases, and says what they disagree about.
 * @returns the exit code: 0 only where nothing was found
 */
export async function runAudit({ stateDir, atRest, ordersFile, json }: AuditOptions): Promise<number> {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  const logger = createLogger({ service: "audit", level: "error" });
  const env = { HANSE_DEPLOYMENT: join(stateDir, "deployment.json"), ...process.env };
  const config = loadConfig(auditOptions, { env });
  const own =
    config.databaseUrls.length === 0 ? await runningPostgresUrl(join(stateDir, "postgres")) : undefined;
  const urls = own === undefined ? config.databaseUrls : [own];
  const acknowledged = ordersFile === undefined ? [] : await readHashes(ordersFile);
  const manifest = await readDeployment(config.deployment);
  const chain = await connectChain(config.rpcUrl);
  await checkDeployment(chain, manifest);
  const databases: Database<unknown>[] = [];
  try {
    for (const url of urls) {
      databases.push(
        await openDatabase<unknown>({ logger }, { url, poolSize: 2, applicationName: "hanse audit" }),
      );
    }
    const look = async (): Promise<{ readonly facts: MarketFacts; readonly findings: Finding[] }> => {
      const read = await readMarketFacts({ chain, deployment: manifest, databases });
      if (acknowledged.length > 0 && read.broker === undefined) {
        const hint = "Name the broker's database in DATABASE_URL.";
        throw new HanseError(
          "HANSE_ARGUMENT_INVALID",
          "None of the databases is a broker's, whose orders are to be proved",
          { hint },
        );
      }
      const facts = { ...read, acknowledged, now: Date.now() };
      return { facts, findings: auditMarket(facts, atRest ? AT_REST : WORKING) };
    };
    let { facts, findings } = await look();
    if (!atRest && findings.length > 0) {
      await sleep(LOOK_AGAIN_MS);
      const again = await look();
      [facts, findings] = [again.facts, foundAgain(findings, again.findings)];
    }
    if (json) write(stringifyJson({ block: facts.chain.head.number, looked: countsOf(facts), findings }));
    else for (const line of textOf(facts, findings)) write(line);
    return findings.length === 0 ? 0 : 1;
  } finally {
    for (const database of databases) await database.close();
  }
}

/** @throws HANSE_ARGUMENT_INVALID */
async function readHashes(path: string): Promise<Hex[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new HanseError("HANSE_ARGUMENT_INVALID", `${path} cannot be read`, { cause });
  });
  return text.split("\n").flatMap((line, at) => {
    if (line.trim() === "") return [];
    const hash = bytes32.safeParse(line.trim().toLowerCase());
    if (hash.success) return [hash.data];
    // Not shown: it may be another file than was meant, and hold a secret.
    throw new HanseError("HANSE_ARGUMENT_INVALID", `Line ${at + 1} of ${path} is no hash of an order`);
  });
}

function countsOf({ chain, broker, pools = [] }: MarketFacts) {
  return {
    accounts: chain.accounts.size,
    deals: chain.deals.length,
    settledUnits: chain.settlements.length,
    brokerOrders: broker?.orders.length ?? null,
    poolTasks: pools.length === 0 ? null : pools.reduce((sum, { tasks }) => sum + tasks.length, 0),
  };
}

function textOf(facts: MarketFacts, findings: readonly Finding[]): string[] {
  const { accounts, deals, settledUnits, brokerOrders, poolTasks } = countsOf(facts);
  const unseen = [
    ...(brokerOrders === null ? ["no broker's"] : []),
    ...(poolTasks === null ? ["no pool's"] : []),
  ];
  return [
    `Block ${facts.chain.head.number}: ${accounts} accounts, ${deals} deals, ${settledUnits} settled units on the chain,`,
    `${brokerOrders ?? 0} orders of the broker, ${poolTasks ?? 0} tasks of pools.`,
    ...(unseen.length === 0 ? [] : [`Warning: ${unseen.join(" and ")} database was looked at.`]),
    ...findings.flatMap(({ code, what, expected, found }) => [
      "",
      `${code}: ${FINDING_CODES[code]}`,
      ...[`  whose     ${what}`, `  expected  ${expected}`, `  found     ${found}`],
    ]),
    "",
    findings.length === 0 ? "Nothing was lost, doubled or created." : `${findings.length} findings.`,
  ];
}
