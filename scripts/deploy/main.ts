// Deploys the contracts and writes the manifest that every service reads.
//   HANSE_RPC_URL=… HANSE_DEPLOYER_KEY=… node scripts/deploy/main.ts <manifest.json>
// Run again with a manifest that fits the chain, it changes nothing.
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { JsonRpcProvider, keccak256 } from "ethers";
import { deploy, type Manifest } from "./deploy.ts";
import { DEVELOPMENT_PARAMETERS } from "./parameters.ts";

const [path] = process.argv.slice(2);
const { HANSE_RPC_URL: rpcUrl, HANSE_DEPLOYER_KEY: privateKey } = process.env;
if (path === undefined || rpcUrl === undefined || privateKey === undefined) {
  process.stderr.write(
    "usage: HANSE_RPC_URL=… HANSE_DEPLOYER_KEY=… node scripts/deploy/main.ts <manifest.json>\n",
  );
  process.exit(2);
}

if (existsSync(path) && (await stands(rpcUrl, JSON.parse(await readFile(path, "utf8")) as Manifest))) {
  process.stdout.write(`already deployed: ${path}\n`);
} else {
  const manifest = await deploy({ rpcUrl, privateKey, parameters: DEVELOPMENT_PARAMETERS });
  // In one step, so that nobody reads half a manifest.
  await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(`${path}.new`, path);
  process.stdout.write(`deployed: ${path}\n`);
}

/** Whether the chain still has exactly what the manifest says. */
async function stands(url: string, manifest: Manifest): Promise<boolean> {
  const provider = new JsonRpcProvider(url);
  try {
    const genesis = await provider.getBlock(0);
    if (genesis?.hash !== manifest.genesisHash) return false;
    for (const [name, address] of Object.entries(manifest.contracts)) {
      if (keccak256(await provider.getCode(address)) !== manifest.codeHashes[name]) return false;
    }
    return true;
  } finally {
    provider.destroy();
  }
}
