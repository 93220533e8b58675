import { createHash, randomUUID } from "node:crypto";
import {
  alignedToChunks,
  CHUNK_BYTES,
  type ChunkList,
  chunkListOf,
  chunkListOfSmall,
  createChunkHasher,
  openChunkList,
  sealChunkList,
  verifiedRange,
} from "./chunk-list.ts";
import {
  type ContentAddress,
  finishAddress,
  isContentAddress,
  parseContentAddress,
} from "./content-address.ts";
import type {
  ByteRange,
  ContentInfo,
  ContentSource,
  ContentStore,
  PutOptions,
  StoredContent,
} from "./content-store.ts";
import { backendFailed, type S3Client, xmlText } from "./s3-client.ts";
import { uploadParts } from "./s3-multipart.ts";
import { assertWithin, chunksOf, limited, mismatch, notFound, readAll, verified } from "./verified-stream.ts";

export interface S3ContentStoreOptions {
  /** What every key begins with: empty, or ending in a slash. */
  readonly prefix?: string;
  /** Largest content in bytes; 256 MiB unless told. */
  readonly maxBytes?: number;
  /** Content above this is sent in parts of this size; 8 MiB unless told, S3 demands 5 MiB or more. */
  readonly partBytes?: number;
  /** How many objects are listed at once; 1,000 unless told. */
  readonly pageKeys?: number;
}

const PLACE = "this store";
const ABANDONED_AFTER_MS = 86_400_000;

/**
 * Content as objects `content/abcd…` of a bucket, with their chunk lists as `chunks/abcd…`. What fits one part is sent
 * when its hash is known and right. Larger content is sent in parts under a draft's name and gets its own, by a copy within
 * the server, only when the hash over all of it was compared. Parts that a crash left are the bucket's to remove: give it a
 * lifecycle rule that aborts incomplete multipart uploads.
 */
export async function createS3ContentStore(
  { client }: { readonly client: S3Client },
  options: S3ContentStoreOptions = {},
): Promise<ContentStore> {
  const { prefix = "", maxBytes = 268_435_456, partBytes = 8_388_608, pageKeys = 1_000 } = options;
  // Checked, because an address becomes a key.
  const keyOf = (address: ContentAddress) => `${prefix}content/${parseContentAddress(address).slice(2)}`;
  const listKeyOf = (address: ContentAddress) => `${prefix}chunks/${parseContentAddress(address).slice(2)}`;
  for await (const { key, changedAt } of objects(`${prefix}drafts/`)) {
    if (Date.now() - changedAt > ABANDONED_AFTER_MS) await client.send({ method: "DELETE", key });
  }

  async function put(source: ContentSource, { expected, admit }: PutOptions): Promise<ContentInfo> {
    const hash = createHash("sha256");
    const chunks = createChunkHasher();
    let size = 0;
    const draft = `${prefix}drafts/${randomUUID()}`;
    const settle = async () => {
      const info = { address: finishAddress(hash), size };
      if (expected !== undefined && expected !== info.address) {
        throw mismatch(expected, info.address, "the upload");
      }
      await admit?.(info);
      if (size > CHUNK_BYTES) await saveList(info, chunks.finish());
      return info;
    };
    async function* counted() {
      for await (const chunk of limited(chunksOf(source), maxBytes)) {
        hash.update(chunk);
        chunks.update(chunk);
        size += chunk.byteLength;
        yield chunk;
      }
    }
    const sent = await uploadParts(client, draft, counted(), partBytes);
    if (sent.type === "small") {
      const info = await settle();
      await client.sendForXml({ method: "PUT", key: keyOf(info.address), body: sent.bytes });
      return info;
    }
    try {
      const info = await settle();
      await client.sendForXml({
        ...{ method: "PUT", key: keyOf(info.address) },
        headers: { "x-amz-copy-source": `/${client.bucket}/${draft}` },
      });
      return info;
    } finally {
      await client.send({ method: "DELETE", key: draft });
    }
  }

  async function* bytesOf(address: ContentAddress, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` };
    const response = await client.send({ method: "GET", key: keyOf(address), headers });
    if (response === undefined) throw notFound(address, PLACE);
    if (range !== undefined && response.status !== 206)
      throw backendFailed(new Error("no range was answered"));
    try {
      yield* response.body ?? [];
    } catch (error) {
      throw backendFailed(error);
    }
  }

  const wholeOf = (address: ContentAddress) => verified(bytesOf(address), address, PLACE);

  async function* rangeOf({ address, size }: ContentInfo, range: ByteRange): AsyncGenerator<Uint8Array> {
    const list = size > CHUNK_BYTES ? await loadList({ address, size }) : chunkListOfSmall(address);
    const chunks = bytesOf(address, alignedToChunks(range, size));
    yield* verifiedRange(chunks, range, { address, size, list }, PLACE);
  }

  async function loadList(info: ContentInfo): Promise<ChunkList> {
    const response = await client.send({ method: "GET", key: listKeyOf(info.address) });
    const sealed = new Uint8Array((await response?.arrayBuffer()) ?? []);
    const kept = openChunkList(sealed, info.address, info.size);
    if (kept !== undefined) return kept;
    const list = await chunkListOf(wholeOf(info.address));
    await saveList(info, list);
    return list;
  }

  async function saveList({ address, size }: ContentInfo, list: ChunkList): Promise<void> {
    await client.send({ method: "PUT", key: listKeyOf(address), body: sealChunkList(list, address, size) });
  }

  async function* objects(under: string) {
    let marker = "";
    do {
      // The first version of listing: it goes on after a key we know, where the second needs tokens of the server.
      const query = { prefix: under, marker, "max-keys": String(pageKeys) };
      const xml = await client.sendForXml({ method: "GET", query });
      let last = "";
      for (const entry of xml.match(/<Contents>[\s\S]*?<\/Contents>/g) ?? []) {
        const [key, size, changed] = ["Key", "Size", "LastModified"].map((name) => xmlText(entry, name));
        if (key === undefined) continue;
        last = key;
        yield { key, size: Number(size), changedAt: Date.parse(changed ?? "") };
      }
      marker = xmlText(xml, "IsTruncated") === "true" ? last : "";
    } while (marker !== "");
  }

  async function* list(): AsyncGenerator<StoredContent> {
    const folder = `${prefix}content/`;
    for await (const { key, size, changedAt } of objects(folder)) {
      const address = `0x${key.slice(folder.length)}`;
      if (isContentAddress(address)) yield { address, size, storedAt: changedAt };
    }
  }

  const store: ContentStore = {
    put: (source, putOptions = {}) => put(source, putOptions),
    async stat(address) {
      const response = await client.send({ method: "HEAD", key: keyOf(address) });
      return response && { address, size: Number(response.headers.get("content-length")) };
    },
    has: async (address) => (await store.stat(address)) !== undefined,
    async open(address, { range } = {}) {
      const info = await store.stat(address);
      if (info === undefined) throw notFound(address, PLACE);
      if (range !== undefined) assertWithin(range, info.size);
      return { ...info, stream: range === undefined ? wholeOf(address) : rangeOf(info, range) };
    },
    read: async (address, readOptions = {}) => {
      const limit = readOptions.maxBytes ?? maxBytes;
      return readAll(await store.open(address), limit);
    },
    async remove(address) {
      await client.send({ method: "DELETE", key: keyOf(address) });
      await client.send({ method: "DELETE", key: listKeyOf(address) });
    },
    list,
  };
  return store;
}
