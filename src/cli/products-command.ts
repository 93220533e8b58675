import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { FeedItem } from "#src/client/shop-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { renderTable } from "#src/kernel/render-table.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { isCurrency } from "#src/protocol/currencies.ts";
import { inCurrency } from "#src/protocol/price.ts";
import { answer, fields } from "./answer.ts";
import { invalid, parseBytes32, parseCode } from "./arguments.ts";
import { commandGroup } from "./command-group.ts";
import { type JsonFlag, withJson } from "./connection.ts";
import type { CliContext } from "./context.ts";
import {
  openShop,
  openShopAsOwner,
  type ShopFlag,
  type ShopOwnerFlags,
  withShop,
  withShopOwner,
} from "./shop-connection.ts";

interface ListFlags extends ShopFlag, JsonFlag {
  readonly partner?: string;
}

interface ImportFlags extends ShopOwnerFlags, JsonFlag {
  readonly format?: string;
  readonly complete: boolean;
}

/** `hanse products`: what a shop sells, its own and its partners'. */
export function addProductsCommand(program: Command, context: CliContext): void {
  const group = commandGroup(program, "products", "what a shop sells: its own goods and its partners'");

  withJson(withShop(group.command("list"), context))
    .description("products of partners that can be bought at a shop")
    .option("--partner <code>", "of one partner only")
    .action(async (flags: ListFlags) => {
      const partner = flags.partner === undefined ? undefined : parseCode(flags.partner);
      const products = await openShop(flags).listings(partner);
      const rows = products.map((each) => [
        ...[each.id, priceOf(each), each.available ? "yes" : "no", each.name],
      ]);
      const words =
        rows.length === 0
          ? ["no partner's products are known here"]
          : [renderTable(["product", "price", "available", "name"], rows)];
      answer(context, flags.json, { products }, words);
    });

  withJson(withShopOwner(group.command("stock"), context))
    .description("products and pieces of your shop's built-in stock")
    .action(async (flags: ShopOwnerFlags & JsonFlag) => {
      const { currency, products } = await (await openShopAsOwner(context, flags)).stock();
      const rows = products.map(({ sku, price, quantity, name }) => [
        ...[sku, `${price} ${currency}`, quantity ?? "not counted", name],
      ]);
      const words =
        rows.length === 0
          ? ["the stock is empty: `hanse products import` fills it"]
          : [renderTable(["sku", "price", "pieces", "name"], rows)];
      answer(context, flags.json, { currency, products }, words);
    });

  withJson(withShopOwner(group.command("import <file>"), context))
    .description(
      "fill the built-in stock: JSON (an array of products) or CSV with a line of names; fields are sku, name, price, and, if wanted, id, description, quantity, image, categories, featured; any other is refused. Catalogues of Online Boutique and Sock Shop are taken as they are",
    )
    .option("--format <name>", "json or csv; default: by the file's name")
    .option("--complete", "what the file does not name is sold no more", false)
    .action(async (file: string, flags: ImportFlags) => {
      const format = formatOf(file, flags.format);
      const content = await readText(context.fromCaller(file));
      const owner = await openShopAsOwner(context, flags);
      const imported = await owner.importProducts({ format, content, complete: flags.complete });
      answer(context, flags.json, imported, fields(imported));
    });

  withJson(withShopOwner(group.command("sync <code>"), context))
    .description("take over now what changed at a partner, without waiting for the next poll")
    .action(async (text: string, flags: ShopOwnerFlags & JsonFlag) => {
      const code = parseCode(text);
      const synced = await (await openShopAsOwner(context, flags)).sync(code);
      answer(context, flags.json, { partner: code, ...synced }, [
        `${code}: ${synced.told} products are new or changed, ${synced.gone} are gone`,
      ]);
    });

  withJson(withShopOwner(group.command("supply <product> <deal>"), context))
    .description(
      "name the deal by which your shop got what it sells on as a product, so that it may complain for longer; `none`: no more",
    )
    .action(async (product: string, text: string, flags: ShopOwnerFlags & JsonFlag) => {
      const deal = text === "none" ? null : parseBytes32("deal id", text);
      const supply = await (await openShopAsOwner(context, flags)).supply(product, deal);
      answer(context, flags.json, supply, [
        deal === null ? `${product} is sold on no more` : `${product} is supplied by ${deal}`,
      ]);
    });
}

function priceOf({ currency, priceMinor }: FeedItem): string {
  return isCurrency(currency) ? inCurrency({ currency, minor: priceMinor }) : `${priceMinor} (${currency})`;
}

function formatOf(file: string, told: string | undefined): "json" | "csv" {
  const format = told ?? /\.(json|csv)$/i.exec(file)?.[1]?.toLowerCase();
  if (format === "json" || format === "csv") return format;
  throw invalid(`what form ${file} has is not known`, "Give --format json or --format csv.");
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT"
      ? new HanseError("HANSE_NOT_FOUND", `there is no file ${path}`, { hint: "Name the catalogue's file." })
      : fromSystemError(error);
  });
  // Read all the same, each letter that is none would be another one, for all customers to see.
  if (isUtf8(bytes)) return bytes.toString("utf8");
  throw new HanseError("HANSE_CATALOGUE_INVALID", `${path} is not written in UTF-8`, {
    hint: "Save it as UTF-8, such as with `iconv -f latin1 -t utf8`.",
  });
}
