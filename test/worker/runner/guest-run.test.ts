import { describe, expect, it } from "vitest";
import { FIXED_CLOCK_NANOSECONDS, type GuestRun, runGuest } from "#src/worker/runner/guest-run.ts";
import { prepareModule } from "#src/worker/runner/wasm-module.ts";
import { buildModule, type ModuleParts, op } from "./build-module.ts";

function run(parts: ModuleParts, options: Partial<GuestRun> = {}) {
  const prepared = prepareModule(buildModule(parts), { maxPages: 16 });
  if (prepared.type !== "ok") throw new Error(prepared.reason);
  return runGuest({
    ...{ wasm: prepared.wasm, params: new Uint8Array(0), dataset: null, seed: new Uint8Array(32) },
    ...{ memoryBytes: 1 << 20, outputBytes: 1000 },
    ...options,
  });
}

/** Memory after the run, as 32-bit words. */
function words(parts: ModuleParts, options?: Partial<GuestRun>): Uint32Array {
  const end = run(parts, options);
  if (end.type !== "ended") throw new Error(end.reason);
  return new Uint32Array(end.memory.slice(0, 256).buffer);
}

/** Opens `path` below folder 3 (/in) or 4 (/out); the error number goes to word 0, the descriptor to word 1. */
function openPath(folder: number, path: string, oflags = 0): number[] {
  const values = [
    op.i32(folder),
    op.i32(0),
    op.i32(128),
    op.i32(path.length),
    op.i32(oflags),
    op.i64(-1n),
    op.i64(-1n),
    op.i32(0),
    op.i32(4),
  ];
  return [...op.i32(0), ...values.flat(), ...op.call(0), ...op.store32];
}

describe("a program cannot open", () => {
  const refused: [string, number, string, number, number][] = [
    ["what is above its folder", 3, "../../etc/passwd", 0, 76],
    ["what is above by a detour", 3, "dataset/../../etc/passwd", 0, 76],
    ["an absolute path", 3, "/etc/passwd", 0, 76],
    ["files that are not there", 3, "passwd", 0, 44],
    ["a file below a file", 3, "params.json/x", 0, 54],
    ["a new input", 3, "mine", 1, 69],
    ["an input to empty it", 3, "params.json", 8, 69],
    ["any output but the result", 4, "other", 1, 2],
    ["a result it has not created", 4, "result", 0, 44],
    ["a descriptor that is not open", 9, "result", 1, 8],
    ["a path below standard output", 1, "result", 1, 54],
  ];
  it.each(refused)("%s", (_name, folder, path, oflags, errno) => {
    const parts: ModuleParts = {
      imports: ["path_open"],
      code: openPath(folder, path, oflags),
      data: { at: 128, text: path },
    };
    expect(words(parts)[0]).toBe(errno);
  });

  it("with a result pointer outside its memory", () => {
    const values = [
      op.i32(4),
      op.i32(0),
      op.i32(0),
      op.i32(6),
      op.i32(1),
      op.i64(0n),
      op.i64(0n),
      op.i32(0),
      op.i32(-2),
    ].flat();
    const code = [...op.i32(16), ...values, ...op.call(0), ...op.store32];
    expect(words({ imports: ["path_open"], code, data: { at: 0, text: "result" } })[4]).toBe(21);
  });

  it("without end: descriptors are limited", () => {
    const once = [...openPath(3, "params.json"), ...op.i32(0), ...op.load32, ...op.eqz];
    const parts: ModuleParts = {
      imports: ["path_open"],
      code: op.repeatWhile(once),
      data: { at: 128, text: "params.json" },
    };
    expect(words(parts)[0]).toBe(33);
  });
});

/** Writes `length` bytes from address 0 to descriptor `fd`, through an iovec at 64. */
function write(fd: number, length: number, importIndex: number): number[] {
  const iov = [...op.i32(64), ...op.i32(0), ...op.store32, ...op.i32(68), ...op.i32(length), ...op.store32];
  return [
    ...iov,
    ...op.i32(8),
    ...op.i32(fd),
    ...op.i32(64),
    ...op.i32(1),
    ...op.i32(12),
    ...op.call(importIndex),
    ...op.store32,
  ];
}
const createResult = openPath(4, "result", 1);
const resultPath = { at: 128, text: "result" };

