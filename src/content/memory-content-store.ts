import { alignedToChunks, chunkListOf, verifiedRange } from "./chunk-list.ts";
import { type ContentAddress, contentAddressOf } from "./content-address.ts";
import type { ContentStore } from "./content-store.ts";
import { assertWithin, chunksOf, limited, mismatch, notFound, readAll, verified } from "./verified-stream.ts";

/** The twin of the file store for tests: same laws, nothing survives. */
export function createMemoryContentStore({
  maxBytes = 268_435_456,
}: {
  readonly maxBytes?: number;
} = {}): ContentStore {
  const contents = new Map<ContentAddress, { readonly bytes: Uint8Array; readonly storedAt: number }>();
  const place = "this store";
  const store: ContentStore = {
    async put(source, { expected, admit } = {}) {
      const chunks: Uint8Array[] = [];
      // Copied: the caller may use its buffer again.
      for await (const chunk of limited(chunksOf(source), maxBytes)) chunks.push(chunk.slice());
      const bytes = new Uint8Array(Buffer.concat(chunks));
      const address = contentAddressOf(bytes);
      if (expected !== undefined && expected !== address) throw mismatch(expected, address, "the upload");
      await admit?.({ address, size: bytes.byteLength });
      contents.set(address, { bytes, storedAt: Date.now() });
      return { address, size: bytes.byteLength };
    },
    async stat(address) {
      const content = contents.get(address);
      return content && { address, size: content.bytes.byteLength };
    },
    has: async (address) => contents.has(address),
    async open(address, { range } = {}) {
      const content = contents.get(address);
      if (content === undefined) throw notFound(address, place);
      const bytes = content.bytes.slice();
      const size = bytes.byteLength;
      if (range === undefined) return { address, size, stream: verified(chunksOf(bytes), address, place) };
      assertWithin(range, size);
      const { start, end } = alignedToChunks(range, size);
      const list = await chunkListOf(verified(chunksOf(bytes), address, place));
      const chunks = chunksOf(bytes.subarray(start, end + 1));
      return { address, size, stream: verifiedRange(chunks, range, { address, size, list }, place) };
    },
    read: async (address, options = {}) => readAll(await store.open(address), options.maxBytes ?? maxBytes),
    remove: async (address) => void contents.delete(address),
    async *list() {
      for (const [address, { bytes, storedAt }] of contents)
        yield { address, size: bytes.byteLength, storedAt };
    },
  };
  return store;
}
