import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { finishAddress, parseContentAddress } from "#src/content/content-address.ts";
import { fetchContent } from "#src/content/content-client.ts";
import { contentBase } from "#src/content/content-url.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { writeWhole } from "./result-store.ts";

export interface InputCacheOptions {
  readonly directory: string;
  /** Base URLs of content services that are asked first; the operator's choice. */
  readonly sources: readonly string[];
  /** Whether assets may lie at private addresses: on one machine or network. */
  readonly allowPrivate: boolean;
  /** Largest input in bytes. */
  readonly maxBytes: number;
}

/** An input by what it is and where its owner says that it lies. */
export interface Input {
  /** SHA-256 of the content. */
  readonly checksum: Hex;
  readonly uri: string;
}

/** Apps and datasets as files, by their hash. */
export interface InputCache {
  /**
   * The path of a file that has been compared with the checksum just now.
   * @throws HANSE_CONTENT_NOT_FOUND and the like, see `fetchContent`
   */
  path(input: Input, signal: AbortSignal): Promise<string>;
}

export async function createInputCache(options: InputCacheOptions): Promise<InputCache> {
  const { directory, sources, allowPrivate, maxBytes } = options;
  await mkdir(directory, { recursive: true });
  // Owners of assets are strangers, and their addresses lead anywhere.
  const guarded = createGuardedFetch({ allowPrivate });

  return {
    async path({ checksum, uri }, signal) {
      const address = parseContentAddress(checksum);
      const path = join(directory, address.slice(2));
      if ((await hashOf(path)) === address) return path;
      const told = contentBase(uri);
      const own = { sources, maxBytes, signal };
      const bytes = await fetchContent(address, own).catch((error: unknown) => {
        if (told === undefined || signal.aborted) throw error;
        return fetchContent(address, { sources: [told], maxBytes, signal, fetch: guarded });
      });
      await writeWhole(path, bytes);
      return path;
    },
  };
}

async function hashOf(path: string): Promise<Hex | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return finishAddress(hash);
}
