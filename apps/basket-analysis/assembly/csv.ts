import { MAX_LINES } from "./limits";

/** Fields of one record beyond this many are counted, not kept. */
const KEPT = 8;

/**
 * Reads records from the dataset one by one: RFC 4180, LF or CRLF. Quoted fields are unescaped in place (the text only gets
 * shorter), so a field is always a span of the dataset's own bytes.
 */
export class CsvReader {
  /** Fields of the record just read; only the first eight are kept. */
  fields: i32 = 0;
  /** A quoted field was never closed, or something followed its closing quote. */
  badQuotes: bool = false;
  private at: usize;
  private end: usize;
  private starts: StaticArray<usize> = new StaticArray<usize>(KEPT);
  private lengths: StaticArray<i32> = new StaticArray<i32>(KEPT);

  constructor(data: StaticArray<u8>) {
    this.at = changetype<usize>(data);
    this.end = this.at + data.length;
    // A byte order mark is no data.
    if (data.length >= 3 && data[0] == 0xef && data[1] == 0xbb && data[2] == 0xbf) this.at += 3;
  }

  start(field: i32): usize {
    return this.starts[field];
  }

  length(field: i32): i32 {
    return this.lengths[field];
  }

  /** False at the end. Empty lines are passed over. */
  next(): bool {
    while (this.at < this.end && this.lineEnd(this.at) > 0) this.at += this.lineEnd(this.at);
    if (this.at >= this.end) return false;
    this.fields = 0;
    this.badQuotes = false;
    while (this.fields == 0 || this.comma()) this.field();
    if (this.at < this.end) this.at += this.lineEnd(this.at);
    return true;
  }

  /** Steps over the comma after a field, if there is one. */
  private comma(): bool {
    if (this.at >= this.end || load<u8>(this.at) != 0x2c) return false;
    this.at++;
    return true;
  }

  /** Length of the line end at `at`: 1 for LF, 2 for CRLF, 0 for anything else (a lone CR is data). */
  // @ts-ignore: decorator
  @inline
  private lineEnd(at: usize): usize {
    const byte = load<u8>(at);
    if (byte == 0x0a) return 1;
    return byte == 0x0d && at + 1 < this.end && load<u8>(at + 1) == 0x0a ? 2 : 0;
  }

  private keep(start: usize, length: i32): void {
    if (this.fields < KEPT) {
      this.starts[this.fields] = start;
      this.lengths[this.fields] = length;
    }
    this.fields++;
  }

  private field(): void {
    const start = this.at;
    let to = start;
    // A comma at the very end of the file opens one more, empty field.
    if (start < this.end && load<u8>(start) == 0x22) {
      this.at++;
      let closed = false;
      while (this.at < this.end) {
        const byte = load<u8>(this.at++);
        if (byte == 0x22) {
          if (this.at >= this.end || load<u8>(this.at) != 0x22) {
            closed = true;
            break;
          }
          this.at++;
        }
        store<u8>(to++, byte);
      }
      if (!closed) this.badQuotes = true;
      else if (this.at < this.end && load<u8>(this.at) != 0x2c && this.lineEnd(this.at) == 0) this.badQuotes = true;
    }
    // Unquoted text, or what wrongly follows a closing quote: up to the next comma or line end; quotes in it are plain.
    while (this.at < this.end && load<u8>(this.at) != 0x2c && this.lineEnd(this.at) == 0) {
      const byte = load<u8>(this.at++);
      if (to != this.at - 1) store<u8>(to, byte);
      to++;
    }
    this.keep(start, <i32>(to - start));
  }
}

/** At least the number of records in the data; bounds the size of every table. Above MAX_LINES + 1 the exact value is of no use. */
export function recordsAtMost(data: StaticArray<u8>): i32 {
  let lines = 1;
  for (let i = 0; i < data.length && lines <= MAX_LINES + 1; i++) if (unchecked(data[i]) == 0x0a) lines++;
  return lines;
}
