import { readFile } from "node:fs/promises";
import { z } from "zod";
import { readPasswordFile } from "#src/cli/password.ts";
import { decryptKey } from "#src/crypto/keystore.ts";
import { type ConfigOptions, type ConfigSources, defineOption } from "#src/kernel/config.ts";
import { HanseError } from "#src/kernel/errors.ts";
import { fromSystemError } from "#src/kernel/system-error.ts";
import { logLevel } from "./options.ts";

const keystore = defineOption({
  schema: z.string().min(1).optional(),
  env: "HANSE_KEYSTORE",
  doc: "path to an encrypted keystore with the key, in place of HANSE_PRIVATE_KEY",
  path: true,
});

const passwordFile = defineOption({
  schema: z.string().min(1).optional(),
  env: "HANSE_KEYSTORE_PASSWORD_FILE",
  doc: "path to a file with the keystore's password",
  path: true,
});

/** All options of a service: its own, those that every service has, and a keystore wherever it needs a key. */
export function serviceOptions(own: ConfigOptions): ConfigOptions {
  return { ...own, ...("privateKey" in own ? { keystore, passwordFile } : {}), logLevel };
}

/** Makes the paths among some values absolute. */
export function resolvePaths(
  options: ConfigOptions,
  values: Readonly<Record<string, unknown>>,
  from: (path: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      options[name]?.path === true && typeof value === "string" ? from(value) : value,
    ]),
  );
}

/**
 * The option values of a file.
 * @throws HANSE_CONFIG_INVALID where it is missing or holds no JSON object
 */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === "ENOENT"
      ? invalid(path, "is not there")
      : fromSystemError(error);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid(path, "holds no JSON");
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(json);
  if (parsed.success) return parsed.data;
  throw invalid(path, "holds no JSON object");
}

/**
 * Opens the keystore, where the sources name one and no key is given: its key takes the place of `privateKey`.
 * @throws HANSE_CONFIG_INVALID, HANSE_KEYSTORE_INVALID, HANSE_WALLET_*
 */
export async function withKeystore(sources: ConfigSources): Promise<ConfigSources> {
  const { env = {}, flags = {}, file = {} } = sources;
  const find = (name: string, variable: string) => {
    const found = flags[name] ?? (env[variable] || undefined) ?? file[name];
    return typeof found === "string" && found !== "" ? found : undefined;
  };
  const path = find("keystore", keystore.env);
  if (path === undefined || find("privateKey", "HANSE_PRIVATE_KEY") !== undefined) return sources;
  const passwordPath = find("passwordFile", passwordFile.env);
  const password =
    passwordPath === undefined ? env.HANSE_WALLET_PASSWORD : await readPasswordFile(passwordPath);
  if (password === undefined) {
    throw new HanseError("HANSE_WALLET_PASSWORD_MISSING", `the password of ${path} is not given`, {
      hint: `Put it into a file and name that in ${passwordFile.env}.`,
    });
  }
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === "ENOENT"
      ? invalid(path, "is not there")
      : fromSystemError(error);
  });
  return { ...sources, flags: { ...flags, privateKey: await decryptKey(text, password) } };
}

function invalid(path: string, problem: string): HanseError {
  return new HanseError("HANSE_CONFIG_INVALID", `${path} ${problem}`, {
    hint: "Name a file that is there; a configuration file is a JSON object with option names, as `hanse <service> options` lists them.",
    details: { path },
  });
}
