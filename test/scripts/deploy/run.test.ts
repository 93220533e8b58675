import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { id, JsonRpcProvider, Wallet } from "ethers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readDeployment } from "#src/chain/deployment.ts";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { Clerk__factory, Hub__factory, Poco__factory, Ratings__factory, Token__factory } from "#typechain";
import { deploy } from "../../../scripts/deploy/deploy.ts";
import { type Journal, journalPath, type Manifest } from "../../../scripts/deploy/manifest.ts";
import { runDeployment } from "../../../scripts/deploy/run.ts";
import { startTestChain, type TestChain } from "../../support/anvil.ts";

const DEPLOYER_KEY = developmentKey(0);
const [deployer, governance, treasury] = [0, 1, 2].map(
  (index) => accountOfKey(developmentKey(index), DEVELOPMENT_CHAIN_ID).address,
) as [`0x${string}`, `0x${string}`, `0x${string}`];
const categories = [
  { roundBlocks: 20, deadlineBlocks: 200 },
  { roundBlocks: 30, deadlineBlocks: 300 },
];
const juryCategories = [{ roundBlocks: 50, deadlineBlocks: 500 }];
const hub = { stake: "250", unbondingTime: 100, longestOverlap: 50, lossShare: 500 };
const ratings = { floor: "1", cap: "20" };
const receipt = {
  ...{ answerTime: 60, rulingTime: 600, bondShare: 100, minBond: "0.5" },
  ...{ juryCategory: 0, juryTrust: 5, juryMinSeats: 3, juryMinSeatStake: "5" },
};
const parameters = { governance, treasury, categories, juryCategories, hub, receipt, ratings };

let chain: TestChain;
let provider: JsonRpcProvider;
let folder: string;
/** One that is not touched; tests write it where they need it. */
let standing: Manifest;
beforeAll(async () => {
  chain = await startTestChain({ blockTime: 0.1 });
  provider = new JsonRpcProvider(chain.rpcUrl, undefined, { pollingInterval: 50, cacheTimeout: -1 });
  standing = await deploy({ rpcUrl: chain.rpcUrl, privateKey: DEPLOYER_KEY, parameters });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanse-run-deployment-"));
  return () => rm(folder, { recursive: true });
});
afterAll(async () => {
  provider.destroy();
  await chain.stop();
});

const manifestPath = () => join(folder, "deployment.json");
const run = (given?: unknown, privateKey: string = DEPLOYER_KEY) =>
  runDeployment({ rpcUrl: chain.rpcUrl, privateKey, manifestPath: manifestPath(), parameters: given });
const stand = (changes: Partial<Manifest> = {}) =>
  writeFile(manifestPath(), `${JSON.stringify({ ...standing, ...changes }, null, 2)}\n`);
const sentBy = (address: string) => provider.getTransactionCount(address, "pending");

/** Deploys until `count` contracts were sent, and is interrupted before or after the next one was noted. */
async function interrupted(count: number, when: "before noting" | "before sending" = "before noting") {
  let journals = 0;
  const attempt = deploy({
    ...{ rpcUrl: chain.rpcUrl, privateKey: DEPLOYER_KEY, parameters },
    async keep(journal) {
      const isLast = journals++ === count;
      if (isLast && when === "before noting") throw new Error("the power failed");
      await writeFile(journalPath(manifestPath()), JSON.stringify(journal));
      if (isLast) throw new Error("the power failed");
    },
  });
  await expect(attempt).rejects.toThrow("the power failed");
}

describe("a deployment is refused", () => {
  it("with a file for a manifest that holds something else", async () => {
    await writeFile(manifestPath(), '{"shopping": "list"}');
    await expect(run()).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
    await writeFile(manifestPath(), "milk");
    await expect(run()).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
  });

  it("with an unfinished one that cannot be read", async () => {
    await writeFile(journalPath(manifestPath()), "{}");
    await expect(run(parameters)).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
  });

  it("over the manifest of a chain that holds value", async () => {
    await stand({ chainId: 1 });
    await expect(run()).rejects.toMatchObject({
      code: "HANSE_CHAIN_MISMATCH",
      details: { what: "chain id" },
    });
  });

  it("with other parameters than what stands", async () => {
    await stand();
    const before = await sentBy(deployer);
    await expect(run({ ...parameters, treasury: deployer })).rejects.toMatchObject({
      code: "HANSE_CONFIG_INVALID",
      details: { change: expect.stringContaining("treasury was") },
    });
    expect(await sentBy(deployer), "nothing was sent").toBe(before);
  });

  it("with other parameters, or by another account, than it was begun with", async () => {
    await interrupted(2);
    const before = await sentBy(deployer);
    await expect(run({ ...parameters, governance: deployer })).rejects.toMatchObject({
      details: { reason: expect.stringContaining("governance was") },
    });
    await expect(run(parameters, developmentKey(3))).rejects.toMatchObject({
      details: { reason: expect.stringContaining("was begun by") },
    });
    expect(await sentBy(deployer), "nothing was sent").toBe(before);
  });

  it("when other code was begun with than is built now", async () => {
    await interrupted(3);
    await chain.command("anvil_mine", ["0x1"]);
    const journal = JSON.parse(await readFile(journalPath(manifestPath()), "utf8")) as Journal;
    const other = { ...journal.sent.token, initCodeHash: `0x${"ab".repeat(32)}` };
    const changed = { ...journal, sent: { ...journal.sent, token: other } };
    await writeFile(journalPath(manifestPath()), JSON.stringify(changed));
    await expect(run(parameters)).rejects.toMatchObject({ details: { contract: "token" } });
  });
});

