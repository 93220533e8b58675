import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The apps of this folder and the memory each declares, in pages of 64 KiB. */
const apps = { "basket-analysis": { maximumPages: 2048 } } as const;

export type AppName = keyof typeof apps;

const root = import.meta.dirname;

/** Where `buildApp` puts the module. Generated: not in version control. */
export function appModulePath(name: AppName): string {
  return join(root, name, "build", `${name}.wasm`);
}

/** SHA-256 (hex) that the module must have, as checked in. */
export async function appChecksum(name: AppName): Promise<string> {
  const file = JSON.parse(await readFile(join(root, name, "checksum.json"), "utf8")) as { sha256: string };
  return file.sha256;
}

/** Compiles an app's sources, without writing anything. */
export async function compileApp(name: AppName): Promise<Uint8Array> {
  // The compiler is large, and most who import this file want to know only where a module lies.
  const { compileAssembly } = await import("./compile.ts");
  return await compileAssembly({
    entry: "assembly/index.ts",
    maximumPages: apps[name].maximumPages,
    readSource: (path) => readFile(join(root, name, path), "utf8").catch(() => null),
  });
}

/**
 * Builds an app into its `build/` folder; with `accept` the checksum is rewritten instead of compared.
 *
 * @throws Error when the bytes are not the ones the checksum names
 */
export async function buildApp(name: AppName, { accept = false } = {}): Promise<string> {
  const wasm = await compileApp(name);
  const sha256 = createHash("sha256").update(wasm).digest("hex");
  const bytes = wasm.length;
  if (accept) {
    await writeFile(join(root, name, "checksum.json"), `${JSON.stringify({ bytes, sha256 }, null, 2)}\n`);
  } else if ((await appChecksum(name)) !== sha256) {
    throw new Error(
      `${name}: built ${sha256}, but checksum.json names ${await appChecksum(name)}; after a change of the app: node apps/build.ts --accept`,
    );
  }
  const path = appModulePath(name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, wasm);
  return sha256;
}

if (import.meta.main) {
  const accept = process.argv.includes("--accept");
  for (const name of Object.keys(apps) as AppName[]) {
    process.stdout.write(`${name} ${await buildApp(name, { accept })}\n`);
  }
}
