import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zeroHash } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { brokerMigrations } from "#src/broker/broker-migrations.ts";
import { developmentKey } from "#src/chain/development-keys.ts";
import { encryptKey } from "#src/crypto/keystore.ts";
import { examineChain } from "#src/doctor/chain.ts";
import { examineDatabase } from "#src/doctor/database.ts";
import { examineNode } from "#src/doctor/machine.ts";
import { examinePeer } from "#src/doctor/peers.ts";
import { examinePort } from "#src/doctor/ports.ts";
import { examineWallet } from "#src/doctor/wallet.ts";
import { openDatabase } from "#src/store/database.ts";
import { migrate } from "#src/store/migrations.ts";
import { deploy } from "../../scripts/deploy/deploy.ts";
import { type CliWorld, runCli } from "../cli/support/run-cli.ts";
import { startTestServer } from "../http/test-server.ts";
import { query, silent, startTestPostgres } from "../store/test-database.ts";
import { startTestChain, type TestChain } from "../support/anvil.ts";

// Given an installation, `hanse doctor` ends with 1 and says what to do where
// - Node.js is old, a stranger has a port
// - the state cannot be written, the database is away, was used by a newer version, or has changed migrations
// - the chain is away, another one, or has other code; a manifest that was named is missing
// - a service that was named does not answer, is not ready, or its clock is wrong
// - the wallet is readable by others, is none, or has no coin; a worker lacks its stake
// and with 0 where everything is there, or nothing was asked for

const reportSchema = z.strictObject({
  ...{ healthy: z.boolean(), wrong: z.number(), warnings: z.number() },
  findings: z.array(
    z.strictObject({
      ...{ check: z.string(), status: z.enum(["ok", "skipped", "warning", "wrong"]), says: z.string() },
      todo: z.string().optional(),
    }),
  ),
});

const KEY = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
let folder: string;
let chain: TestChain;
let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let manifest: Awaited<ReturnType<typeof deploy>>;
let manifestPath: string;

