import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { HanseError } from "./errors.ts";
import { fromSystemError } from "./system-error.ts";

/**
 * Makes a folder and those above it. The platform's recursive one never returns where a parent exists and yet refuses
 * children as if it did not, as `/proc` does.
 * @throws HANSE_DISK_UNWRITABLE, HANSE_DISK_FULL
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await make(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EEXIST") throw fromSystemError(error);
    throw new HanseError(
      "HANSE_DISK_UNWRITABLE",
      `${path} cannot be made: it is no folder, or none can be made there`,
      {
        cause: error,
        details: { path },
      },
    );
  }
}

async function make(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    await make(parent);
    await makeOne(path);
  }
}

/** Content with a folder that is there: another process may have made it a moment ago. */
async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !(await isDirectory(path))) throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory();
}
