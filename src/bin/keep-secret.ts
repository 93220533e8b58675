import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

/** A random secret that stays the same as long as the state does. */
export async function keepSecret(path: string): Promise<string> {
  const fresh = randomBytes(24).toString("hex");
  await writeFile(path, fresh, { mode: 0o600, flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return await readFile(path, "utf8");
}
