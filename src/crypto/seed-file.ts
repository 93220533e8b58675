import { randomBytes } from "node:crypto";
import { link, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytesToHex, type Hex, isHex } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import { makeDirectory } from "#src/kernel/make-directory.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";

const PRIVATE_FILE = 0o600;

/**
 * The seed (32 bytes) of a service's key, in a file that others cannot read; made where there is none.
 * @throws HANSE_STATE_DAMAGED where the file holds something else; HANSE_DISK_UNWRITABLE, HANSE_DISK_FULL
 */
export async function keepSeed(path: string): Promise<Hex> {
  const found = await readSeed(path);
  if (found !== undefined) return found;
  await makeDirectory(dirname(path));
  const draft = join(dirname(path), `.${randomBytes(8).toString("hex")}.draft`);
  try {
    await writePrivate(draft, `${bytesToHex(randomBytes(32))}\n`);
    // Whole or not at all, and never over another: of two that make one at once, both read the same.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } catch (error) {
    throw fromSystemError(error);
  } finally {
    await rm(draft, { force: true });
  }
  const made = await readSeed(path);
  if (made === undefined) throw damaged(path);
  return made;
}

/** @returns undefined where there is no such file */
async function readSeed(path: string): Promise<Hex | undefined> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fromSystemError(error);
  }
  if (isHex(text) && text.length === 66) return text;
  throw damaged(path);
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", PRIVATE_FILE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function damaged(path: string): HanseError {
  return new HanseError("HANSE_STATE_DAMAGED", `${path} does not hold the seed of a key`, {
    details: { path },
  });
}
