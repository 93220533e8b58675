import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { type ContentAddress, finishAddress } from "./content-address.ts";
import { nameDurably, translated, writeAll } from "./durable-file.ts";

/** Takes in a download, in order. */
export interface DownloadSink {
  /** How many bytes are here. */
  size(): number;
  write(bytes: Uint8Array): Promise<void>;
  /** Forgets everything. */
  reset(): Promise<void>;
  /** The address of what is here. */
  address(): ContentAddress;
  close(): Promise<void>;
}

export function createMemorySink(): DownloadSink & { bytes(): Uint8Array } {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let hash = createHash("sha256");
  return {
    size: () => size,
    async write(bytes) {
      chunks.push(bytes);
      size += bytes.byteLength;
      hash.update(bytes);
    },
    async reset() {
      chunks = [];
      size = 0;
      hash = createHash("sha256");
    },
    address: () => finishAddress(hash.copy()),
    close: async () => undefined,
    bytes: () => new Uint8Array(Buffer.concat(chunks)),
  };
}

/**
 * A file beside the wanted one, `….partial`, which an earlier download may have left: it is gone on with. Whoever downloads
 * to the same path at the same time has to be kept away by the caller.
 * @throws HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE
 */
export async function createFileSink(path: string): Promise<DownloadSink & { keep(): Promise<void> }> {
  const partial = `${path}.partial`;
  const file = await translated(async () => {
    await mkdir(dirname(path), { recursive: true });
    return open(partial, "a+", 0o600);
  });
  let size = 0;
  let hash = createHash("sha256");
  for await (const bytes of createReadStream(partial, { highWaterMark: 262_144 })) {
    hash.update(bytes as Buffer);
    size += (bytes as Buffer).byteLength;
  }
  return {
    size: () => size,
    write: (bytes) =>
      translated(async () => {
        await writeAll(file, bytes);
        size += bytes.byteLength;
        hash.update(bytes);
      }),
    reset: () =>
      translated(async () => {
        await file.truncate(0);
        size = 0;
        hash = createHash("sha256");
      }),
    address: () => finishAddress(hash.copy()),
    close: () => file.close(),
    /** Gives it the wanted name; it lasts then. */
    keep: () =>
      translated(async () => {
        await file.sync();
        await nameDurably(partial, path);
      }),
  };
}
