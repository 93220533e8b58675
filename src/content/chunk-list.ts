import { createHash, type Hash } from "node:crypto";
import type { ContentAddress } from "./content-address.ts";
import type { ByteRange } from "./content-store.ts";
import { mismatch } from "./verified-stream.ts";

/** Content larger than this has a list of the sha-256 of each piece of this size, so that a part of it can be verified. */
export const CHUNK_BYTES = 1_048_576;

const DIGEST_BYTES = 32;

/** The sha-256 of each chunk in order, 32 bytes each; the last chunk may be shorter than the others. */
export type ChunkList = Uint8Array;

/** Takes content in pieces of any size and makes its chunk list. */
export function createChunkHasher() {
  const digests: Buffer[] = [];
  let hash: Hash | undefined;
  let filled = 0;
  return {
    update(bytes: Uint8Array): void {
      for (let done = 0; done < bytes.byteLength; ) {
        const piece = bytes.subarray(done, done + CHUNK_BYTES - filled);
        hash ??= createHash("sha256");
        hash.update(piece);
        done += piece.byteLength;
        filled += piece.byteLength;
        if (filled === CHUNK_BYTES) close();
      }
    },
    finish(): ChunkList {
      if (filled > 0) close();
      return new Uint8Array(Buffer.concat(digests));
    },
  };

  function close(): void {
    if (hash !== undefined) digests.push(hash.digest());
    hash = undefined;
    filled = 0;
  }
}

/** The chunk list of a stream that was read to its end. */
export async function chunkListOf(stream: AsyncIterable<Uint8Array>): Promise<ChunkList> {
  const hasher = createChunkHasher();
  for await (const chunk of stream) hasher.update(chunk);
  return hasher.finish();
}

/** As it is stored: followed by a digest that binds it to its content, because nothing else would show that it is damaged. */
export function sealChunkList(list: ChunkList, address: ContentAddress, size: number): Uint8Array {
  return new Uint8Array(Buffer.concat([list, bond(list, address, size)]));
}

/** @returns undefined if it is not the list that was made for this content */
export function openChunkList(
  sealed: Uint8Array,
  address: ContentAddress,
  size: number,
): ChunkList | undefined {
  const list = sealed.subarray(0, -DIGEST_BYTES);
  if (list.byteLength !== Math.ceil(size / CHUNK_BYTES) * DIGEST_BYTES) return undefined;
  return bond(list, address, size).equals(sealed.subarray(-DIGEST_BYTES)) ? list : undefined;
}

function bond(list: ChunkList, address: ContentAddress, size: number): Buffer {
  return createHash("sha256").update(`chunks of ${address}, ${size} bytes\n`).update(list).digest();
}

/** The list of content of one chunk is its address. */
export function chunkListOfSmall(address: ContentAddress): ChunkList {
  return new Uint8Array(Buffer.from(address.slice(2), "hex"));
}

/** The whole chunks that hold a range. */
export function alignedToChunks({ start, end }: ByteRange, size: number): ByteRange {
  return {
    start: Math.floor(start / CHUNK_BYTES) * CHUNK_BYTES,
    end: Math.min(size, (Math.floor(end / CHUNK_BYTES) + 1) * CHUNK_BYTES) - 1,
  };
}

/**
 * Cuts a range out of the whole chunks that hold it ({@link alignedToChunks}). Nothing of a chunk is passed on before its
 * hash was compared.
 */
export async function* verifiedRange(
  chunks: AsyncIterable<Uint8Array>,
  range: ByteRange,
  content: { readonly address: ContentAddress; readonly size: number; readonly list: ChunkList },
  from: string,
): AsyncGenerator<Uint8Array> {
  const { address, size, list } = content;
  let at = alignedToChunks(range, size).start;
  for await (const chunk of inChunks(chunks)) {
    const number = at / CHUNK_BYTES;
    const expected = list.subarray(number * DIGEST_BYTES, (number + 1) * DIGEST_BYTES);
    const actual = createHash("sha256").update(chunk).digest();
    if (!actual.equals(expected)) throw mismatch(address, `0x${actual.toString("hex")}`, from);
    yield chunk.subarray(Math.max(0, range.start - at), range.end + 1 - at);
    at += chunk.byteLength;
  }
  if (at <= range.end) throw mismatch(address, "0x", from);
}

async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let filled = 0;
  for await (const piece of source) {
    for (let done = 0; done < piece.byteLength; ) {
      const part = piece.subarray(done, done + CHUNK_BYTES - filled);
      held.push(part);
      filled += part.byteLength;
      done += part.byteLength;
      if (filled < CHUNK_BYTES) continue;
      yield Buffer.concat(held);
      held = [];
      filled = 0;
    }
  }
  if (filled > 0) yield Buffer.concat(held);
}
