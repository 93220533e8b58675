import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { decryptKey, encryptKey, LIGHT_COST, STANDARD_COST } from "#src/crypto/keystore.ts";
import { isOpenToOthers, type WalletEntry } from "#src/crypto/wallet-store.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { answer, fields } from "./answer.ts";
import { commandGroup } from "./command-group.ts";
import { confirmFinal, withYes, type YesFlag } from "./confirm.ts";
import { type JsonFlag, withJson } from "./connection.ts";
import type { CliContext } from "./context.ts";
import { choosePassword, type PasswordFlags, readPassword, withPassword } from "./password.ts";
import { checkedKey, walletStore } from "./signer.ts";

interface MakeFlags extends JsonFlag, PasswordFlags {
  readonly light: boolean;
}

interface ImportFlags extends MakeFlags {
  readonly keystore?: string;
  readonly keyFile?: string;
}

/** `hanse wallet`: keys in encrypted files of this user's. */
export function addWalletCommand(program: Command, context: CliContext): void {
  const group = commandGroup(
    program,
    "wallet",
    "your keys, encrypted, as geth and ethers keep them (in HANSE_WALLETS, else ~/.hanse/wallets)",
  );
  const store = walletStore(context);

  make("new <name>")
    .description("make a new key; the first wallet is the default one")
    .action(async (name: string, flags: MakeFlags) => {
      await keep(name, generatePrivateKey(), flags);
    });

  make("import <name>")
    .description("keep a key you have: from a keystore, a file, or typed in")
    .option("--keystore <file>", "a keystore of geth, ethers or Hanse", context.fromCaller)
    .option("--key-file <file>", "a file with the key, 0x and 64 hex digits", context.fromCaller)
    .action(async (name: string, flags: ImportFlags) => {
      // A keystore keeps its password and its cost: it is copied as it is, once the password was found right.
      if (flags.keystore !== undefined) {
        const text = await readText(flags.keystore);
        await decryptKey(text, await readPassword(context, flags, flags.keystore));
        tell(flags.json, await store.add(name, text));
        return;
      }
      const typed =
        flags.keyFile === undefined
          ? await context.ask("Private key: ", { secret: true })
          : await readText(flags.keyFile);
      if (typed === undefined) {
        throw new HanseError("HANSE_ARGUMENT_INVALID", "there is no key to import", {
          hint: "Give --keystore or --key-file, or run it in a terminal to be asked.",
        });
      }
      await keep(name, checkedKey(typed.trim(), "what was given"), flags);
    });

  withJson(group.command("list"))
    .description("all wallets")
    .action(async ({ json }: JsonFlag) => {
      const wallets = await store.list();
      const lines = wallets.map(
        ({ name, address, default: used }) => `${used ? "*" : " "} ${name}  ${address ?? "address unknown"}`,
      );
      answer(context, json, wallets, lines.length > 0 ? lines : ["no wallets: `hanse wallet new <name>`"]);
    });

  withJson(group.command("show [name]"))
    .description("a wallet's address and file; default: the default wallet")
    .action(async (name: string | undefined, { json }: JsonFlag) => {
      const entry = await found(name);
      const openToOthers = await isOpenToOthers(entry.path);
      if (openToOthers) context.note(`others can read ${entry.path}: chmod 600 it`);
      tell(json, entry);
    });

  withJson(group.command("export-address [name]"))
    .description("print a wallet's address and nothing else")
    .action(async (name: string | undefined, { json }: JsonFlag) => {
      const { address, name: of } = await found(name);
      if (address === undefined) {
        throw new HanseError("HANSE_KEYSTORE_INVALID", `the keystore of ${of} does not tell its address`);
      }
      answer(context, json, { address }, [address]);
    });

  withYes(withJson(group.command("remove <name>")))
    .description("delete a wallet's file: without a copy, its key and what it owns are gone")
    .action(async (name: string, flags: JsonFlag & YesFlag) => {
      const { path, address } = await store.find(name);
      await confirmFinal(
        context,
        flags,
        `Delete ${path} with the key of ${address ?? "an unknown address"}?`,
      );
      await store.remove(name);
      answer(context, flags.json, { name, address, removed: true }, [`removed ${name}`]);
    });

  withJson(group.command("use <name>"))
    .description("make a wallet the default one")
    .action(async (name: string, { json }: JsonFlag) => {
      await store.use(name);
      tell(json, await found(name));
    });

  function make(signature: string): Command {
    return withPassword(withJson(group.command(signature)), context).option(
      "--light",
      "a keystore that opens with 4 MiB of memory instead of 256: choose a long password",
      false,
    );
  }

  async function keep(name: string, key: Hex, flags: MakeFlags): Promise<void> {
    // Before a password is asked for.
    const taken = (await store.list()).some((each) => each.name === name);
    if (taken) throw new HanseError("HANSE_WALLET_EXISTS", `there is a wallet named ${name} already`);
    const password = await choosePassword(context, flags);
    tell(
      flags.json,
      await store.add(name, await encryptKey(key, password, flags.light ? LIGHT_COST : STANDARD_COST)),
    );
    context.note("Without file and password nobody can restore the key: keep a copy of both.");
  }

  async function found(name: string | undefined): Promise<WalletEntry> {
    const entry = name === undefined ? await store.findDefault() : await store.find(name);
    if (entry === undefined) throw new HanseError("HANSE_WALLET_MISSING", "there is no default wallet");
    return entry;
  }

  function tell(json: boolean, { name, address, path, default: used }: WalletEntry): void {
    const shown = { name, address, path, default: used };
    answer(context, json, shown, fields({ ...shown, default: used ? "yes" : "no" }));
  }
}

async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === "ENOENT"
      ? new HanseError("HANSE_WALLET_NOT_FOUND", `there is no file ${path}`)
      : fromSystemError(error);
  });
}
