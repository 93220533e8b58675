import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fromSystemError } from "#src/kernel/system-error.ts";
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
import { isMissing, nameDurably, translated, writeAll, writeDurably } from "./durable-file.ts";
import { assertWithin, chunksOf, limited, mismatch, notFound, readAll, verified } from "./verified-stream.ts";

export interface FileContentStoreOptions {
  readonly directory: string;
  /** Largest content in bytes; 256 MiB unless told. */
  readonly maxBytes?: number;
}

const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * Content as files, `ab/cd/abcd…`, two levels deep so that no directory grows large. A file is written beside, synced
 * and renamed: under its name there is all of it or nothing, also after a power cut. Several processes may share it.
 * Beside content of more than a chunk lies its chunk list, `abcd….chunks`; a list that is lost is made again.
 */
export async function createFileContentStore(options: FileContentStoreOptions): Promise<ContentStore> {
  const { maxBytes = 268_435_456 } = options;
  const root = resolve(options.directory);
  const drafts = join(root, "drafts");
  await translated(async () => {
    await mkdir(drafts, { recursive: true });
    await removeAbandoned(drafts);
  });

  const pathOf = (address: ContentAddress) => {
    // Checked here too, because an address becomes a path.
    const hex = parseContentAddress(address).slice(2);
    return join(root, hex.slice(0, 2), hex.slice(2, 4), hex);
  };

  async function put(source: ContentSource, { expected, admit }: PutOptions): Promise<ContentInfo> {
    const draft = join(drafts, randomUUID());
    try {
      const { info, list } = await writeDraft(draft, limited(chunksOf(source), maxBytes));
      const { address, size } = info;
      if (expected !== undefined && expected !== address) throw mismatch(expected, address, "the upload");
      await admit?.(info);
      if (size > CHUNK_BYTES) await saveList(info, list);
      await nameDurably(draft, pathOf(address));
      return info;
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  async function statFile(address: ContentAddress): Promise<StoredContent | undefined> {
    try {
      const { size, mtimeMs } = await stat(pathOf(address));
      return { address, size, storedAt: mtimeMs };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  const wholeOf = (address: ContentAddress) =>
    verified(bytesOfFile(pathOf(address), address), address, "this store");

  async function* rangeOf({ address, size }: ContentInfo, range: ByteRange): AsyncGenerator<Uint8Array> {
    const list = size > CHUNK_BYTES ? await loadList({ address, size }) : chunkListOfSmall(address);
    const chunks = bytesOfFile(pathOf(address), address, alignedToChunks(range, size));
    yield* verifiedRange(chunks, range, { address, size, list }, "this store");
  }

  async function loadList(info: ContentInfo): Promise<ChunkList> {
    const sealed = await readFile(listPathOf(info.address)).catch((error: unknown) => {
      if (isMissing(error)) return new Uint8Array();
      throw fromSystemError(error);
    });
    const kept = openChunkList(sealed, info.address, info.size);
    if (kept !== undefined) return kept;
    const list = await chunkListOf(wholeOf(info.address));
    await translated(() => saveList(info, list));
    return list;
  }

  function saveList({ address, size }: ContentInfo, list: ChunkList): Promise<void> {
    return writeDurably(listPathOf(address), sealChunkList(list, address, size), drafts);
  }

  const listPathOf = (address: ContentAddress) => `${pathOf(address)}.chunks`;

  async function* listFiles(): AsyncGenerator<StoredContent> {
    for (const first of await subfolders(root)) {
      for (const second of await subfolders(join(root, first))) {
        for (const name of await readdir(join(root, first, second))) {
          const address = `0x${name}`;
          const stored = isContentAddress(address) ? await statFile(address) : undefined;
          if (stored !== undefined) yield stored;
        }
      }
    }
  }

  const store: ContentStore = {
    put: (source, putOptions = {}) => translated(() => put(source, putOptions)),
    stat: async (address) => {
      const stored = await translated(() => statFile(address));
      return stored && { address, size: stored.size };
    },
    has: async (address) => (await store.stat(address)) !== undefined,
    async open(address, { range } = {}) {
      const info = await store.stat(address);
      if (info === undefined) throw notFound(address, "this store");
      if (range !== undefined) assertWithin(range, info.size);
      // The file is opened when reading begins: whoever never reads leaves no handle behind.
      return { ...info, stream: range === undefined ? wholeOf(address) : rangeOf(info, range) };
    },
    read: async (address, readOptions = {}) => {
      const limit = readOptions.maxBytes ?? maxBytes;
      return readAll(await store.open(address), limit);
    },
    remove: (address) =>
      translated(async () => {
        await rm(pathOf(address), { force: true });
        await rm(listPathOf(address), { force: true });
      }),
    list: listFiles,
  };
  return store;
}

async function writeDraft(
  path: string,
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly info: ContentInfo; readonly list: ChunkList }> {
  const file = await open(path, "wx", 0o644);
  try {
    const hash = createHash("sha256");
    const chunks = createChunkHasher();
    let size = 0;
    for await (const piece of source) {
      hash.update(piece);
      chunks.update(piece);
      size += piece.byteLength;
      await writeAll(file, piece);
    }
    await file.sync();
    return { info: { address: finishAddress(hash), size }, list: chunks.finish() };
  } finally {
    await file.close();
  }
}

async function* bytesOfFile(
  path: string,
  address: ContentAddress,
  range: Partial<ByteRange> = {},
): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 262_144, ...range });
  } catch (error) {
    throw isMissing(error) ? notFound(address, "this store") : fromSystemError(error);
  }
}

async function subfolders(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => /^[0-9a-f]{2}$/.test(name));
}

/** Drafts of killed processes. Young ones may belong to another process that is writing now. */
async function removeAbandoned(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const path = join(drafts, name);
    const info = await stat(path).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > abandonedAfterMs) await rm(path, { force: true });
  }
}
