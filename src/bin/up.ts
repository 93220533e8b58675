import { createNarrator } from "#src/demo/narrator.ts";
import { publishOffers } from "#src/demo/story.ts";
import { isHanseError } from "#src/kernel/errors.ts";
import { createLogger } from "#src/kernel/logger.ts";
import { assetIdToHex } from "#src/protocol/ids.ts";
import { createInterruption } from "./interruption.ts";
import { startStack } from "./stack.ts";
import { fixedPorts } from "./stack-ports.ts";
import { DEFAULT_PORT, DEFAULT_RPC_PORT, DEFAULT_STATE } from "./up-defaults.ts";

export interface UpOptions {
  readonly stateDir: string;
  /** First of a block of ports for the services; the chain has its own. */
  readonly port: number;
  readonly rpcPort: number;
  readonly databaseUrl?: string | undefined;
}

/**
 * `hanse up`: the market on this machine, until Ctrl-C; its state survives.
 * @returns the exit code
 */
export async function runUp(options: UpOptions): Promise<number> {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  const narrator = createNarrator(write, () => performance.now());
  const interruption = createInterruption();
  const stack = await startStack(
    { logger: createLogger({ service: "up", level: "error" }), progress: narrator.say },
    {
      stateDir: options.stateDir,
      ports: fixedPorts(options.port, options.rpcPort),
      blockTime: 1,
      withLiar: false,
      databaseUrl: options.databaseUrl,
      signal: interruption.signal,
    },
  );
  try {
    const { chain, deployment, market, broker, urls } = stack;
    const offers = await broker.orders({ type: "pool", status: "open" });
    if (offers.orders.length === 0) await publishOffers({ chain, deployment, market, broker, narrator });
    narrator.say("ready");
    write(`
  chain    ${urls.rpc}        a development chain, id ${chain.chainId}
  broker   ${urls.broker}/docs   orders, depth, deals
  pool     ${urls.pool}/docs   tasks and workers of the development pool
  content  ${urls.content}/docs   app and dataset by their hash
  results  ${urls.results}/docs   what the pool's workers computed, by its hash
  hub      ${urls.hub}/docs   who is in the federation
${stack.shops.map(({ name, url }) => `  shop     ${url}/docs   ${name}`).join("\n")}

  app      ${assetIdToHex(market.app)}
  dataset  ${assetIdToHex(market.dataset)}
  pool     ${assetIdToHex(market.pool)}

  Buy a computation:  ./hanse request --params '{"days":["2010-12-01"]}' --trust 10${flagsFor(options)}
  Logs are in ${stack.logDir}. Ctrl-C stops everything; the state stays in ${options.stateDir}.
`);
    await Promise.race([interruption.happened, stack.failed]);
  } catch (error) {
    if (!isHanseError(error, "HANSE_INTERRUPTED")) throw error;
  } finally {
    narrator.say("stopping");
    await stack.stop();
    interruption.forget();
  }
  return 0;
}

/** What a command needs to find a market that does not stand where it is looked for by default. */
function flagsFor({ stateDir, port, rpcPort }: UpOptions): string {
  return [
    port === DEFAULT_PORT ? "" : ` --broker http://127.0.0.1:${port}`,
    rpcPort === DEFAULT_RPC_PORT ? "" : ` --rpc http://127.0.0.1:${rpcPort}`,
    stateDir === DEFAULT_STATE ? "" : ` --deployment ${stateDir}/deployment.json`,
  ].join("");
}
