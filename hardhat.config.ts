import { createRequire } from "node:module";
import toolbox from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { defineConfig } from "hardhat/config";
import allCores from "./scripts/hardhat/all-cores.ts";
import patchedTypechain from "./scripts/hardhat/patched-typechain.ts";
import quickSuites from "./scripts/hardhat/quick-suites.ts";

const require = createRequire(import.meta.url);

/** `runs` trades size for gas: high where a contract has room under the limit of 24,576 bytes. */
const compiler = (runs: number) => ({
  version: "0.8.37",
  // The compiler comes with the npm package: a build needs no download.
  path: require.resolve("solc/soljson.js"),
  settings: {
    evmVersion: "cancun",
    optimizer: { enabled: true, runs },
    viaIR: true,
    // Code, its hash and so the chain's block hashes change with what the code does, not with a comment.
    metadata: { bytecodeHash: "none" },
    // For `docs/contracts.json`.
    outputSelection: { "*": { "*": ["storageLayout"] } },
  },
});

/** Set by `hanse test --deep`. */
const deep = process.env.HANSE_TEST_DEEP === "1";

export default defineConfig({
  plugins: [toolbox, patchedTypechain, allCores, quickSuites],
  solidity: {
    compilers: [compiler(1_000_000)],
    overrides: {
      "contracts/certifiers/Jury.sol": compiler(200),
      "contracts/certifiers/Poco.sol": compiler(20),
      "contracts/certifiers/Receipt.sol": compiler(5_000),
      "contracts/clerk/Clerk.sol": compiler(200),
    },
  },
  paths: {
    sources: "contracts",
    // TypeScript suites are vitest's; only Solidity suites are Hardhat's.
    tests: { solidity: "test/contracts", mocha: "test/hardhat" },
  },
  typechain: { outDir: "types/ethers-contracts" },
  test: {
    solidity: {
      fuzz: { runs: deep ? 10_000 : 256 },
      invariant: { runs: deep ? 512 : 32, depth: deep ? 256 : 64, failOnRevert: false },
    },
  },
});
