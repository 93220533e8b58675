// Compares the shared test vectors with what their generators make. Nothing but their generators writes them: whoever
// changes what is signed should mean it.
import { readFile } from "node:fs/promises";
import { bulkVectors } from "./bulk-orders.ts";
import { goodsVectors } from "./goods-orders.ts";
import { orderVectors } from "./orders.ts";

const GENERATORS = {
  "scripts/vectors/orders.ts": orderVectors,
  "scripts/vectors/bulk-orders.ts": bulkVectors,
  "scripts/vectors/goods-orders.ts": goodsVectors,
};

/** @returns a complaint for each generator whose files differ from what it makes. */
export async function findStaleVectors(): Promise<string[]> {
  const complaints: string[] = [];
  for (const [script, generate] of Object.entries(GENERATORS)) {
    const stale: string[] = [];
    for (const [path, text] of Object.entries(await generate())) {
      if ((await readFile(path, "utf8").catch(() => "")) !== text) stale.push(path);
    }
    if (stale.length > 0) complaints.push(`stale, run \`node ${script}\` and commit: ${stale.join(", ")}`);
  }
  return complaints;
}