describe("runGuest answers", () => {
  it("2 for a trap", () => expect(run({ code: op.unreachable })).toMatchObject({ type: "failure", code: 2 }));

  it("2 for a stack overflow", () => {
    expect(run({ code: op.call(0) })).toMatchObject({ type: "failure", code: 2, reason: /call stack/ });
  });

  it("2 for a data segment outside the memory", () => {
    expect(run({ data: { at: 70_000, text: "x" } })).toMatchObject({ type: "failure", code: 2 });
  });

  it("4 for a program that fails with its memory full", () => {
    const untilRefused = op.repeatWhile([...op.i32(1), ...op.grow, ...op.i32(1), 0x6a]);
    expect(run({ memory: [0, 1], code: [...untilRefused, ...op.unreachable] })).toMatchObject({
      type: "failure",
      code: 4,
    });
    expect(run({ memory: [0, 1], code: untilRefused })).toMatchObject({ type: "ended" });
  });

  it("5 at the first byte too many", () => {
    const parts = (length: number): ModuleParts => {
      return {
        imports: ["path_open", "fd_write"],
        code: [...createResult, ...write(5, length, 1)],
        data: resultPath,
      };
    };
    expect(run(parts(1001))).toMatchObject({ type: "failure", code: 5 });
    expect(run(parts(1000))).toMatchObject({ type: "ended", output: { length: 1000 } });
  });

  it("5 for a hole as large as a disk", () => {
    const seek = [op.i32(5), op.i64(2n ** 52n), op.i32(0), op.i32(16), op.call(2), op.drop].flat();
    const code = [...createResult, ...seek, ...write(5, 1, 1)];
    expect(run({ imports: ["path_open", "fd_write", "fd_seek"], code, data: resultPath })).toMatchObject({
      code: 5,
    });
  });

  it("6 for what the engine does not accept", () => {
    expect(run({ code: op.i32(1) })).toMatchObject({ type: "failure", code: 6 });
  });

  it("7 for an exit code, even when the program catches the exit and goes on", () => {
    const exit = [...op.i32(3), ...op.call(0)];
    expect(run({ imports: ["proc_exit"], code: exit })).toMatchObject({
      type: "failure",
      code: 7,
      reason: "exit code 3",
    });
    const again = [...op.catchAll(exit), ...op.i32(0), ...op.call(0)];
    expect(run({ imports: ["proc_exit"], code: again })).toMatchObject({ code: 7, reason: "exit code 3" });
  });

  it("a fault when the dataset ends early or cannot be read", () => {
    const readDataset = [...openPath(3, "dataset"), ...write(5, 10, 1)];
    const parts: ModuleParts = {
      imports: ["path_open", "fd_read"],
      code: readDataset,
      data: { at: 128, text: "dataset" },
    };
    expect(run(parts, { dataset: { size: 10, readAt: () => 0 } })).toMatchObject({ type: "fault" });
    const broken = () => {
      throw new Error("EIO");
    };
    expect(run(parts, { dataset: { size: 10, readAt: broken } })).toMatchObject({
      type: "fault",
      reason: /EIO/,
    });
  });
});

