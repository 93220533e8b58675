import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prepareModule } from "#src/worker/runner/wasm-module.ts";
import { buildModule, type ModuleParts, op, section, vector } from "./build-module.ts";

const prepare = (parts: ModuleParts, maxPages = 16) => prepareModule(buildModule(parts), { maxPages });
const memoryAndStart = [
  { name: "memory", kind: 2, index: 0 },
  { name: "_start", kind: 0, index: 0 },
];

describe("prepareModule refuses", () => {
  const refusals: [string, ModuleParts, RegExp][] = [
    [
      "a socket import",
      { imports: [{ module: "wasi_snapshot_preview1", name: "sock_send", type: "iiiii>i" }] },
      /sock_send/,
    ],
    [
      "polling",
      { imports: [{ module: "wasi_snapshot_preview1", name: "poll_oneoff", type: "iiii>i" }] },
      /poll_oneoff/,
    ],
    [
      "names every object has",
      { imports: [{ module: "wasi_snapshot_preview1", name: "toString", type: ">i" }] },
      /toString/,
    ],
    [
      "imports from elsewhere",
      { imports: [{ module: "env", name: "fd_read", type: "iiii>i" }] },
      /env\.fd_read/,
    ],
    [
      "a wrong type of an import",
      { imports: [{ module: "wasi_snapshot_preview1", name: "fd_seek", type: "iiii>i" }] },
      /fd_seek has type/,
    ],
    ["no memory", { memory: [], exports: [{ name: "_start", kind: 0, index: 0 }] }, /one memory/],
    ["shared memory", { memory: [3, 1, 1] }, /flags 3/],
    ["64-bit memory", { memory: [4, 1] }, /flags 4/],
    ["a maximum below the minimum", { memory: [1, 2, 1] }, /below its minimum/],
    ["a memory that is not exported", { exports: [{ name: "_start", kind: 0, index: 0 }] }, /not exported/],
    ["no _start", { exports: [{ name: "memory", kind: 2, index: 0 }] }, /_start/],
    ["an import as _start", { imports: ["sched_yield"], exports: memoryAndStart }, /_start/],
    // What they compute depends on the processor.
    ["relaxed SIMD", { code: [0xfd, 0x80, 0x02] }, /instruction 0xfd 100 is not allowed/],
    ["relaxed SIMD written at length", { code: [0xfd, 0x93, 0x82, 0x80, 0x00] }, /0xfd 113 is not allowed/],
    // A reader that took the types and numbers for single bytes would see a branch, and the instruction as its label.
    [
      "relaxed SIMD behind a block's reference type",
      { code: [0x02, 0x64, 0x0c, 0xfd, 0x80, 0x02] },
      /block type 0x64/,
    ],
    [
      "relaxed SIMD behind a long block type",
      { code: [0x02, 0xe4, 0x7f, 0xfd, 0x80, 0x02] },
      /block type 0xe4/,
    ],
    [
      "relaxed SIMD behind a memory's number",
      { code: [0x28, 0x42, 0, 0x0c, 0xfd, 0x80, 0x02] },
      /another memory/,
    ],
    [
      "relaxed SIMD behind a selected reference",
      { code: [0x1c, 1, 0x64, 0x0c, 0xfd, 0x80, 0x02] },
      /type 0x64/,
    ],
    ["instructions that nobody knows", { code: [0xff] }, /0xff is not allowed/],
    ["an instruction that ends behind its function", { code: [0x44] }, /cut off|beyond/],
    ["a start section", { before: section(8, [0x00]) }, /section|start/],
    ["tags", { before: section(13, [0x00]) }, /section 13/],
    ["a section twice", { before: section(5, vector([[1, 1, 1]])) }, /twice or out of order/],
    ["a section out of order", { before: section(4, [0x00]) }, /out of order/],
    ["a section longer than its content", { before: section(7, [0x00, 0x00]) }, /longer/],
  ];
  it.each(refusals)("%s", (_name, parts, reason) => {
    expect(prepare(parts)).toEqual({ type: "invalid", reason: expect.stringMatching(reason) as string });
  });

  it("types of the garbage collection proposal: their objects would escape the memory limit", () => {
    const struct = [0x5f, 0x00];
    const wasm = [...buildModule().slice(0, 8), ...section(1, vector([struct]))];
    expect(prepareModule(Uint8Array.from(wasm), { maxPages: 1 })).toMatchObject({
      type: "invalid",
      reason: /no function type/,
    });
  });

  it("an imported memory, and one larger than allowed in a table", () => {
    const head = [...buildModule().slice(0, 8)];
    const imported = section(2, vector([[1, 0x61, 1, 0x62, 0x02, 0x00, 0x01]]));
    expect(prepareModule(Uint8Array.from([...head, ...imported]), { maxPages: 1 })).toMatchObject({
      reason: /only functions/,
    });
    const table = section(4, vector([[0x70, 0x00, 0xff, 0xff, 0xff, 0x0f]]));
    expect(prepareModule(Uint8Array.from([...head, ...table]), { maxPages: 1 })).toMatchObject({
      reason: /too large/,
    });
  });

  it("what is no module", () => {
    for (const bytes of [[], [0x00], [...Buffer.from("not wasm")], [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]]) {
      expect(prepareModule(Uint8Array.from(bytes), { maxPages: 1 }).type).toBe("invalid");
    }
  });

  it("every module that is cut off", () => {
    const wasm = buildModule({
      imports: ["fd_write"],
      code: [...op.i32(70_000), ...op.drop],
      data: { at: 0, text: "abc" },
    });
    // Cut between sections it may still be a smaller command; what counts is that nothing throws and no part section passes.
    const complete = [...wasm.keys()].filter(
      (length) => prepareModule(wasm.subarray(0, length), { maxPages: 1 }).type !== "invalid",
    );
    for (const length of complete)
      expect(WebAssembly.validate(wasm.slice(0, length)) || length < wasm.length).toBe(true);
    expect(complete.length).toBeLessThan(4);
  });

  it("numbers of more than 32 bits", () => {
    const endless = [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
    const large = [1, 0xff, 0xff, 0xff, 0xff, 0x1f];
    for (const bytes of [endless, large]) {
      const wasm = Uint8Array.from([...buildModule().slice(0, 8), ...bytes]);
      expect(prepareModule(wasm, { maxPages: 1 })).toMatchObject({ type: "invalid", reason: /too long/ });
    }
  });
});

it("says so when the module needs more memory at the start than it may have", () => {
  expect(prepare({ memory: [0, 17] }, 16)).toMatchObject({ type: "memory" });
  expect(prepare({ memory: [0, 16] }, 16)).toMatchObject({ type: "ok" });
});

describe("prepareModule bounds the memory", () => {
  /** How many pages `_start` can grow to in the end. */
  function largest(memory: number[], maxPages: number): number {
    const prepared = prepare(
      { memory, code: [...op.repeatWhile([...op.i32(1), ...op.grow, ...op.i32(1), 0x6a])] },
      maxPages,
    );
    if (prepared.type !== "ok") throw new Error(prepared.reason);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(prepared.wasm));
    (instance.exports._start as () => void)();
    return (instance.exports.memory as WebAssembly.Memory).buffer.byteLength / 65_536;
  }

  it("declared without maximum", () => expect(largest([0, 1], 5)).toBe(5));
  it("declared with a higher one", () => expect(largest([1, 1, 40], 5)).toBe(5));
  it("not above a lower one of its own", () => expect(largest([1, 1, 3], 5)).toBe(3));
  it("with a limit that takes more bytes to write", () => expect(largest([1, 1, 0xff, 0x01], 200)).toBe(200));
});

