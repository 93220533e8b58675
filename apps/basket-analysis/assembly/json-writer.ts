/** Writes canonical JSON (RFC 8785: no spaces, minimal escapes) as bytes; that keys come sorted is the caller's part. */
export class JsonWriter {
  private buffer: ArrayBuffer = new ArrayBuffer(1 << 16);
  length: i32 = 0;
  private needsComma: bool = false;

  get start(): usize {
    return changetype<usize>(this.buffer);
  }

  open(bracket: string): void {
    this.separate();
    this.ascii(bracket);
    this.needsComma = false;
  }

  close(bracket: string): void {
    this.ascii(bracket);
    this.needsComma = true;
  }

  key(name: string): void {
    this.separate();
    this.ascii('"');
    this.ascii(name);
    this.ascii('":');
    this.needsComma = false;
  }

  integer(value: i64): void {
    this.separate();
    this.ascii(value.toString());
    this.needsComma = true;
  }

  /** Text as bytes without control characters: only the quote and the backslash need an escape. */
  text(at: usize, length: i32): void {
    this.separate();
    this.byte(0x22);
    for (let i = 0; i < length; i++) {
      const byte = load<u8>(at + i);
      if (byte == 0x22 || byte == 0x5c) this.byte(0x5c);
      this.byte(byte);
    }
    this.byte(0x22);
    this.needsComma = true;
  }

  name(value: string): void {
    this.separate();
    this.ascii('"');
    this.ascii(value);
    this.ascii('"');
    this.needsComma = true;
  }

  private separate(): void {
    if (this.needsComma) this.byte(0x2c);
  }

  private ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(<u8>text.charCodeAt(i));
  }

  private byte(byte: u8): void {
    if (this.length == this.buffer.byteLength) {
      const grown = new ArrayBuffer(this.length * 2);
      memory.copy(changetype<usize>(grown), changetype<usize>(this.buffer), this.length);
      this.buffer = grown;
    }
    store<u8>(changetype<usize>(this.buffer) + this.length++, byte);
  }
}
