import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import type { CliContext } from "./context.ts";

export interface PasswordFlags {
  readonly passwordFile?: string;
}

export function withPassword(command: Command, { fromCaller }: CliContext): Command {
  return command.option(
    "--password-file <file>",
    "file with the wallet's password; else HANSE_WALLET_PASSWORD, else you are asked",
    fromCaller,
  );
}

/**
 * The password of a wallet that is there.
 * @throws HANSE_WALLET_PASSWORD_MISSING
 */
export async function readPassword(
  context: CliContext,
  flags: PasswordFlags,
  wallet: string,
): Promise<string> {
  const given = await givenPassword(context, flags);
  return given ?? (await context.ask(`Password of ${wallet}: `, { secret: true })) ?? missing();
}

/**
 * A password for a new wallet, asked for twice.
 * @throws HANSE_WALLET_PASSWORD_MISSING, HANSE_ARGUMENT_INVALID where the two differ, or there is none
 */
export async function choosePassword(context: CliContext, flags: PasswordFlags): Promise<string> {
  const password =
    (await givenPassword(context, flags)) ??
    (await context.ask("New password: ", { secret: true })) ??
    missing();
  if (password === "") {
    throw new HanseError("HANSE_ARGUMENT_INVALID", "an empty password protects nothing", {
      hint: "Choose one that is long.",
    });
  }
  if ((await givenPassword(context, flags)) !== undefined) return password;
  if ((await context.ask("Once more: ", { secret: true })) === password) return password;
  throw new HanseError("HANSE_ARGUMENT_INVALID", "the two passwords differ", { hint: "Try again." });
}

async function givenPassword({ env }: CliContext, { passwordFile }: PasswordFlags) {
  if (passwordFile === undefined) return env.HANSE_WALLET_PASSWORD;
  return await readPasswordFile(passwordFile);
}

/** The first line of a file. */
export async function readPasswordFile(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === "ENOENT"
      ? new HanseError("HANSE_WALLET_PASSWORD_MISSING", `there is no password file ${path}`)
      : fromSystemError(error);
  });
  return text.split(/\r?\n/, 1)[0] ?? "";
}

function missing(): never {
  throw new HanseError("HANSE_WALLET_PASSWORD_MISSING", "this needs the wallet's password");
}
