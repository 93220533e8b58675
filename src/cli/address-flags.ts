import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { z } from "zod";
import { addressSchema } from "#src/client/shop-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { invalid } from "./arguments.ts";
import type { CliContext } from "./context.ts";

export interface AddressFlags {
  readonly shipTo?: string;
  readonly name?: string;
  readonly street: readonly string[];
  readonly city?: string;
  readonly region: string;
  readonly postalCode: string;
  readonly country?: string;
}

/** Adds the options that tell where a parcel goes. */
export function withAddress(command: Command, { fromCaller }: CliContext): Command {
  return command
    .option(
      "--ship-to <file>",
      "JSON file of where it goes, instead of the options below: name, lines, city, region, postalCode, country",
      fromCaller,
    )
    .option("--name <name>", "who it is for")
    .option(
      "--street <line>",
      "street and house; may be given up to four times",
      (line: string, before: readonly string[]) => [...before, line],
      [],
    )
    .option("--city <city>", "town or city")
    .option("--region <region>", "state or region, where the country has some", "")
    .option("--postal-code <code>", "postal code", "")
    .option("--country <code>", "two letters, ISO 3166-1");
}

/** @throws HANSE_ARGUMENT_INVALID, HANSE_NOT_FOUND */
export async function readAddress(flags: AddressFlags): Promise<z.output<typeof addressSchema>> {
  const { shipTo, name, street, city, region, postalCode, country } = flags;
  const told =
    shipTo === undefined
      ? { name, lines: street, city, region, postalCode, country }
      : await readJson(shipTo);
  const parsed = addressSchema.safeParse(told);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path }) => path.join(".") || "the whole");
  throw invalid(
    `the address cannot be used: ${[...new Set(wrong)].join(", ")}`,
    "Give --name, --street, --city, --postal-code and --country, or --ship-to with a JSON file of them.",
  );
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT"
      ? new HanseError("HANSE_NOT_FOUND", `there is no file ${path}`, { hint: "Name the address's file." })
      : fromSystemError(error);
  });
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`${path} is not JSON`, "See `hanse buy --help` for what it holds.");
  }
}