describe("prepareModule", () => {
  it("leaves everything but the limits byte for byte", () => {
    const wasm = buildModule({ imports: ["fd_write"], code: op.unreachable, data: { at: 8, text: "kept" } });
    expect(prepareModule(wasm, { maxPages: 1 })).toEqual({ type: "ok", wasm });
  });

  it("bounds tables", () => {
    const table = section(4, vector([[0x70, 0x00, 0x01]]));
    const memory = section(5, vector([[1, 1, 1]]));
    const prepared = prepare({ memory: [], before: [...table, ...memory], exports: memoryAndStart });
    if (prepared.type !== "ok") throw new Error(prepared.reason);
    expect(WebAssembly.validate(prepared.wasm)).toBe(true);
    expect(Buffer.from(prepared.wasm).includes(Buffer.from([0x70, 0x01, 0x01, 0xa0, 0x8d, 0x06]))).toBe(true);
  });

  it("never throws and never passes a module the engine cannot bound, whatever bytes are flipped", () => {
    const wasm = buildModule({
      imports: ["fd_write", "path_open"],
      memory: [0, 1],
      data: { at: 0, text: "x" },
    });
    const flips = fc.array(fc.tuple(fc.nat(wasm.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (changes) => {
        const changed = wasm.slice();
        for (const [at, value] of changes) changed[at] = value;
        const prepared = prepareModule(changed, { maxPages: 2 });
        if (prepared.type !== "ok" || !WebAssembly.validate(prepared.wasm)) return;
        const module = new WebAssembly.Module(prepared.wasm);
        expect(WebAssembly.Module.imports(module).every(({ kind }) => kind === "function")).toBe(true);
        const never = () => 0;
        const wasi = new Proxy({}, { get: () => never });
        try {
          const { memory } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi }).exports;
          expect(() => (memory as WebAssembly.Memory).grow(3)).toThrow(RangeError);
        } catch (error) {
          // A data segment that no longer fits the memory.
          expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
