import { parse as parseCsv } from "csv-parse/sync";
import { z } from "zod";
import { HanseError } from "#src/kernel/errors.ts";
import type { Currency } from "#src/protocol/currencies.ts";
import { parsePrice } from "#src/protocol/price.ts";
import type { CatalogueProduct } from "../inventory/catalogue.ts";
import { rowsOf } from "./catalogue-forms.ts";

const text = z
  .string()
  .trim()
  .refine((value) => !value.includes("\0"), "a text with the character zero in it");
const productSchema = z.strictObject({
  sku: text.regex(/^[\w.-]{1,64}$/, "sku: letters, digits, _ . and -, at most 64"),
  id: text.min(1).max(200).optional(),
  name: text.min(1).max(300),
  description: text.max(10_000).default(""),
  price: z.union([text, z.number().transform(String)]),
  currency: text.optional(),
  quantity: z
    .union([
      text.regex(/^\d{0,12}$/, "quantity: whole pieces"),
      z.number().int().min(0).transform(String),
      z.null(),
    ])
    .default(""),
  image: text.max(2_000).default(""),
  categories: z
    .union([z.array(text), text.transform((list) => list.split(";").map((each) => each.trim()))])
    .default([]),
  featured: z
    .union([z.boolean(), z.enum(["", "true", "false"]).transform((word) => word === "true")])
    .default(false),
});

const FIELDS = Object.keys(productSchema.shape).join(", ");

/**
 * Reads a catalogue: JSON (an array of products, `{"products": […]}`, or a form that `rowsOf` knows) or CSV with a line of
 * names. Fields are `sku`, `name`, `price` (decimal, in the shop's currency), and, if wanted, `currency` (where it is not the
 * shop's, the product is refused), `id` (the shop's own; the sku else), `description`, `quantity` (none: not counted),
 * `image`, `categories` (in CSV separated by semicolons), `featured`. A sku or id that names two products is refused, and so is
 * any other field or column: one that says how many pieces there are under another name would make them endless.
 * @throws HANSE_CATALOGUE_INVALID that names the first lines that are wrong
 */
export function readCatalogue(
  content: string,
  format: "json" | "csv",
  currency: Currency,
): CatalogueProduct[] {
  const rows = format === "json" ? readJson(content) : readCsv(content);
  const problems: string[] = [];
  const named = new Set<string>();
  const products = rows.flatMap((row, index): CatalogueProduct[] => {
    const parsed = productSchema.safeParse(row);
    if (!parsed.success) {
      problems.push(`product ${index + 1}: ${parsed.error.issues.map(wordsOf).join(", ")}`);
      return [];
    }
    const {
      sku,
      id = sku,
      currency: priced = currency,
      name,
      description,
      price,
      quantity,
      image,
      categories,
      featured,
    } = parsed.data;
    const exact = parsePrice(price, currency);
    if (exact === undefined || priced !== currency) {
      problems.push(`product ${index + 1}: ${price} ${priced} is no price in ${currency}`);
      return [];
    }
    if (named.has(`sku ${sku}`) || named.has(`id ${id}`)) {
      problems.push(`product ${index + 1}: ${sku} is named twice`);
      return [];
    }
    named.add(`sku ${sku}`).add(`id ${id}`);
    const onHand = quantity === null || quantity === "" ? null : BigInt(quantity);
    const listed = categories.filter((each) => each !== "");
    return [
      {
        internalId: id,
        sku,
        name,
        description,
        imageUrl: image,
        categories: listed,
        priceMinor: exact.minor,
        onHand,
        featured,
      },
    ];
  });
  if (problems.length === 0) return products;
  throw new HanseError(
    "HANSE_CATALOGUE_INVALID",
    `${problems.length} products cannot be read: ${problems.slice(0, 3).join("; ")}`,
    { details: { problems: problems.slice(0, 20) } },
  );
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return unknownFields(issue.keys);
  return `${issue.path.join(".")}: ${issue.message}`;
}

function unknownFields(names: readonly string[]): string {
  return `nothing reads ${names.map((name) => `\`${name}\``).join(", ")}: fields are ${FIELDS}`;
}

function readJson(content: string): readonly unknown[] {
  let rows: readonly unknown[] | undefined;
  let cause: unknown;
  try {
    rows = rowsOf(JSON.parse(content));
  } catch (error) {
    cause = error;
  }
  if (rows !== undefined) return rows;
  throw new HanseError("HANSE_CATALOGUE_INVALID", "The catalogue is no JSON array of products", { cause });
}

function readCsv(content: string): unknown[] {
  try {
    const rows: Record<string, string>[] = parseCsv(content, {
      columns: checkColumns,
      bom: true,
      skip_empty_lines: true,
      trim: true,
    });
    // An empty cell says nothing: the field's default stands.
    return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== "")));
  } catch (cause) {
    if (cause instanceof HanseError) throw cause;
    throw new HanseError("HANSE_CATALOGUE_INVALID", "The catalogue is no CSV with a line of names", {
      cause,
    });
  }
}

/** The whole column is looked at: cells that are empty say nothing, and of two columns with a name one would be lost. */
function checkColumns(names: readonly string[]): string[] {
  const unknown = names.filter((name) => !Object.hasOwn(productSchema.shape, name));
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  if (unknown.length + twice.length === 0) return [...names];
  const words = unknown.length > 0 ? unknownFields(unknown) : `there are two columns \`${twice[0]}\``;
  throw new HanseError("HANSE_CATALOGUE_INVALID", `The line of names cannot be read: ${words}`, {
    details: { unknown, twice },
  });
}
