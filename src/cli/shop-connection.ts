import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import {
  createShopClient,
  createShopOwnerClient,
  type ShopClient,
  type ShopOwnerClient,
} from "#src/client/shop-client.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { CliContext } from "./context.ts";

export interface ShopFlag {
  readonly shop: string;
}

export interface ShopOwnerFlags extends ShopFlag {
  readonly tokenFile?: string;
}

/** Adds the option of commands that talk to a shop service. */
export function withShop(command: Command, { env }: CliContext): Command {
  return command.option(
    "--shop <url>",
    "base URL of the shop's service",
    env.HANSE_SHOP_URL || "http://127.0.0.1:4105",
  );
}

/** Adds the options of commands that have a shop service do what only its owner may. */
export function withShopOwner(command: Command, context: CliContext): Command {
  return withShop(command, context).option(
    "--token-file <file>",
    "file with the owner's token of the shop; else HANSE_SHOP_OWNER_TOKEN",
    context.fromCaller,
  );
}

/** A shop as its customers see it. */
export function openShop({ shop }: ShopFlag): ShopClient {
  return createShopClient({}, { baseUrl: shop });
}

/** @throws HANSE_OWNER_TOKEN_MISSING */
export async function openShopAsOwner(context: CliContext, flags: ShopOwnerFlags): Promise<ShopOwnerClient> {
  const owner = await findShopOwner(context, flags);
  if (owner !== undefined) return owner;
  throw new HanseError("HANSE_OWNER_TOKEN_MISSING", "this needs the owner's token of the shop");
}

/** As the owner, where there is a token. */
export async function findShopOwner(
  { env }: CliContext,
  { shop, tokenFile }: ShopOwnerFlags,
): Promise<ShopOwnerClient | undefined> {
  const token = tokenFile === undefined ? env.HANSE_SHOP_OWNER_TOKEN : await readToken(tokenFile);
  return token ? createShopOwnerClient({}, { baseUrl: shop, token }) : undefined;
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT"
      ? new HanseError("HANSE_OWNER_TOKEN_MISSING", `there is no file ${path}`)
      : fromSystemError(error);
  });
  return text.trim();
}
