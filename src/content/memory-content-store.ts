import { type ContentAddress, contentAddressOf } from "./content-address.ts";
import type { ContentStore } from "./content-store.ts";
import { chunksOf, limited, mismatch, notFound, readAll, verified } from "./verified-stream.ts";

/** The twin of the file store for tests: same laws, nothing survives. */
export function createMemoryContentStore({
  maxBytes = 268_435_456,
}: {
  readonly maxBytes?: number;
} = {}): ContentStore {
  const contents = new Map<ContentAddress, Uint8Array>();
  const place = "this store";
  const store: ContentStore = {
    async put(source, { expected } = {}) {
      const chunks: Uint8Array[] = [];
      // Copied: the caller may use its buffer again.
      for await (const chunk of limited(chunksOf(source), maxBytes)) chunks.push(chunk.slice());
      const bytes = new Uint8Array(Buffer.concat(chunks));
      const address = contentAddressOf(bytes);
      if (expected !== undefined && expected !== address) throw mismatch(expected, address, "the upload");
      contents.set(address, bytes);
      return { address, size: bytes.byteLength };
    },
    async stat(address) {
      const bytes = contents.get(address);
      return bytes && { address, size: bytes.byteLength };
    },
    has: async (address) => contents.has(address),
    async open(address) {
      const bytes = contents.get(address);
      if (bytes === undefined) throw notFound(address, place);
      return { address, size: bytes.byteLength, stream: verified(chunksOf(bytes.slice()), address, place) };
    },
    read: async (address, options = {}) => readAll(await store.open(address), options.maxBytes ?? maxBytes),
  };
  return store;
}
