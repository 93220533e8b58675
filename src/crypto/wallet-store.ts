import { randomUUID } from "node:crypto";
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Address } from "viem";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { keystoreAddress } from "./keystore.ts";

/** A wallet in the folder, closed. */
export interface WalletEntry {
  readonly name: string;
  readonly path: string;
  /** What its keystore says; undefined: it does not. */
  readonly address: Address | undefined;
  /** Whether commands use it where none is named. */
  readonly default: boolean;
}

/** A wallet and the text of its keystore. */
export interface StoredWallet extends WalletEntry {
  readonly keystore: string;
}

/**
 * A folder of keystores, one file each, readable by their owner alone. Each call throws HANSE_DISK_* where the file
 * system refuses.
 */
export interface WalletStore {
  readonly directory: string;
  /** By name. A file that is no keystore is left out. */
  list(): Promise<WalletEntry[]>;
  /** @throws HANSE_WALLET_NOT_FOUND, HANSE_KEYSTORE_INVALID, HANSE_ARGUMENT_INVALID for a name that cannot be one */
  find(name: string): Promise<StoredWallet>;
  /** The wallet that is used where none is named. */
  findDefault(): Promise<StoredWallet | undefined>;
  /** Keeps a keystore; the first becomes the default. @throws HANSE_WALLET_EXISTS, HANSE_ARGUMENT_INVALID */
  add(name: string, keystore: string): Promise<WalletEntry>;
  /** @throws HANSE_WALLET_NOT_FOUND */
  remove(name: string): Promise<void>;
  /** Makes it the default. @throws HANSE_WALLET_NOT_FOUND */
  use(name: string): Promise<void>;
}

const ENDING = ".json";
const DEFAULT_FILE = "default";
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

export function createWalletStore(directory: string): WalletStore {
  const pathOf = (name: string) => join(directory, `${name}${ENDING}`);
  const store: WalletStore = {
    directory,

    async list() {
      const names = ((await readIfThere(() => readdir(directory))) ?? []).filter((each) =>
        each.endsWith(ENDING),
      );
      const wallets = names.map((each) =>
        store.find(each.slice(0, -ENDING.length)).catch((error: unknown) => {
          if (error instanceof HanseError && error.code !== "HANSE_DISK_UNWRITABLE") return undefined;
          throw error;
        }),
      );
      const found = (await Promise.all(wallets)).filter((each) => each !== undefined);
      return found.map(({ keystore: _, ...entry }) => entry).sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async find(name) {
      const path = pathOf(checked(name));
      const keystore = await readIfThere(() => readFile(path, "utf8"));
      if (keystore === undefined) throw notFound(name, directory);
      const isDefault = (await defaultName()) === name;
      return { name, path, address: keystoreAddress(keystore), default: isDefault, keystore };
    },

    async findDefault() {
      const name = await defaultName();
      return name === undefined ? undefined : await store.find(name);
    },

    async add(name, keystore) {
      const path = pathOf(checked(name));
      await translated(() => mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER }));
      const draft = join(directory, `.${randomUUID()}.draft`);
      try {
        await translated(() => writePrivate(draft, keystore));
        // A link fails where the name is taken: nothing is ever written over, and under its name there is all of it.
        await translated(() => link(draft, path));
      } catch (error) {
        throw isTaken(error)
          ? new HanseError("HANSE_WALLET_EXISTS", `there is a wallet named ${name} already`, {
              details: { name, path },
            })
          : error;
      } finally {
        await rm(draft, { force: true });
      }
      if ((await defaultName()) === undefined) await setDefault(name);
      const { keystore: _, ...entry } = await store.find(name);
      return entry;
    },

    async remove(name) {
      const { path, default: isDefault } = await store.find(name);
      await translated(() => rm(path));
      if (isDefault) await translated(() => rm(join(directory, DEFAULT_FILE), { force: true }));
    },

    async use(name) {
      await store.find(name);
      await setDefault(name);
    },
  };
  return store;

  async function defaultName(): Promise<string | undefined> {
    const text = await readIfThere(() => readFile(join(directory, DEFAULT_FILE), "utf8"));
    const name = text?.trim();
    return name === undefined || name === "" ? undefined : name;
  }

  async function setDefault(name: string): Promise<void> {
    const draft = join(directory, `.${randomUUID()}.draft`);
    await translated(() => writePrivate(draft, `${name}\n`));
    await translated(() => rename(draft, join(directory, DEFAULT_FILE)));
  }
}

/** Whether others than its owner can read or write a file; always no where the platform has no such modes. */
export async function isOpenToOthers(path: string): Promise<boolean> {
  if (process.platform === "win32") return false;
  return ((await translated(() => stat(path))).mode & 0o077) !== 0;
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", PRIVATE_FILE);
  try {
    // The mode of `open` is cut by the umask, and that may not be wanted wider but may be narrower than it has to be.
    await chmod(path, PRIVATE_FILE);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name becomes a file name. */
function checked(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  throw new HanseError("HANSE_ARGUMENT_INVALID", `${JSON.stringify(name)} is no name for a wallet`, {
    hint: "A name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit.",
  });
}

function notFound(name: string, directory: string): HanseError {
  return new HanseError("HANSE_WALLET_NOT_FOUND", `there is no wallet named ${name}`, {
    details: { name, directory },
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof HanseError && (error.cause as NodeJS.ErrnoException | undefined)?.code === "EEXIST";
}

async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw fromSystemError(error);
  }
}

/** What is read, or undefined where there is no such file. */
async function readIfThere<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fromSystemError(error);
  }
}
