import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { definePlugin } from "hardhat/plugins";

/**
 * Compiles Solidity suites the quick way, not optimized, in as many jobs as there are cores. That takes a minute; optimized like
 * contracts, twenty. What they test is not touched by it: they take the contracts as they are built for a chain.
 */
export default definePlugin({
  id: "hanse-quick-suites",
  hookHandlers: {
    config: async () => ({
      default: async () => ({
        async resolveUserConfig(userConfig, resolveVariable, next) {
          const config = await next(userConfig, resolveVariable);
          const folder = config.paths.tests.solidity;
          const suites = (await readdir(folder, { recursive: true }))
            .filter((name) => name.endsWith(".sol"))
            .map((name) => relative(config.paths.root, join(folder, name)));
          for (const profile of Object.values(config.solidity.profiles)) {
            const [like] = profile.compilers;
            if (like === undefined) continue;
            // Sources whose configuration is the same object are one job.
            const jobs = Array.from({ length: availableParallelism() }, () => ({
              ...like,
              settings: { ...like.settings, viaIR: false, optimizer: { enabled: false } },
            }));
            for (const [i, name] of suites.entries()) {
              const job = jobs[i % jobs.length];
              if (job !== undefined) profile.overrides[name] = job;
            }
          }
          return config;
        },
      }),
    }),
  },
});
