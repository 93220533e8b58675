import { type WasiFunctionName, wasiSignatures } from "#src/worker/runner/wasi-signatures.ts";
import { encodeU32 } from "#src/worker/runner/wasm-reader.ts";

/** Assembles small modules by hand, so that malformed and hostile ones can be written down. */
export const op = {
  unreachable: [0x00],
  loopForever: [0x03, 0x40, 0x0c, 0x00, 0x0b],
  drop: [0x1a],
  i32: (value: number) => [0x41, ...encodeI32(value)],
  i64: (value: bigint) => [0x42, ...encodeI64(value)],
  /** Calls import number `index`, or the `_start` function itself when it is the number of imports. */
  call: (index: number) => [0x10, ...encodeU32(index)],
  grow: [0x40, 0x00],
  eqz: [0x45],
  load32: [0x28, 0x02, 0x00],
  store32: [0x36, 0x02, 0x00],
  /** Repeats `body`, which leaves an i32, while that is not zero. */
  repeatWhile: (body: number[]) => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b],
  /** Catches whatever `body` throws (exception handling proposal: no tag needed). */
  catchAll: (body: number[]) => [0x06, 0x40, ...body, 0x19, 0x0b],
};

export type ModuleParts = {
  imports?: (WasiFunctionName | { module: string; name: string; type: string })[];
  /** Instructions of `_start`, without the closing `end`. */
  code?: number[];
  /** Flags, minimum, maximum as the format has them: [1, 1, 2] is one page, at most two. */
  memory?: number[];
  data?: { at: number; text: string };
  exports?: { name: string; kind: number; index: number }[];
  /** Raw sections put in before the export section, complete with id and length. */
  before?: number[];
};

export function buildModule(parts: ModuleParts = {}): Uint8Array<ArrayBuffer> {
  const imports = (parts.imports ?? []).map((item) =>
    typeof item === "string"
      ? { module: "wasi_snapshot_preview1", name: item, type: wasiSignatures[item] }
      : item,
  );
  const types = [...imports.map(({ type }) => type), ">"].map(encodeType);
  const names = imports.map((item, index) => [
    ...name(item.module),
    ...name(item.name),
    0x00,
    ...encodeU32(index),
  ]);
  const exported = parts.exports ?? [
    { name: "memory", kind: 2, index: 0 },
    { name: "_start", kind: 0, index: imports.length },
  ];
  const body = [0x00, ...(parts.code ?? []), 0x0b];
  const { data } = parts;
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector(names)),
    ...section(3, vector([encodeU32(imports.length)])),
    ...(parts.memory?.length === 0 ? [] : section(5, vector([parts.memory ?? [1, 1, 1]]))),
    ...(parts.before ?? []),
    ...section(7, vector(exported.map((item) => [...name(item.name), item.kind, item.index]))),
    ...section(10, vector([[...encodeU32(body.length), ...body]])),
    ...(data ? section(11, vector([[0x00, ...op.i32(data.at), 0x0b, ...name(data.text)]])) : []),
  ]);
}

export function section(id: number, body: number[]): number[] {
  return [id, ...encodeU32(body.length), ...body];
}

export function vector(items: number[][]): number[] {
  return [...encodeU32(items.length), ...items.flat()];
}

function name(text: string): number[] {
  const bytes = [...Buffer.from(text)];
  return [...encodeU32(bytes.length), ...bytes];
}

function encodeType(text: string): number[] {
  const values = (letters: string) => vector([...letters].map((letter) => [letter === "i" ? 0x7f : 0x7e]));
  const [parameters = "", results = ""] = text.split(">");
  return [0x60, ...values(parameters), ...values(results)];
}

function encodeI32(value: number): number[] {
  return encodeI64(BigInt(value | 0));
}

function encodeI64(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    const last = rest >> 6n === 0n || rest >> 6n === -1n;
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}
