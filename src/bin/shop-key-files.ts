import { link, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { keepSeed } from "#src/crypto/seed-file.ts";
import { type ShopKey, shopKeyFromSeed } from "#src/identity/shop-key.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { ShopKeyStore } from "#src/shop/shop-keys.ts";

const PRESENT = "shop.key";
/** Made by `hanse shop key` before it is announced by `hanse shop rotate-key`. */
const NEXT = "shop.next.key";
/** What was sealed to it can be opened still. */
const PREVIOUS = "shop.previous.key";

/** The keys in a shop's state folder; the present one is made where there is none. */
export async function openShopKeyFiles(
  directory: string,
): Promise<{ readonly key: ShopKey; readonly store: ShopKeyStore }> {
  const path = (name: string) => join(directory, name);
  const read = async (name: string) => shopKeyFromSeed(await keepSeed(path(name)));
  const readOther = async (name: string) => ((await exists(path(name))) ? await read(name) : undefined);
  return {
    key: await read(PRESENT),
    store: {
      async others() {
        const found = await Promise.all([NEXT, PREVIOUS].map(readOther));
        return found.filter((key) => key !== undefined);
      },
      async use({ publicKey }) {
        if ((await readOther(NEXT))?.publicKey !== publicKey) return;
        const draft = path(".shop.previous.draft");
        try {
          // There is a present key at every moment: it is replaced, and named a second time before.
          await rm(draft, { force: true });
          await link(path(PRESENT), draft);
          await rename(draft, path(PREVIOUS));
          await rename(path(NEXT), path(PRESENT));
        } catch (error) {
          throw fromSystemError(error);
        } finally {
          await rm(draft, { force: true });
        }
      },
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw fromSystemError(error);
    },
  );
}
