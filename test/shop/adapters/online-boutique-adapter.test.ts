import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Currency } from "#src/protocol/currencies.ts";
import { createOnlineBoutiqueAdapter } from "#src/shop/adapters/online-boutique-adapter.ts";

const invalid = expect.objectContaining({ code: "HANSE_CATALOGUE_INVALID" });
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "hanse-boutique-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const usd = { currencyCode: "USD", units: 19, nanos: 990_000_000 };

async function reading(currency: Currency, priceUsd: unknown, more: object = {}) {
  const path = join(directory, "products.json");
  const product = { id: "GLASSES", name: "Sunglasses", description: "", priceUsd, ...more };
  await writeFile(path, JSON.stringify({ products: [product] }));
  return await createOnlineBoutiqueAdapter({ path, currency }).catalogue();
}

describe("a price of the catalogue is refused", () => {
  it.each([
    ["of dollars in a shop of yen", "JPY", usd],
    ["of dollars in a shop of euros, with as many digits", "EUR", usd],
    ["of yen in a shop of dollars", "USD", { currencyCode: "JPY", units: 1_999 }],
    ["of a currency nobody knows", "USD", { currencyCode: "XYZ", units: 1 }],
    ["of fractions of a yen", "JPY", { currencyCode: "JPY", units: 19, nanos: 990_000_000 }],
    ["below zero", "USD", { currencyCode: "USD", units: -1 }],
  ] as const)("%s", async (_, currency, price) => {
    await expect(reading(currency, price)).rejects.toThrow(invalid);
  });
});

it("a field that nothing reads, such as how many there are, is refused", async () => {
  await expect(reading("USD", usd, { quantity: 3 })).rejects.toThrow(invalid);
});

it("prices in the shop's own currency are taken exactly", async () => {
  expect(await reading("USD", usd)).toEqual([expect.objectContaining({ priceMinor: 1_999n })]);
  const yen = { currencyCode: "JPY", units: "1999" };
  expect(await reading("JPY", yen)).toEqual([expect.objectContaining({ priceMinor: 1_999n })]);
});
