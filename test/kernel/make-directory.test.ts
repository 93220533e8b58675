import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeDirectory } from "#src/kernel/make-directory.ts";

describe("makeDirectory", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hanse-make-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("refuses where a file stands, and where nothing can be made, instead of trying for ever", async () => {
    await writeFile(join(folder, "file"), "");
    for (const path of [join(folder, "file"), "/proc/hanse/deep"]) {
      await expect(makeDirectory(path)).rejects.toMatchObject({ code: "HANSE_DISK_UNWRITABLE" });
    }
  });

  it("makes what is missing, and is content with what is there", async () => {
    const path = join(folder, "a", "b", "c");
    await makeDirectory(path);
    await makeDirectory(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it("is content with what others make at the same time", async () => {
    const path = join(folder, "d", "e", "f");
    await Promise.all(Array.from({ length: 16 }, () => makeDirectory(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
  });
});
