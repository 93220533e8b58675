import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { type Address, type Hex, isHex, type LocalAccount } from "viem";
import { accountOfKey, DEVELOPMENT_CHAIN_ID, developmentKey } from "#src/chain/development-keys.ts";
import { decryptKey, keystoreAddress } from "#src/crypto/keystore.ts";
import { createWalletStore, type StoredWallet, type WalletStore } from "#src/crypto/wallet-store.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { CliContext } from "./context.ts";
import { type PasswordFlags, readPassword, withPassword } from "./password.ts";

export interface SignerFlags extends PasswordFlags {
  readonly wallet?: string;
}

/** Where a key comes from. */
export type KeySource =
  | { readonly type: "key"; readonly key: Hex; readonly words: string }
  | {
      readonly type: "keystore";
      readonly name: string;
      readonly path: string;
      readonly text: string;
      /** Where the keystore tells it. */
      readonly address: Address | undefined;
    };

/** The development account that stands in for a user without a key: the demo's requester. */
const DEVELOPMENT_USER = 1;

/** Adds the options of commands that sign or send something. */
export function withSigner(command: Command, context: CliContext): Command {
  return withPassword(command.option("--wallet <name>", "the wallet to use; else the default one"), context);
}

export function walletStore({ env }: Pick<CliContext, "env">): WalletStore {
  const folder = env.HANSE_WALLETS || join(env.HOME || homedir(), ".hanse", "wallets");
  return createWalletStore(folder);
}

/**
 * Opens the user's account: of the wallet named, HANSE_PRIVATE_KEY, HANSE_KEYSTORE, the default wallet, in this order.
 * On a development chain a known account stands in where there is none.
 * @throws HANSE_WALLET_*, HANSE_KEYSTORE_INVALID, HANSE_CONFIG_INVALID, HANSE_DEVELOPMENT_KEY_REFUSED
 */
export async function openSigner(
  context: CliContext,
  flags: SignerFlags,
  chainId: number,
): Promise<LocalAccount> {
  const source = await keyFor(context, flags, chainId);
  if (source.type === "key") {
    const account = accountOfKey(source.key, chainId);
    context.note(`using ${source.words} ${account.address}`);
    return account;
  }
  const { name, text, address } = source;
  context.note(`using the wallet ${name}${address === undefined ? "" : ` ${address}`}`);
  const password = await readPassword(context, flags, name);
  return accountOfKey(await decryptKey(text, password), chainId);
}

/** The address of the user's account; its wallet is opened only where it does not say. */
export async function signerAddress(
  context: CliContext,
  flags: SignerFlags,
  chainId: number,
): Promise<Address> {
  const source = await keyFor(context, flags, chainId);
  if (source.type === "keystore" && source.address !== undefined) return source.address;
  return (await openSigner({ ...context, note: () => undefined }, flags, chainId)).address;
}

/** As `findKey`, with what stands in on a development chain. */
async function keyFor(context: CliContext, flags: SignerFlags, chainId: number): Promise<KeySource> {
  const found = await findKey(context, flags);
  if (found !== undefined) return found;
  if (chainId !== DEVELOPMENT_CHAIN_ID) {
    throw new HanseError("HANSE_WALLET_MISSING", "this needs a wallet or a key");
  }
  return { type: "key", key: developmentKey(DEVELOPMENT_USER), words: "the development account" };
}

/**
 * Where the user's key is, in the order that `openSigner` tells; undefined: there is none.
 * @throws HANSE_WALLET_NOT_FOUND, HANSE_KEYSTORE_INVALID, HANSE_CONFIG_INVALID
 */
export async function findKey(
  context: CliContext,
  { wallet }: Pick<SignerFlags, "wallet">,
): Promise<KeySource | undefined> {
  const { env } = context;
  const store = walletStore(context);
  if (wallet !== undefined) return ofWallet(await store.find(wallet));
  if (env.HANSE_PRIVATE_KEY) {
    const key = checkedKey(env.HANSE_PRIVATE_KEY, "HANSE_PRIVATE_KEY");
    return { type: "key", key, words: "HANSE_PRIVATE_KEY," };
  }
  if (env.HANSE_KEYSTORE) return await ofFile(context.fromCaller(env.HANSE_KEYSTORE));
  const found = await store.findDefault();
  return found === undefined ? undefined : ofWallet(found);
}

function ofWallet({ name, path, keystore, address }: StoredWallet): KeySource {
  return { type: "keystore", name, path, text: keystore, address };
}

async function ofFile(path: string): Promise<KeySource> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === "ENOENT"
      ? new HanseError("HANSE_WALLET_NOT_FOUND", `there is no keystore ${path}`)
      : fromSystemError(error);
  });
  return { type: "keystore", name: path, path, text, address: keystoreAddress(text) };
}

/** @throws HANSE_CONFIG_INVALID, without telling the key */
export function checkedKey(text: string, name: string): Hex {
  if (isHex(text) && text.length === 66) return text;
  throw new HanseError("HANSE_CONFIG_INVALID", `${name} is not 0x and 64 hex digits`, {
    hint: "A private key is 0x and 64 hex digits.",
  });
}
