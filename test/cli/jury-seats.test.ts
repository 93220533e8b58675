import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { developmentKey } from "#src/chain/development-keys.ts";
import { stringifyJson } from "#src/http/json.ts";
import { testAccount } from "../e2e/chain-fixture.ts";
import { type GoodsChain, startGoodsChain } from "../shop/support/market-shops.ts";
import { type CliWorld, cliError, cliJson } from "./support/run-cli.ts";

// What a juror's stake is kept for. That it is set free after 120,960 blocks, contract tests say (`Panel/seats.t.sol`).

const [POOL, JUROR, STRANGER] = [3, 10, 2];
const seatSchema = z.looseObject({ seat: z.number(), leftAt: z.number() });

let chain: GoodsChain;
let folder: string;
let env: Record<string, string>;
let pool: string;
const as = (account: number): CliWorld => ({ env: { ...env, HANSE_PRIVATE_KEY: developmentKey(account) } });

beforeAll(async () => {
  [chain, folder] = await Promise.all([startGoodsChain(), mkdtemp(join(tmpdir(), "hanse-seats-"))]);
  for (const account of [POOL, JUROR]) await chain.fund(account, 100n);
  const manifest = join(folder, "deployment.json");
  await writeFile(manifest, stringifyJson(chain.deployment));
  env = {
    ...{ HANSE_RPC_URL: chain.rpcUrl, HANSE_DEPLOYMENT: manifest, HANSE_WALLETS: join(folder, "wallets") },
  };
  const description = join(folder, "pool.json");
  await writeFile(description, JSON.stringify({ name: "Jurors of the harbour" }));
  const register = ["pool", "register", description, "--uri", "data:application/json,{}"];
  pool = (await cliJson(z.looseObject({ id: z.string() }), register, as(POOL))).id;
  const open = ["pool", "open", pool, "--seat-stake", "20", "--share", "5", "--jury"];
  await cliJson(z.looseObject({}), open, as(POOL));
}, 120_000);
afterAll(async () => {
  await chain?.stop();
  await rm(folder, { recursive: true, force: true });
});

it("a seat is not released while it is sat in, nor while it may still be fined", {
  timeout: 60_000,
}, async () => {
  const lockedNano = async () => (await chain.moneyOf(testAccount(JUROR).address)).locked;
  const { seat } = await cliJson(seatSchema, ["juror", "enrol", pool], as(JUROR));
  const release = ["juror", "release", pool, String(seat)];
  expect((await cliError(["juror", "release", pool, "seat"], as(STRANGER))).exitCode).toBe(2);
  expect((await cliError(release, as(STRANGER))).message, "it is sat in").toContain("PanelSeatNotLeft");
  expect((await cliJson(seatSchema, ["juror", "leave", pool], as(JUROR))).leftAt).toBeGreaterThan(0);
  const collect = ["juror", "collect", pool];
  expect((await cliError(collect, as(JUROR))).message, "its own still").toContain("PanelNothingToCollect");
  expect((await cliError(release, as(STRANGER))).message, "its time runs").toContain("PanelSeatUnbonding");
  expect(await lockedNano()).toBe(20n * 10n ** 9n);
});
