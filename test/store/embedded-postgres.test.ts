import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { processStart } from "#src/kernel/process-identity.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "#src/store/embedded-postgres.ts";
import { assertReachable } from "#src/store/postgres-user.ts";
import { query, silent, temporaryDirectory } from "./test-database.ts";

let directory: string;
const running: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const postgres of running.splice(0)) await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(port?: number): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ logger: silent }, { directory, ...(port ? { port } : {}) });
  running.push(postgres);
  return postgres;
}

async function startInChild(then = "stay") {
  const child = spawn(process.execPath, [join(import.meta.dirname, "postgres-owner.ts"), directory, then], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = await once(child.stdout, "data");
  return { child, ...(JSON.parse(String(line)) as { url: string; pid: number }) };
}

async function gone(pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await processStart(pid)) === undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

describe("refuses", () => {
  it("a directory another start holds, and leaves its server alone", async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({
      code: "HANSE_STATE_LOCKED",
      details: { pid: process.pid },
    });
    expect(await query(first.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("a fixed port that is taken, and gives the directory free again", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await expect(start(port)).rejects.toMatchObject({ code: "HANSE_PORT_IN_USE", details: { port } });
    other.close();
    await once(other, "close");
    expect((await start(port)).port).toBe(port);
  });

  it("a directory that PostgreSQL's user cannot reach, naming the parent in the way", async () => {
    const parent = join(directory, "closed");
    await mkdir(parent, { mode: 0o700 });
    const stranger = { uid: 54_321, gid: 54_321 };
    await expect(assertReachable(join(parent, "db"), stranger)).rejects.toMatchObject({
      code: "HANSE_DATABASE_DIRECTORY_UNREACHABLE",
      details: { parent, mode: "700" },
    });
    await chmod(parent, 0o711);
    await assertReachable(join(parent, "db"), stranger);
  });

  it.runIf(process.getuid?.() === 0)("as root, to start under a closed parent", async () => {
    await chmod(directory, 0o700);
    const below = join(directory, "db");
    await expect(startEmbeddedPostgres({ logger: silent }, { directory: below })).rejects.toMatchObject({
      code: "HANSE_DATABASE_DIRECTORY_UNREACHABLE",
      details: { parent: directory },
    });
  });

  it("a directory that is a file, and a cluster that is damaged", async () => {
    const file = join(directory, "file");
    await writeFile(file, "");
    await expect(startEmbeddedPostgres({ logger: silent }, { directory: file })).rejects.toMatchObject({
      name: "HanseError",
    });
    const postgres = await start();
    await postgres.stop();
    await rm(join(directory, "cluster", "global", "pg_control"));
    await expect(start()).rejects.toMatchObject({ code: "HANSE_DATABASE_UNAVAILABLE" });
  });
});

describe("keeps what was committed", () => {
  it("over an orderly stop, with the same password, durable and on loopback only", async () => {
    const first = await start();
    await query(first.url, "create table kept as select 42 as value");
    await first.stop();
    expect(await gone(first.pid)).toBe(true);
    const second = await start();
    expect(await query(second.url, "select value from kept")).toEqual([{ value: 42 }]);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(
      await query(
        second.url,
        "select name, setting from pg_settings where name in ('fsync', 'listen_addresses', 'unix_socket_directories', 'data_checksums', 'synchronous_commit') order by name",
      ),
    ).toEqual([
      { name: "data_checksums", setting: "on" },
      { name: "fsync", setting: "on" },
      { name: "listen_addresses", setting: "127.0.0.1" },
      { name: "synchronous_commit", setting: "on" },
      { name: "unix_socket_directories", setting: "" },
    ]);
    expect((await stat(join(directory, "password"))).mode & 0o777).toBe(0o600);
    const wrong = new URL(second.url);
    wrong.password = "guess";
    await expect(query(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  it("over kill -9 of the owner: the orphan is stopped and the next start works", async () => {
    const { child, url, pid } = await startInChild();
    await query(url, "create table kept as select 7 as value");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await processStart(pid), "PostgreSQL outlives its killed owner").toBeDefined();
    const restarted = await start();
    expect(restarted.pid).not.toBe(pid);
    expect(await processStart(pid)).toBeUndefined();
    expect(await query(restarted.url, "select value from kept")).toEqual([{ value: 7 }]);
  });

  it("over kill -9 of PostgreSQL itself, which its owner is told", async () => {
    const first = await start();
    await query(first.url, "create table kept as select 9 as value");
    process.kill(first.pid, "SIGKILL");
    await first.ended;
    await first.stop();
    expect(await query((await start()).url, "select value from kept")).toEqual([{ value: 9 }]);
  });

  it("over a creation that was interrupted", async () => {
    await mkdir(join(directory, "cluster.new", "base"), { recursive: true });
    await writeFile(join(directory, "cluster.new", "PG_VERSION"), "18\n");
    expect(await query((await start()).url, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

it("leaves alone a process that merely has the pid of the pid file", async () => {
  const first = await start();
  await first.stop();
  const bystander = spawn("sleep", ["60"]);
  children.push(bystander);
  await writeFile(
    join(directory, "cluster", "postmaster.pid"),
    `${bystander.pid}\n${join(directory, "cluster")}\n`,
  );
  // PostgreSQL may or may not accept this pid file: that is its own decision. The bystander must live either way.
  await start().catch(() => undefined);
  expect(await processStart(bystander.pid ?? 0)).toBeDefined();
});

it("is stopped by process.exit of an owner that forgot to", async () => {
  const { pid } = await startInChild("exit");
  expect(await gone(pid)).toBe(true);
});

it("is ready for a connection at once", async () => {
  const postgres = await start();
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
});

it("writes its log beside the cluster", async () => {
  await start();
  expect(await readFile(join(directory, "postgres.log"), "utf8")).toContain("ready to accept connections");
});
