import { JsonRpcProvider, Wallet } from "ethers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentKey } from "#src/chain/development-keys.ts";
import { connectDeployer } from "../../../scripts/deploy/deployer.ts";
import { startTestChain, type TestChain } from "../../support/anvil.ts";

describe("the deployer", () => {
  let chain: TestChain;
  beforeAll(async () => {
    chain = await startTestChain({ blockTime: 600 });
  });
  afterAll(() => chain.stop());

  it("waits for what its account sent before, and says so when that is not mined", async () => {
    const provider = new JsonRpcProvider(chain.rpcUrl, undefined, { cacheTimeout: -1 });
    try {
      const wallet = new Wallet(developmentKey(0), provider);
      await wallet.sendTransaction({ to: wallet.address });
      await expect(connectDeployer(chain.rpcUrl, developmentKey(0), 100)).rejects.toMatchObject({
        code: "HANSE_TRANSACTION_LOST",
        details: { mined: 0, sent: 1 },
      });
      const connecting = connectDeployer(chain.rpcUrl, developmentKey(0), 20_000);
      await chain.command("anvil_mine", ["0x1"]);
      const deployer = await connecting;
      expect(deployer.nextNonce()).toBe(1);
      deployer.close();
    } finally {
      provider.destroy();
    }
  });
});
