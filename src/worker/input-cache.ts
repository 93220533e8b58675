import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { parseContentAddress } from "#src/content/content-address.ts";
import { contentBase } from "#src/content/content-url.ts";
import { createGuardedFetch } from "#src/http/guarded-fetch.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { hashOfFile } from "./file-facts.ts";
import { createDownloader, type DownloaderDeps } from "./input-download.ts";
import type { DownloadSource, PartLimits } from "./part-reader.ts";

export interface InputCacheOptions extends PartLimits {
  readonly directory: string;
  /** Base URLs of content services that are asked first; the operator's choice. */
  readonly sources: readonly string[];
  /** Whether assets may lie at private addresses: on one machine or network. */
  readonly allowPrivate: boolean;
  /**
   * Beyond so many bytes the inputs that were not used for longest are removed. What is in use or on its way stays, so the
   * folder may hold as much more.
   */
  readonly cacheBytes: number;
}

/** An input by what it is and where its owner says that it lies. */
export interface Input {
  /** SHA-256 of the content. */
  readonly checksum: Hex;
  readonly uri: string;
}

/** A file that stays where it is until it is released. */
export interface HeldInput {
  readonly path: string;
  release(): void;
}

/** Apps and datasets as files, by their hash. */
export interface InputCache {
  /**
   * A file that has been compared with the checksum just now. A program must not miss it: it would be told to fail, which
   * costs a worker its stake.
   * @throws HANSE_CONTENT_NOT_FOUND and the like, see `Downloader`; HANSE_DISK_FULL, HANSE_DISK_UNWRITABLE
   */
  hold(input: Input, signal: AbortSignal): Promise<HeldInput>;
}

export async function createInputCache(
  deps: DownloaderDeps,
  options: InputCacheOptions,
): Promise<InputCache> {
  const { directory, sources, allowPrivate, cacheBytes } = options;
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw fromSystemError(error);
  });
  // Owners of assets are strangers, and their addresses lead anywhere.
  const guarded = createGuardedFetch({ allowPrivate });
  const downloader = createDownloader(deps, options);
  /** How many hold an input, by its file's name. */
  const held = new Map<string, number>();
  const coming = new Map<string, Promise<void>>();

  return {
    async hold(input, signal) {
      const name = parseContentAddress(input.checksum).slice(2);
      const path = join(directory, name);
      held.set(name, (held.get(name) ?? 0) + 1);
      const release = once(() => {
        const left = (held.get(name) ?? 1) - 1;
        if (left === 0) held.delete(name);
        else held.set(name, left);
      });
      try {
        // Several tasks may want the same one at once. Another's may end before, or know worse places: then it is fetched for us.
        for (let others = coming.get(name); others !== undefined; others = coming.get(name)) {
          if (await came(others, signal)) return { path, release };
        }
        const fetching = fetch(input, path, signal).finally(() => coming.delete(name));
        coming.set(name, fetching);
        await fetching;
        return { path, release };
      } catch (error) {
        release();
        throw error;
      }
    },
  };

  async function fetch({ checksum, uri }: Input, path: string, signal: AbortSignal): Promise<void> {
    const address = parseContentAddress(checksum);
    try {
      if ((await hashOfFile(path)) !== address) {
        await downloader.download(address, path, placesOf(uri), signal);
      }
      const now = new Date();
      await utimes(path, now, now);
    } catch (error) {
      signal.throwIfAborted();
      throw fromSystemError(error);
    }
    await makeRoom();
  }

  function placesOf(uri: string): DownloadSource[] {
    const own = sources.map((base) => ({ base, fetch: globalThis.fetch }));
    const told = contentBase(uri);
    return told === undefined || sources.includes(told) ? own : [...own, { base: told, fetch: guarded }];
  }

  async function makeRoom(): Promise<void> {
    const files = await Promise.all(
      (await readdir(directory)).map(async (file) => {
        const facts = await stat(join(directory, file)).catch(() => undefined);
        return {
          name: file.split(".")[0] ?? file,
          file,
          bytes: facts?.size ?? 0,
          usedAt: facts?.mtimeMs ?? 0,
        };
      }),
    );
    // Who was wrong about an input is remembered longer than the input.
    const removable = files.filter(({ name, file }) => !held.has(name) && !file.endsWith(".json"));
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const oldest of removable.sort((a, b) => a.usedAt - b.usedAt)) {
      if (bytes <= cacheBytes) return;
      if (held.has(oldest.name)) continue;
      await rm(join(directory, oldest.file), { force: true });
      bytes -= oldest.bytes;
    }
  }
}

/** Whether it came. @throws the signal's reason when it is aborted before */
async function came(fetching: Promise<void>, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([
      fetching.then(
        () => true,
        () => false,
      ),
      aborted,
    ]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
