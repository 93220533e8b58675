import { z } from "zod";
import { type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { assertPortFree } from "./assert-port-free.ts";
import { runDevelopmentChain } from "./development-chain.ts";
import { port } from "./options.ts";
import { runService } from "./run-service.ts";

export const chainOptions = {
  port: port(8545),
  blockTime: defineOption({
    schema: z.coerce.number().min(0.1).max(60),
    env: "HANSE_BLOCK_TIME",
    doc: "seconds between two blocks",
    default: 1,
  }),
  stateFile: defineOption({
    schema: z.string().min(1).optional(),
    env: "HANSE_CHAIN_STATE",
    doc: "file that keeps the chain; without one it lives in memory",
    path: true,
  }),
};

/** `hanse chain start`: a development chain. */
export async function startChain(sources: ConfigSources): Promise<void> {
  await runService("chain", chainOptions, sources, async ({ config, shutdown }) => {
    await assertPortFree(config.port);
    const done = runDevelopmentChain(config, shutdown.signal).then((code) => {
      if (code === 0 || shutdown.signal.aborted) return;
      throw new HanseError("HANSE_PROCESS_FAILED", `the development chain ended with code ${code}`);
    });
    shutdown.add("chain", () => done);
    return { done };
  });
}
