// Text is never decoded: all of it is compared, sorted and copied as bytes of the dataset.

/** Byte order, a prefix before what it begins: the order of UTF-8 text by code point. */
export function compareBytes(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  const order = memory.compare(a, b, min(aLength, bLength));
  return order != 0 ? order : aLength - bLength;
}

// @ts-ignore: decorator
@inline
export function isDigit(byte: u8): bool {
  return <u32>byte - 0x30 < 10;
}

// @ts-ignore: decorator
@inline
export function isLetter(byte: u8): bool {
  return <u32>(byte | 0x20) - 0x61 < 26;
}

/** Valid UTF-8 of at least one byte, without control characters (below U+0020, and U+007F). */
export function isPlainText(at: usize, length: i32): bool {
  if (length == 0) return false;
  const end = at + length;
  while (at < end) {
    const lead = load<u8>(at++);
    if (lead < 0x80) {
      if (lead < 0x20 || lead == 0x7f) return false;
      continue;
    }
    // The second byte has a narrower range after E0, ED, F0 and F4: no overlong forms, no surrogates, nothing above U+10FFFF.
    let more = 0;
    let low: u8 = 0x80;
    let high: u8 = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) more = 1;
    else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else return false;
    for (; more > 0; more--) {
      if (at >= end) return false;
      const byte = load<u8>(at++);
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}