describe("a program sees", () => {
  it("one fixed moment", () => {
    const clock = (id: number, at: number) =>
      [op.i32(id), op.i64(0n), op.i32(at), op.call(0), op.drop].flat();
    const seen = words({ imports: ["clock_time_get"], code: [...clock(0, 0), ...clock(1, 8)] });
    const both = new BigUint64Array(seen.buffer, 0, 2);
    expect([...both]).toEqual([FIXED_CLOCK_NANOSECONDS, FIXED_CLOCK_NANOSECONDS]);
  });

  it("randomness that follows from the seed", () => {
    const code = [
      op.i32(0),
      op.i32(5),
      op.call(0),
      op.drop,
      op.i32(5),
      op.i32(95),
      op.call(0),
      op.drop,
    ].flat();
    const parts: ModuleParts = { imports: ["random_get"], code };
    const one = words(parts, { seed: new Uint8Array(32).fill(1) });
    expect(words(parts, { seed: new Uint8Array(32).fill(1) })).toEqual(one);
    expect(words(parts, { seed: new Uint8Array(32).fill(2) })).not.toEqual(one);
    // SHA-256 of 32 zero bytes and a zero counter, checked with another tool.
    expect(Buffer.from(words(parts).buffer).subarray(0, 4).toString("hex")).toBe("2c34ce1d");
  });

  it("no environment, one argument, and files without a past", () => {
    const environment = [op.i32(0), op.i32(4), op.call(0), op.drop].flat();
    const stat = [op.i32(3), op.i32(0), op.i32(128), op.i32(11), op.i32(64), op.call(1), op.drop].flat();
    const parts: ModuleParts = {
      imports: ["environ_sizes_get", "path_filestat_get"],
      code: [...environment, ...stat],
      data: { at: 128, text: "params.json" },
    };
    const seen = words(parts, { params: Buffer.from("{}") });
    expect([...seen.slice(0, 2)]).toEqual([0, 0]);
    expect([...seen.slice(16, 32)]).toEqual([0, 0, 0, 0, 4, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
  });
});

it("keeps what is printed as a log, up to a bound, apart from the output", () => {
  const code = [...write(1, 5, 0), ...write(2, 60_000, 0)];
  const end = run({ imports: ["fd_write"], code, data: { at: 0, text: "hello" }, memory: [1, 1, 1] });
  expect(end).toMatchObject({ type: "ended", output: { length: 0 } });
  expect(end.type === "ended" && [end.log.slice(0, 10), end.log.length]).toEqual(["hellohello", 8192]);
});

describe("a listed folder", () => {
  /** Lists a descriptor into `length` bytes from address 512; the error number goes to word 0, the bytes used to word 1. */
  const list = (fd: number, length: number, cookie = 0n) => [
    ...op.i32(0),
    ...[op.i32(fd), op.i32(512), op.i32(length), op.i64(cookie), op.i32(4)].flat(),
    ...op.call(0),
    ...op.store32,
  ];
  function listed(code: number[], options?: Partial<GuestRun>) {
    const end = run({ imports: ["fd_readdir", "path_open"], code, data: resultPath }, options);
    if (end.type !== "ended") throw new Error(end.reason);
    const memory = new DataView(end.memory.buffer, end.memory.byteOffset);
    const [errno, used] = [memory.getUint32(0, true), memory.getUint32(4, true)];
    const names: string[] = [];
    for (let at = 512; at + 24 <= 512 + used; ) {
      const length = memory.getUint32(at + 16, true);
      names.push(`${new TextDecoder().decode(end.memory.slice(at + 24, at + 24 + length))}`);
      at += 24 + length;
    }
    return { errno, used, names };
  }
  const dataset = { size: 0, readAt: () => 0 };

  it("is not a file, nor a stream", () => {
    expect(listed(list(1, 100)).errno).toBe(54);
    expect(listed(list(9, 100)).errno).toBe(8);
  });

  it("does not reach outside the program's memory", () => {
    expect(listed(list(3, 1 << 30)).errno).toBe(21);
  });

  it("names its files in one order, whatever was put in first", () => {
    expect(listed(list(3, 1_000), { dataset }).names).toEqual([".", "..", "dataset", "params.json"]);
    expect(listed(list(3, 1_000)).names).toEqual([".", "..", "params.json"]);
  });

  it("goes on where it was, and fills its buffer where there is more", () => {
    expect(listed(list(3, 1_000, 3n), { dataset })).toMatchObject({ used: 24 + 11, names: ["params.json"] });
    expect(listed(list(3, 60), { dataset }).used).toBe(60);
    expect(listed(list(3, 1_000, 4n), { dataset }).used).toBe(0);
    expect(listed(list(3, 1_000, -1n), { dataset }).used).toBe(0);
  });

  it("shows the result once it is there", () => {
    expect(listed(list(4, 1_000)).names).toEqual([".", ".."]);
    // `openPath` calls import 0: the other one comes first here.
    const open = openPath(4, "result", 1).flatMap((byte, i, all) =>
      all[i - 1] === 0x10 && byte === 0 ? [1] : [byte],
    );
    expect(listed([...open, ...list(4, 1_000)]).names).toEqual([".", "..", "result"]);
  });
});