describe("what stands is found wrong", () => {
  it("when the till does not let the Clerk move the money", async () => {
    const { manifest } = await run(parameters);
    await chain.command("anvil_impersonateAccount", [manifest.contracts.till]);
    await chain.command("anvil_setBalance", [manifest.contracts.till, "0xde0b6b3a7640000"]);
    const till = await provider.getSigner(manifest.contracts.till);
    await (
      await Token__factory.connect(manifest.contracts.token, till).approve(manifest.contracts.clerk, 1n)
    ).wait();
    await expect(run(parameters)).rejects.toMatchObject({
      details: { wrong: [expect.stringContaining("all that is in the till")] },
    });
  });

  it("when the manifest names another contract's address", async () => {
    const { contracts, codeHashes } = standing;
    await stand({
      contracts: { ...contracts, keyring: contracts.seedSource },
      codeHashes: { ...codeHashes, keyring: codeHashes.seedSource ?? "" },
    });
    await expect(run(parameters)).rejects.toMatchObject({
      details: { wrong: [expect.stringContaining("asks the keyring")] },
    });
  });
});

describe("a deployment", () => {
  it("hands everything over, and tells who has yet to accept", async () => {
    const { manifest, deployed } = await run(parameters);
    expect(deployed).toBe(true);
    expect(manifest.ownership).toEqual({
      clerk: { owner: deployer, pending: governance },
      poco: { owner: deployer, pending: governance },
      jury: { owner: deployer, pending: governance },
      hub: { owner: deployer, pending: governance },
    });
    const { token, clerk, till, poco } = manifest.contracts;
    const money = Token__factory.connect(token, provider);
    expect(await money.balanceOf(treasury)).toBe(await money.SUPPLY());
    expect(await money.balanceOf(deployer)).toBe(0n);
    expect(await Clerk__factory.connect(clerk, provider).TILL()).toBe(till);
    expect(await Clerk__factory.connect(clerk, provider).isCertifier(poco)).toBe(true);
    const second = await Poco__factory.connect(poco, provider).category(1);
    expect(second.roundBlocks).toBe(30n);
    const trials = await Poco__factory.connect(manifest.contracts.jury, provider).category(0);
    expect(trials.roundBlocks).toBe(50n);
    const shops = Hub__factory.connect(manifest.contracts.hub, provider);
    expect((await shops.parameters()).stake).toBe(250n * 10n ** 9n);
    expect(await Ratings__factory.connect(manifest.contracts.ratings, provider).CAP()).toBe(20n * 10n ** 9n);
    expect((await readDeployment(manifestPath())).contracts.till).toBe(till);
  });

  it("run again changes nothing, with the parameters or without", async () => {
    await stand();
    const [text, before] = [await readFile(manifestPath(), "utf8"), await sentBy(deployer)];
    expect(await run(parameters)).toMatchObject({ deployed: false });
    expect(await run()).toMatchObject({ deployed: false });
    expect(await readFile(manifestPath(), "utf8")).toBe(text);
    expect(await sentBy(deployer)).toBe(before);
  });

  it("notes that governance has accepted", async () => {
    const { manifest } = await run(parameters);
    const signer = new Wallet(developmentKey(1), provider);
    await (await Clerk__factory.connect(manifest.contracts.clerk, signer).acceptOwnership()).wait();
    const { manifest: later } = await run(parameters);
    expect(later.ownership).toEqual({
      clerk: { owner: governance },
      poco: { owner: deployer, pending: governance },
      jury: { owner: deployer, pending: governance },
      hub: { owner: deployer, pending: governance },
    });
    expect(JSON.parse(await readFile(manifestPath(), "utf8")).ownership).toEqual(later.ownership);
  });

  it.each([
    [0, "before noting"],
    [1, "before sending"],
    [4, "before noting"],
    [8, "before sending"],
  ] as const)(
    "goes on after an interruption once %i contracts were sent, %s the next",
    async (count, when) => {
      const before = await sentBy(deployer);
      await interrupted(count, when);
      const { manifest } = await run(parameters);
      const journaled = await readFile(journalPath(manifestPath()), "utf8").catch(() => undefined);
      expect(journaled, "nothing is left unfinished").toBeUndefined();
      expect(Object.keys(manifest.contracts)).toHaveLength(11);
      // Ten contracts, three certifiers, three categories, four owners, the Hub's Receipt, the jurors' question and its owner: nothing was sent twice.
      expect(await sentBy(deployer)).toBe(before + 23);
    },
  );

  it("goes on after an interruption before the manifest was written", async () => {
    let last: Journal | undefined;
    const finished = await deploy({
      ...{ rpcUrl: chain.rpcUrl, privateKey: DEPLOYER_KEY, parameters },
      async keep(journal) {
        last = journal;
      },
    });
    const before = await sentBy(deployer);
    await writeFile(journalPath(manifestPath()), JSON.stringify(last));
    expect((await run(parameters)).manifest).toEqual(finished);
    expect(await sentBy(deployer), "nothing was sent").toBe(before);
  });

  it("is made anew on a development chain that began anew", async () => {
    await stand();
    const other = await startTestChain({ blockTime: 0.1 });
    try {
      const again = await runDeployment({
        ...{ rpcUrl: other.rpcUrl, privateKey: DEPLOYER_KEY, manifestPath: manifestPath(), parameters },
      });
      expect(again.deployed).toBe(true);
    } finally {
      await other.stop();
    }
  });
});

