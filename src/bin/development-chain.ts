import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import { DEVELOPMENT_CHAIN_ID, DEVELOPMENT_KEYS } from "#src/chain/development-keys.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

export interface DevelopmentChainOptions {
  readonly port: number;
  /** Seconds between blocks. */
  readonly blockTime: number;
  /** Where the chain keeps its state; absent: in memory only. */
  readonly stateFile?: string | undefined;
}

/**
 * Runs anvil, the development chain that comes with the packages, until the signal aborts.
 * @returns when it has ended, with its exit code
 */
export async function runDevelopmentChain(
  options: DevelopmentChainOptions,
  signal: AbortSignal,
): Promise<number> {
  const { port, stateFile } = options;
  const kept = stateFile === undefined ? [] : ["--state", stateFile, "--state-interval", "5"];
  // anvil makes a new genesis block at each start, and a kept chain must not have two: the first one's time is kept too.
  const born =
    stateFile === undefined ? [] : ["--timestamp", String(await genesisTime(`${stateFile}.genesis`))];
  const args = [
    ...["--host", "127.0.0.1", "--port", String(port)],
    ...["--chain-id", String(DEVELOPMENT_CHAIN_ID), "--accounts", String(DEVELOPMENT_KEYS)],
    ...["--hardfork", "cancun", "--block-time", String(options.blockTime), "--slots-in-an-epoch", "1"],
    "--silent",
    ...born,
    ...kept,
  ];
  const child = spawn(anvilPath(), args, { stdio: ["ignore", "inherit", "inherit"] });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(fromSystemError(error)));
    child.once("close", (code) => resolve(code ?? (signal.aborted ? 0 : 1)));
  });
  // A chain that was born at a given time goes on from there: bring it to the present before its first block.
  if (stateFile !== undefined) await Promise.race([setChainTime(port, signal), ended]);
  return await ended;
}

/** Unix seconds of the chain's birth: now, or what was kept. */
async function genesisTime(path: string): Promise<number> {
  const now = Math.floor(Date.now() / 1000);
  try {
    await writeFile(path, String(now), { flag: "wx" });
    return now;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fromSystemError(error);
    return Number(await readFile(path, "utf8"));
  }
}

async function setChainTime(port: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "evm_setTime",
      params: [Math.floor(Date.now() / 1000)],
    });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`http://127.0.0.1:${port}`, { method: "POST", headers, body }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    await wait(20);
  }
}

/** The binary itself: the package's launcher would outlive a kill of this process. */
function anvilPath(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const platform = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  return createRequire(import.meta.url).resolve(`${platform}/bin/anvil`);
}
