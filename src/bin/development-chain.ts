import { spawn } from "node:child_process";
import { createRequire } from "node:module";
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
  const args = [
    ...["--host", "127.0.0.1", "--port", String(options.port)],
    ...["--chain-id", String(DEVELOPMENT_CHAIN_ID), "--accounts", String(DEVELOPMENT_KEYS)],
    ...["--hardfork", "cancun", "--block-time", String(options.blockTime), "--slots-in-an-epoch", "1"],
    "--silent",
    ...(options.stateFile === undefined ? [] : ["--state", options.stateFile, "--state-interval", "5"]),
  ];
  const child = spawn(anvilPath(), args, { stdio: ["ignore", "inherit", "inherit"] });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  return await new Promise((resolve, reject) => {
    child.once("error", (error) => reject(fromSystemError(error)));
    child.once("close", (code) => resolve(code ?? (signal.aborted ? 0 : 1)));
  });
}

/** The binary itself: the package's launcher would outlive a kill of this process. */
function anvilPath(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const platform = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  return createRequire(import.meta.url).resolve(`${platform}/bin/anvil`);
}
