import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunnerDeps, type RunRequest, runWasi } from "#src/worker/runner/wasi-runner.ts";
import { buildModule, type ModuleParts, op } from "./build-module.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "runner-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const limits = { memoryBytes: 1 << 20, timeMs: 10_000, outputBytes: 1000 };

function run(parts: ModuleParts, request: Partial<RunRequest> = {}, deps: RunnerDeps = {}) {
  return runWasi(
    { wasm: buildModule(parts), dataset: null, params: new Uint8Array(0), limits, ...request },
    deps,
  );
}

describe("runWasi fails for good", () => {
  it("with 1 when the dataset or the module is not there", async () => {
    expect(await run({}, { dataset: join(folder, "absent") })).toMatchObject({ type: "failure", code: 1 });
    expect(await run({}, { wasm: join(folder, "absent.wasm") })).toMatchObject({ type: "failure", code: 1 });
  });

  it("with 2 at a trap", async () => {
    expect(await run({ code: op.unreachable })).toMatchObject({ type: "failure", code: 2 });
  });

  it("with 3 when the program does not end, and leaves no process behind", async () => {
    const began = performance.now();
    let pid = 0;
    const cpuMs = (child: number) => {
      pid = child;
      return Promise.resolve(null);
    };
    const outcome = await run({ code: op.loopForever }, { limits: { ...limits, timeMs: 500 } }, { cpuMs });
    expect(outcome).toMatchObject({ type: "failure", code: 3 });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("with 4 when memory grows to the limit, or is too large to begin with", async () => {
    const greedy = [...op.repeatWhile([...op.i32(1), ...op.grow, ...op.i32(1), 0x6a]), ...op.unreachable];
    expect(await run({ memory: [0, 1], code: greedy })).toMatchObject({ type: "failure", code: 4 });
    expect(await run({ memory: [0, 17] })).toMatchObject({ type: "failure", code: 4 });
  });

  it("with 6 when the module is malformed or wants a socket", async () => {
    expect(await run({}, { wasm: Buffer.from("no module") })).toMatchObject({ type: "failure", code: 6 });
    const socket = { module: "wasi_snapshot_preview1", name: "sock_recv", type: "iiiiii>i" };
    expect(await run({ imports: [socket] })).toMatchObject({ type: "failure", code: 6, reason: /sock_recv/ });
    expect(await run({ code: op.i32(1) })).toMatchObject({ type: "failure", code: 6 });
  });

  it("with 7 when the program exits with a code", async () => {
    const parts: ModuleParts = { imports: ["proc_exit"], code: [...op.i32(9), ...op.call(0)] };
    expect(await run(parts)).toMatchObject({ type: "failure", code: 7, reason: "exit code 9" });
  });
});

describe("runWasi reports a fault, never a failure,", () => {
  it("when the machine is too busy to give the time", async () => {
    const idle = () => Promise.resolve(1234);
    const outcome = await run(
      { code: op.loopForever },
      { limits: { ...limits, timeMs: 300 } },
      { cpuMs: idle },
    );
    expect(outcome).toMatchObject({ type: "fault", reason: /gave 0 ms/ });
  });

  it("when somebody else kills the child", async () => {
    const kill = (pid: number) => {
      process.kill(pid, "SIGKILL");
      return Promise.resolve(null);
    };
    expect(await run({ code: op.loopForever }, {}, { cpuMs: kill })).toMatchObject({
      type: "fault",
      reason: /SIGKILL/,
    });
  });

  it("when it is stopped, before or during the run", async () => {
    expect(await run({}, {}, { signal: AbortSignal.abort() })).toEqual({ type: "fault", reason: "stopped" });
    expect(await run({ code: op.loopForever }, {}, { signal: AbortSignal.timeout(700) })).toEqual({
      type: "fault",
      reason: "stopped",
    });
  });

  it("when the child does not come up", async () => {
    expect(await run({}, {}, { nodePath: join(folder, "no-node") })).toMatchObject({
      type: "fault",
      reason: /ended early/,
    });
    expect(await run({}, {}, { graceMs: 1 })).toMatchObject({ type: "fault", reason: /come up/ });
  });

  it("when the dataset cannot be opened for another reason than absence", async () => {
    expect(await run({}, { dataset: `${folder}/\0` })).toMatchObject({ type: "fault" });
  });
});

describe("runWasi succeeds", () => {
  it("with the hash of the memory's length and bytes", async () => {
    const memory = Buffer.alloc(65_536);
    memory.write("abc", 7);
    const bytes = Buffer.concat([Buffer.from("0000000000010000", "hex"), memory]);
    const expected = `0x${createHash("sha256").update(bytes).digest("hex")}`;
    expect(await run({ data: { at: 7, text: "abc" } })).toEqual({
      type: "success",
      output: new Uint8Array(0),
      memoryHash: expected,
      log: "",
    });
  });

  it("when the end came in time and only this process was late to hear of it", async () => {
    // Asked first when the program starts: at once this process falls asleep until long after the deadline.
    let asked = 0;
    const cpuMs = () => {
      const sleep = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
      if (asked++ === 0) setImmediate(sleep);
      return Promise.resolve(null);
    };
    expect(await run({}, { limits: { ...limits, timeMs: 300 } }, { cpuMs })).toMatchObject({
      type: "success",
    });
  });

  it("with a dataset read through the descriptor, at the place asked for", async () => {
    const dataset = join(folder, "dataset");
    await writeFile(dataset, "0123456789");
    const open = [
      op.i32(3),
      op.i32(0),
      op.i32(128),
      op.i32(7),
      op.i32(0),
      op.i64(-1n),
      op.i64(-1n),
      op.i32(0),
      op.i32(4),
      op.call(0),
      op.drop,
    ];
    const iov = [op.i32(64), op.i32(0), op.store32, op.i32(68), op.i32(4), op.store32];
    const read = [op.i32(5), op.i32(64), op.i32(1), op.i64(6n), op.i32(72), op.call(1), op.drop];
    const print = [op.i32(1), op.i32(64), op.i32(1), op.i32(72), op.call(2), op.drop];
    const code = [open, iov, read, print].flat(2);
    const parts: ModuleParts = {
      imports: ["path_open", "fd_pread", "fd_write"],
      code,
      data: { at: 128, text: "dataset" },
    };
    expect(await run(parts, { dataset })).toMatchObject({ type: "success", log: "6789" });
  });
});
