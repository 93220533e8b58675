import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isHanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { type ContentAddress, finishAddress, parseContentAddress } from "./content-address.ts";
import type { ContentInfo, ContentSource, ContentStore, PutOptions } from "./content-store.ts";
import { chunksOf, limited, mismatch, notFound, readAll, verified } from "./verified-stream.ts";

export interface FileContentStoreOptions {
  readonly directory: string;
  /** Largest content in bytes; 256 MiB unless told. */
  readonly maxBytes?: number;
}

const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * Content as files, `ab/cd/abcd…`, two levels deep so that no directory grows large. A file is written beside, synced
 * and renamed: under its name there is all of it or nothing, also after a power cut. Several processes may share it.
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

  async function put(source: ContentSource, { expected }: PutOptions): Promise<ContentInfo> {
    const draft = join(drafts, randomUUID());
    try {
      const { address, size } = await writeDraft(draft, limited(chunksOf(source), maxBytes));
      if (expected !== undefined && expected !== address) throw mismatch(expected, address, "the upload");
      const path = pathOf(address);
      await mkdir(dirname(path), { recursive: true });
      await rename(draft, path);
      await syncDirectory(dirname(path));
      return { address, size };
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  async function statFile(address: ContentAddress): Promise<ContentInfo | undefined> {
    try {
      return { address, size: (await stat(pathOf(address))).size };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  const store: ContentStore = {
    put: (source, putOptions = {}) => translated(() => put(source, putOptions)),
    stat: (address) => translated(() => statFile(address)),
    has: async (address) => (await store.stat(address)) !== undefined,
    async open(address) {
      const info = await store.stat(address);
      if (info === undefined) throw notFound(address, "this store");
      // The file is opened when reading begins: whoever never reads leaves no handle behind.
      return { ...info, stream: verified(chunksOfFile(pathOf(address), address), address, "this store") };
    },
    read: async (address, readOptions = {}) => {
      const limit = readOptions.maxBytes ?? maxBytes;
      return readAll(await store.open(address), limit);
    },
  };
  return store;
}

async function writeDraft(path: string, source: AsyncIterable<Uint8Array>): Promise<ContentInfo> {
  const file = await open(path, "wx", 0o644);
  try {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of source) {
      hash.update(chunk);
      size += chunk.byteLength;
      await writeWhole(file, chunk);
    }
    await file.sync();
    return { address: finishAddress(hash), size };
  } finally {
    await file.close();
  }
}

// One write may take less than it was given, for instance when the disk is nearly full.
async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    done += (await file.write(chunk, done)).bytesWritten;
  }
}

async function* chunksOfFile(path: string, address: ContentAddress): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 262_144 });
  } catch (error) {
    throw isMissing(error) ? notFound(address, "this store") : fromSystemError(error);
  }
}

/** Makes a rename durable; file systems that cannot sync a directory are left as they are. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

/** Drafts of killed processes. Young ones may belong to another process that is writing now. */
async function removeAbandoned(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const path = join(drafts, name);
    const info = await stat(path).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > abandonedAfterMs) await rm(path, { force: true });
  }
}

async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (isHanseError(error)) throw error;
    // Only what the file system said: an uploader that hung up is not our disk.
    const translatedError = fromSystemError(error);
    throw translatedError.code === "HANSE_INTERNAL" ? error : translatedError;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
