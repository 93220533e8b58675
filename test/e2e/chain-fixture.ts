import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { type ChainClient, connectChain } from "#src/chain/chain-client.ts";
import { type Deployment, deploymentSchema } from "#src/chain/deployment.ts";
import {
  accountOfKey,
  DEVELOPMENT_CHAIN_ID,
  DEVELOPMENT_KEYS,
  developmentKey,
} from "#src/chain/development-keys.ts";
import { freePort } from "#src/store/free-port.ts";
import { deploy } from "../../scripts/deploy/deploy.ts";
import type { DeploymentParameters } from "../../scripts/deploy/parameters.ts";

export interface TestChain {
  readonly rpcUrl: string;
  readonly chain: ChainClient;
  readonly deployment: Deployment;
  /** Does what prepares a test: each transaction is mined at once meanwhile, in a block of the machine's own time. */
  hurry<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const BLOCK_SECONDS = 1;

/** DEVELOPMENT ONLY: a funded account by its number. */
export function testAccount(number: number) {
  return accountOfKey(developmentKey(number), DEVELOPMENT_CHAIN_ID);
}

/**
 * A chain of its own with a block every second, and the market's contracts on it. Account 0 governs.
 * @param mineAtOnce whether each transaction has a block at once besides, where what happens before that matters to nobody
 */
export async function startTestChain(
  parameters: DeploymentParameters,
  { mineAtOnce = false } = {},
): Promise<TestChain> {
  const port = await freePort();
  const child = spawn(anvilPath(), [
    ...["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(DEVELOPMENT_CHAIN_ID)],
    ...["--accounts", String(DEVELOPMENT_KEYS), "--hardfork", "cancun"],
    ...["--slots-in-an-epoch", "1", "--silent"],
    ...(mineAtOnce ? ["--block-time", String(BLOCK_SECONDS), "--mixed-mining"] : []),
  ]);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const rpcUrl = `http://127.0.0.1:${port}`;
  const chain = await answering(rpcUrl);
  const ask = (method: string, param: unknown) => chain.viem.request({ method, params: [param] } as never);
  async function hurry<T>(work: () => Promise<T>): Promise<T> {
    if (mineAtOnce) return await work();
    await ask("evm_setAutomine", true);
    const done = await work();
    await ask("evm_setIntervalMining", BLOCK_SECONDS);
    return done;
  }
  const manifest = await hurry(() => deploy({ rpcUrl, privateKey: developmentKey(0), parameters }));
  return {
    ...{ rpcUrl, chain, hurry },
    deployment: deploymentSchema.parse(manifest),
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function answering(rpcUrl: string): Promise<ChainClient> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectChain(rpcUrl);
    } catch (error) {
      if (attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function anvilPath(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return createRequire(import.meta.url).resolve(
    `@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil`,
  );
}
