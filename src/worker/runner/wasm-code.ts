import { MalformedModule } from "./wasm-reader.ts";

// The instructions of the format and what follows each. Whatever is not listed is refused: one that V8 learns tomorrow may
// compute something else on another machine, as those of the relaxed SIMD proposal do today.

/** Of values and blocks. Types of several bytes, which name others, are refused: they would hide what follows them. */
const VALUE_TYPES: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x69]);
const NO_VALUE = 0x40;

type Immediate =
  /** A number of any size (LEB128): an index, a label, a constant. */
  | "number"
  | "blockType"
  | "memory"
  | "labels"
  | "types"
  | "catches"
  /** So many bytes. */
  | 1
  | 4
  | 8
  | 16;

const plain = new Map<number, readonly Immediate[]>();
const bulk = new Map<number, readonly Immediate[]>();
const vector = new Map<number, readonly Immediate[]>();

function list(table: typeof plain, first: number, last: number, ...immediates: Immediate[]): void {
  for (let code = first; code <= last; code++) table.set(code, immediates);
}

list(plain, 0x00, 0x01);
list(plain, 0x02, 0x04, "blockType");
list(plain, 0x05, 0x05);
// Exceptions, of which a module without tags can catch those of others only.
list(plain, 0x06, 0x06, "blockType");
list(plain, 0x07, 0x09, "number");
list(plain, 0x0a, 0x0b);
list(plain, 0x0c, 0x0d, "number");
list(plain, 0x0e, 0x0e, "labels", "number");
list(plain, 0x0f, 0x0f);
list(plain, 0x10, 0x10, "number");
list(plain, 0x11, 0x11, "number", "number");
list(plain, 0x12, 0x12, "number");
list(plain, 0x13, 0x13, "number", "number");
list(plain, 0x18, 0x18, "number");
list(plain, 0x19, 0x1b);
list(plain, 0x1c, 0x1c, "types");
list(plain, 0x1f, 0x1f, "blockType", "catches");
list(plain, 0x20, 0x26, "number");
list(plain, 0x28, 0x3e, "memory");
list(plain, 0x3f, 0x42, "number");
list(plain, 0x43, 0x43, 4);
list(plain, 0x44, 0x44, 8);
list(plain, 0x45, 0xc4);
list(plain, 0xd0, 0xd0, "number");
list(plain, 0xd1, 0xd1);
list(plain, 0xd2, 0xd2, "number");

list(bulk, 0, 7);
list(bulk, 8, 8, "number", "number");
list(bulk, 9, 9, "number");
list(bulk, 10, 10, "number", "number");
list(bulk, 11, 11, "number");
list(bulk, 12, 12, "number", "number");
list(bulk, 13, 13, "number");
list(bulk, 14, 14, "number", "number");
list(bulk, 15, 17, "number");

list(vector, 0, 11, "memory");
list(vector, 12, 13, 16);
list(vector, 14, 20);
list(vector, 21, 34, 1);
list(vector, 35, 83);
list(vector, 84, 91, "memory", 1);
list(vector, 92, 93, "memory");
// From 256 on: relaxed SIMD.
list(vector, 94, 255);

const groups = new Map([
  [0xfc, bulk],
  [0xfd, vector],
]);

/**
 * Walks through the instructions of a code section.
 * @throws MalformedModule for one that may not compute the same on every machine, or that is not known
 */
export function checkCode(bytes: Uint8Array): void {
  let at = 0;

  for (let count = number(); count > 0; count--) {
    const end = number() + at;
    if (end > bytes.length) throw new MalformedModule("a function is cut off");
    for (let groupsOfLocals = number(); groupsOfLocals > 0; groupsOfLocals--) {
      number();
      valueType();
    }
    while (at < end) instruction();
    if (at !== end) throw new MalformedModule("an instruction goes beyond its function");
  }
  if (at !== bytes.length) throw new MalformedModule("the code is longer than its content");

  function instruction(): void {
    const code = byte();
    const group = groups.get(code);
    const sub = group === undefined ? 0 : number();
    const immediates = group === undefined ? plain.get(code) : group.get(sub);
    if (immediates === undefined) {
      const name = group === undefined ? code.toString(16) : `${code.toString(16)} ${sub.toString(16)}`;
      throw new MalformedModule(`instruction 0x${name} is not allowed`);
    }
    for (const each of immediates) skip(each);
  }

  function skip(immediate: Immediate): void {
    switch (immediate) {
      case "number":
        number();
        return;
      case "blockType":
        blockType();
        return;
      case "memory":
        // From 64 on a memory is named as well.
        if (number() >= 64) throw new MalformedModule("an access to another memory is not allowed");
        number();
        return;
      case "labels":
        for (let count = number(); count > 0; count--) number();
        return;
      case "types":
        for (let count = number(); count > 0; count--) valueType();
        return;
      case "catches":
        for (let count = number(); count > 0; count--) {
          // The first two kinds name a tag.
          if (byte() < 2) number();
          number();
        }
        return;
      default:
        at += immediate;
    }
  }

  function valueType(): void {
    const type = byte();
    if (!VALUE_TYPES.has(type)) throw new MalformedModule(`value type 0x${type.toString(16)} is not allowed`);
  }

  /** Nothing, a value type, or the number of a function type: no number is negative. */
  function blockType(): void {
    const start = at;
    number();
    const [first, last] = [bytes[start] ?? 0, bytes[at - 1] ?? 0];
    if ((last & 0x40) === 0 || (at === start + 1 && (first === NO_VALUE || VALUE_TYPES.has(first)))) return;
    throw new MalformedModule(`block type 0x${first.toString(16)} is not allowed`);
  }

  function byte(): number {
    const value = bytes[at++];
    if (value === undefined) throw new MalformedModule("the code is cut off");
    return value;
  }

  /** Unsigned, exact below 2^53; of larger and signed ones only the length counts. */
  function number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const next = byte();
      value += (next & 0x7f) * factor;
      if (next < 0x80) return value;
    }
  }
}