describe("on a chain of slow blocks", () => {
  it("a jury that may rule when its time is over is refused, and nothing is deployed", async () => {
    const slow = await startTestChain({ blockTime: 0.1 });
    try {
      await slow.command("anvil_setChainId", [5_858]);
      await slow.command("anvil_setBlockTimestampInterval", [12]);
      await slow.command("anvil_mine", ["0x7d0"]);
      const key = id("a key for slow blocks");
      const { address } = new Wallet(key);
      await slow.command("anvil_setBalance", [address, "0xde0b6b3a7640000"]);
      const [governed, treasured] = [ownAccount("governance"), ownAccount("treasury")];
      const given = { ...parameters, governance: governed, treasury: treasured };
      const attempt = runDeployment({
        ...{ rpcUrl: slow.rpcUrl, privateKey: key, manifestPath: manifestPath(), parameters: given },
      });
      await expect(attempt).rejects.toMatchObject({
        code: "HANSE_CONFIG_INVALID",
        message: expect.stringContaining("500 blocks, which take about 6000 seconds here"),
        details: { blockSeconds: 12, rulingTime: 600 },
      });
      const { viem } = slow.chain;
      expect(await viem.getTransactionCount({ address: address as `0x${string}` })).toBe(0);
    } finally {
      await slow.stop();
    }
  });
});

describe("on a chain that holds value", () => {
  const LIVE_CHAIN_ID = 4_747;
  const key = id("a key of one's own");
  const own = { ...parameters, governance: ownAccount("governance"), treasury: ownAccount("treasury") };
  let live: TestChain;
  beforeAll(async () => {
    live = await startTestChain({ blockTime: 0.1 });
    await live.command("anvil_setChainId", [LIVE_CHAIN_ID]);
    await live.command("anvil_setBalance", [new Wallet(key).address, "0xde0b6b3a7640000"]);
  });
  afterAll(() => live.stop());
  const runLive = (given?: unknown, privateKey = key) =>
    runDeployment({ rpcUrl: live.rpcUrl, privateKey, manifestPath: manifestPath(), parameters: given });

  it("a development key deploys nothing", async () => {
    await expect(runLive(own, DEPLOYER_KEY)).rejects.toMatchObject({ code: "HANSE_DEVELOPMENT_KEY_REFUSED" });
  });

  it("nothing is deployed without parameters, nor over a manifest of another chain", async () => {
    await expect(runLive()).rejects.toMatchObject({ code: "HANSE_CONFIG_INVALID" });
    await stand();
    await expect(runLive(own)).rejects.toMatchObject({ code: "HANSE_CHAIN_MISMATCH" });
  });

  it("what is gone is missed, and not deployed anew", async () => {
    const { manifest } = await runLive(own);
    expect(manifest.chainId).toBe(LIVE_CHAIN_ID);
    expect(await runLive()).toMatchObject({ deployed: false });
    await live.command("anvil_setCode", [manifest.contracts.till, "0x00"]);
    await expect(runLive(own)).rejects.toMatchObject({
      code: "HANSE_CHAIN_MISMATCH",
      details: { what: "code of till" },
    });
  });
});

function ownAccount(name: string): string {
  return new Wallet(id(name)).address;
}
