import { isWasiFunction, wasiSignatures } from "./wasi-signatures.ts";
import { checkCode } from "./wasm-code.ts";
import { encodeU32, MalformedModule, WasmReader } from "./wasm-reader.ts";

export const PAGE_BYTES = 65_536;

/** Elements a table may grow to: V8 takes 8 bytes or more for each, outside the memory limit. */
const MAX_TABLE_ELEMENTS = 100_000;
const MAX_TABLES = 8;

export type PreparedModule =
  | { type: "ok"; wasm: Uint8Array<ArrayBuffer> }
  | { type: "invalid"; reason: string }
  /** It asks for more memory at the start than it may have. */
  | { type: "memory"; reason: string };

/** Section ids of the format, in the order they must come in (data count stands between element and code). */
const sectionOrder = [1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11];

const section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  export: 7,
  code: 10,
} as const;

/**
 * Checks that a module is a WASI command the sandbox can hold and bounds what it can grow to: the memory's and the tables'
 * declared maxima are rewritten to the limit where they are missing or higher. Everything else is passed on byte for byte, to
 * be validated by the engine.
 *
 * Refused: imports other than the allowed WASI functions with their exact types; any number of memories but one; shared or
 * 64-bit memories and tables; types that are not functions (the objects of the GC proposal live outside the memory limit);
 * tags; instructions that compute one thing on this machine and another on that one (relaxed SIMD), and any that are not
 * known; a start section; a module without the exports `memory` and `_start`.
 */
export function prepareModule(wasm: Uint8Array, limits: { maxPages: number }): PreparedModule {
  try {
    return rewrite(wasm, Math.min(limits.maxPages, 65_536));
  } catch (error) {
    if (error instanceof MalformedModule) return { type: "invalid", reason: error.message };
    throw error;
  }
}

function rewrite(wasm: Uint8Array, maxPages: number): PreparedModule {
  const reader = new WasmReader(wasm);
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  if (!reader.bytes(8).every((byte, index) => byte === header[index]))
    throw new MalformedModule("no WebAssembly 1.0 module");

  const parts: Uint8Array[] = [Uint8Array.from(header)];
  let types: string[] = [];
  let importedFunctions = 0;
  let functionTypes: number[] = [];
  let exportsFound: Exports = {};
  let memoryPages: number | undefined;
  let order = -1;

  while (!reader.done) {
    const start = reader.position;
    const id = reader.byte();
    const body = reader.slice(reader.u32());
    let whole = wasm.subarray(start, reader.position);
    if (id === section.custom) {
      body.name();
    } else {
      const place = sectionOrder.indexOf(id);
      if (place === -1)
        throw new MalformedModule(
          id === 8 ? "a command has no start section" : `section ${id} is not allowed`,
        );
      if (place <= order) throw new MalformedModule(`section ${id} comes twice or out of order`);
      order = place;
    }
    if (id === section.type) types = readTypes(body);
    else if (id === section.import) importedFunctions = checkImports(body, types);
    else if (id === section.function) functionTypes = readVector(body, (item) => item.u32());
    else if (id === section.table) whole = rewriteTables(body);
    else if (id === section.memory) {
      const memories = readVector(body, readLimits);
      const [memory] = memories;
      if (memory === undefined || memories.length > 1)
        throw new MalformedModule("exactly one memory is allowed");
      memoryPages = memory.minimum;
      whole = encodeSection(section.memory, [
        1,
        ...encodeLimits({ ...memory, maximum: Math.min(memory.maximum ?? maxPages, maxPages) }),
      ]);
    } else if (id === section.export) exportsFound = readExports(body);
    else if (id === section.code) checkCode(body.rest());
    parts.push(whole);
  }

  if (memoryPages === undefined) throw new MalformedModule("exactly one memory is allowed");
  if (!exportsFound.memory) throw new MalformedModule('the memory is not exported as "memory"');
  const startType = functionTypes[(exportsFound.start ?? -1) - importedFunctions];
  if (startType === undefined || types[startType] !== ">")
    throw new MalformedModule('no function "_start" without parameters');
  if (memoryPages > maxPages) {
    return { type: "memory", reason: `needs ${memoryPages} pages at the start, may have ${maxPages}` };
  }
  return { type: "ok", wasm: new Uint8Array(Buffer.concat(parts)) };
}

