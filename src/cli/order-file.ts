import { readFile } from "node:fs/promises";
import { z } from "zod";
import { orderToJson, signedOrderSchema } from "#src/client/order-schema.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { SignedOrder } from "#src/protocol/orders.ts";
import { invalid } from "./arguments.ts";
import type { CliContext } from "./context.ts";

/**
 * JSON from a file, or from standard input for `-`.
 * @throws HANSE_ARGUMENT_INVALID
 */
export async function readJsonFile(context: CliContext, path: string): Promise<unknown> {
  const text =
    path === "-"
      ? await context.readInput()
      : await readFile(context.fromCaller(path), "utf8").catch((error: unknown) => {
          throw (error as NodeJS.ErrnoException).code === "ENOENT"
            ? invalid(`there is no file ${path}`, "Name a file, or - for standard input.")
            : fromSystemError(error);
        });
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`${path} holds no JSON`, "Give a file as `hanse order sign` writes it.");
  }
}

/**
 * A signed order as `hanse order sign` writes it.
 * @throws HANSE_ARGUMENT_INVALID, HANSE_ORDER_MALFORMED naming the fields
 */
export async function readOrderFile(context: CliContext, path: string): Promise<SignedOrder> {
  return parseSignedOrder(await readJsonFile(context, path));
}

/** @throws HANSE_ORDER_MALFORMED naming the fields */
export function parseSignedOrder(json: unknown): SignedOrder {
  const parsed = signedOrderSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new HanseError("HANSE_ORDER_MALFORMED", `this is no signed order: ${z.prettifyError(parsed.error)}`);
}

/** A signed order as a file, and as a broker takes it. */
export function orderFileText(order: SignedOrder): string {
  return `${JSON.stringify(orderToJson(order), null, 2)}\n`;
}
