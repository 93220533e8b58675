import { definePlugin } from "hardhat/plugins";

/** Makes TypeChain's output fit for Node after every build, whichever task made it. Stands after the toolbox. */
export default definePlugin({
  id: "hanse-patched-typechain",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        async processArtifactsAfterSuccessfulBuild(context) {
          const { patchTypechain } = await import("./patch-typechain.ts");
          const { outDir } = context.config.typechain;
          if (outDir !== undefined) await patchTypechain(outDir);
        },
      }),
    }),
  },
});
