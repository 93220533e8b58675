import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import asc from "assemblyscript/asc";

const require = createRequire(import.meta.url);
const shimFolder = dirname(require.resolve("@assemblyscript/wasi-shim/asconfig.json"));

/** The shim's folder under a name of its own, and its files that are library entries. */
const SHIM = "shim";
const SHIM_FILES = ["console", "crypto", "date", "internal", "performance", "process"].map(
  (part) => `wasi_${part}.ts`,
);

function readShim(name: string): Promise<string | null> {
  return readFile(join(shimFolder, "assembly", name), "utf8").catch(() => null);
}

export type CompileOptions = {
  /** Reads a source file; `path` is relative to the program's folder. Null when there is none. */
  readSource: (path: string) => Promise<string | null>;
  entry: string;
  /** Bound of the memory in pages of 64 KiB, declared in the module. */
  maximumPages: number;
};

/**
 * Compiles an AssemblyScript WASI command. Same sources and compiler version, same bytes: every path the compiler sees is
 * virtual, so nothing of the machine, such as the folder it runs in, reaches the module.
 *
 * @throws Error with the compiler's messages
 */
export async function compileAssembly({
  readSource,
  entry,
  maximumPages,
}: CompileOptions): Promise<Uint8Array> {
  const config = JSON.parse(await readFile(join(shimFolder, "asconfig.json"), "utf8")) as {
    options: { use: string[] };
  };
  const uses = config.options.use.flatMap((use) => ["--use", use]);
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      entry,
      ...uses,
      ...["--lib", SHIM, "--exportStart", "_start", "--outFile", "out.wasm", "--runtime", "stub"],
      ...["--optimizeLevel", "3", "--shrinkLevel", "1", "--converge", "--disable", "sign-extension"],
      ...["--maximumMemory", String(maximumPages)],
    ],
    {
      readFile: async (path, base) => {
        const name = path.replaceAll("\\", "/").replace(/^\.\//, "");
        // The compiler looks into the library folder for every `~lib` name: only its own files are there.
        if (base.replace(/^\.\//, "") === SHIM) return readShim(name);
        return await readSource(name);
      },
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm")) wasm = contents as Uint8Array;
      },
      listFiles: () => SHIM_FILES,
    },
  );
  if (error !== null || wasm === undefined)
    throw new Error(`AssemblyScript: ${String(error)}\n${stderr.toString()}`);
  return wasm;
}
