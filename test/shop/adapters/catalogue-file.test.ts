import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPrice } from "#src/protocol/price.ts";
import { readCatalogue } from "#src/shop/adapters/catalogue-file.ts";
import type { CatalogueProduct } from "#src/shop/inventory/catalogue.ts";

const invalid = expect.objectContaining({ code: "HANSE_CATALOGUE_INVALID" });
const reading = (content: unknown, format: "json" | "csv" = "json") =>
  readCatalogue(typeof content === "string" ? content : JSON.stringify(content), format, "USD");
const hat = { sku: "HAT", name: "A hat", price: "9.99" };

describe("is refused", () => {
  it.each([
    ["what is no JSON", "{"],
    ["nothing", ""],
    ["no list", { products: { sku: "HAT" } }],
    ["null", "null"],
    ["a product that is none", [null]],
    ["no price", [{ sku: "HAT", name: "A hat" }]],
    ["a price of fractions of a cent", [{ ...hat, price: "9.999" }]],
    ["a float that lost its cents", [{ ...hat, price: 0.1 + 0.2 }]],
    ["a negative price", [{ ...hat, price: -1 }]],
    ["a price in words", [{ ...hat, price: "1e3" }]],
    ["another currency than the shop's", [{ ...hat, currency: "GBP" }]],
    ["half a piece", [{ ...hat, quantity: 1.5 }]],
    ["less than no piece", [{ ...hat, quantity: -1 }]],
    ["pieces in words", [{ ...hat, quantity: "many" }]],
    ["a sku that would not be one part of CODE:SKU", [{ ...hat, sku: "A:B" }]],
    ["a sku of 65 letters", [{ ...hat, sku: "A".repeat(65) }]],
    ["no name", [{ ...hat, name: " " }]],
    ["a sku twice", [hat, { ...hat, id: "other" }]],
    ["an id twice", [hat, { ...hat, sku: "CAP", id: "HAT" }]],
    ["a sock without a count", { socks: [{ sock_id: "S", name: "Sock", price: "1.00" }] }],
    [
      "a fraction of a cent in nanos",
      [{ id: "H", name: "Hat", priceUsd: { currencyCode: "USD", units: 1, nanos: 1 } }],
    ],
    [
      "a negative price in units",
      [{ id: "H", name: "Hat", priceUsd: { currencyCode: "USD", units: -1, nanos: 0 } }],
    ],
    ["pieces under another name", [{ ...hat, stock: 3 }]],
    [
      "pieces under another name, by another form's price",
      [{ ...hat, price: { currency: "USD", value: "1" }, qty: 3 }],
    ],
    [
      "pieces under another name, in units and nanos",
      [{ id: "H", name: "Hat", priceUsd: { currencyCode: "USD", units: 1 }, stock: 3 }],
    ],
    [
      "a sock that is counted twice",
      { socks: [{ sock_id: "S", name: "Sock", price: "1.00", count: 1, quantity: 2 }] },
    ],
    ["the character zero in a name", [{ ...hat, name: "A\0hat" }]],
    ["the character zero in a category", [{ ...hat, categories: ["hats", "\0"] }]],
    ["a foreign price", [{ id: "H", name: "Hat", price: { currency: "GBP", value: "1.00" } }]],
  ])("%s", (_, content) => {
    expect(() => reading(content)).toThrow(invalid);
  });

  it.each([
    ["a row that is too long", "sku,name,price\nHAT,A hat,9.99,more"],
    ["a quote that never ends", 'sku,name,price\nHAT,"A hat,9.99'],
    ["a missing column", "sku,name\nHAT,A hat"],
    ["the character zero", "sku,name,price\nHAT,A\0hat,9.99"],
    ["an empty column under another name", "sku,name,price,stock\nHAT,A hat,9.99,"],
    ["two columns of one name", "sku,name,price,quantity,quantity\nHAT,A hat,9.99,3,"],
    ["an empty price", "sku,name,price\nHAT,A hat,"],
  ])("CSV with %s", (_, content) => {
    expect(() => reading(content, "csv")).toThrow(invalid);
  });

  it.each([
    ["csv", "sku,name,price,stock\nHAT,A hat,9.99,3"],
    ["json", JSON.stringify([{ ...hat, stock: 3 }])],
  ] as const)("%s, naming the field that nothing reads, and those that are read", (format, content) => {
    expect(() => readCatalogue(content, format, "USD")).toThrow(/`stock`.*fields are .*quantity/);
  });

  it("the whole of it for one product, which is named", () => {
    const details = { problems: [expect.stringContaining("product 2")] };
    expect(() => reading([hat, { ...hat, sku: "CAP", price: "x" }])).toThrow(
      expect.objectContaining({ code: "HANSE_CATALOGUE_INVALID", details }),
    );
  });
});

