import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { buildDataset } from "#src/demo/build-dataset.ts";

it("refuses day files with different headers, cut off ones, and none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dataset-"));
  try {
    await expect(buildDataset(folder)).rejects.toThrow("no day files");
    await writeFile(join(folder, "1.csv"), "a,b\n1,2\n");
    await writeFile(join(folder, "2.csv"), "a,c\n1,2\n");
    await expect(buildDataset(folder)).rejects.toThrow("2.csv");
    await writeFile(join(folder, "2.csv"), "a,b\n1,2");
    await expect(buildDataset(folder)).rejects.toThrow("2.csv");
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("is the five days in order under one header, the same bytes every time", async () => {
  const dataset = Buffer.from(await buildDataset());
  expect(dataset.toString().match(/InvoiceNo/g)).toHaveLength(1);
  expect(dataset.toString().trimEnd().split("\n")).toHaveLength(14_023);
  expect(createHash("sha256").update(dataset).digest("hex")).toMatchInlineSnapshot(
    `"dd48cb3f5853dd018475b5ef934a97212df98b7972ea06a9be877f1098d2099d"`,
  );
});
