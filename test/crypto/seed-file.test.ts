import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepSeed } from "#src/crypto/seed-file.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-seed-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("a seed's file", () => {
  it.each(["", "0x1234", "zz", `0x${"11".repeat(33)}`])(
    "that holds %j is damaged, and is left alone",
    async (text) => {
      const path = join(directory, "key");
      await writeFile(path, text);
      await expect(keepSeed(path)).rejects.toMatchObject({ code: "HANSE_STATE_DAMAGED" });
    },
  );

  it("is made once, by whoever comes first, for its owner alone", async () => {
    const folder = join(directory, "a");
    await mkdir(folder);
    const path = join(folder, "key");
    const seeds = await Promise.all(Array.from({ length: 8 }, () => keepSeed(path)));
    expect(new Set(seeds).size).toBe(1);
    expect(await keepSeed(path)).toBe(seeds[0]);
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect(await readdir(folder)).toEqual(["key"]);
  });
});