describe("what is written is read", () => {
  const word = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    .filter((text) => text.trim() === text && !/[\r\0]/.test(text));
  const category = word.filter((text) => !text.includes(";"));
  const product = fc.record({
    sku: fc.stringMatching(/^[\w.-]{1,64}$/),
    name: word,
    description: fc.oneof(fc.constant(""), word),
    imageUrl: fc.oneof(fc.constant(""), fc.webUrl()),
    categories: fc.array(category, { maxLength: 3 }),
    priceMinor: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    onHand: fc.option(fc.bigInt({ min: 0n, max: 10n ** 12n - 1n })),
    featured: fc.boolean(),
  });
  const catalogue = fc
    .uniqueArray(product, { maxLength: 20, selector: ({ sku }) => sku })
    .map((list): CatalogueProduct[] => list.map((each) => ({ ...each, internalId: `own ${each.sku}` })));
  const rowOf = (each: CatalogueProduct) => ({
    ...{ sku: each.sku, id: each.internalId, name: each.name, description: each.description },
    ...{ image: each.imageUrl, price: formatPrice({ currency: "USD", minor: each.priceMinor }) },
    ...{ quantity: each.onHand === null ? "" : `${each.onHand}`, featured: `${each.featured}` },
  });

  it("as JSON", () => {
    fc.assert(
      fc.property(catalogue, (list) => {
        const rows = list.map((each) => ({ ...rowOf(each), categories: each.categories }));
        expect(reading(rows)).toEqual(list);
        expect(reading({ products: rows })).toEqual(list);
      }),
    );
  });

  it("as CSV, whatever is between the commas", () => {
    const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(
        catalogue.filter(({ length }) => length > 0),
        (list) => {
          const rows = list.map((each) => ({ ...rowOf(each), categories: each.categories.join(";") }));
          const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))];
          expect(reading(lines.map((line) => line.map(cell).join(",")).join("\r\n"), "csv")).toEqual(list);
        },
      ),
    );
  });
});

describe("pieces beside the price of another form", () => {
  it.each([
    ["that names its currency", { id: "own", name: "Hat", price: { currency: "USD", value: "1.00" } }],
    [
      "that names its currency, by sku",
      { sku: "own", name: "Hat", price: { currency: "USD", value: "1.00" } },
    ],
    ["in units and nanos", { id: "own", name: "Hat", priceUsd: { currencyCode: "USD", units: 1 } }],
  ])("%s are counted", (_, row) => {
    const counted = { sku: "own", internalId: "own", priceMinor: 100n, onHand: 3n };
    expect(reading([{ ...row, quantity: 3 }])).toEqual([expect.objectContaining(counted)]);
    expect(reading([row])).toEqual([expect.objectContaining({ ...counted, onHand: null })]);
  });

  it("go by its sku, and the own system's id stays its own", () => {
    const row = {
      sku: "HAT",
      id: "own 1",
      name: "Hat",
      price: { currency: "USD", value: "1.00" },
      quantity: 3,
    };
    expect(reading([row])).toEqual([
      expect.objectContaining({ sku: "HAT", internalId: "own 1", onHand: 3n }),
    ]);
  });
});

describe("catalogues of others", () => {
  const file = (path: string) => readFile(new URL(`../../../data/${path}`, import.meta.url), "utf8");

  it("Sock Shop, with its counts: one is a single piece", async () => {
    const socks = readCatalogue(await file("sock-shop/socks.json"), "json", "USD");
    expect(socks).toHaveLength(10);
    expect(socks.find(({ name }) => name === "Holy")).toMatchObject({ priceMinor: 9_999n, onHand: 1n });
    expect(socks.reduce((sum, { onHand }) => sum + (onHand ?? 0n), 0n)).toBe(4_056n);
  });

  it("Online Boutique, in units and nanos", async () => {
    const products = readCatalogue(await file("online-boutique/products.json"), "json", "USD");
    expect(products).toHaveLength(9);
    expect(products[0]).toMatchObject({ sku: "OLJCESPC7Z", priceMinor: 1_999n, onHand: null });
    const text = await file("online-boutique/products.json");
    expect(() => readCatalogue(text, "json", "GBP"), "in dollars only").toThrow(invalid);
  });

  it("the wholesaler, in pounds", async () => {
    const products = readCatalogue(await file("uci-online-retail/catalogue.json"), "json", "GBP");
    expect(products).toHaveLength(2_199);
    expect(products[0]).toMatchObject({ sku: "10002", priceMinor: 85n, onHand: null });
  });
});
