// Runs a WASI command by Node's own WASI, in this process: what the sandbox is compared with. Plain JavaScript, so that nothing
// but the program takes time.
//   node bare.mjs <module> <folder with in/ and out/>
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [path, folder] = process.argv.slice(2);
const wasi = new WASI({
  version: "preview1",
  args: ["app"],
  preopens: { "/in": `${folder}/in`, "/out": `${folder}/out` },
});
const module = new WebAssembly.Module(await readFile(path));
wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
