import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isHanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

/** One write may take less than it was given, for instance when the disk is nearly full. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const at = position === undefined ? null : position + done;
    done += (await file.write(bytes, done, bytes.byteLength - done, at)).bytesWritten;
  }
}

/** Under its name there is all of the file or nothing, also after a power cut. Drafts have to be on the same disk. */
export async function writeDurably(path: string, bytes: Uint8Array, drafts = dirname(path)): Promise<void> {
  const draft = join(drafts, randomUUID());
  try {
    const file = await open(draft, "wx", 0o644);
    try {
      await writeAll(file, bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await nameDurably(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Gives a file that is synced its name. */
export async function nameDurably(draft: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** Makes a rename durable; file systems that cannot sync a directory are left as they are. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

/** Runs something that uses the disk. */
export async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (isHanseError(error)) throw error;
    // Only what the file system said: an uploader that hung up is not our disk.
    const translatedError = fromSystemError(error);
    throw translatedError.code === "HANSE_INTERNAL" ? error : translatedError;
  }
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
