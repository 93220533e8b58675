import { isDigit } from "./bytes";
import { EXIT_BAD_PARAMS } from "./limits";
import { exit } from "./wasi";

export const DAY_LENGTH = 10;
const MAX_DAYS = 366;

/** `YYYY-MM-DD` in shape only: the calendar is not consulted. */
export function isDay(at: usize, length: i32): bool {
  if (length != DAY_LENGTH) return false;
  for (let i = 0; i < DAY_LENGTH; i++) {
    const byte = load<u8>(at + i);
    if (i == 4 || i == 7 ? byte != 0x2d : !isDigit(byte)) return false;
  }
  return true;
}

/** `{"days":["2010-12-01"],"minPairCount":5,"top":20}`: a strict reader for exactly this; all else exits. */
export class Params {
  /** Addresses of the day texts, ascending, distinct. */
  days: Array<usize> = [];
  minPairCount: i32 = 5;
  top: i32 = 20;
  private at: usize;
  private end: usize;

  constructor(private json: StaticArray<u8>) {
    this.at = changetype<usize>(json);
    this.end = this.at + json.length;
    this.read();
  }

  private read(): void {
    let seen = 0;
    this.expect(0x7b);
    for (;;) {
      this.space();
      const key = this.text();
      const length = <i32>(this.at - 1 - key);
      const which = this.is(key, length, "days") ? 1 : this.is(key, length, "minPairCount") ? 2 : this.is(key, length, "top") ? 4 : 0;
      if (which == 0 || (seen & which) != 0) exit(EXIT_BAD_PARAMS);
      seen |= which;
      this.expect(0x3a);
      if (which == 1) this.readDays();
      else if (which == 2) this.minPairCount = this.integer(1_000_000);
      else this.top = this.integer(1_000);
      if (this.separator(0x7d)) break;
    }
    this.space();
    if (this.at != this.end || (seen & 1) == 0) exit(EXIT_BAD_PARAMS);
  }

  private readDays(): void {
    this.expect(0x5b);
    for (;;) {
      this.space();
      const day = this.text();
      if (!isDay(day, <i32>(this.at - 1 - day)) || this.days.length == MAX_DAYS) exit(EXIT_BAD_PARAMS);
      let place = 0;
      while (place < this.days.length && memory.compare(this.days[place], day, DAY_LENGTH) < 0) place++;
      if (place < this.days.length && memory.compare(this.days[place], day, DAY_LENGTH) == 0) exit(EXIT_BAD_PARAMS);
      this.days.push(day);
      for (let i = this.days.length - 1; i > place; i--) this.days[i] = this.days[i - 1];
      this.days[place] = day;
      if (this.separator(0x5d)) break;
    }
  }

  private is(at: usize, length: i32, name: string): bool {
    if (length != name.length) return false;
    for (let i = 0; i < length; i++) if (load<u8>(at + i) != name.charCodeAt(i)) return false;
    return true;
  }

  private byte(): u8 {
    if (this.at >= this.end) exit(EXIT_BAD_PARAMS);
    return load<u8>(this.at++);
  }

  private space(): void {
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte != 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d) break;
      this.at++;
    }
  }

  private expect(wanted: u8): void {
    this.space();
    if (this.byte() != wanted) exit(EXIT_BAD_PARAMS);
  }

  /** True at `closing`, false at a comma. */
  private separator(closing: u8): bool {
    this.space();
    const byte = this.byte();
    if (byte != closing && byte != 0x2c) exit(EXIT_BAD_PARAMS);
    return byte == closing;
  }

  /** Start of a string without escapes; leaves `at` one past its closing quote. */
  private text(): usize {
    if (this.byte() != 0x22) exit(EXIT_BAD_PARAMS);
    const start = this.at;
    for (let byte = this.byte(); byte != 0x22; byte = this.byte()) if (byte < 0x20 || byte == 0x5c) exit(EXIT_BAD_PARAMS);
    return start;
  }

  /** 1 to `most`, decimal, no leading zero. */
  private integer(most: i32): i32 {
    this.space();
    let value = 0;
    while (this.at < this.end && isDigit(load<u8>(this.at))) {
      value = value * 10 + <i32>(load<u8>(this.at++) - 0x30);
      if (value == 0 || value > most) exit(EXIT_BAD_PARAMS);
    }
    if (value == 0) exit(EXIT_BAD_PARAMS);
    return value;
  }
}
