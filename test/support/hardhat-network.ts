import { tmpdir } from "node:os";
import { join } from "node:path";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";

/**
 * Hardhat's networks without its stack traces: for those it reads the compiler's output of every suite and contract, four
 * seconds of a core in each file of tests. A refusal keeps its data, which is what tests read.
 */
export const { network } = await createHardhatRuntimeEnvironment({
  plugins: [hardhatEthers],
  paths: { artifacts: join(tmpdir(), "hanse-no-artifacts") },
});
