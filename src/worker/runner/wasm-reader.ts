/** A module that is cut off, or whose bytes are not what the format asks for. */
export class MalformedModule extends Error {}

/** Reads the primitives of the WebAssembly binary format; every read is checked against the end. */
export class WasmReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  get done(): boolean {
    return this.#at === this.#end;
  }

  byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at++] : undefined;
    if (byte === undefined) throw new MalformedModule(`cut off at byte ${this.#at}`);
    return byte;
  }

  /** Unsigned LEB128 of at most 32 bits: five bytes, the fifth below 16. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      if (shift === 28 && byte > 0x0f) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new MalformedModule(`number too long before byte ${this.#at}`);
  }

  bytes(length: number): Uint8Array {
    const start = this.#at;
    if (length > this.#end - start) throw new MalformedModule(`cut off at byte ${this.#end}`);
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.#end - this.#at);
  }

  name(): string {
    const bytes = this.bytes(this.u32());
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new MalformedModule(`a name before byte ${this.#at} is not UTF-8`, { cause });
    }
  }

  /** The next `length` bytes as a reader of their own. */
  slice(length: number): WasmReader {
    const start = this.#at;
    this.bytes(length);
    return new WasmReader(this.#bytes, start, start + length);
  }

  /** @throws MalformedModule when something is left over */
  finish(what: string): void {
    if (!this.done) throw new MalformedModule(`${what} is longer than its content`);
  }
}

/** Unsigned LEB128, shortest form. `value`: below 2^32. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