beforeAll(async () => {
  [folder, chain, postgres] = await Promise.all([
    mkdtemp(join(tmpdir(), "hanse-doctor-")),
    startTestChain(),
    startTestPostgres(),
  ]);
  manifest = await deploy({ rpcUrl: chain.rpcUrl, privateKey: developmentKey(0) });
  manifestPath = await file("deployment.json", manifest);
}, 120_000);
afterAll(async () => {
  await Promise.all([chain?.stop(), postgres?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

/** The report, and what it says of some checks. */
async function examine(env: CliWorld["env"], ...args: string[]) {
  const { exitCode, out } = await runCli(["doctor", "--json", "--state", folder, ...args], {
    env: { HOME: folder, ...env },
  });
  const report = reportSchema.parse(JSON.parse(out));
  expect(exitCode).toBe(report.healthy ? 0 : 1);
  for (const { status, todo } of report.findings) if (status === "wrong") expect(todo).toBeTruthy();
  const status = Object.fromEntries(report.findings.map((each) => [each.check, each.status]));
  const says = (check: string) => report.findings.find((each) => each.check === check)?.says ?? "";
  return { ...report, exitCode, status, says };
}

describe("hanse doctor", () => {
  it("finds an old Node.js, and a stranger at a port", async () => {
    expect(examineNode("20.11.0").status).toBe("wrong");
    const stranger: Server = createServer((socket) => socket.end("220 mail\r\n")).listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const { port } = stranger.address() as { port: number };
    expect((await examinePort("broker", port)).status).toBe("warning");
    expect((await examinePort("chain", port)).status).toBe("warning");
    stranger.close();
    const { server, port: ours } = await startTestServer(() => undefined);
    expect(await examinePort("broker", ours)).toMatchObject({
      status: "ok",
      says: expect.stringContaining("listens"),
    });
    await server.close();
  });

  it("finds nothing wrong where nothing was asked for", async () => {
    const empty = join(folder, "fresh");
    const { exitCode, out } = await runCli(["doctor", "--json", "--state", empty], { env: { HOME: empty } });
    const report = reportSchema.parse(JSON.parse(out));
    expect({ exitCode, wrong: report.wrong }).toEqual({ exitCode: 0, wrong: 0 });
    expect(report.findings).toContainEqual(expect.objectContaining({ check: "wallet", status: "skipped" }));
  });

  it("finds everything where it is", async () => {
    const { server, url } = await startTestServer(() => undefined);
    const found = await examine(
      {
        HANSE_RPC_URL: chain.rpcUrl,
        HANSE_PRIVATE_KEY: developmentKey(1),
        DATABASE_URL: await postgres.fresh(),
      },
      ...["--deployment", manifestPath, "--content", url],
    );
    await server.close();
    expect(found.status).toMatchObject({
      ...{ rpc: "ok", deployment: "ok", "clock-chain": "ok", database: "ok", "database-broker": "skipped" },
      ...{ content: "ok", wallet: "warning", gas: "ok", account: "warning", runner: "ok" },
    });
    expect(found.healthy).toBe(true);
  });

  it("finds a database that is away, of a newer version, or with changed migrations", async () => {
    const away = await examine({ DATABASE_URL: "postgres://hanse:SECRETPW@127.0.0.1:1/x" });
    expect(away.status.database).toBe("wrong");
    expect(JSON.stringify(away.findings)).not.toContain("SECRETPW");
    const url = await postgres.fresh();
    const schemas = [{ schema: "broker", migrations: brokerMigrations }];
    const broker = async () => (await examineDatabase({ logger: silent }, url, schemas)).at(-1);
    const database = await openDatabase({ logger: silent }, { url, schema: "broker", poolSize: 1 });
    await migrate({ database, logger: silent }, "broker", brokerMigrations);
    await database.close();
    expect(await broker()).toMatchObject({ check: "database-broker", status: "ok" });
    await query(url, "insert into broker.migration (ordinal, id, checksum) values (99, '0099-new', 'x')");
    expect((await broker())?.says).toContain("HANSE_DATABASE_MIGRATION_UNKNOWN");
    await query(url, "update broker.migration set checksum = 'y' where ordinal = 1");
    expect((await broker())?.says).toContain("HANSE_DATABASE_MIGRATION_CHANGED");
  });

  it("finds a chain that is away, another one, or of other code", async () => {
    const examine = async (rpcUrls: string[], manifest = manifestPath) => {
      const { findings } = await examineChain({ rpcUrls, manifest, rpcNamed: true, manifestNamed: true });
      return new Map(findings.map((each) => [each.check, each]));
    };
    const away = await examine(["http://user:SECRETPW@127.0.0.1:1"]);
    expect(away.get("rpc")?.status).toBe("wrong");
    expect(JSON.stringify([...away.values()])).not.toContain("SECRETPW");
    const two = await examine([chain.rpcUrl, "http://127.0.0.1:1"]);
    expect([two.get("rpc-1")?.status, two.get("rpc-2")?.status]).toEqual(["ok", "wrong"]);
    const changes = {
      "is not there": join(folder, "none.json"),
      "of chain 5": await file("id.json", { ...manifest, chainId: 5 }),
      "first block": await file("genesis.json", { ...manifest, genesisHash: zeroHash }),
      "clerk (": await file("code.json", {
        ...manifest,
        codeHashes: { ...manifest.codeHashes, clerk: zeroHash },
      }),
      "no deployment manifest": await file("garbage.json", "{}"),
    };
    for (const [words, path] of Object.entries(changes)) {
      const found = (await examine([chain.rpcUrl], path)).get("deployment");
      expect(found).toMatchObject({ status: "wrong", says: expect.stringContaining(words) });
    }
  });

  it("finds services that are away, not ready, or of another time", async () => {
    const nothing = { chain: undefined, deployment: undefined };
    const { server, url } = await startTestServer(
      (http) =>
        http.addHook("onSend", async (_request, reply) => {
          reply.header("date", new Date(Date.now() + 3_600_000).toUTCString());
        }),
      { ready: { chain: () => false } },
    );
    const found = await examinePeer({ name: "content", url, named: true }, nothing);
    await server.close();
    expect(found).toMatchObject([
      { status: "wrong", says: expect.stringContaining("not ready: chain") },
      { check: "clock-content", status: "warning" },
    ]);
    const away = { name: "broker", url: "http://127.0.0.1:1" } as const;
    expect(await examinePeer({ ...away, named: true }, nothing)).toMatchObject([{ status: "wrong" }]);
    expect(await examinePeer({ ...away, named: false }, nothing)).toMatchObject([{ status: "skipped" }]);
  });

  it("finds a wallet that others can read, and whose account has nothing", async () => {
    const wallets = join(folder, "wallets");
    await mkdir(wallets);
    const path = join(wallets, "me.json");
    await writeFile(path, await encryptKey(KEY, "pw", { n: 2, r: 1, p: 1 }), { mode: 0o600 });
    await writeFile(join(wallets, "default"), "me\n");
    const env = { HANSE_WALLETS: wallets, HANSE_RPC_URL: chain.rpcUrl };
    const poor = await examine(env, "--deployment", manifestPath, "--pool", zeroHash);
    expect(poor.status).toMatchObject({ wallet: "ok", gas: "wrong", account: "warning", seat: "wrong" });
    await chmod(path, 0o640);
    expect(await examineWallet({ type: "keystore", path, address: undefined })).toMatchObject({
      status: "wrong",
    });
  });

  it("finds a key that is none, without telling it", async () => {
    const bad = await examine({ HANSE_PRIVATE_KEY: "0xSECRET" });
    expect(bad.status.wallet).toBe("wrong");
    expect(JSON.stringify(bad.findings)).not.toContain("SECRET");
  });
});
