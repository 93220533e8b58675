import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clerkAbi } from "#src/abi/clerk-abi.ts";
import { checkDeployment, type Deployment, readDeployment } from "#src/chain/deployment.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { createSender } from "#src/chain/sender.ts";
import { deploy } from "../../scripts/deploy/deploy.ts";
import { DEVELOPMENT_PARAMETERS } from "../../scripts/deploy/parameters.ts";
import { startTestChain, type TestChain } from "../support/anvil.ts";

describe("a deployment", () => {
  let test: TestChain;
  let folder: string;
  let deployment: Deployment;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hanse-deployment-"));
    test = await startTestChain();
    const manifest = await deploy({
      rpcUrl: test.rpcUrl,
      privateKey: developmentKey(0),
      parameters: DEVELOPMENT_PARAMETERS,
    });
    const path = join(folder, "deployment.json");
    await writeFile(path, JSON.stringify(manifest));
    deployment = await readDeployment(path);
  });
  afterAll(async () => {
    await test.stop();
    await rm(folder, { recursive: true });
  });

  it("is refused when its file is missing or no manifest", async () => {
    await expect(readDeployment(join(folder, "none.json"))).rejects.toMatchObject({
      code: "HANSE_CONFIG_INVALID",
    });
    await writeFile(join(folder, "bad.json"), "{}");
    await expect(readDeployment(join(folder, "bad.json"))).rejects.toMatchObject({
      code: "HANSE_CONFIG_INVALID",
    });
  });

  it("is refused on a chain of the same id that began anew", async () => {
    const other = await startTestChain();
    try {
      await expect(checkDeployment(other.chain, deployment)).rejects.toMatchObject({
        code: "HANSE_CHAIN_MISMATCH",
        details: { what: "genesis block" },
      });
    } finally {
      await other.stop();
    }
  });

  it("is refused where the contracts are gone, and on another chain id", async () => {
    const nowhere = {
      ...deployment,
      contracts: { ...deployment.contracts, clerk: `0x${"12".repeat(20)}` as const },
    };
    await expect(checkDeployment(test.chain, nowhere)).rejects.toMatchObject({
      details: { what: "code of clerk" },
    });
    await expect(checkDeployment(test.chain, { ...deployment, chainId: 5 })).rejects.toMatchObject({
      details: { what: "chain id" },
    });
  });

  it("refuses by an error of a contract behind the one called, and it is told by name", async () => {
    const { clerk } = deployment.contracts;
    const sender = createSender({
      chain: test.chain,
      account: accountOfKey(developmentKey(2), DEVELOPMENT_CHAIN_ID),
    });
    await expect(
      sender.send({ address: clerk, abi: clerkAbi, functionName: "deposit", args: [5n] }),
    ).rejects.toMatchObject({ details: { error: "ERC20InsufficientAllowance", args: [clerk, 0n, 5n] } });
  });

  it("stands", async () => {
    await expect(checkDeployment(test.chain, deployment)).resolves.toBeUndefined();
  });
});

describe("development keys", () => {
  it("are refused on any other chain", () => {
    expect(() => accountOfKey(developmentKey(7), 1)).toThrowError(
      expect.objectContaining({ code: "HANSE_DEVELOPMENT_KEY_REFUSED" }),
    );
    expect(accountOfKey(developmentKey(7), DEVELOPMENT_CHAIN_ID).address).toMatch(/^0x/);
  });
});
