import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { type Clock, systemClock } from "#src/kernel/clock.ts";
import { HanseError, isHanseError } from "#src/kernel/errors.ts";
import type { ContentAddress } from "./content-address.ts";
import type { ContentInfo } from "./content-store.ts";
import { translated } from "./durable-file.ts";
import type { KeptContent, Reservation } from "./kept-content.ts";
import { createUploadFiles, type UploadRecord } from "./upload-files.ts";
import type { Uploader } from "./uploaders.ts";
import { tooLarge } from "./verified-stream.ts";

export interface ContentUploadsDeps {
  readonly kept: KeptContent;
  readonly clock?: Clock;
}

export interface ContentUploadsOptions {
  /** For the bytes that have come so far. It belongs to one process. */
  readonly directory: string;
  /** Largest content in bytes; 256 MiB unless told. */
  readonly maxBytes?: number;
  /** An upload that nobody goes on with for so long is removed; a day unless told. */
  readonly expiryMs?: number;
  /** After so many bytes they are synced, and a crash cannot undo them; 8 MiB unless told. */
  readonly syncBytes?: number;
  /** How many uploads one uploader may have open; 64 unless told. */
  readonly maxOpen?: number;
}

export interface UploadView {
  readonly id: string;
  /** In bytes. */
  readonly size: number;
  /** How many bytes are here and last. */
  readonly offset: number;
  /** When it is removed unless somebody goes on with it, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** After an append: where to go on, and what was stored if these were the last bytes. */
export interface AppendOutcome {
  readonly offset: number;
  readonly stored?: ContentInfo;
}

/**
 * Uploads that come in parts. What was acknowledged lasts; after a failure or a crash the sender asks for the offset and
 * goes on. Only the uploader who began an upload may see it and go on.
 */
export interface ContentUploads {
  /** @throws HANSE_CONTENT_TOO_LARGE, HANSE_CONTENT_QUOTA_EXCEEDED, HANSE_CONTENT_STORE_FULL, HANSE_RATE_LIMITED */
  create(
    uploader: Uploader,
    upload: { readonly size: number; readonly address?: ContentAddress },
  ): Promise<UploadView>;
  /** @throws HANSE_UPLOAD_UNKNOWN */
  find(uploader: Uploader, id: string): UploadView;
  /**
   * Takes bytes from this offset on; the content is stored when the last has come. Nothing at the end of a complete upload
   * stores it too: that is how to go on after a failure in between.
   * @throws HANSE_UPLOAD_UNKNOWN, HANSE_UPLOAD_OFFSET_MISMATCH, HANSE_UPLOAD_BUSY, HANSE_CONTENT_TOO_LARGE,
   * HANSE_CONTENT_HASH_MISMATCH (the upload is removed: its bytes are wrong), and what {@link KeptContent.put} does
   */
  append(
    uploader: Uploader,
    id: string,
    offset: number,
    source: AsyncIterable<Uint8Array>,
  ): Promise<AppendOutcome>;
  /** @throws HANSE_UPLOAD_UNKNOWN, HANSE_UPLOAD_BUSY */
  remove(uploader: Uploader, id: string): Promise<void>;
  /** Removes what nobody went on with. @returns how many */
  sweep(): Promise<number>;
}

interface Upload extends UploadRecord {
  offset: number;
  touchedAt: number;
  writing: boolean;
  storing?: Promise<ContentInfo>;
  room: Reservation | undefined;
}

/** Finds the uploads that an earlier process left. */
export async function createContentUploads(
  { kept, clock = systemClock }: ContentUploadsDeps,
  options: ContentUploadsOptions,
): Promise<ContentUploads> {
  const { maxBytes = 268_435_456, expiryMs = 86_400_000, syncBytes = 8_388_608, maxOpen = 64 } = options;
  const files = createUploadFiles(options.directory);
  const uploads = new Map<string, Upload>();
  await translated(async () => {
    await mkdir(options.directory, { recursive: true });
    for (const { record, offset, touchedAt } of await files.load()) {
      // What was promised before the crash is still promised, unless the quota was lowered meanwhile.
      const room = await kept.reserve({ name: record.uploader }, record.size).catch(() => undefined);
      uploads.set(record.id, { ...record, offset, touchedAt, writing: false, room });
    }
  });

  const isOver = ({ touchedAt }: Upload) => touchedAt + expiryMs <= clock.now();

  // Only ids in the map ever become paths.
  function own({ name }: Uploader, id: string): Upload {
    const upload = uploads.get(id);
    if (upload !== undefined && upload.uploader === name && !isOver(upload)) return upload;
    throw new HanseError("HANSE_UPLOAD_UNKNOWN", "There is no such upload of yours", {
      details: { id: id.slice(0, 100) },
    });
  }

  const viewOf = ({ id, size, offset, touchedAt }: Upload): UploadView => ({
    ...{ id, size, offset, expiresAt: touchedAt + expiryMs },
  });

  async function drop(upload: Upload): Promise<void> {
    uploads.delete(upload.id);
    upload.room?.release();
    await files.remove(upload.id);
  }

  async function write(upload: Upload, source: AsyncIterable<Uint8Array>): Promise<void> {
    const writer = await files.write(upload.id, upload.offset);
    const sync = async () => {
      await writer.sync();
      upload.offset = writer.position();
      upload.touchedAt = clock.now();
    };
    try {
      for await (const chunk of source) {
        if (writer.position() + chunk.byteLength > upload.size) throw tooLarge(upload.size);
        await writer.write(chunk);
        if (writer.position() - upload.offset >= syncBytes) await sync();
      }
      await sync();
    } catch (error) {
      // Whoever hung up goes on where the last byte came through, unless the disk itself fails.
      await sync().catch(() => undefined);
      throw error;
    } finally {
      await writer.close();
    }
  }

  async function store(uploader: Uploader, upload: Upload): Promise<ContentInfo> {
    const source = createReadStream(files.dataPath(upload.id), { highWaterMark: 262_144 });
    try {
      const info = await kept.put(uploader, upload.size === 0 ? new Uint8Array() : source, {
        ...(upload.address === undefined ? {} : { expected: upload.address }),
        ...(upload.room === undefined ? { announcedBytes: upload.size } : { reservation: upload.room }),
      });
      await drop(upload);
      return info;
    } catch (error) {
      if (isHanseError(error, "HANSE_CONTENT_HASH_MISMATCH")) await drop(upload);
      throw error;
    } finally {
      source.destroy();
    }
  }

  function assertOffset(upload: Upload, offset: number): void {
    if (offset === upload.offset) return;
    throw new HanseError(
      "HANSE_UPLOAD_OFFSET_MISMATCH",
      `The upload goes on at ${upload.offset}, not at ${offset}`,
      { details: { offset: upload.offset, given: offset } },
    );
  }

  function assertIdle({ writing, storing }: Upload): void {
    if (!writing && storing === undefined) return;
    throw new HanseError("HANSE_UPLOAD_BUSY", "Another request is sending to this upload", {
      details: { retryAfterSeconds: 1 },
    });
  }

  return {
    async create(uploader, { size, address }) {
      if (size > maxBytes) throw tooLarge(maxBytes);
      const open = [...uploads.values()].filter((upload) => upload.uploader === uploader.name);
      if (open.length >= maxOpen) {
        throw new HanseError("HANSE_RATE_LIMITED", `${uploader.name} has ${open.length} uploads open`, {
          details: { maxOpen, retryAfterSeconds: 5 },
        });
      }
      const room = await kept.reserve(uploader, size);
      const record = {
        ...{ id: randomUUID(), uploader: uploader.name, size },
        ...(address === undefined ? {} : { address }),
      };
      try {
        await translated(() => files.create(record));
      } catch (error) {
        room.release();
        throw error;
      }
      const upload: Upload = { ...record, offset: 0, touchedAt: clock.now(), writing: false, room };
      uploads.set(record.id, upload);
      return viewOf(upload);
    },
    find: (uploader, id) => viewOf(own(uploader, id)),
    async append(uploader, id, offset, source) {
      const upload = own(uploader, id);
      if (upload.storing === undefined) {
        assertIdle(upload);
        assertOffset(upload, offset);
        upload.writing = true;
        try {
          await translated(() => write(upload, source));
        } finally {
          upload.writing = false;
        }
        if (upload.offset < upload.size) return { offset: upload.offset };
      } else assertOffset(upload, offset);
      // Whoever asks while it is being stored gets the same outcome.
      upload.storing ??= translated(() => store(uploader, upload)).finally(() => delete upload.storing);
      return { offset: upload.size, stored: await upload.storing };
    },
    async remove(uploader, id) {
      const upload = own(uploader, id);
      assertIdle(upload);
      await translated(() => drop(upload));
    },
    async sweep() {
      const over = [...uploads.values()].filter(
        (upload) => isOver(upload) && !upload.writing && upload.storing === undefined,
      );
      await translated(async () => {
        for (const upload of over) await drop(upload);
      });
      return over.length;
    },
  };
}
