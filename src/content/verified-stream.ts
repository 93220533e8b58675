import { createHash } from "node:crypto";
import { HanseError } from "#src/kernel/errors.ts";
import { type ContentAddress, finishAddress } from "./content-address.ts";
import type { ByteRange, ContentReading, ContentSource } from "./content-store.ts";

/** Gives bytes at hand and streams the same face. */
export async function* chunksOf(source: ContentSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  else yield* source;
}

/** Passes chunks on, and throws HANSE_CONTENT_TOO_LARGE as soon as there is one byte too many. */
export async function* limited(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

/**
 * Passes chunks on while hashing them. Each chunk is held back until the next one has come, and the last until the
 * hash is right: a reader that got everything got the right thing.
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  expected: ContentAddress,
  from: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let held: Uint8Array | undefined;
  for await (const chunk of source) {
    if (held !== undefined) yield held;
    hash.update(chunk);
    held = chunk;
  }
  const actual = finishAddress(hash);
  if (actual !== expected) throw mismatch(expected, actual, from);
  if (held !== undefined) yield held;
}

/** Reads an opened content into memory. */
export async function readAll({ stream, size }: ContentReading, maxBytes: number): Promise<Uint8Array> {
  if (size > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

export function mismatch(expected: ContentAddress, actual: string, from: string): HanseError {
  return new HanseError(
    "HANSE_CONTENT_HASH_MISMATCH",
    `The content from ${from} is not what its address names`,
    {
      details: { expected, actual, source: from },
    },
  );
}

export function notFound(address: ContentAddress, from: string): HanseError {
  return new HanseError("HANSE_CONTENT_NOT_FOUND", `${from} has no content ${address}`, {
    details: { address, source: from },
  });
}

export function tooLarge(maxBytes: number): HanseError {
  return new HanseError("HANSE_CONTENT_TOO_LARGE", `The content is larger than ${maxBytes} bytes`, {
    details: { maxBytes },
  });
}

/** @throws HanseError HANSE_RANGE_UNSATISFIABLE */
export function assertWithin({ start, end }: ByteRange, size: number): void {
  if (start >= 0 && start <= end && end < size) return;
  throw new HanseError("HANSE_RANGE_UNSATISFIABLE", `The content has ${size} bytes, not those asked for`, {
    details: { start, end, size },
  });
}
