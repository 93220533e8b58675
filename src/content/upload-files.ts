import { mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type ContentAddress, isContentAddress } from "./content-address.ts";
import { syncDirectory, writeAll, writeDurably } from "./durable-file.ts";

const recordSchema = z.object({
  id: z.uuid(),
  uploader: z.string(),
  size: z.number().int().nonnegative(),
  address: z.custom<ContentAddress>(isContentAddress).exactOptional(),
});

/** What was told when an upload began. */
export type UploadRecord = z.infer<typeof recordSchema>;

export interface UploadWriter {
  /** How many bytes are written, synced or not. */
  position(): number;
  write(bytes: Uint8Array): Promise<void>;
  /** What was written lasts from now on. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Unfinished uploads on disk, a folder each: `upload.json`, `data`, and in `offset` how many bytes of the data are known to
 * be synced. The length of a file after a power cut says nothing about its bytes.
 */
export function createUploadFiles(directory: string) {
  const folder = (id: string) => join(directory, id);
  const dataPath = (id: string) => join(folder(id), "data");
  const offsetPath = (id: string) => join(folder(id), "offset");

  async function loadOne(id: string) {
    const record = recordSchema.parse(JSON.parse(await readFile(join(folder(id), "upload.json"), "utf8")));
    const [data, synced, text] = await Promise.all([
      stat(dataPath(id)),
      stat(offsetPath(id)),
      readFile(offsetPath(id), "utf8"),
    ]);
    const offset = z.coerce.number().int().nonnegative().parse(text.trim());
    if (record.id !== id) throw new Error("another upload's record");
    return { record, offset: Math.min(offset, data.size, record.size), touchedAt: synced.mtimeMs };
  }

  return {
    dataPath,
    /** Every upload that is whole; what a crash left of others is removed. */
    async load() {
      const found = [];
      for (const id of await readdir(directory)) {
        const upload = await loadOne(id).catch(() => undefined);
        if (upload === undefined) await rm(folder(id), { recursive: true, force: true });
        else found.push(upload);
      }
      return found;
    },
    async create(record: UploadRecord): Promise<void> {
      await mkdir(folder(record.id));
      try {
        await writeDurably(dataPath(record.id), new Uint8Array());
        await writeDurably(offsetPath(record.id), Buffer.from(offsetText(0)));
        // The record last: where there is one, there is all of it.
        await writeDurably(join(folder(record.id), "upload.json"), Buffer.from(JSON.stringify(record)));
        await syncDirectory(directory);
      } catch (error) {
        await rm(folder(record.id), { recursive: true, force: true });
        throw error;
      }
    },
    /** Goes on at this offset; what was there beyond it is dropped. */
    async write(id: string, offset: number): Promise<UploadWriter> {
      const data = await open(dataPath(id), "r+");
      let position = offset;
      try {
        await data.truncate(offset);
      } catch (error) {
        await data.close();
        throw error;
      }
      return {
        position: () => position,
        async write(bytes) {
          await writeAll(data, bytes, position);
          position += bytes.byteLength;
        },
        async sync() {
          const end = position;
          await data.datasync();
          // Of one length and within one sector: it is the old number or the new one.
          const file = await open(offsetPath(id), "r+");
          try {
            await writeAll(file, Buffer.from(offsetText(end)), 0);
            await file.datasync();
          } finally {
            await file.close();
          }
        },
        close: () => data.close(),
      };
    },
    remove: (id: string) => rm(folder(id), { recursive: true, force: true }),
  };
}

const offsetText = (offset: number) => `${String(offset).padStart(16, "0")}\n`;
