import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Under its name there is all of the file or nothing, also after a power cut; once this resolves, all of it. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** A name is only there for good when its folder has been written, too. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
