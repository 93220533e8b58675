import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cliError } from "./support/run-cli.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-products-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

// Nobody is asked: where the file is refused, no shop is needed.
const env = {
  HANSE_SHOP_URL: "http://127.0.0.1:9",
  HANSE_SHOP_OWNER_TOKEN: "the owner's token of this test",
};

it.each([
  ["Latin-1", Buffer.from("sku,name,price\nHAT,Mütze,9.99\n", "latin1")],
  ["UTF-16", Buffer.from("\ufeffsku,name,price\nHAT,Mütze,9.99\n", "utf16le")],
  ["nothing but bytes", Buffer.from([0xff, 0xfe, 0x00, 0x80])],
])("hanse products import refuses a file of %s in words", async (_, bytes) => {
  const file = join(directory, "catalogue.csv");
  await writeFile(file, bytes);
  expect(await cliError(["products", "import", file], { env })).toMatchObject({
    code: "HANSE_CATALOGUE_INVALID",
  });
});
