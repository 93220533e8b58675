import { pathToFileURL } from "node:url";
import { HanseError } from "#src/kernel/errors.ts";
import type { ShopAdapter } from "./shop-adapter.ts";

const METHODS = ["catalogue", "take", "putBack"] as const satisfies readonly (keyof ShopAdapter)[];

/**
 * Loads an adapter that is not part of Hanse.
 * @param path absolute, of a module (JavaScript, or TypeScript that only needs its types erased) whose default export makes
 * the adapter, at once or as a promise
 * @throws HANSE_CONFIG_INVALID
 */
export async function loadAdapter(path: string): Promise<ShopAdapter> {
  const details = { path };
  let made: unknown;
  try {
    const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
    if (typeof loaded.default !== "function")
      throw new TypeError("it has no default export that is a function");
    made = await loaded.default();
  } catch (cause) {
    throw new HanseError(
      "HANSE_CONFIG_INVALID",
      `${path} makes no shop adapter: ${(cause as Error).message}`,
      {
        ...{ cause, details },
        hint: "Let its default export be a function that makes one; examples/shop-adapter is one to begin with.",
      },
    );
  }
  const missing = METHODS.filter((name) => typeof (made as ShopAdapter | undefined)?.[name] !== "function");
  if (missing.length === 0) return made as ShopAdapter;
  throw new HanseError("HANSE_CONFIG_INVALID", `what ${path} makes has no ${missing.join(", ")}`, {
    details,
    hint: "A shop adapter has the methods of src/shop/adapters/shop-adapter.ts.",
  });
}