type Exports = { memory?: true; start?: number };
type Limits = { minimum: number; maximum?: number };

function readVector<T>(reader: WasmReader, read: (reader: WasmReader) => T): T[] {
  const items: T[] = [];
  for (let count = reader.u32(); count > 0; count--) items.push(read(reader));
  reader.finish("a section");
  return items;
}

const valueTypes: Record<number, string> = {
  127: "i",
  126: "l",
  125: "f",
  124: "d",
  123: "v",
  112: "F",
  111: "X",
};

/** Function types as text, `ii>i`. */
function readTypes(reader: WasmReader): string[] {
  const values = (item: WasmReader): string => {
    let text = "";
    for (let count = item.u32(); count > 0; count--) {
      const type = item.byte();
      const letter = valueTypes[type];
      if (letter === undefined) throw new MalformedModule(`value type 0x${type.toString(16)} is not allowed`);
      text += letter;
    }
    return text;
  };
  return readVector(reader, (item) => {
    if (item.byte() !== 0x60) throw new MalformedModule("a type that is no function type is not allowed");
    const parameters = values(item);
    return `${parameters}>${values(item)}`;
  });
}

function checkImports(reader: WasmReader, types: string[]): number {
  const imports = readVector(reader, (item) => {
    const module = item.name();
    const name = item.name();
    if (item.byte() !== 0x00)
      throw new MalformedModule(`import ${module}.${name}: only functions can be imported`);
    const type = types[item.u32()];
    if (module !== "wasi_snapshot_preview1" || !isWasiFunction(name)) {
      throw new MalformedModule(`import ${module}.${name} is not allowed`);
    }
    // The engine binds any import to a function of ours, whatever its type: a wrong one would surface as an error in the host.
    if (type !== wasiSignatures[name])
      throw new MalformedModule(`import ${name} has type ${type}, not ${wasiSignatures[name]}`);
  });
  return imports.length;
}

function readExports(reader: WasmReader): Exports {
  const found: Exports = {};
  readVector(reader, (item) => {
    const name = item.name();
    const kind = item.byte();
    const index = item.u32();
    if (name === "memory" && kind === 0x02) found.memory = true;
    if (name === "_start" && kind === 0x00) found.start = index;
  });
  return found;
}

/** Flags 0 and 1 say whether there is a maximum; higher ones are shared and 64-bit memories, custom page sizes. */
function readLimits(reader: WasmReader): Limits {
  const flags = reader.byte();
  if (flags > 1) throw new MalformedModule(`limits with flags ${flags} are not allowed`);
  const minimum = reader.u32();
  if (flags === 0) return { minimum };
  const maximum = reader.u32();
  if (maximum < minimum) throw new MalformedModule("a maximum below its minimum");
  return { minimum, maximum };
}

function encodeLimits({ minimum, maximum }: { minimum: number; maximum: number }): number[] {
  return [1, ...encodeU32(minimum), ...encodeU32(maximum)];
}

function rewriteTables(reader: WasmReader): Uint8Array {
  const tables = readVector(reader, (item) => {
    const type = item.byte();
    if (type !== 0x70 && type !== 0x6f)
      throw new MalformedModule(`table type 0x${type.toString(16)} is not allowed`);
    const limits = readLimits(item);
    if (limits.minimum > MAX_TABLE_ELEMENTS)
      throw new MalformedModule(`a table of ${limits.minimum} elements is too large`);
    const maximum = Math.min(limits.maximum ?? MAX_TABLE_ELEMENTS, MAX_TABLE_ELEMENTS);
    return [type, ...encodeLimits({ minimum: limits.minimum, maximum })];
  });
  if (tables.length > MAX_TABLES) throw new MalformedModule(`${tables.length} tables are too many`);
  return encodeSection(section.table, [...encodeU32(tables.length), ...tables.flat()]);
}

function encodeSection(id: number, body: number[]): Uint8Array {
  return Uint8Array.from([id, ...encodeU32(body.length), ...body]);
}
